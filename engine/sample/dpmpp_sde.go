package sample

import "math"

func init() {
	Register(Sampler{
		Name:    "dpm++ sde",
		Title:   "DPM++ SDE",
		Aliases: []string{"dpm++sde", "dpmpp_sde", "k_dpmpp_sde", "DPMSolverSDEScheduler"},
		Summary: "fresh noise each step, second order, two evaluations a step (Crowson, k-diffusion)",
		Steps:   dpmSDE,
	})
}

// Registers of dpmSDE beside x.
const (
	regMiddle = RegHistory     // halfway to the next level
	regPath   = RegHistory + 1 // the noise on the way there
)

// dpmSDE is DPM-Solver++ for the SDE by midpoint (Lu et al., arXiv 2211.01095), as k-diffusion and diffusers'
// DPMSolverSDEScheduler have it: an ancestral step of Euler's to the middle in log σ, and a whole one with the clean
// estimate made there. Both follow one Brownian path, whose time is σ: of the whole step's noise, the first part is the half
// step's. The last step, to σ = 0, and one from beyond maxSigma, which has no middle, are Euler's.
func dpmSDE(s *Schedule, n int, o Options) ([]Step, error) {
	levels, err := s.levels(n, o, true)
	if err != nil {
		return nil, err
	}
	var steps []Step
	for i, at := range levels[:len(levels)-1] {
		clean, noise, err := s.predictions(at)
		if err != nil {
			return nil, err
		}
		next := levels[i+1]
		if next == noiseless || at.Sigma() > maxSigma {
			steps = append(steps, renoised(at, next.AlphaBar, clean, noise, 1, false))
			continue
		}
		middle := s.atLogSigma((fixedLog(at.Sigma()) + fixedLog(next.Sigma())) / 2)
		estimate, _, err := s.predictions(middle)
		if err != nil {
			return nil, err
		}
		half, freshHalf := renoise(clean, noise, at.AlphaBar, middle.AlphaBar, 1)
		// √ᾱ'·x₀ + kept·ε with ε = (x − √ᾱ·x₀)/√(1−ᾱ), x₀ being the middle's.
		kept, fresh := renoise(linear{}, linear{x: 1 / math.Sqrt(1-at.AlphaBar)}, at.AlphaBar, next.AlphaBar, 1)
		now := math.Sqrt(next.AlphaBar) - float64(kept.x*math.Sqrt(at.AlphaBar))
		share := (at.Sigma() - middle.Sigma()) / (at.Sigma() - next.Sigma())
		steps = append(steps, Step{
			T: at.T, AlphaBar: at.AlphaBar, At: RegX, Noise: true,
			Moves: []Move{
				{Dst: regMiddle, Terms: terms(half.x, half.out, freshHalf)},
				{Dst: regPath, Terms: terms(0, 0, 1)},
			},
			Clean: terms(clean.x, clean.out, 0),
			Next:  at.AlphaBar, Partial: true,
		}, Step{
			T: middle.T, AlphaBar: middle.AlphaBar, At: regMiddle, Noise: true,
			Moves: []Move{{Dst: RegX, Terms: terms(kept.x, float64(now*estimate.out), float64(fresh*root(1-share)),
				Term{regMiddle, float64(now * estimate.x)}, Term{regPath, float64(fresh * root(share))})}},
			Clean: terms(0, estimate.out, 0, Term{regMiddle, estimate.x}),
			Next:  next.AlphaBar,
		})
	}
	return steps, nil
}

package sample

import "math"

func init() {
	Register(Sampler{
		Name:    "heun",
		Title:   "Heun",
		Aliases: []string{"k_heun", "HeunDiscreteScheduler"},
		Summary: "second order, two evaluations a step (Karras et al., arXiv 2206.00364, algorithm 1)",
		Steps:   Heun,
	})
}

// Registers of Heun beside x.
const (
	regAhead   = RegHistory     // where Euler's method would go
	regHalfway = RegHistory + 1 // x moved by half of what the first evaluation says
)

// Heun is Heun's method in σ, with the levels of diffusers' HeunDiscreteScheduler:
// Euler's step, an evaluation where it leads, and the mean of both slopes. The last
// step is Euler's, since σ = 0 has no slope, and so is one from beyond maxSigma,
// where the mean of slopes times a boundless σ is no better and blows up.
func Heun(s *Schedule, n int, o Options) ([]Step, error) {
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
		move, _ := renoise(clean, noise, at.AlphaBar, next.AlphaBar, 0)
		if next == noiseless || at.Sigma() > maxSigma {
			steps = append(steps, single(at, next.AlphaBar, move, 0, clean))
			continue
		}
		cleanAhead, noiseAhead, err := s.predictions(next)
		if err != nil {
			return nil, err
		}
		// x/√ᾱ = x₀ + σε goes to x₀ + σε + (σ' − σ)(ε + ε')/2, ε' being the noise ahead.
		signal := math.Sqrt(next.AlphaBar)
		halfway := clean.combine(signal, noise, signal*(at.Sigma()+next.Sigma())/2)
		slope := signal * (next.Sigma() - at.Sigma()) / 2
		steps = append(steps, Step{
			T: at.T, AlphaBar: at.AlphaBar, At: RegX,
			Moves: []Move{
				{Dst: regAhead, Terms: terms(move.x, move.out, 0)},
				{Dst: regHalfway, Terms: terms(halfway.x, halfway.out, 0)},
			},
			Clean: terms(clean.x, clean.out, 0),
			Next:  at.AlphaBar, Partial: true,
		}, Step{
			T: next.T, AlphaBar: next.AlphaBar, At: regAhead,
			Moves: []Move{{Dst: RegX, Terms: terms(0, slope*noiseAhead.out, 0, Term{regHalfway, 1}, Term{regAhead, slope * noiseAhead.x})}},
			Clean: terms(0, cleanAhead.out, 0, Term{regAhead, cleanAhead.x}),
			Next:  next.AlphaBar,
		})
	}
	return steps, nil
}

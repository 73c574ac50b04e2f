package sample

import "math"

func init() {
	Register(Sampler{
		Name:    "dpm++ 2m",
		Title:   "DPM++ 2M",
		Aliases: []string{"dpm++2m", "dpmpp_2m", "k_dpmpp_2m", "DPMSolverMultistepScheduler"},
		Summary: "deterministic, second order from the step before (Lu et al., arXiv 2211.01095, algorithm 2)",
		Steps:   func(s *Schedule, n int, o Options) ([]Step, error) { return dpm2M(s, n, o, false) },
	})
	Register(Sampler{
		Name:    "dpm++ 2m sde",
		Title:   "DPM++ 2M SDE",
		Aliases: []string{"dpm++2m_sde", "dpmpp_2m_sde", "k_dpmpp_2m_sde", "sde-dpmsolver++"},
		Summary: "dpm++ 2m with fresh noise each step",
		Steps:   func(s *Schedule, n int, o Options) ([]Step, error) { return dpm2M(s, n, o, true) },
	})
}

// dpm2M is DPM-Solver++(2M) and, with fresh noise, SDE-DPM-Solver++(2M) (Lu et
// al., arXiv 2211.01095), both by midpoint: diffusers' DPMSolverMultistepScheduler
// of order 2, with its levels. In half the log signal-to-noise ratio λ = −log σ, a
// step h takes the clean estimate as linear, through this step's and the last's.
// The first step and the last, to σ = 0, are of first order. From pure noise h is
// infinite, which the ratio e^(−h) of the σs being 0 says as well.
func dpm2M(s *Schedule, n int, o Options, sde bool) ([]Step, error) {
	levels, err := s.levels(n, o, false)
	if err != nil {
		return nil, err
	}
	var steps []Step
	before := 0.0 // h of the step before
	for i, at := range levels[:len(levels)-1] {
		clean, _, err := s.predictions(at)
		if err != nil {
			return nil, err
		}
		next := levels[i+1]
		ratio := at.ratio(next)
		h := math.Inf(1)
		if ratio > 0 {
			h = -fixedLog(ratio)
		}
		x := math.Sqrt((1 - next.AlphaBar) / (1 - at.AlphaBar))
		fresh, forget := 0.0, ratio
		if sde {
			x, forget = x*ratio, float64(ratio*ratio)
			fresh = root((1 - next.AlphaBar) * (1 - forget))
		}
		now := float64(math.Sqrt(next.AlphaBar) * (1 - forget))
		last := 0.0
		if i > 0 && next != noiseless && before > 0 {
			last = now * (h / before) / 2 // 0 after a step from pure noise, whose h is infinite
		}
		before = h
		// The clean estimates of even steps and of odd ones take turns in two registers.
		estimate, previous := RegHistory+Reg(i%2), RegHistory+Reg(1-i%2)
		steps = append(steps, Step{
			T: at.T, AlphaBar: at.AlphaBar, At: RegX, Noise: fresh > 0,
			Moves: []Move{
				{Dst: estimate, Terms: terms(clean.x, clean.out, 0)},
				{Dst: RegX, Terms: terms(x, 0, fresh, Term{estimate, now + last}, Term{previous, -last})},
			},
			Clean: []Term{{estimate, 1}},
			Next:  next.AlphaBar,
		})
	}
	return steps, nil
}

package sample

func init() {
	Register(Sampler{
		Name:    "euler",
		Title:   "Euler",
		Aliases: []string{"k_euler", "EulerDiscreteScheduler"},
		Summary: "deterministic, first order in σ (Karras et al., arXiv 2206.00364, algorithm 1)",
		Steps:   func(s *Schedule, n int, o Options) ([]Step, error) { return euler(s, n, o, 0) }, PlusPlus: true,
	})
	Register(Sampler{
		Name:    "euler a",
		Title:   "Euler a",
		Aliases: []string{"euler_ancestral", "k_euler_a", "EulerAncestralDiscreteScheduler"},
		Summary: "ancestral: euler with fresh noise each step (Crowson, k-diffusion)",
		Steps:   func(s *Schedule, n int, o Options) ([]Step, error) { return euler(s, n, o, 1) }, PlusPlus: true,
	})
}

// euler is Euler's method for dx/dσ = (x − x₀)/σ, with eta of the ancestral
// samplers' noise, as k-diffusion and diffusers have it. Their latents are ours
// over √ᾱ, for which a step is renoise's, from any level: pure noise is σ = ∞. Runs
// begin at unit variance, as those of diffusers do with leading spacing; with the
// others they begin a factor √(1−ᾱ) lower, as if the pictures themselves had none.
func euler(s *Schedule, n int, o Options, eta float64) ([]Step, error) {
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
		next := levels[i+1].AlphaBar
		steps = append(steps, renoised(at, next, clean, noise, eta, o.CFGPlusPlus))
	}
	return steps, nil
}

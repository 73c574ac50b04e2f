package sample

func init() {
	Register(Sampler{
		Name:    "ddim",
		Title:   "DDIM",
		Aliases: []string{"DDIMScheduler"},
		Summary: "deterministic at eta 0, few steps suffice (Song et al., arXiv 2010.02502)",
		Steps:   DDIM, PlusPlus: true,
	})
	Register(Sampler{
		Name:     "ddim_trailing",
		Summary:  "ddim with trailing timesteps, as stable-diffusion.cpp has it",
		PlusPlus: true,
		Steps: func(s *Schedule, n int, o Options) ([]Step, error) {
			o.Spacing = Trailing
			return DDIM(s, n, o)
		},
	})
}

// DDIM is the sampler of Song et al. (arXiv 2010.02502), equations 12 and 16, with
// the timesteps of diffusers' DDIMScheduler: the step after t is t minus the
// training timesteps a step, whatever the spacing.
func DDIM(s *Schedule, n int, o Options) ([]Step, error) {
	first, err := o.first(n)
	if err != nil {
		return nil, err
	}
	ts, err := s.Timesteps(n, o.Spacing)
	if err != nil {
		return nil, err
	}
	stride := s.Config.NumTrainTimesteps / n
	var steps []Step
	for _, t := range ts[first:] {
		at, next := s.level(t), s.AlphaBar(t-stride)
		clean, noise, err := s.predictions(at)
		if err != nil {
			return nil, err
		}
		steps = append(steps, renoised(at, next, clean, noise, o.Eta, o.CFGPlusPlus))
	}
	return steps, nil
}

package sample

import "math"

func init() {
	Register(Sampler{
		Name:    "ddim",
		Aliases: []string{"DDIMScheduler"},
		Summary: "deterministic at eta 0, few steps suffice (Song et al., arXiv 2010.02502)",
		Steps:   DDIM,
	})
	Register(Sampler{
		Name:    "ddim_trailing",
		Summary: "ddim with trailing timesteps, as stable-diffusion.cpp has it",
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
	if err := o.check(); err != nil {
		return nil, err
	}
	ts, err := s.Timesteps(n, o.Spacing)
	if err != nil {
		return nil, err
	}
	stride := s.Config.NumTrainTimesteps / n
	steps := make([]Step, 0, n)
	for _, t := range ts {
		clean, noise, err := s.predictions(t)
		if err != nil {
			return nil, err
		}
		a, next := s.AlphaBar(t), s.AlphaBar(t-stride)
		sigma := o.Eta * root((1-next)/(1-a)*(1-a/next))
		direction := root(1 - next - float64(sigma*sigma))
		steps = append(steps, single(t, clean.combine(math.Sqrt(next), noise, direction), sigma, clean))
	}
	return steps, nil
}

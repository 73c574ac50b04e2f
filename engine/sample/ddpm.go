package sample

import (
	"fmt"
	"math"
)

func init() {
	Register(Sampler{
		Name:    "ddpm",
		Title:   "DDPM",
		Aliases: []string{"DDPMScheduler"},
		Summary: "ancestral sampling, wants many steps (Ho et al., arXiv 2006.11239)",
		Steps:   DDPM,
	})
}

// DDPM is the ancestral sampler of Ho et al. (arXiv 2006.11239), equations 6 and
// 7, over the timesteps of diffusers' DDPMScheduler. Its variance is the config's
// variance_type, fixed_small (the posterior's) or fixed_large (β).
func DDPM(s *Schedule, n int, o Options) ([]Step, error) {
	first, err := o.first(n)
	if err != nil {
		return nil, err
	}
	large := s.Config.VarianceType == "fixed_large"
	if !large && s.Config.VarianceType != "fixed_small" {
		return nil, fmt.Errorf("sample: variance_type %q; want fixed_small or fixed_large", s.Config.VarianceType)
	}
	ts, err := s.Timesteps(n, o.Spacing)
	if err != nil {
		return nil, err
	}
	var steps []Step
	for i := first; i < n; i++ {
		at := s.level(ts[i])
		clean, _, err := s.predictions(at)
		if err != nil {
			return nil, err
		}
		a, next := at.AlphaBar, 1.0
		if i+1 < n {
			next = s.AlphaBar(ts[i+1])
		}
		beta := 1 - a/next
		posterior := (1 - next) / (1 - a)
		mean := clean.combine(math.Sqrt(next)*beta/(1-a), linear{x: 1}, math.Sqrt(a/next)*posterior)
		variance := posterior * beta
		if large {
			variance = beta
		}
		if ts[i] == 0 {
			variance = 0
		}
		steps = append(steps, single(at, next, mean, root(variance), clean))
	}
	return steps, nil
}

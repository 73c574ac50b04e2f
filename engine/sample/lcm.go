package sample

import (
	"fmt"
	"math"
)

func init() {
	Register(Sampler{
		Name:    "lcm",
		Title:   "LCM",
		Aliases: []string{"LCMScheduler"},
		Summary: "for networks distilled to a few steps, 2 to 8 (Luo et al., arXiv 2310.04378)",
		Steps:   LCM,
	})
}

// LCM samples latent consistency models (Luo et al., arXiv 2310.04378, algorithm
// 1) with the timesteps of diffusers' LCMScheduler, unless the options name a
// spacing: each step predicts the picture and noises it again, the last does not.
func LCM(s *Schedule, n int, o Options) ([]Step, error) {
	first, err := o.first(n)
	if err != nil {
		return nil, err
	}
	ts, err := s.lcmTimesteps(n, o.Spacing)
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
		next := 1.0
		if i+1 < n {
			next = s.AlphaBar(ts[i+1])
		}
		// The consistency function is x itself at t = 0, by these weights of x and the prediction.
		const data = 0.5 * 0.5 // variance
		scaled := at.T * s.Config.TimestepScaling
		sum := float64(scaled*scaled) + data
		denoised := clean.combine(scaled/math.Sqrt(sum), linear{x: 1}, data/sum)
		move := denoised.combine(math.Sqrt(next), linear{}, 0)
		steps = append(steps, single(at, next, move, math.Sqrt(1-next), clean))
	}
	return steps, nil
}

// lcmTimesteps are n of those that the network was distilled at.
func (s *Schedule) lcmTimesteps(n int, spacing Spacing) ([]int, error) {
	if spacing != "" {
		return s.Timesteps(n, spacing)
	}
	original := s.Config.OriginalSteps
	if original < 1 || original > s.Config.NumTrainTimesteps {
		return nil, fmt.Errorf("scheduler config: original_inference_steps %d; want 1 to %d", original, s.Config.NumTrainTimesteps)
	}
	if n < 1 || n > original {
		return nil, fmt.Errorf("sample: %d steps; want 1 to the %d that the network was distilled at", n, original)
	}
	k := s.Config.NumTrainTimesteps / original
	ts := make([]int, n)
	for i := range ts {
		ts[i] = (original-i*original/n)*k - 1
	}
	return ts, nil
}

package sample

import "cmp"

func init() {
	Register(Sampler{
		Name:     "langevin",
		Aliases:  []string{"ald", "annealed_langevin"},
		Summary:  "the energy view: moves at each noise level and nothing else, wants many (Song & Ermon, arXiv 1907.05600)",
		Steps:    Langevin,
		Corrects: true,
	})
}

// Langevin is annealed Langevin dynamics (Song & Ermon, arXiv 1907.05600,
// algorithm 1) from pure noise over n noise levels, the view of a network as the
// gradient of an energy (Liu et al., arXiv 2206.01714, section 3): at each level
// moves of the options' corrector, "ula" by default, and from level to level none.
// The last step also takes the noise that is left away, as the network predicts it.
func Langevin(s *Schedule, n int, o Options) ([]Step, error) {
	o.Corrector.Kind = cmp.Or(o.Corrector.Kind, "ula")
	c, err := o.Corrector.filled()
	if err != nil {
		return nil, err
	}
	levels, err := s.levels(n, o, true)
	if err != nil {
		return nil, err
	}
	var steps []Step
	for i, at := range levels[:len(levels)-1] {
		moves, err := c.at(s, at, levels[i+1].AlphaBar, RegHistory)
		if err != nil {
			return nil, err
		}
		steps = append(steps, moves...)
		if i < len(levels)-2 {
			continue
		}
		if len(steps) > 0 {
			steps[len(steps)-1].Partial = true
		}
		clean, _, err := s.predictions(at)
		if err != nil {
			return nil, err
		}
		steps = append(steps, single(at, 1, clean, 0, clean))
	}
	return steps, nil
}

package sample

import (
	"fmt"
	"slices"
)

// State is that of a run after some of its evaluations, on the host: whoever runs the
// same steps with the same seeds from there makes the same pictures.
type State struct {
	evaluated int
	saved     []saved
}

// saved is what a register held.
type saved struct {
	reg    Reg
	values []float32
}

// Save copies to the host what the evaluations to come take up of the bank. It waits
// for the device.
func (p Progress) Save(bank Bank) (*State, error) {
	s := &State{evaluated: p.Evaluated}
	for _, r := range p.live() {
		values := make([]float32, p.size)
		if err := bank.Read(r, values); err != nil {
			return nil, err
		}
		s.saved = append(s.saved, saved{r, values})
	}
	return s, nil
}

// live are the registers that are read before they are set again, the result's among
// them.
func (p Progress) live() []Reg {
	live := []Reg{RegX}
	if p.original.masked {
		live = append(live, p.original.clean, p.original.noise, p.original.keep)
	}
	set := make(map[Reg]bool)
	read := func(regs ...Reg) {
		for _, r := range regs {
			if !set[r] && !slices.Contains(live, r) {
				live = append(live, r)
			}
		}
	}
	for _, step := range p.steps[p.Evaluated:] {
		read(step.At)
		set[RegScore] = true
		set[step.Null] = set[step.Null] || step.Null != RegX
		set[RegNoise] = set[RegNoise] || step.Noise
		for _, m := range step.Moves {
			if m.Accept != nil {
				for _, product := range m.Accept.Log {
					read(product.A, product.B)
				}
				for _, take := range m.Accept.Take {
					read(take.Dst, take.From)
				}
				continue
			}
			for _, t := range m.Terms {
				read(t.Reg)
			}
			if m.Mask != RegX {
				read(m.Mask, m.Dst)
			}
			set[m.Dst] = true
		}
		for _, t := range step.Clean {
			read(t.Reg)
		}
	}
	return live
}

// resume goes on from a state: the bank is as it was, and so are the calls of noise.
func (p *Progress) resume(bank Bank, noise *noiseSource, s *State) error {
	if s.evaluated > len(p.steps) {
		return fmt.Errorf("sample: a state after %d evaluations of a run of %d", s.evaluated, len(p.steps))
	}
	for _, r := range s.saved {
		if len(r.values) != p.size {
			return fmt.Errorf("sample: a state of %d values in register %v; want %d", len(r.values), r.reg, p.size)
		}
		if err := bank.Fill(r.reg, r.values); err != nil {
			return err
		}
	}
	made := p.steps[:s.evaluated]
	p.Evaluated, p.Done = s.evaluated, Count(made)
	for _, step := range made {
		if step.Noise {
			noise.call++
		}
	}
	return nil
}

package sample

import "fmt"

// State is that of a run after some of its steps, on the host: whoever runs the same
// steps with the same seeds from there makes the same pictures.
type State struct {
	evaluated int
	registers [][]float32 // nil for those that no step takes over from the one before
}

// Save copies to the host what the steps to come take over from the bank. It is for
// between two steps, and waits for the device.
func (p Progress) Save(bank Bank) (*State, error) {
	s := &State{evaluated: p.Evaluated, registers: make([][]float32, p.registers)}
	for r := range s.registers {
		if r == int(RegScore) || r == int(RegNoise) {
			continue
		}
		s.registers[r] = make([]float32, p.size)
		if err := bank.Read(Reg(r), s.registers[r]); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// resume goes on from a state: the bank is as it was, and so are the calls of noise.
func (p *Progress) resume(bank Bank, noise *noiseSource, s *State) error {
	if s.evaluated > len(p.steps) || len(s.registers) != p.registers || len(s.registers[RegX]) != p.size {
		return fmt.Errorf("sample: the state is another run's")
	}
	for r, values := range s.registers {
		if values == nil {
			continue
		}
		if err := bank.Fill(Reg(r), values); err != nil {
			return err
		}
	}
	for _, step := range p.steps[:s.evaluated] {
		if step.Noise {
			noise.call++
		}
		if !step.Partial {
			p.Done++
		}
	}
	p.Evaluated = s.evaluated
	return nil
}

package sample

import "fmt"

// Start is what a run begins with beside noise: nothing, a picture to be changed,
// or one to be changed in part.
type Start struct {
	// Clean holds clean latents in row, column, channel order, of one picture for the
	// whole batch or of each. Run noises them as far as the first step expects, which
	// is made by Options.Strength. Nil is pure noise.
	Clean []float32
	// Mask, in row, column order, says for each cell of the latents how much of it is
	// made anew, 1 all of it, 0 none: after each step the rest is replaced by the clean
	// latents, noised as far as the step has come with the noise the run began with.
	// Nil is all of it.
	Mask []float32
	// State, if there is one, is that of an earlier run of the same steps and seeds from
	// the same start, which this one goes on with.
	State *State
}

// Registers is the number of registers of a bank that runs steps from this start.
func (s Start) Registers(steps []Step) int {
	n := Registers(steps)
	switch {
	case s.Mask != nil:
		return n + 3
	case s.Clean != nil:
		return n + 1
	}
	return n
}

func (s Start) check(batch int, shape Shape) error {
	if n := len(s.Clean); s.Clean != nil && n != shape.Len() && n != batch*shape.Len() {
		return fmt.Errorf("sample: %d clean latents to start from; want %d or %d", n, shape.Len(), batch*shape.Len())
	}
	if s.Mask == nil {
		return nil
	}
	if s.Clean == nil {
		return fmt.Errorf("sample: a mask without clean latents to start from")
	}
	if n := len(s.Mask); n != shape.H*shape.W {
		return fmt.Errorf("sample: a mask of %d cells; want %d", n, shape.H*shape.W)
	}
	for _, v := range s.Mask {
		if !(v >= 0 && v <= 1) {
			return fmt.Errorf("sample: a mask of %g; want 0 to 1", v)
		}
	}
	return nil
}

// original is the start as a running bank holds it.
type original struct {
	given, masked      bool
	clean, noise, keep Reg
}

// begin puts the start into the registers after the steps' own, and noises the
// latents; RegX holds the run's first noise.
func (s Start) begin(bank Bank, steps []Step, batch int, shape Shape) (original, error) {
	first := Reg(Registers(steps))
	o := original{s.Clean != nil, s.Mask != nil, first, first + 1, first + 2}
	if !o.given || len(steps) == 0 {
		return o, nil
	}
	values := make([]float32, batch*shape.Len())
	for n := 0; n < len(values); {
		n += copy(values[n:], s.Clean)
	}
	if err := bank.Fill(o.clean, values); err != nil {
		return o, err
	}
	if o.masked {
		for i := range values {
			values[i] = 1 - s.Mask[i/shape.C%len(s.Mask)]
		}
		if err := bank.Fill(o.keep, values); err != nil {
			return o, err
		}
		if err := bank.Apply(Move{Dst: o.noise, Terms: []Term{{RegX, 1}}}); err != nil {
			return o, err
		}
	}
	return o, bank.Apply(Move{Dst: RegX, Terms: o.noised(RegX, steps[0].AlphaBar)})
}

// noised are the clean latents with noise, at the given ᾱ.
func (o original) noised(noise Reg, alphaBar float64) []Term {
	var ts []Term
	for _, t := range []Term{{o.clean, root(alphaBar)}, {noise, root(1 - alphaBar)}} {
		if t.Coef != 0 {
			ts = append(ts, t)
		}
	}
	return ts
}

// restore puts back into a register, at the given ᾱ, what the mask keeps.
func (o original) restore(dst Reg, alphaBar float64) []Move {
	if !o.masked {
		return nil
	}
	return []Move{{Dst: dst, Terms: o.noised(o.noise, alphaBar), Mask: o.keep}}
}

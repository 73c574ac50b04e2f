package sample

import "strconv"

// Reg names a register of a Bank: one value for every element of the batch's
// latents.
type Reg int

const (
	RegX       Reg = iota // the latents
	RegScore              // the composed output of the network
	RegNoise              // fresh noise
	RegHistory            // the first of as many more as a sampler needs
)

func (r Reg) String() string {
	switch r {
	case RegX:
		return "x"
	case RegScore:
		return "score"
	case RegNoise:
		return "noise"
	}
	return "h" + strconv.Itoa(int(r-RegHistory))
}

// Term is a register times a coefficient.
type Term struct {
	Reg  Reg
	Coef float64
}

// Move sets Dst to the sum of the terms, element by element; Dst may be among
// them.
type Move struct {
	Dst   Reg
	Terms []Term
}

// Step is one evaluation of the network and what is done with it.
type Step struct {
	T     float64 // the timestep the network is told
	At    Reg     // the register it is evaluated at
	Noise bool    // whether RegNoise is filled with fresh noise before the moves
	Moves []Move  // in order
}

// Registers is the number of registers that steps use.
func Registers(steps []Step) int {
	last := RegNoise
	for _, s := range steps {
		last = max(last, s.At)
		for _, m := range s.Moves {
			last = max(last, m.Dst)
			for _, t := range m.Terms {
				last = max(last, t.Reg)
			}
		}
	}
	return int(last) + 1
}

// update is the move of one x' = l.x·x + l.out·score + noise·z, without the terms
// that are 0.
func update(l linear, noise float64) Move {
	m := Move{Dst: RegX}
	for _, t := range []Term{{RegX, l.x}, {RegScore, l.out}, {RegNoise, noise}} {
		if t.Coef != 0 {
			m.Terms = append(m.Terms, t)
		}
	}
	return m
}

package sample

import (
	"math"
	"strconv"
)

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
	// Clean is, once the moves are made, the estimate of the clean latents that the step was made from.
	Clean []Term
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
		for _, t := range s.Clean {
			last = max(last, t.Reg)
		}
	}
	return int(last) + 1
}

// single is a step of one evaluation at x and one move, x' = l.x·x + l.out·score + noise·z; clean is its estimate of
// the clean latents, from x and score.
func single(t int, l linear, noise float64, clean linear) Step {
	return Step{
		T:     float64(t),
		At:    RegX,
		Noise: noise > 0,
		Moves: []Move{{Dst: RegX, Terms: terms(l.x, l.out, noise)}},
		Clean: clean.after(l, noise),
	}
}

// after returns c in terms of x' instead of x: x = (x' - l.out·score - noise·z) / l.x.
func (c linear) after(l linear, noise float64) []Term {
	var q float64
	switch {
	case c.x == 0:
	case math.Abs(l.x) < 1e-6: // x' has forgotten x, and is the best there is
		return terms(1, 0, 0)
	default:
		q = c.x / l.x
	}
	return terms(q, c.out-float64(q*l.out), float64(-q*noise))
}

// terms lists x, score and noise with their coefficients, without those that are 0.
func terms(x, score, noise float64) []Term {
	var ts []Term
	for _, t := range []Term{{RegX, x}, {RegScore, score}, {RegNoise, noise}} {
		if t.Coef != 0 {
			ts = append(ts, t)
		}
	}
	return ts
}

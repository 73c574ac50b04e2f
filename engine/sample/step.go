package sample

import (
	"math"
	"slices"
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
// them. With a Mask, a register of values from 0 to 1, the sum replaces only that
// share of Dst: (1 − mask)·Dst + mask·sum. RegX is never a mask and stands for none.
type Move struct {
	Dst   Reg
	Terms []Term
	Mask  Reg
	// Accept, if there is one, is made in place of all that: by a bank that is an
	// [Accepter].
	Accept *Acceptance
}

// Acceptance is the Metropolis test of a proposal, picture by picture: with a uniform number u from 0 to 1 a picture for
// which log u is below the sum of the products takes the proposal, and otherwise stays as it is.
type Acceptance struct {
	Log  []Product
	Take []Take // what the proposal consists of
}

// Product is the sum of A·B over a picture's elements, times a coefficient.
type Product struct {
	A, B Reg
	Coef float64
}

// Take sets Dst to From.
type Take struct{ Dst, From Reg }

// Step is one evaluation of the network and what is done with it.
type Step struct {
	T        float64 // the timestep the network is told
	AlphaBar float64 // the share of signal ᾱ at T, see [Level]
	At       Reg     // the register it is evaluated at
	Null     Reg     // the register that takes the unconditional output; RegX for none
	Noise    bool    // whether RegNoise is filled with fresh noise before the moves
	Moves    []Move  // in order
	// Clean is, once the moves are made, the estimate of the clean latents that the step was made from.
	Clean []Term
	// Next is the ᾱ of RegX once the moves are made.
	Next float64
	// Partial says that this is not yet what a person calls a step: more evaluations belong to it.
	Partial bool
}

// Count is the number of whole steps, as a person counts them.
func Count(steps []Step) int {
	n := 0
	for _, s := range steps {
		if !s.Partial {
			n++
		}
	}
	return n
}

// Registers is the number of registers that steps use.
func Registers(steps []Step) int {
	last := RegNoise
	for _, s := range steps {
		last = max(last, s.At, s.Null)
		for _, m := range s.Moves {
			last = max(last, m.Dst, m.Mask)
			if m.Accept != nil {
				for _, p := range m.Accept.Log {
					last = max(last, p.A, p.B)
				}
				for _, t := range m.Accept.Take {
					last = max(last, t.Dst, t.From)
				}
			}
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

// single is a step of one evaluation at x and one move, x' = l.x·x + l.out·score + noise·z + more, that leads to level next;
// clean is its estimate of the clean latents, from x and score.
func single(at Level, next float64, l linear, noise float64, clean linear, more ...Term) Step {
	return Step{
		T:        at.T,
		AlphaBar: at.AlphaBar,
		At:       RegX,
		Noise:    noise > 0,
		Moves:    []Move{{Dst: RegX, Terms: terms(l.x, l.out, noise, more...)}},
		Clean:    clean.after(l, noise, more...),
		Next:     next,
	}
}

// renoised is a step of one evaluation at x that leads to level next by renoise; with plusPlus the predicted noise is that
// of the unconditional output, see Options.CFGPlusPlus.
func renoised(at Level, next float64, clean, noise linear, eta float64, plusPlus bool) Step {
	if !plusPlus {
		move, fresh := renoise(clean, noise, at.AlphaBar, next, eta)
		return single(at, next, move, fresh, clean)
	}
	move, fresh := renoise(clean, linear{x: noise.x}, at.AlphaBar, next, eta)
	null, _ := renoise(linear{}, linear{out: noise.out}, at.AlphaBar, next, eta)
	step := single(at, next, move, fresh, clean, Term{RegHistory, null.out})
	step.Null = RegHistory
	return step
}

// renoise returns the coefficients of a move to level next that puts the predicted clean latents together with the
// predicted noise and, eta of DDPM's, fresh noise: Song et al., arXiv 2010.02502, equations 12 and 16.
func renoise(clean, noise linear, a, next, eta float64) (l linear, fresh float64) {
	fresh = eta * root((1-next)/(1-a)*(1-a/next))
	return clean.combine(math.Sqrt(next), noise, root(1-next-float64(fresh*fresh))), fresh
}

// after returns c in terms of x' instead of x: x = (x' - l.out·score - noise·z - more) / l.x.
func (c linear) after(l linear, noise float64, more ...Term) []Term {
	var q float64
	switch {
	case c.x == 0:
	case math.Abs(l.x) < 1e-6: // x' has forgotten x, and is the best there is
		return terms(1, 0, 0)
	default:
		q = c.x / l.x
	}
	less := slices.Clone(more)
	for i := range less {
		less[i].Coef *= -q
	}
	return terms(q, c.out-float64(q*l.out), float64(-q*noise), less...)
}

// terms lists x, score and noise with their coefficients, and more, without those that are 0.
func terms(x, score, noise float64, more ...Term) []Term {
	var ts []Term
	for _, t := range append([]Term{{RegX, x}, {RegScore, score}, {RegNoise, noise}}, more...) {
		if t.Coef != 0 {
			ts = append(ts, t)
		}
	}
	return ts
}

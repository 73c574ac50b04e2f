package sample

import "math"

func init() {
	chains["mala"] = leapfrog(1)
	chains["hmc"] = leapfrog(leapfrogs)
}

// Metropolis reports whether a kind of corrector tests its moves.
func Metropolis(kind string) bool { return kind == "mala" || kind == "hmc" }

// leapfrog is a Hamiltonian one of so many leapfrog steps h = √(2δ) from a fresh velocity u, of which one is Langevin's
// move (ula), with a Metropolis test that takes the place of an energy from the line integral of the score s along the way
// (Sjöberg et al., arXiv 2307.14012). By the trapezoid rule, from point to point, the velocities' energies cancel all of
// it but
//
//	log p(x')/p(x) + (‖u‖² − ‖u'‖²)/2 = δ/4·(‖s(x)‖² − ‖s(x')‖²)
//
// which tells how wrong a step is where s is linear, and not where there are modes. Simpson's rule adds ⟨Δ, 2·s(middle) −
// s(x) − s(x')⟩/3 for each step by Δ, and with it an evaluation. A move takes two for each step, and the level's first one
// more. A composed score need not be a gradient: then the integral depends on the way.
func leapfrog(leaps int) chain {
	return func(at Level, clean, noise linear, delta float64, own Reg, move, moves int) []Step {
		// The noise predicted at x, in the middle of a step and at its end, which are positions too, and those of the step:
		// its velocity and what Simpson's rule adds.
		here, middle, end, halfway, ahead := own, own+1, own+2, own+3, own+4
		velocity := func(k int) Reg { return own + 5 + Reg(2*k) }
		bend := func(k int) Reg { return velocity(k) + 1 }
		h, sigma := math.Sqrt(2*delta), math.Sqrt(1-at.AlphaBar)

		// The clean latents by the noise at x, whatever the network predicts.
		out := clean.out / noise.out
		estimate := []Term{{RegX, clean.x - float64(out*noise.x)}, {here, out}}
		evaluate := func(in, out Reg, more ...Move) Step {
			set := Move{Dst: out, Terms: terms(0, noise.out, 0, Term{in, noise.x})}
			return Step{T: at.T, AlphaBar: at.AlphaBar, At: in, Moves: append([]Move{set}, more...), Next: at.AlphaBar,
				Clean: estimate}
		}
		// leap is the step k from a position, with a velocity before its kick.
		leap := func(k int, from Reg, before Term, kick Term) []Move {
			u := velocity(k)
			return []Move{
				{Dst: u, Terms: []Term{before, kick}},
				{Dst: halfway, Terms: []Term{{from, 1}, {u, h / 2}}},
				{Dst: ahead, Terms: []Term{{from, 1}, {u, h}}},
			}
		}
		start := leap(0, RegX, Term{RegNoise, 1}, Term{here, -h / (2 * sigma)})
		var steps []Step
		if move == 0 {
			first := evaluate(RegX, here, start...)
			first.Noise = true
			steps = append(steps, first)
		}
		test := &Acceptance{
			Log:  []Product{{here, here, delta / (4 * sigma * sigma)}, {end, end, -delta / (4 * sigma * sigma)}},
			Take: []Take{{RegX, ahead}, {here, end}},
		}
		for k := range leaps {
			from := end
			if k == 0 {
				from = here
			}
			test.Log = append(test.Log, Product{velocity(k), bend(k), h / (3 * sigma)})
			steps = append(steps,
				evaluate(halfway, middle, Move{Dst: bend(k), Terms: []Term{{from, 1}, {middle, -2}}}),
				evaluate(ahead, end, Move{Dst: bend(k), Terms: []Term{{bend(k), 1}, {end, 1}}}))
			last := &steps[len(steps)-1]
			switch {
			case k+1 < leaps:
				last.Moves = append(last.Moves, leap(k+1, ahead, Term{velocity(k), 1}, Term{end, -h / sigma})...)
			case move+1 < moves:
				last.Noise = true
				last.Moves = append(append(last.Moves, Move{Accept: test}), start...)
			default:
				last.Moves = append(last.Moves, Move{Accept: test})
			}
		}
		return steps
	}
}

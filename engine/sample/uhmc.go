package sample

import "math"

func init() { chains["uhmc"] = uhmc }

// Of the paper's code: leapfrog steps of a trajectory, and how much of the velocity
// the next one keeps.
const (
	leapfrogs = 3
	kept      = 0.7
)

// uhmc is a trajectory of unadjusted Hamiltonian Monte Carlo (Du et al., arXiv
// 2302.11552, appendix) of three evaluations. In place of momentum v and mass M it
// has the velocity u = v/M, of unit variance, and time steps h = √(2δ), with which
// a trajectory of one leapfrog step and no memory is a move of ula. The second half
// of a trajectory's last kick is made with the next one's first score, where x is
// the same.
func uhmc(at Level, clean, noise linear, delta float64, u Reg, move, _ int) []Step {
	h := math.Sqrt(2 * delta)
	kick := linear{}.combine(0, noise, -h/math.Sqrt(1-at.AlphaBar)) // h times the score
	drift := Move{Dst: RegX, Terms: []Term{{RegX, 1}, {u, h}}}
	var steps []Step
	for k := range leapfrogs {
		step := Step{T: at.T, AlphaBar: at.AlphaBar, At: RegX, Noise: k == 0, Next: at.AlphaBar}
		keep, share, fresh := 1.0, 1.0, 0.0
		switch {
		case k == 0 && move == 0:
			keep, share, fresh = 0, 0.5, 1
		case k == 0:
			keep, share, fresh = kept, (1+kept)/2, math.Sqrt(1-kept*kept)
		}
		step.Moves = []Move{
			{Dst: u, Terms: terms(share*kick.x, share*kick.out, fresh, Term{u, keep})},
			drift,
		}
		step.Clean = terms(clean.x, clean.out, 0, Term{u, -clean.x * h}) // x was x' − h·u
		steps = append(steps, step)
	}
	return steps
}

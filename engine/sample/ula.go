package sample

import "math"

func init() { chains["ula"] = ula }

// ula is a move of the unadjusted Langevin algorithm, one evaluation:
// x + δ·s + √(2δ)·z with the score s = −ε/√(1−ᾱ).
func ula(at Level, clean, noise linear, delta float64, _ Reg, _, _ int) []Step {
	move := linear{x: 1}.combine(1, noise, -delta/math.Sqrt(1-at.AlphaBar))
	return []Step{single(at, at.AlphaBar, move, math.Sqrt(2*delta), clean)}
}

package sample

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
)

// Corrector asks for Markov chain moves at each noise level that a step has led
// to, before the next step. A composition's sum of scores is the score of a
// product of noisy densities, not of the noisy product, so samplers alone miss the
// product by some mass; moves at each level make them follow the products as an
// annealing sequence (Du et al., "Reduce, Reuse, Recycle", arXiv 2302.11552,
// algorithm 1). The last level, without noise, has no moves.
type Corrector struct {
	Kind  string // a name of Correctors, [Metropolis] of those with a test; empty for none
	Moves int    // at a level; 0 for 5
	// Step is c in the step size δ = min(c·β, (1−ᾱ)/10), where 1−β is what the step
	// from this level keeps of the signal's ᾱ; 0 for ½. The bound is that of a move's
	// error in the variance, 5% in a unit of the noise alone; the paper's own code has
	// c = 2 without one, with which pictures burn where β is near 1. Moves with a
	// Metropolis test have δ = c·min(β, (1−ᾱ)/5) instead, which is the same at c = ½.
	Step float64
	// Until is the share of the steps, those that a strength leaves out included,
	// after which moves end, 0 for all. The paper's code corrects the noisy half, 0.5.
	Until float64
}

// chain makes one move at a level: evaluations of the network at RegX and what they
// do to it, with step size delta. clean and noise are the level's predictions, own
// is the first register that nothing else uses; the move is that one of so many at
// the level, from 0 on.
type chain func(at Level, clean, noise linear, delta float64, own Reg, move, moves int) []Step

var chains = map[string]chain{}

// Correctors lists the kinds of corrector, sorted.
func Correctors() []string { return slices.Sorted(maps.Keys(chains)) }

// filled checks a corrector and fills in its defaults.
func (c Corrector) filled() (Corrector, error) {
	if _, ok := chains[c.Kind]; !ok {
		return c, fmt.Errorf("sample: unknown corrector %q; want one of %s", c.Kind, strings.Join(Correctors(), ", "))
	}
	if c.Moves == 0 {
		c.Moves = 5
	}
	if c.Step == 0 {
		c.Step = 0.5
	}
	if c.Until == 0 {
		c.Until = 1
	}
	const most = 1000
	switch {
	case c.Moves < 1 || c.Moves > most:
		return c, fmt.Errorf("sample: %d corrector moves; want 1 to %d", c.Moves, most)
	case !(c.Step > 0) || math.IsInf(c.Step, 1):
		return c, fmt.Errorf("sample: corrector step %g; want a positive number", c.Step)
	case !(c.Until > 0 && c.Until <= 1):
		return c, fmt.Errorf("sample: corrector until %g; want 0 to 1", c.Until)
	}
	return c, nil
}

// correct adds the moves to a sampler's steps, of which the first few have been left
// out.
func (c Corrector) correct(s *Schedule, steps []Step, first int) ([]Step, error) {
	if c == (Corrector{}) {
		return steps, nil
	}
	c, err := c.filled()
	if err != nil {
		return nil, err
	}
	own := Reg(Registers(steps))
	last := float64(c.Until * float64(first+Count(steps)))
	var corrected []Step
	whole := first
	for i, step := range steps {
		corrected = append(corrected, step)
		if step.Partial {
			continue
		}
		whole++
		if i+1 == len(steps) || float64(whole) > last {
			continue
		}
		at := Level{steps[i+1].T, steps[i+1].AlphaBar}
		moves, err := c.at(s, at, levelAfter(steps[i+1:]), own)
		if err != nil {
			return nil, err
		}
		if len(moves) > 0 {
			corrected[len(corrected)-1].Partial = true
			corrected = append(corrected, moves...)
		}
	}
	return corrected, nil
}

// levelAfter is the ᾱ that the first of whole steps leads to.
func levelAfter(steps []Step) float64 {
	for _, s := range steps {
		if !s.Partial {
			return s.Next
		}
	}
	return 1
}

// at returns the moves at a level, next being the ᾱ of the level after it. The last
// evaluation completes a step. There is nothing to correct in pure noise.
func (c Corrector) at(s *Schedule, at Level, next float64, own Reg) ([]Step, error) {
	if at.AlphaBar <= 0 {
		return nil, nil
	}
	clean, noise, err := s.predictions(at)
	if err != nil {
		return nil, err
	}
	beta := 1 - at.AlphaBar/next
	delta := min(c.Step*beta, (1-at.AlphaBar)/10)
	if Metropolis(c.Kind) {
		delta = c.Step * min(beta, (1-at.AlphaBar)/5)
	}
	if !(delta > 0) {
		return nil, nil
	}
	var steps []Step
	for k := range c.Moves {
		steps = append(steps, chains[c.Kind](at, clean, noise, delta, own, k, c.Moves)...)
	}
	for i := range steps[:len(steps)-1] {
		steps[i].Partial = true
	}
	return steps, nil
}

package operator

import (
	"math"
	"slices"

	"github.com/counterpoint/counterpoint/engine/device"
)

// transition is what a move of x from one evaluation to the next says about a leaf with direction d, in units of the
// output: ℓ grows by ⟨r, d⟩ − half·‖d‖², where r = x·x' + last·x + null·output_u.
type transition struct{ x, last, null, half float64 }

// between is the transition to the next evaluation's level; false if it says nothing. Noise that is put back does not,
// given where x was.
func between(from, to Level) (transition, bool) {
	a, next := from.AlphaBar, to.AlphaBar
	switch {
	case next == a: // the score is √ᾱ·x̂₀/(1−ᾱ) and a part of x that all concepts share
		f := math.Sqrt(a) * from.CleanOut / (1 - a)
		return transition{x: f, last: -f}, f != 0
	case next < a:
		return transition{}, false
	}
	kept := a / next
	clean := math.Sqrt(next) * (1 - kept) / (1 - a) // in μ = clean·x̂₀ + stays·x
	stays := math.Sqrt(kept) * (1 - next) / (1 - a)
	variance := (1 - kept) * (1 - next) / (1 - a)
	k := float64(clean * from.CleanOut) // μ_i − μ_u = k·d
	f := k / variance
	return transition{
		x:    f,
		last: -float64(f * (float64(clean*from.CleanX) + stays)),
		null: -float64(f * k),
		half: float64(k*f) / 2,
	}, true
}

// follow takes the log-ratios from the last evaluation to this one.
func (e evaluation) follow() error {
	last, ok := e.last[e.First]
	if !ok {
		return nil
	}
	t, ok := between(last.level, e.Level)
	if !ok {
		return nil
	}
	return e.grow(e.steps[last.step].leaves, t.half, func(null int) error {
		return e.mix(e.latents(e.scratch), device.MixTerm{Of: e.X, Coef: t.x}, device.MixTerm{Of: e.lastX(), Coef: t.last},
			device.MixTerm{Of: e.lastNull(slices.Index(e.nulls, null)), Coef: t.null})
	})
}

// grow adds ⟨r, d⟩ − half·‖d‖² to the log-ratios of some leaves, in a row as far as they are neighbours. residual puts r, which
// depends on the unconditional row that a direction is measured from, into the scratch.
func (e evaluation) grow(leaves []int, half float64, residual func(null int) error) error {
	from := -1
	for len(leaves) > 0 {
		n, null := 1, e.null(leaves[0])
		for n < len(leaves) && leaves[n] == leaves[0]+n && e.null(leaves[n]) == null {
			n++
		}
		if null != from {
			if err := residual(null); err != nil {
				return err
			}
			from = null
		}
		var pairs []device.Pair
		for _, i := range leaves[:n] {
			pairs = append(pairs, device.Pair{A: e.latents(e.scratch), B: e.direction(i)})
		}
		first := leaves[0]
		leaves = leaves[n:]
		if err := e.dots(e.slots.cross(first), pairs); err != nil {
			return err
		}
		grown := []share{{e.slots.cross(first), 1}, {e.slots.square(first), -half}}
		if err := e.advance(e.slots.ratio(first), n, grown...); err != nil {
			return err
		}
		if !e.options.Lifts || half == 0 {
			continue
		}
		if err := e.advance(e.slots.expected(first), n, share{e.slots.square(first), half}); err != nil {
			return err
		}
	}
	return nil
}

// weigh takes the log-weights over half of the way between two evaluations, at the level of one of them, where the spread
// is known: −½·∫ spread·SNR d(log SNR) by the trapezoid rule, the spread that of clean latents and SNR = ᾱ/(1−ᾱ). In the
// limit of many steps that is the paper's β/2(1−ᾱ) for noise predictions.
func (e evaluation) weigh(at Level) error {
	last, ok := e.last[e.First]
	if !ok {
		return nil
	}
	from, to := last.level.snr(), e.Level.snr()
	if !(to > from) {
		return nil
	}
	// Half the logarithm of to/from, which the series bounds where x was pure noise.
	y := (to - from) / (to + from)
	square := float64(y * y)
	half := y * (1 + float64(square*(1./3+square/5)))
	clean := float64(at.CleanOut * at.CleanOut)
	return e.advance(e.slots.weight(), 1, share{e.slots.spread(), -clean * at.snr() * half / 2})
}

// snr is the signal-to-noise ratio.
func (l Level) snr() float64 { return l.AlphaBar / (1 - l.AlphaBar) }

// share is a multiple of a run of slots.
type share struct {
	slot int
	by   float64
}

// advance adds multiples of runs of n slots to a run.
func (e evaluation) advance(to, n int, shares ...share) error {
	s := e.state()
	view := func(slot int) device.Batch {
		return device.Batch{Buffer: s.Buffer, Offset: s.Offset + slot, Stride: s.Slots}
	}
	terms := []device.MixTerm{{Of: view(to), Coef: 1}}
	for _, a := range shares {
		terms = append(terms, device.MixTerm{Of: view(a.slot), Coef: a.by})
	}
	return e.device.Mix(device.Mix{Pictures: e.Count, Len: n, Dst: view(to), Terms: terms})
}

package operator

import (
	"context"
	"fmt"

	"github.com/counterpoint/counterpoint/engine/device"
)

// Slots of resampling; hygiene, whose slots they are too, goes without it.
const (
	ownUniform  = iota
	ownRow      // drawn
	ownDraw     // the log-weight that it is drawn by
	ownMean     // of all log-weights
	ownDensity  // e to the clamped log-weight
	ownSquare   // that squared
	ownTotal    // of all densities
	ownSquares  // of all squares
	ownLost     // most of what the effective sample size was short of all pictures
	ownAncestor // the number of the picture that this one began as
)

// maxClamped bounds the pictures whose log-weights are clamped: their mean is a sum with a term for each.
const maxClamped = 64

// resampled takes what has been drawn, and changes places with what it was drawn from.
type resampled struct{ kept, scalars device.Buffer }

// LogWeights returns the pictures' log-weights (Feynman–Kac correctors, Skreta et al., arXiv 2503.02819) since the run
// began or was last resampled, as far as the last evaluation.
func (c *Combiner) LogWeights(ctx context.Context) ([]float64, error) {
	state, err := c.read(ctx)
	if err != nil {
		return nil, err
	}
	weights := make([]float64, c.pictures)
	for k := range weights {
		weights[k] = float64(state[k*c.scalars.Slots+slots{len(c.leaves)}.weight()])
	}
	return weights, nil
}

// Resample draws the pictures anew by their weights and makes these equal. It comes after Combine and before the moves of
// the sampler. Registers are what the moves and later steps read, a latent a picture: x, the composed score and the
// sampler's history. Uniform is a random number from 0 to below 1. A draw may repeat a picture and drop another.
func (c *Combiner) Resample(ctx context.Context, uniform float64, registers ...device.Batch) error {
	if err := c.resample(ctx, uniform, registers); err != nil {
		return fmt.Errorf("operator: resampling: %w", err)
	}
	return nil
}

func (c *Combiner) resample(ctx context.Context, uniform float64, registers []device.Batch) error {
	if !c.options.Particles {
		return fmt.Errorf("particles have no weights; want Options.Particles")
	}
	if !(uniform >= 0 && uniform < 1) {
		return fmt.Errorf("%g is no number from 0 to below 1", uniform)
	}
	s := slots{len(c.leaves)}
	by := s.weight()
	if c.options.Clamp > 0 {
		by = s.own(ownDraw)
		if err := c.clamp(s); err != nil {
			return err
		}
	}
	if err := c.scalars.Buffer.WriteFloats(ctx, c.scalars.Offset+s.own(ownUniform), []float32{float32(uniform)}); err != nil {
		return err
	}
	if err := c.device.Resample(device.Resample{
		Pictures: c.pictures, Scalars: c.scalars, Weight: by, Uniform: s.own(ownUniform), Row: s.own(ownRow),
	}); err != nil {
		return err
	}
	drawn := device.Batch{Buffer: c.scratch, Stride: c.size}
	for _, r := range registers {
		if err := c.draw(drawn, r, c.size); err != nil {
			return err
		}
		if err := c.device.Mix(device.Mix{Pictures: c.pictures, Len: c.size, Dst: r, Terms: []device.MixTerm{{Of: drawn, Coef: 1}}}); err != nil {
			return err
		}
	}
	if n := c.keptSize(); c.kept != nil {
		if err := c.draw(device.Batch{Buffer: c.spare.kept, Stride: n}, device.Batch{Buffer: c.kept, Stride: n}, n); err != nil {
			return err
		}
	}
	if err := c.draw(device.Batch{Buffer: c.spare.scalars, Stride: c.scalars.Slots}, c.slot(0), c.scalars.Slots); err != nil {
		return err
	}
	c.kept, c.spare.kept = c.spare.kept, c.kept
	c.scalars.Buffer, c.spare.scalars = c.spare.scalars, c.scalars.Buffer
	if c.options.Clamp > 0 {
		return nil
	}
	return c.device.Mix(device.Mix{Pictures: c.pictures, Len: 1, Dst: c.slot(s.weight())})
}

// draw gives each picture n elements of the picture that it was drawn from.
func (c *Combiner) draw(dst, of device.Batch, n int) error {
	row := device.At(slots{len(c.leaves)}.own(ownRow))
	return c.device.Mix(device.Mix{Pictures: c.pictures, Len: n, Dst: dst, Scalars: c.scalars,
		Terms: []device.MixTerm{{Of: of, Coef: 1, Row: row, Rows: c.pictures}}})
}

// slot is every picture's scalar in a slot.
func (c *Combiner) slot(i int) device.Batch {
	return device.Batch{Buffer: c.scalars.Buffer, Offset: c.scalars.Offset + i, Stride: c.scalars.Slots}
}

// clamp takes the mean from the log-weights and bounds what is drawn by, as the authors' code does: ‖d‖² is a sum over so
// many elements that a few pictures would take all the places. Where the effective sample size (Σw)²/Σw² is large enough,
// equal weights are drawn by, which draws each picture once, and the log-weights stay.
func (c *Combiner) clamp(s slots) error {
	if err := c.sum(s.own(ownMean), s.weight(), 1/float64(c.pictures)); err != nil {
		return err
	}
	var x device.Expr
	w := x.Sub(x.Load(s.weight()), x.Load(s.own(ownMean)))
	bounded := x.Max(x.Min(w, x.Const(c.options.Clamp)), x.Const(-c.options.Clamp))
	density := x.Exp(bounded)
	x.Store(s.weight(), w)
	x.Store(s.own(ownDraw), bounded)
	x.Store(s.own(ownDensity), density)
	x.Store(s.own(ownSquare), x.Mul(density, density))
	if err := c.evalAll(&x); err != nil {
		return err
	}
	if err := c.sum(s.own(ownTotal), s.own(ownDensity), 1); err != nil {
		return err
	}
	if err := c.sum(s.own(ownSquares), s.own(ownSquare), 1); err != nil {
		return err
	}
	var y device.Expr
	total := y.Load(s.own(ownTotal))
	effective := y.Div(y.Mul(total, total), y.Load(s.own(ownSquares)))
	lost := y.Sub(y.Const(float64(c.pictures)), effective)
	y.Store(s.own(ownLost), y.Max(y.Load(s.own(ownLost)), lost))
	draw, zero := y.Const(1), y.Const(0)
	if c.options.Below > 0 {
		draw = y.Greater(y.Const(c.options.Below*float64(c.pictures)), effective)
	}
	y.Store(s.own(ownDraw), y.Select(draw, y.Load(s.own(ownDraw)), zero))
	y.Store(s.weight(), y.Select(draw, zero, y.Load(s.weight())))
	return c.evalAll(&y)
}

// sum sets a slot of every picture to a multiple of the sum of a slot over all pictures.
func (c *Combiner) sum(to, of int, by float64) error {
	m := device.Mix{Pictures: c.pictures, Len: 1, Dst: c.slot(to)}
	for k := range c.pictures {
		one := c.slot(of + k*c.scalars.Slots)
		one.Stride = 0
		m.Terms = append(m.Terms, device.MixTerm{Of: one, Coef: by})
	}
	return c.device.Mix(m)
}

// evalAll runs a program for all pictures.
func (c *Combiner) evalAll(x *device.Expr) error {
	p, err := x.Program()
	if err != nil {
		return err
	}
	return c.device.Eval(device.Eval{Pictures: c.pictures, Scalars: c.scalars, Program: p})
}

// Population tells what has become of the pictures that a run of particles began with.
type Population struct {
	Ancestors []int   // of each picture, the number of the one that it began as
	Effective float64 // the least effective sample size at a Resample
}

// Population returns that of a run with Options.Particles and a clamp, as far as it has come.
func (c *Combiner) Population(ctx context.Context) (Population, error) {
	state, err := c.read(ctx)
	if err != nil {
		return Population{}, err
	}
	s := slots{len(c.leaves)}
	p := Population{Effective: float64(c.pictures) - float64(state[s.own(ownLost)])}
	for k := range c.pictures {
		p.Ancestors = append(p.Ancestors, int(state[k*c.scalars.Slots+s.own(ownAncestor)]))
	}
	return p, nil
}

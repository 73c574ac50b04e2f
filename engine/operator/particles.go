package operator

import (
	"context"
	"fmt"

	"github.com/counterpoint/counterpoint/engine/device"
)

// Slots of resampling, after those of hygiene.
const (
	ownUniform = ownSlots - 3 + iota
	ownRow
	ownMean
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
	if c.options.Clamp > 0 {
		if err := c.clamp(s); err != nil {
			return err
		}
	}
	if err := c.scalars.Buffer.WriteFloats(ctx, c.scalars.Offset+s.own(ownUniform), []float32{float32(uniform)}); err != nil {
		return err
	}
	if err := c.device.Resample(device.Resample{
		Pictures: c.pictures, Scalars: c.scalars, Weight: s.weight(), Uniform: s.own(ownUniform), Row: s.own(ownRow),
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

// clamp takes the mean from the log-weights and bounds them, as the authors' code does: ‖d‖² is a sum over so many elements
// that a few pictures would take all the places.
func (c *Combiner) clamp(s slots) error {
	mean := device.Mix{Pictures: c.pictures, Len: 1, Dst: c.slot(s.own(ownMean))}
	for k := range c.pictures {
		of := c.slot(s.weight() + k*c.scalars.Slots)
		of.Stride = 0
		mean.Terms = append(mean.Terms, device.MixTerm{Of: of, Coef: 1 / float64(c.pictures)})
	}
	if err := c.device.Mix(mean); err != nil {
		return err
	}
	var x device.Expr
	w := x.Sub(x.Load(s.weight()), x.Load(s.own(ownMean)))
	x.Store(s.weight(), x.Max(x.Min(w, x.Const(c.options.Clamp)), x.Const(-c.options.Clamp)))
	p, err := x.Program()
	if err != nil {
		return err
	}
	return c.device.Eval(device.Eval{Pictures: c.pictures, Scalars: c.scalars, Program: p})
}

package operator

import (
	"fmt"
	"slices"

	"github.com/counterpoint/counterpoint/engine/compose"
	"github.com/counterpoint/counterpoint/engine/device"
)

// Weighted sets Out to what a row brings to the result, its weighted direction Σ c·d over its leaves: c the coefficients that
// Combine computed for this evaluation, d with the leaves' masks; 0 in a step without the row. Those of all rows add up to the
// composed direction, before Options.Rescale and Project; of a perpendicular NOT, what of it runs along the positive terms is
// counted as theirs. It fails where the step evaluates the row, but not the unconditional score that directions start at.
func (c *Combiner) Weighted(ev Evaluation, row int) error {
	if err := c.check(ev); err != nil {
		return fmt.Errorf("operator: %w", err)
	}
	e := evaluation{c, ev, c.steps[ev.Step], slots{len(c.leaves)}}
	var terms []device.MixTerm
	for _, i := range e.part.leaves {
		if c.leaves[i].row != row {
			continue
		}
		if null := c.plan.Rows[row].Null; !slices.Contains(e.part.rows, null) {
			return fmt.Errorf("operator: step %d: row %d has nothing to be measured from", ev.Step+1, row)
		}
		coef, factor := e.weight(i)
		terms = append(terms, device.MixTerm{Of: e.Score(row), Coef: coef, Factor: factor, Mask: e.mask(i)},
			device.MixTerm{Of: e.Score(e.null(i)), Coef: -coef, Factor: factor, Mask: e.mask(i)})
	}
	return e.mix(e.Out, terms...)
}

// weight is a leaf's coefficient: a constant times a scalar of each picture.
func (e evaluation) weight(leaf int) (float64, device.Slot) {
	if !e.part.constant {
		return 1, device.At(e.slots.coef(leaf))
	}
	sum := 0.0
	for _, t := range e.part.sum.Terms {
		if e.leaf(t.X.(compose.Leaf)) == leaf {
			sum += t.Weight
		}
	}
	return sum, 0
}

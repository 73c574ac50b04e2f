package operator

import (
	"errors"
	"math"
	"slices"

	"github.com/counterpoint/counterpoint/engine/compose"
	"github.com/counterpoint/counterpoint/engine/device"
)

// leaf is a row within a region.
type leaf struct {
	row    int
	region compose.Region
}

// part is a part of the run in which the same expression holds.
type part struct {
	sum    compose.SumOf
	leaves []int // into Combiner.leaves, ascending
	rows   []int // of the plan, ascending
	// constant says that the sum's terms are leaves that just add up; rests are what that leaves of the unconditional
	// scores, by row, where there is no mask.
	constant bool
	rests    []float64
	total    float64         // of positive weights
	tracked  bool            // the leaves' log-ratios are followed
	stored   bool            // the leaves' directions are in memory, not just differences of scores
	program  *device.Program // of the coefficients; nil if they are constant
	pairs    []product       // that it or the log-ratios need, by slots
	guard    *device.Program // of hygiene; nil without
}

// product is a slot and the leaves whose directions' product it gets.
type product struct{ slot, i, j int }

// newPart prepares what holds at time t of the run.
func (c *Combiner) newPart(sum compose.SumOf, guided bool) (*part, error) {
	if !guided {
		sum = unguided(sum)
	}
	p := &part{sum: sum, tracked: c.tracks}
	p.constant, p.rests = constantWeights(sum, c.plan.Negation), c.plan.Rests(sum)
	if !guided && p.constant && math.Abs(p.rests[0]) < 1e-12 {
		p.rests[0] = 0 // but for rounding
	}
	p.total, _ = compose.Guidance(sum)
	masked := false
	compose.EachLeaf(sum, func(l compose.Leaf) {
		i := c.leaf(l)
		p.leaves = append(p.leaves, i)
		p.rows = append(p.rows, l.Row)
		masked = masked || c.masked[i]
	})
	slices.Sort(p.leaves)
	p.leaves = slices.Compact(p.leaves)
	hygiene := (c.options.Rescale > 0 || c.options.Project != nil) && p.total != 1
	directed := !p.constant || masked || p.tracked || c.options.Particles // the directions count, not just their sum
	nulls := []int{0}
	for _, i := range p.leaves {
		if null := c.plan.Rows[c.leaves[i].row].Null; directed || null > 0 {
			nulls = append(nulls, null)
		}
	}
	for _, null := range nulls {
		if null >= 0 && !directed && p.rests[null] == 0 && !(null == 0 && (hygiene || c.plan.Unguided)) {
			continue
		}
		if null < 0 || !c.plan.Rows[null].Unconditional {
			return nil, errors.New("operator: an unconditional score is needed, and the plan does not evaluate it")
		}
		p.rows = append(p.rows, null)
	}
	slices.Sort(p.rows)
	p.rows = slices.Compact(p.rows)
	p.stored = p.tracked || masked && (!p.constant || c.options.Particles)
	if err := c.compile(p); err != nil {
		return nil, err
	}
	if hygiene {
		return p, c.compileHygiene(p)
	}
	return p, nil
}

// compile writes the part's program, if it needs one.
func (c *Combiner) compile(p *part) error {
	k := c.calculus()
	var err error
	switch {
	case !p.constant:
		p.program, err = k.program(p.sum, p.leaves)
	case c.options.Particles:
		weights := make([]float64, len(c.leaves))
		for _, t := range p.sum.Terms {
			weights[c.leaf(t.X.(compose.Leaf))] += t.Weight
		}
		k.spread(weights)
		p.program, err = k.end()
	}
	if err != nil {
		return err
	}
	if p.tracked {
		for _, i := range p.leaves {
			k.product(i, i)
		}
	}
	for _, pair := range k.pairs {
		slot := k.products[pair]
		i, _ := slices.BinarySearchFunc(p.pairs, slot, func(p product, slot int) int { return p.slot - slot })
		p.pairs = slices.Insert(p.pairs, i, product{slot, pair[0], pair[1]})
	}
	c.scalars.Slots = max(c.scalars.Slots, k.free)
	return nil
}

func (c *Combiner) calculus() *calculus {
	s := slots{len(c.leaves)}
	return &calculus{
		slots: s, leaf: c.leaf, first: func(i int) bool { return c.null(i) == 0 }, free: s.free(), products: map[[2]int]int{},
		perp:  c.plan.Negation == compose.NotPerp,
		prior: c.options.Prior, maxGate: c.options.MaxGate,
	}
}

// unguided keeps the positive terms of a sum, with weights that add up to 1.
func unguided(sum compose.SumOf) compose.SumOf {
	var kept compose.SumOf
	total := 0.0
	for _, t := range sum.Terms {
		if _, not := t.X.(compose.NotOf); t.Weight > 0 && !not {
			kept.Terms = append(kept.Terms, t)
			total += t.Weight
		}
	}
	for i := range kept.Terms {
		kept.Terms[i].Weight /= total
	}
	return kept
}

// constantWeights reports whether a sum's terms are leaves that just add up.
func constantWeights(sum compose.SumOf, negation compose.Negation) bool {
	return !slices.ContainsFunc(sum.Terms, func(t compose.Weighted) bool {
		_, leaf := t.X.(compose.Leaf)
		return !leaf || t.Weight < 0 && negation != compose.NotSigned
	})
}

// stateful reports whether an expression's coefficients depend on log-ratios.
func stateful(x compose.Expr) bool {
	switch x := x.(type) {
	case compose.OrOf, compose.NotOf:
		return true
	case compose.SumOf:
		for _, t := range x.Terms {
			if stateful(t.X) {
				return true
			}
		}
	}
	return false
}

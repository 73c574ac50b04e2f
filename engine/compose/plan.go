package compose

import (
	"fmt"
	"math"
	"slices"
)

// Plan is what a prompt asks of each step: to evaluate rows and to combine their
// scores into
//
//	ε̂ = ε_u + Root
//
// Its coefficients depend on the state where there is an [OrOf] or a [NotOf], and
// on the step where there are ranges.
type Plan struct {
	// Rows are the distinct scores, the unconditional one first, if it takes part,
	// then the terms by text and place.
	Rows []Score
	// Root has the guidance scale multiplied in.
	Root     SumOf
	Negation Negation // what a negative weight or a NotOf does
	// Total is g·Σw⁺ as applied, Factor what MaxTotal multiplied it by (1 for
	// nothing).
	Total, Factor float64

	background concept // the unconditional row, whether it takes part or not
}

// Score is one row that a model evaluates.
type Score struct {
	Text          string
	Place         *Place
	Unconditional bool
	Ranges        []Range // when it takes part, in order and apart
}

// Part is a part of the run in which the same rows are evaluated.
type Part struct {
	Range
	Rows []int // indices into Plan.Rows, ascending
}

// Compile makes the plan of a prompt. It does not depend on the order in which the
// prompt names things, to the last bit. A term that is the unconditional text
// itself has no direction and drops out. It fails only if scale or bound or a
// coefficient is not finite, or the bound is negative.
func (p *Prompt) Compile(o Options) (*Plan, error) { return compile(p.Root, o) }

func compile(root Node, o Options) (*Plan, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	c := newCompiler(root, o)
	terms, err := c.add(nil, root, 1, Extent{})
	if err != nil {
		return nil, err
	}
	p := &Plan{Root: SumOf{canonical(terms)}, Negation: o.Negation, Factor: 1, background: c.rows[0]}
	times := p.times()
	var positive float64
	for _, t := range times[:len(times)-1] {
		held, _ := Guidance(p.At(t))
		positive = max(positive, held)
	}
	scale := o.Scale
	if o.Rule == Mean && positive > 0 {
		scale /= positive
	}
	p.Total = scale * positive
	if o.MaxTotal > 0 && math.Abs(p.Total) > o.MaxTotal {
		p.Factor = o.MaxTotal / math.Abs(p.Total)
		scale *= p.Factor
		p.Total *= p.Factor
	}
	if err := p.scale(scale, c.rows); err != nil {
		return nil, err
	}
	p.choose(c.rows)
	return p, nil
}

// scale makes weights coefficients.
func (p *Plan) scale(by float64, rows []concept) error {
	var total float64
	for i := range p.Root.Terms {
		t := &p.Root.Terms[i]
		t.Weight *= by
		if math.IsNaN(t.Weight) || math.IsInf(t.Weight, 0) {
			what := "a group"
			if leaf, ok := t.X.(Leaf); ok {
				what = fmt.Sprintf("%q", rows[leaf.Row].text)
			}
			return fmt.Errorf("compose: the coefficient of %s is %g, not a finite number", what, t.Weight)
		}
		total += t.Weight
	}
	if math.IsInf(total, 0) {
		return fmt.Errorf("compose: the coefficients add up to %g, not a finite number", total)
	}
	p.Root.Terms = slices.DeleteFunc(p.Root.Terms, func(t Weighted) bool { return t.Weight == 0 })
	return nil
}

// At returns what of the root holds at time t, a fraction of the run in [0, 1).
func (p *Plan) At(t float64) SumOf { return SumOf{canonical(partsAt(p.Root.Terms, t, addTerm))} }

// times are the moments at which something begins or ends, from 0 to 1.
func (p *Plan) times() []float64 {
	times := []float64{0, 1}
	EachLeaf(p.Root, func(l Leaf) { times = append(times, l.Range.From, l.Range.To) })
	slices.Sort(times)
	return slices.Compact(times)
}

// EachLeaf calls f for every leaf of an expression, in its order.
func EachLeaf(x Expr, f func(Leaf)) {
	switch x := x.(type) {
	case Leaf:
		f(x)
	case NotOf:
		EachLeaf(x.X, f)
	case OrOf:
		for _, b := range x.Branches {
			EachLeaf(b.X, f)
		}
	case SumOf:
		for _, t := range x.Terms {
			EachLeaf(t.X, f)
		}
	}
}

// needs marks the rows of a sum that holds at one time, the unconditional one
// included.
func (p *Plan) needs(sum SumOf, rows int) []bool {
	need := make([]bool, rows)
	EachLeaf(sum, func(l Leaf) { need[l.Row] = true })
	rest, constant := p.rest(sum)
	need[0] = !constant || rest != 0
	return need
}

// rest is the unconditional score's coefficient, where it is a constant.
func (p *Plan) rest(sum SumOf) (rest float64, constant bool) {
	var total float64
	for _, t := range sum.Terms {
		leaf, ok := t.X.(Leaf)
		if !ok || !leaf.Region.Whole() || t.Weight < 0 && p.Negation != NotSigned {
			return 0, false
		}
		total += t.Weight
	}
	return 1 - total, true
}

// choose keeps the rows that take part at some time, and renumbers the leaves.
func (p *Plan) choose(rows []concept) {
	ranges := make([][]Range, len(rows))
	times := p.times()
	for i, to := range times[1:] {
		from := times[i]
		for r, needed := range p.needs(p.At(from), len(rows)) {
			if !needed {
				continue
			}
			if n := len(ranges[r]); n > 0 && ranges[r][n-1].To == from {
				ranges[r][n-1].To = to
			} else {
				ranges[r] = append(ranges[r], Range{from, to})
			}
		}
	}
	index := make([]int, len(rows))
	for r, c := range rows {
		if len(ranges[r]) == 0 {
			continue
		}
		index[r] = len(p.Rows)
		s := Score{Text: c.text, Unconditional: r == 0, Ranges: ranges[r]}
		if c.placed {
			s.Place = &Place{c.place.X, c.place.Y}
		}
		p.Rows = append(p.Rows, s)
	}
	p.Root = renumber(p.Root, index).(SumOf)
}

func renumber(x Expr, index []int) Expr {
	switch x := x.(type) {
	case Leaf:
		x.Row = index[x.Row]
		return x
	case NotOf:
		return NotOf{renumber(x.X, index)}
	case OrOf:
		return OrOf{renumberAll(x.Branches, index)}
	default:
		return SumOf{renumberAll(x.(SumOf).Terms, index)}
	}
}

func renumberAll(parts []Weighted, index []int) []Weighted {
	var out []Weighted
	for _, p := range parts {
		out = append(out, Weighted{p.Weight, renumber(p.X, index)})
	}
	return out
}

// Parts are the parts of the run, in order, from 0 to 1.
func (p *Plan) Parts() []Part {
	var parts []Part
	times := p.times()
	for i, to := range times[1:] {
		rows := p.rowsAt(times[i])
		if n := len(parts); n > 0 && slices.Equal(parts[n-1].Rows, rows) {
			parts[n-1].To = to
		} else {
			parts = append(parts, Part{Range{times[i], to}, rows})
		}
	}
	return parts
}

func (p *Plan) rowsAt(t float64) []int {
	var rows []int
	for i, r := range p.Rows {
		if slices.ContainsFunc(r.Ranges, func(r Range) bool { return r.holds(t) }) {
			rows = append(rows, i)
		}
	}
	return rows
}

// Evaluations counts those of the network for one picture in so many steps.
func (p *Plan) Evaluations(steps int) int {
	n := 0
	for k := range steps {
		n += len(p.rowsAt(float64(k) / float64(steps)))
	}
	return n
}

// RowsAt lists the rows that one of so many steps evaluates, the first being 0.
func (p *Plan) RowsAt(step, steps int) []int { return p.rowsAt(float64(step) / float64(steps)) }

// Nominal returns the rows with the coefficients that they would have if everything held for the whole run, in the whole
// picture, each OR counted its alternatives by their prior shares, and each gated NOT had the weight 1. If the plan is
// linear, these are its coefficients.
func (p *Plan) Nominal() Composition {
	if c, ok := p.Linear(); ok {
		return c
	}
	coefs := make([]float64, len(p.Rows))
	nominal(p.Root, 1, coefs)
	c := Composition{Total: p.Total, Factor: p.Factor}
	rest := 1 - sum(coefs)
	for i, r := range p.Rows {
		if r.Unconditional {
			coefs[i] = rest
		}
		c.Rows = append(c.Rows, Row{Text: r.Text, Place: r.Place, Region: p.region(i), Coef: coefs[i], Unconditional: r.Unconditional})
	}
	return c
}

// region is the one that all leaves of a row have, nil if it is the whole picture or there are several.
func (p *Plan) region(row int) *Region {
	var found []Region
	EachLeaf(p.Root, func(l Leaf) {
		if l.Row == row && !slices.Contains(found, l.Region) {
			found = append(found, l.Region)
		}
	})
	if len(found) != 1 || found[0].Whole() {
		return nil
	}
	return &found[0]
}

// nominal adds the weights of the leaves of w times x to the coefficients of their rows.
func nominal(x Expr, w float64, coefs []float64) {
	switch x := x.(type) {
	case Leaf:
		coefs[x.Row] += w
	case NotOf:
		nominal(x.X, -w, coefs)
	case OrOf:
		for _, b := range x.Branches {
			nominal(b.X, float64(w*b.Weight), coefs)
		}
	case SumOf:
		for _, t := range x.Terms {
			nominal(t.X, float64(w*t.Weight), coefs)
		}
	}
}

// Linear returns the plan as one sum of scores for the whole run; false if its
// coefficients depend on the state, the step or the place in the picture.
func (p *Plan) Linear() (Composition, bool) {
	rest, constant := p.rest(p.Root)
	if !constant || len(p.times()) > 2 {
		return Composition{}, false
	}
	c := Composition{Total: p.Total, Factor: p.Factor}
	if rest != 0 {
		c.Rows = append(c.Rows, Row{Text: p.background.text, Coef: rest, Unconditional: true})
	}
	for _, t := range p.Root.Terms {
		r := p.Rows[t.X.(Leaf).Row]
		c.Rows = append(c.Rows, Row{Text: r.Text, Place: r.Place, Coef: t.Weight})
	}
	return c, true
}

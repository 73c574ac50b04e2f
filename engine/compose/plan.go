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
// where ε_u is the first model's unconditional score, row 0.
//
// Its coefficients depend on the state where there is an [OrOf] or a [NotOf], and
// on the step where there are ranges.
type Plan struct {
	// Rows are the distinct scores by their models' names, the first model's before
	// all others; of each the unconditional one first, if it takes part, then the
	// terms by text and place.
	Rows []Score
	// Root has the guidance scale multiplied in, but not the rows' multipliers.
	Root     SumOf
	Negation Negation // what a negative weight or a NotOf does
	// Total is g·Σw⁺ as applied, Factor what MaxTotal multiplied it by (1 for
	// nothing).
	Total, Factor float64
	Unguided      bool // the first unconditional row takes part at each step

	curves     [][]float64 // of each row, its multipliers; nil if no row has any
	background string      // text of the unconditional rows, whether they take part or not
}

// Score is one row that a model evaluates.
type Score struct {
	Model         string // that evaluates it, "" for the first
	Text          string
	Place         *Place
	Unconditional bool
	Multipliers   []float64 // of its direction along the run, see [Options]; nil for none
	Null          int       // the row of its model's unconditional score, which its direction starts at; -1 if that takes no part
	Ranges        []Range   // when it takes part, in order and apart
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
	p := &Plan{Root: SumOf{canonical(terms)}, Negation: o.Negation, Factor: 1, background: c.rows[0].text, Unguided: o.Unguided}
	p.curves = c.curves(o.Multipliers)
	times := p.times(p.knots()...)
	var positive float64
	for i, to := range times[1:] {
		for _, t := range []float64{times[i], to} {
			held, _ := Guidance(p.weigh(p.held(times[i]), t))
			positive = max(positive, held)
		}
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
	p.choose(c)
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

// At returns what of the root holds at time t, a fraction of the run in [0, 1), weighed as then.
func (p *Plan) At(t float64) SumOf { return p.weigh(p.held(t), t) }

// held is At without multipliers.
func (p *Plan) held(t float64) SumOf { return SumOf{canonical(partsAt(p.Root.Terms, t, addTerm))} }

// times are the moments at which something begins or ends, and others, from 0 to 1.
func (p *Plan) times(others ...float64) []float64 {
	times := append([]float64{0, 1}, others...)
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
func (p *Plan) needs(sum SumOf, nulls []int) []bool {
	need := make([]bool, len(nulls))
	rest, constant := rests(sum, nulls), p.constant(sum) && p.curves == nil
	need[0] = p.Unguided || !constant || rest[0] != 0
	EachLeaf(sum, func(l Leaf) {
		null := nulls[l.Row]
		need[l.Row], need[null] = true, need[null] || !constant || rest[null] != 0
	})
	return need
}

// constant reports whether all coefficients of a sum that holds at one time are constants.
func (p *Plan) constant(sum SumOf) bool {
	return !slices.ContainsFunc(sum.Terms, func(t Weighted) bool {
		leaf, ok := t.X.(Leaf)
		return !ok || !leaf.Region.Whole() || t.Weight < 0 && p.Negation != NotSigned
	})
}

// Rests returns what the leaves among a sum's terms leave to the unconditional scores, as coefficients by row: 1 − Σw of
// its own terms to row 0, if that is one, and −Σw to those of other models. Other rows have 0.
func (p *Plan) Rests(sum SumOf) []float64 { return rests(sum, p.nulls()) }

func (p *Plan) nulls() []int {
	nulls := make([]int, len(p.Rows))
	for i, r := range p.Rows {
		nulls[i] = r.Null
	}
	return nulls
}

func rests(sum SumOf, nulls []int) []float64 {
	totals := make([]float64, len(nulls))
	for _, t := range sum.Terms {
		if leaf, ok := t.X.(Leaf); ok && nulls[leaf.Row] >= 0 {
			totals[nulls[leaf.Row]] += t.Weight
		}
	}
	return measured(totals, nulls)
}

// measured turns the total weights at unconditional rows into their coefficients.
func measured(totals []float64, nulls []int) []float64 {
	for i, total := range totals {
		switch {
		case i > 0:
			totals[i] = 0 - total
		case nulls[0] == 0:
			totals[0] = 1 - total
		}
	}
	return totals
}

// choose keeps the rows that take part at some time, and renumbers the leaves.
func (p *Plan) choose(by *compiler) {
	ranges := make([][]Range, len(by.rows))
	times := p.times()
	for i, to := range times[1:] {
		from := times[i]
		for r, needed := range p.needs(p.held(from), by.nulls) {
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
	index := make([]int, len(by.rows))
	for r, c := range by.rows {
		if len(ranges[r]) == 0 {
			index[r] = -1
			continue
		}
		index[r] = len(p.Rows)
		s := Score{Model: c.model, Text: c.text, Unconditional: !c.terms, Null: index[by.nulls[r]], Ranges: ranges[r]}
		if c.placed {
			s.Place = &Place{c.place.X, c.place.Y}
		}
		if p.curves != nil {
			s.Multipliers = p.curves[r]
			p.curves[len(p.Rows)] = s.Multipliers
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

// Nominal returns the rows with the coefficients that they would have if everything held for the whole run, in the whole
// picture, each OR counted its alternatives by their prior shares, and each gated NOT had the weight 1. If the plan is
// linear, these are its coefficients.
func (p *Plan) Nominal() Composition {
	coefs, totals, nulls := make([]float64, len(p.Rows)), make([]float64, len(p.Rows)), p.nulls()
	nominal(p.Root, 1, coefs)
	for i, null := range nulls {
		if null >= 0 {
			totals[null] += coefs[i]
		}
	}
	rests := measured(totals, nulls)
	c := Composition{Total: p.Total, Factor: p.Factor}
	for i, r := range p.Rows {
		if r.Unconditional {
			coefs[i] = rests[i]
		}
		c.Rows = append(c.Rows, Row{Model: r.Model, Text: r.Text, Place: r.Place, Region: p.region(i), Coef: coefs[i], Unconditional: r.Unconditional})
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
	if !p.constant(p.Root) || len(p.times()) > 2 || p.curves != nil {
		return Composition{}, false
	}
	return p.Nominal(), true
}

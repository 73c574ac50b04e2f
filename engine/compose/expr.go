package compose

import (
	"cmp"
	"slices"
)

// Expr is a guidance direction, what is added to the unconditional score: a
// [Leaf], [SumOf], [OrOf] or [NotOf]. Expressions are values in canonical form:
// those of one meaning are equal, whatever the order in which it was written. A
// leaf outside its range is absent, as though it had not been written; so is what
// holds nothing else.
type Expr interface {
	// rank orders expressions of different kinds.
	rank() int
}

// Leaf is the direction dᵢ = εᵢ − ε_u of one row of the plan, zero outside its
// region.
type Leaf struct {
	Row    int // index into Plan.Rows
	Region Region
	Range  Range
}

// SumOf is AND: Σ wᵢ·dᵢ over the terms. In the plans of [NotGated] all weights are
// positive; else a negative one is a NOT. None of its terms is a SumOf. Without
// terms it is the unconditional score's own direction, zero.
type SumOf struct{ Terms []Weighted }

// OrOf is a choice: Σ κᵢ·dᵢ over two or more branches, where κᵢ is the posterior
// share of branch i, in proportion to its weight, the prior share, times its
// density at the state (the score of a mixture; SuperDiff's OR, arXiv 2412.17762).
// The weights are positive and add up to 1. None of its branches is an OrOf.
type OrOf struct{ Branches []Weighted }

// NotOf is the logical complement, in plans of [NotGated]: −P/(1−P) times the
// direction of X, P the posterior of X. X is not a NotOf.
type NotOf struct{ X Expr }

// Weighted is a part of an expression and its weight.
type Weighted struct {
	Weight float64
	X      Expr
}

func (Leaf) rank() int  { return 0 }
func (OrOf) rank() int  { return 1 }
func (NotOf) rank() int { return 2 }
func (SumOf) rank() int { return 3 }

// Equal reports whether two expressions are one.
func Equal(a, b Expr) bool { return compare(a, b) == 0 }

// compare is the canonical order.
func compare(a, b Expr) int {
	if c := cmp.Compare(a.rank(), b.rank()); c != 0 {
		return c
	}
	switch a := a.(type) {
	case Leaf:
		b := b.(Leaf)
		return cmp.Or(cmp.Compare(a.Row, b.Row), a.Region.compare(b.Region), a.Range.compare(b.Range))
	case OrOf:
		return slices.CompareFunc(a.Branches, b.(OrOf).Branches, compareWeighted)
	case NotOf:
		return compare(a.X, b.(NotOf).X)
	default:
		return slices.CompareFunc(a.(SumOf).Terms, b.(SumOf).Terms, compareWeighted)
	}
}

func compareWeighted(a, b Weighted) int {
	return cmp.Or(compare(a.X, b.X), cmp.Compare(a.Weight, b.Weight))
}

// canonical sorts the parts of a sum or choice, adds the weights of equal ones and
// leaves out what has none. It overwrites its argument. The weights are added in
// their order, so the result does not depend on that of the parts, to the last bit.
func canonical(parts []Weighted) []Weighted {
	slices.SortStableFunc(parts, compareWeighted)
	merged := parts[:0]
	for _, p := range parts {
		if n := len(merged); n > 0 && compare(merged[n-1].X, p.X) == 0 {
			merged[n-1].Weight += p.Weight
		} else {
			merged = append(merged, p)
		}
	}
	return slices.DeleteFunc(merged, func(p Weighted) bool { return p.Weight == 0 })
}

// addTerm appends w times x to the terms of a sum, and flattens sums.
func addTerm(terms []Weighted, w float64, x Expr) []Weighted {
	if sum, ok := x.(SumOf); ok {
		for _, t := range sum.Terms {
			terms = addTerm(terms, w*t.Weight, t.X)
		}
		return terms
	}
	return append(terms, Weighted{w, x})
}

// addBranch appends x to the branches of a choice, and flattens choices.
func addBranch(branches []Weighted, share float64, x Expr) []Weighted {
	if or, ok := x.(OrOf); ok {
		for _, b := range or.Branches {
			branches = addBranch(branches, share*b.Weight, b.X)
		}
		return branches
	}
	return append(branches, Weighted{share, x})
}

// total makes an expression of the terms of a sum, which it overwrites.
func total(terms []Weighted) Expr {
	terms = canonical(terms)
	if len(terms) == 1 && terms[0].Weight == 1 {
		return terms[0].X
	}
	return SumOf{terms}
}

// mixture makes an expression of the branches of a choice, which it overwrites. A
// single one is no choice.
func mixture(branches []Weighted) Expr {
	branches = canonical(branches)
	switch len(branches) {
	case 0:
		return SumOf{}
	case 1:
		return branches[0].X
	}
	var all float64
	for _, b := range branches {
		all += b.Weight
	}
	for i := range branches {
		branches[i].Weight /= all
	}
	return OrOf{branches}
}

// negated returns what NOT of x, w > 0 times, is as a weight above 0 and an
// expression.
func negated(w float64, x Expr) (float64, Expr) {
	switch v := x.(type) {
	case NotOf:
		return w, v.X
	case SumOf:
		if len(v.Terms) == 1 {
			return negated(w*v.Terms[0].Weight, v.Terms[0].X)
		}
		if len(v.Terms) == 0 {
			return w, x
		}
	}
	return w, NotOf{x}
}

// at returns what of x holds at time t, a fraction of the run; false for nothing.
func at(x Expr, t float64) (Expr, bool) {
	switch x := x.(type) {
	case Leaf:
		return x, x.Range.holds(t)
	case NotOf:
		y, ok := at(x.X, t)
		w, y := negated(1, y)
		return total(addTerm(nil, w, y)), ok
	case OrOf:
		branches := partsAt(x.Branches, t, addBranch)
		return mixture(branches), len(branches) > 0
	default:
		terms := partsAt(x.(SumOf).Terms, t, addTerm)
		return total(terms), len(terms) > 0 || len(x.(SumOf).Terms) == 0
	}
}

func partsAt(parts []Weighted, t float64, add func([]Weighted, float64, Expr) []Weighted) []Weighted {
	var held []Weighted
	for _, p := range parts {
		if x, ok := at(p.X, t); ok {
			held = add(held, p.Weight, x)
		}
	}
	return held
}

// Guidance returns the total weight of the positive leaves of x and of the negative
// ones; of a choice, those of its strongest branches.
func Guidance(x Expr) (positive, negative float64) {
	switch x := x.(type) {
	case Leaf:
		return 1, 0
	case NotOf:
		p, n := Guidance(x.X)
		return n, p
	case OrOf:
		for _, b := range x.Branches {
			p, n := Guidance(b.X)
			positive, negative = max(positive, p), max(negative, n)
		}
	case SumOf:
		for _, t := range x.Terms {
			p, n := Guidance(t.X)
			w := t.Weight
			if w < 0 {
				w, p, n = -w, n, p
			}
			positive += float64(w * p) // the conversion keeps Go from fusing it into the sum
			negative += float64(w * n)
		}
	}
	return positive, negative
}

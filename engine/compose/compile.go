package compose

import (
	"math"
	"slices"
)

// compiler turns a tree into an expression.
type compiler struct {
	negation Negation
	rows     []concept // in canonical order, the unconditional one first
	strict   bool      // refuse alternatives that ask for nothing
}

func newCompiler(root Node, o Options) *compiler {
	c := &compiler{negation: o.Negation}
	null := concept{text: fold(o.Unconditional)}
	for t := range leaves(root) {
		if k := t.concept(); k != null {
			c.rows = append(c.rows, k)
		}
	}
	slices.SortFunc(c.rows, concept.compare)
	c.rows = slices.Insert(slices.Compact(c.rows), 0, null)
	return c
}

// row is the index of a term's score.
func (c *compiler) row(t *Term) int {
	k := t.concept()
	if k == c.rows[0] {
		return 0
	}
	i, _ := slices.BinarySearchFunc(c.rows[1:], k, concept.compare)
	return i + 1
}

// add appends what n stands for, w times, to the terms of a sum; around is the
// extent of the groups that n is in.
func (c *compiler) add(terms []Weighted, n Node, w float64, around Extent) ([]Weighted, error) {
	if not, ok := n.(*Not); ok {
		return c.add(terms, not.X, -w, around)
	}
	l := n.Label()
	return c.addUnweighted(terms, n, w*l.Weight, l.Extent.within(around))
}

// addUnweighted is add for all but a NOT, with n's own weight and extent in w and e.
func (c *compiler) addUnweighted(terms []Weighted, n Node, w float64, e Extent) ([]Weighted, error) {
	switch n := n.(type) {
	case *Term:
		return c.emit(terms, w, Leaf{c.row(n), e.region(), e.span()}), nil
	case *Or:
		branches, err := c.addBranches(nil, n, 1, e)
		return c.emit(terms, w, mixture(branches)), err
	}
	if c.negation == NotGated && w < 0 { // of the group as a whole
		sum, err := c.addOperands(nil, n, 1, e)
		return c.emit(terms, w, total(sum)), err
	}
	return c.addOperands(terms, n, w, e)
}

func (c *compiler) addOperands(terms []Weighted, group Node, w float64, e Extent) (_ []Weighted, err error) {
	for _, x := range group.Children() {
		if terms, err = c.add(terms, x, w, e); err != nil {
			return nil, err
		}
	}
	return terms, nil
}

// emit appends w times x. The unconditional score has no direction.
func (c *compiler) emit(terms []Weighted, w float64, x Expr) []Weighted {
	if leaf, ok := x.(Leaf); ok && leaf.Row == 0 {
		return terms
	}
	if c.negation == NotGated && w < 0 {
		w, x = negated(-w, x)
	}
	return addTerm(terms, w, x)
}

// addBranches appends the alternatives of an OR, with their weights times share.
// Those of an OR right inside are alternatives beside the others.
func (c *compiler) addBranches(branches []Weighted, n *Or, share float64, around Extent) ([]Weighted, error) {
	for _, operand := range n.Operands {
		x, sign := operand, 1.0
		for not, ok := x.(*Not); ok; not, ok = x.(*Not) {
			x, sign = not.X, -sign
		}
		l := x.Label()
		sign = math.Copysign(sign, float64(sign*l.Weight))
		share, e := share*math.Abs(l.Weight), l.Extent.within(around)
		if share == 0 {
			continue
		}
		var err error
		if or, ok := x.(*Or); ok && sign > 0 {
			if branches, err = c.addBranches(branches, or, share, e); err != nil {
				return nil, err
			}
			continue
		}
		terms, err := c.addUnweighted(nil, x, sign, e)
		if err != nil {
			return nil, err
		}
		sum := total(terms)
		if positive, _ := Guidance(sum); c.strict && !(positive > 0) {
			return nil, &SyntaxError{operand.Position(), "an alternative of OR has no term with a positive weight",
				"NOT needs something beside it in each: a park OR (a street AND NOT a car)"}
		}
		branches = addBranch(branches, share, sum)
	}
	return branches, nil
}

package compose

import (
	"math"
	"slices"
)

// compiler turns a tree into an expression.
type compiler struct {
	negation Negation
	same     map[string]string
	emphatic func(model string) bool
	rows     []concept // in canonical order, the unconditional one first
	nulls    []int     // of each row, the unconditional one of its model
	strict   bool      // refuse alternatives that ask for nothing
}

func newCompiler(root Node, o Options) *compiler {
	c := &compiler{negation: o.Negation, same: o.Same, emphatic: o.Emphatic}
	null := concept{text: fold(o.Unconditional)}
	c.rows = []concept{null}
	for t := range leaves(root) {
		k := c.concept(t)
		null.model = k.model
		c.rows = append(c.rows, null)
		if k.terms = false; k != null {
			k.terms = true
			c.rows = append(c.rows, k)
		}
	}
	slices.SortStableFunc(c.rows, concept.compare)
	c.rows = slices.Compact(c.rows)
	of := 0
	for i, k := range c.rows {
		if !k.terms {
			of = i
		}
		c.nulls = append(c.nulls, of)
	}
	return c
}

// concept is a term's, of the model that its name stands for.
func (c *compiler) concept(t *Term) concept {
	k := t.concept()
	if model, ok := c.same[k.model]; ok {
		k.model = model
	}
	if c.emphatic == nil || !c.emphatic(k.model) {
		k.text = t.Text
	}
	return k
}

// row is the index of a term's score: of the unconditional one if it asks for just that.
func (c *compiler) row(t *Term) int {
	k := c.concept(t)
	i, ok := slices.BinarySearchFunc(c.rows, k, concept.compare)
	if !ok {
		k.terms = false
		i, _ = slices.BinarySearchFunc(c.rows, k, concept.compare)
	}
	return i
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
	if leaf, ok := x.(Leaf); ok && c.nulls[leaf.Row] == leaf.Row {
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

package compose

import (
	"cmp"
	"iter"
	"slices"
)

// Terms flattens the tree: the weights of groups are multiplied in, NOT changes
// the sign, terms that differ in their weight alone become one with the sum of
// their weights, and those whose weight is 0 are left out. The order is that of
// first appearance; the weights do not depend on it. A term's extent is what it
// shares with those of its groups. Where the prompt has OR, the list does not say
// all that it means; see [Prompt.Compile].
func (p *Prompt) Terms() []Term {
	var all []Term
	flatten(p.Root, Term{Weight: 1}, func(t Term) { all = append(all, t) })
	return merge(all)
}

// IsSum reports whether Terms says all that the prompt means: it has no OR, region
// or step range that counts.
func (p *Prompt) IsSum() bool {
	return !slices.ContainsFunc(p.Terms(), func(t Term) bool { return t.beyondLinear() != "" })
}

// branch is an operand of an OR; the zero value is none.
type branch struct {
	or *Or
	i  int
}

// flatten calls f for every term below n, in source order. Weight, extent and
// branch of around are those of the groups that n is in.
func flatten(n Node, around Term, f func(Term)) {
	label := n.Label()
	around.Weight *= label.Weight
	around.Extent = label.Extent.within(around.Extent)
	switch n := n.(type) {
	case *Term:
		t := *n
		t.Weight, t.Extent, t.in = around.Weight, around.Extent, around.in
		f(t)
		return
	case *Not:
		around.Weight = -around.Weight
	}
	for i, x := range n.Children() {
		if or, ok := n.(*Or); ok {
			around.in = branch{or, i}
		}
		flatten(x, around, f)
	}
}

// leaves yields the terms below n as they are, in source order.
func leaves(n Node) iter.Seq[*Term] {
	return func(yield func(*Term) bool) { each(n, yield) }
}

func each(n Node, yield func(*Term) bool) bool {
	if t, ok := n.(*Term); ok {
		return yield(t)
	}
	return !slices.ContainsFunc(n.Children(), func(x Node) bool { return !each(x, yield) })
}

// concept identifies what the model is asked for: terms with equal concepts have
// equal scores.
type concept struct {
	model  string
	terms  bool // false for the unconditional one, which precedes the terms of its model
	text   string
	placed bool
	place  Place
}

func (t *Term) concept() concept {
	c := concept{model: t.Model, terms: true, text: t.Marked}
	if t.Place != nil {
		c.placed, c.place = true, *t.Place
	}
	return c
}

func (c concept) compare(d concept) int {
	order := func(a, b bool) int { // false comes first
		switch {
		case a == b:
			return 0
		case a:
			return 1
		}
		return -1
	}
	return cmp.Or(
		cmp.Compare(c.model, d.model),
		order(c.terms, d.terms),
		cmp.Compare(c.text, d.text),
		order(c.placed, d.placed),
		cmp.Compare(c.place.X, d.place.X),
		cmp.Compare(c.place.Y, d.place.Y),
	)
}

// merge adds the weights of terms that differ in nothing else. Float addition
// depends on its order, so the weights are sorted first.
func merge(terms []Term) []Term {
	type identity struct {
		concept
		Region
		Range
		branch
	}
	of := func(t *Term) identity { return identity{t.concept(), t.region(), t.span(), t.in} }
	weights := make(map[identity][]float64, len(terms))
	var merged []Term
	for _, t := range terms {
		id := of(&t)
		if weights[id] == nil {
			merged = append(merged, t)
		}
		weights[id] = append(weights[id], t.Weight)
	}
	for i := range merged {
		ws := weights[of(&merged[i])]
		slices.Sort(ws)
		merged[i].Weight = sum(ws)
	}
	return slices.DeleteFunc(merged, func(t Term) bool { return t.Weight == 0 })
}

func sum(vs []float64) float64 {
	var s float64
	for _, v := range vs {
		s += v
	}
	return s
}

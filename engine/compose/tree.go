package compose

import (
	"slices"
	"strconv"
	"strings"
)

// Limits on what Parse accepts, so that a prompt from anywhere is cheap to hold.
const (
	MaxPromptBytes = 64 << 10
	MaxTerms       = 64
	MaxNesting     = 32   // brackets and NOTs around one term
	MaxWeight      = 1000 // magnitude of one written weight
)

// Pos is a place in the prompt's source.
type Pos struct {
	Column int `json:"column"` // in runes, from 1
	Offset int `json:"offset"` // in bytes, from 0
}

// Position returns p; it lets every node that embeds a Pos satisfy [Node].
func (p Pos) Position() Pos { return p }

// Place is where in the picture a concept belongs: X grows to the right and Y
// downwards, both from 0 to 1.
type Place struct {
	X float64 `json:"x"`
	Y float64 `json:"y"`
}

func (p Place) String() string {
	return "@(" + formatNumber(p.X) + ", " + formatNumber(p.Y) + ")"
}

// Node is a node of a prompt's tree: *[Term], *[And] or *[Not].
type Node interface {
	Position() Pos
	// print appends the node's source form; inner is true inside an operand,
	// where a group needs its parentheses.
	print(b *strings.Builder, inner bool)
	// scale multiplies the node's weight by w.
	scale(w float64)
}

// Term is one concept.
type Term struct {
	Pos
	Text   string  // what the model reads: escapes resolved, white space trimmed and folded
	Source string  // the same, as the prompt language spells it
	Place  *Place  // nil for anywhere
	Weight float64 // 1 unless written; in Prompt.Terms the product down the tree, negative under NOT

	runes []Pos // where each rune of Text stands in the prompt
}

// And is a conjunction of two or more operands.
type And struct {
	Pos
	Operands []Node
	Weight   float64
}

// Not is a negated operand.
type Not struct {
	Pos
	X Node
}

func (t *Term) scale(w float64) { t.Weight *= w }
func (a *And) scale(w float64)  { a.Weight *= w }
func (n *Not) scale(w float64)  { n.X.scale(w) }

func (t *Term) print(b *strings.Builder, _ bool) {
	b.WriteString(t.Source)
	if t.Place != nil {
		b.WriteString(" " + t.Place.String())
	}
	printWeight(b, t.Weight)
}

func (a *And) print(b *strings.Builder, inner bool) {
	bracketed := inner || a.Weight != 1
	if bracketed {
		b.WriteByte('(')
	}
	for i, x := range a.Operands {
		if i > 0 {
			b.WriteString(" AND ")
		}
		x.print(b, true)
	}
	if bracketed {
		b.WriteByte(')')
	}
	printWeight(b, a.Weight)
}

func (n *Not) print(b *strings.Builder, _ bool) {
	b.WriteString("NOT ")
	n.X.print(b, true)
}

func printWeight(b *strings.Builder, w float64) {
	if w != 1 {
		b.WriteString(" :" + formatNumber(w))
	}
}

// formatNumber writes v as the grammar's number, which has no exponent, so that
// it reads back as the same float64.
func formatNumber(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }

// Prompt is a parsed prompt.
type Prompt struct {
	Root     Node
	Warnings []Warning // in the order of their columns
}

// String prints the prompt in the language's own spelling; it parses back to an
// equal tree.
func (p *Prompt) String() string {
	var b strings.Builder
	p.Root.print(&b, false)
	return b.String()
}

// Terms flattens the tree: the weights of groups are multiplied in, NOT changes
// the sign, terms of the same text and place become one with the sum of their
// weights, and those whose weight is 0 are left out. The order is that of first
// appearance; the weights do not depend on it.
func (p *Prompt) Terms() []Term {
	var all []Term
	walk(p.Root, 1, func(t *Term, w float64) {
		flat := *t
		flat.Weight = w
		all = append(all, flat)
	})
	return merge(all)
}

// walk calls f for every term below n, in source order, with its weight times w.
func walk(n Node, w float64, f func(t *Term, w float64)) {
	switch n := n.(type) {
	case *Term:
		f(n, w*n.Weight)
	case *And:
		for _, x := range n.Operands {
			walk(x, w*n.Weight, f)
		}
	case *Not:
		walk(n.X, -w, f)
	}
}

// concept identifies what the model is asked for: terms with equal concepts have
// equal scores.
type concept struct {
	text   string
	placed bool
	place  Place
}

func (t *Term) concept() concept {
	c := concept{text: t.Text}
	if t.Place != nil {
		c.placed, c.place = true, *t.Place
	}
	return c
}

// merge adds the weights of terms of one concept. Float addition depends on its
// order, so the weights are sorted first.
func merge(terms []Term) []Term {
	weights := make(map[concept][]float64, len(terms))
	var merged []Term
	for _, t := range terms {
		c := t.concept()
		if weights[c] == nil {
			merged = append(merged, t)
		}
		weights[c] = append(weights[c], t.Weight)
	}
	for i := range merged {
		ws := weights[merged[i].concept()]
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

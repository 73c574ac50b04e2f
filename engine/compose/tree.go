package compose

import (
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

// Span is a part of the prompt's source: from the first code point to before the
// second, both counted from 0.
type Span [2]int

// Stand is where an operand stands in the source, so that a program can put another
// in its place.
type Stand struct {
	Whole Span   // with its brackets and suffixes, and a NOT its keyword
	Body  string // what the suffixes belong to, spelled so that any may follow; empty for a NOT and a group without brackets
}

// Stands returns s; it lets every node that embeds a Stand satisfy [Node].
func (s Stand) Stands() Stand { return s }

// bracket makes s that of an operand in brackets.
func (s *Stand) bracket(whole Span, body string) {
	s.Whole = whole
	if s.Body == "" {
		s.Body = body
	}
}

// Place is where in the picture a concept belongs: X grows to the right and Y
// downwards, both from 0 to 1.
type Place struct {
	X float64 `json:"x"`
	Y float64 `json:"y"`
}

func (p Place) String() string {
	return "@(" + formatNumber(p.X) + ", " + formatNumber(p.Y) + ")"
}

// Node is a node of a prompt's tree: *[Term], *[And], *[Or] or *[Not].
type Node interface {
	Position() Pos
	Stands() Stand
	// Children are the nodes right below, in source order.
	Children() []Node
	// Label is what the node itself says.
	Label() Label
	// print appends the node's source form, bracketed if what stands around it
	// binds tighter.
	print(b *strings.Builder, around precedence)
	// scale multiplies the node's weight by w.
	scale(w float64)
	// narrow restricts where and when the node holds.
	narrow(e Extent)
	bracket(whole Span, body string)
}

// Label is a node without what is below it, for printers.
type Label struct {
	Op    string // "term", "and", "or" or "not"
	Model string // of a term, "" for the first
	Text  string // of a term
	Place *Place // of a term
	Extent
	Weight float64
}

// Suffixes are what the language writes after the operand: place, region, range
// and weight, as far as it has them.
func (l Label) Suffixes() []string {
	var s []string
	if l.Place != nil {
		s = append(s, l.Place.String())
	}
	if l.Region != nil {
		s = append(s, l.Region.String())
	}
	if l.Range != nil {
		s = append(s, l.Range.String())
	}
	if l.Weight != 1 {
		s = append(s, ":"+formatNumber(l.Weight))
	}
	return s
}

func (l Label) print(b *strings.Builder) {
	for _, s := range l.Suffixes() {
		b.WriteString(" " + s)
	}
}

// Term is one concept.
type Term struct {
	Pos
	Stand
	Model  string // name of the model that scores it, "" for the first
	Text   string // what the model reads: escapes resolved, white space trimmed and folded
	Source string // the same, as the prompt language spells it without quotes
	Marked string // the same, with a backslash before what would be emphasis or a BREAK but is meant as text
	Place  *Place // nil for anywhere
	Extent
	Weight float64 // 1 unless written; in Prompt.Terms the product down the tree, negative under NOT

	runes []Pos  // where each rune of Text stands in the prompt
	marks []mark // the emphasis and the BREAKs in it, the first of each
	in    branch // in Prompt.Terms, the innermost alternative it belongs to
}

// And is a conjunction of two or more operands.
type And struct {
	Pos
	Stand
	Operands []Node
	Extent
	Weight float64
}

// Or is a choice between two or more operands. The weights of the operands are
// shares of the choice; its own weight is one like a term's.
type Or struct {
	Pos
	Stand
	Operands []Node
	Extent
	Weight float64

	keyword Pos // of the first OR
}

// Not is a negated operand.
type Not struct {
	Pos
	Stand
	X Node
}

// Children of a term are none.
func (t *Term) Children() []Node { return nil }

// Children are the operands.
func (a *And) Children() []Node { return a.Operands }

// Children are the operands.
func (o *Or) Children() []Node { return o.Operands }

// Children is the operand.
func (n *Not) Children() []Node { return []Node{n.X} }

// Label has all that a term says.
func (t *Term) Label() Label { return Label{"term", t.Model, t.Text, t.Place, t.Extent, t.Weight} }

// Label has the extent and the weight of the group.
func (a *And) Label() Label { return Label{Op: "and", Extent: a.Extent, Weight: a.Weight} }

// Label has the extent and the weight of the group.
func (o *Or) Label() Label { return Label{Op: "or", Extent: o.Extent, Weight: o.Weight} }

// Label of NOT has weight 1: weights and extents are its operand's.
func (n *Not) Label() Label { return Label{Op: "not", Weight: 1} }

func (t *Term) scale(w float64) { t.Weight *= w }
func (a *And) scale(w float64)  { a.Weight *= w }
func (o *Or) scale(w float64)   { o.Weight *= w }
func (n *Not) scale(w float64)  { n.X.scale(w) }

func (n *Not) narrow(e Extent) { n.X.narrow(e) }

func (n *Not) bracket(whole Span, _ string) { n.Whole = whole }

// precedence is how tightly an operator binds.
type precedence int

const (
	orPrecedence precedence = iota
	andPrecedence
	operandPrecedence
)

func (t *Term) print(b *strings.Builder, _ precedence) {
	b.WriteString(t.spelling())
	t.Label().print(b)
}

func (a *And) print(b *strings.Builder, around precedence) {
	printGroup(b, a, andPrecedence, around, " AND ")
}

func (o *Or) print(b *strings.Builder, around precedence) {
	printGroup(b, o, orPrecedence, around, " OR ")
}

// printGroup writes operands between brackets, where they need them; those of the
// same operator inside do, since they are another node.
func printGroup(b *strings.Builder, n Node, own, around precedence, operator string) {
	suffixed := len(n.Label().Suffixes()) > 0
	if own < around || suffixed {
		b.WriteByte('(')
		defer func() {
			b.WriteByte(')')
			n.Label().print(b)
		}()
	}
	for i, x := range n.Children() {
		if i > 0 {
			b.WriteString(operator)
		}
		x.print(b, own+1)
	}
}

func (n *Not) print(b *strings.Builder, _ precedence) {
	b.WriteString("NOT ")
	n.X.print(b, operandPrecedence)
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
	p.Root.print(&b, orPrecedence)
	return b.String()
}

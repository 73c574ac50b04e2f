package compose

import (
	"math"
	"slices"
	"strings"
	"testing"
)

func TestStands(t *testing.T) {
	for _, c := range []struct{ prompt, whole, body string }{
		{"  a  red cube  :2 @(0.2, 0.5) ", "a  red cube  :2 @(0.2, 0.5)", "a red cube"},
		{"x:2 :1", "x:2 :1", `x\:2`},
		{`"a AND b" @0-0.4`, `"a AND b" @0-0.4`, `"a AND b"`},
		{"( (a @(0.1, 0.2)) :2 ) @0-1", "( (a @(0.1, 0.2)) :2 ) @0-1", "a"},
		{"((a OR b) :2) :3", "((a OR b) :2) :3", "(a OR b)"},
		{"é OR b ", "é OR b", ""},
		{"a AND NOT (NOT b) :2", "a AND NOT (NOT b) :2", ""},
		{"objects: a cube :2", "objects: a cube :2", "objects: a cube"},
		{"objects:0 :1", "objects:0 :1", `objects: "0"`}, // without its weight and quotes, 0 would be one
		{`objects: "a  b" :2`, `objects: "a  b" :2`, `objects: "a  b"`},
	} {
		p, err := Parse(c.prompt, "objects")
		if err != nil {
			t.Fatal(err)
		}
		cut := func(s Span) string { return string([]rune(c.prompt)[s[0]:s[1]]) }
		if s := p.Root.Stands(); cut(s.Whole) != c.whole || s.Body != c.body {
			t.Errorf("%q: %q with body %q, want %q, %q", c.prompt, cut(s.Whole), s.Body, c.whole, c.body)
		}
	}
}

// checkStands puts, for each operand of the prompt that has a body, body and suffixes in its place: the prompt means the same.
func checkStands(t *testing.T, prompt string, p *Prompt, models ...string) {
	t.Helper()
	source := []rune(prompt)
	operands := []Node{p.Root}
	if and, ok := p.Root.(*And); ok && and.Body == "" {
		operands = and.Operands
	}
	for _, n := range operands {
		whole, nots, inner := n.Stands().Whole, "", n
		for {
			not, ok := inner.(*Not)
			if !ok {
				break
			}
			nots, inner = nots+"NOT ", not.X
		}
		body := inner.Stands().Body
		if body == "" || math.Abs(inner.Label().Weight) > MaxWeight {
			continue
		}
		put := " " + nots + body + " " + strings.Join(inner.Label().Suffixes(), " ") + " "
		spliced := string(source[:whole[0]]) + put + string(source[whole[1]:])
		again, err := Parse(spliced, models...)
		if err != nil {
			t.Fatalf("%q, with %q for an operand, is %q: %v", prompt, put, spliced, err)
		}
		if got, want := outline(again.Root), outline(p.Root); got != want {
			t.Errorf("%q, with %q for an operand, is %q\n got %s\nwant %s", prompt, put, spliced, got, want)
		}
		if got, want := marked(again), marked(p); !slices.Equal(got, want) {
			t.Errorf("%q, with %q for an operand, is %q\n got %q\nwant %q", prompt, put, spliced, got, want)
		}
	}
}

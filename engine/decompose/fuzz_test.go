package decompose

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/counterpoint/counterpoint/engine/compose"
)

// FuzzDecompose holds what is true of every sentence: the prompt parses, and each
// word is in a clause, a filler, or named as left out.
func FuzzDecompose(f *testing.F) {
	for _, c := range sentences {
		f.Add(c.sentence)
	}
	for _, c := range faults {
		f.Add(c.sentence)
	}
	f.Fuzz(func(t *testing.T, sentence string) {
		d, err := Decompose(sentence, scenes)
		if err != nil {
			if s, ok := err.(*compose.SyntaxError); !ok || s.Offset < 0 || s.Offset > len(sentence) || s.Column < 1 {
				t.Fatalf("%q: %v", sentence, err)
			}
			return
		}
		check(t, d)
		again, err := Decompose(sentence, scenes)
		if err != nil || again.Explain() != d.Explain() {
			t.Errorf("%q: not the same a second time", sentence)
		}
	})
}

// fillers are the words that may be in no clause.
var fillers = append(strings.Fields(`a an the some any another is are that that's which and with but & or nor , - – — . ; ! ?
	there there's either both also not no without except neither isn't aren't`), scenes.Fillers...)

// check holds a decomposition against its sentence.
func check(t *testing.T, d *Decomposition) {
	t.Helper()
	p, err := compose.Parse(d.Prompt)
	if err != nil {
		t.Fatalf("%q: the prompt %q: %v", d.Sentence, d.Prompt, err)
	}
	var asked []string // the terms of the prompt, written anew
	for _, term := range p.Terms() {
		asked = append(asked, term.Text)
		if term.Weight > 0 && term.Weight != 1 {
			t.Errorf("%q: %q has the weight %g", d.Sentence, term.Text, term.Weight)
		}
	}
	var clauses []Clause
	for _, l := range d.Levels {
		clauses = append(clauses, l.Clauses...)
	}
	for i, c := range clauses {
		end := 0
		for _, s := range c.Spans {
			if s.Offset < end || s.End <= s.Offset || s.End > len(d.Sentence) {
				t.Fatalf("%q: clause %q has the spans %v", d.Sentence, c.Text, c.Spans)
			}
			end = s.End
		}
		switch {
		case c.ID != i || len(c.Spans) == 0:
			t.Errorf("%q: clause %d is %+v", d.Sentence, i, c)
		case c.Absorbed == nil && !slices.Contains(asked, c.Text):
			t.Errorf("%q: %q is not in the prompt %q", d.Sentence, c.Text, d.Prompt)
		case c.Absorbed != nil && (c.Absorbed.By == i || c.Absorbed.By < 0 || c.Absorbed.By >= len(clauses)):
			t.Errorf("%q: %q is absorbed by %d", d.Sentence, c.Text, c.Absorbed.By)
		}
		for by, n := c.Absorbed, 0; by != nil; by, n = clauses[by.By].Absorbed, n+1 {
			if n > len(clauses) {
				t.Fatalf("%q: %q absorbs itself in the end", d.Sentence, c.Text)
			}
		}
	}
	at, unplaced := 0, 0
	for _, w := range d.Words {
		if strings.TrimFunc(d.Sentence[at:w.Offset], unicode.IsSpace) != "" {
			t.Fatalf("%q: %q is no word", d.Sentence, d.Sentence[at:w.Offset])
		}
		at = w.End
		if w.Text != d.Sentence[w.Offset:w.End] || w.Column != len([]rune(d.Sentence[:w.Offset]))+1 {
			t.Fatalf("%q: word %+v", d.Sentence, w)
		}
		in := slices.ContainsFunc(clauses, func(c Clause) bool {
			return slices.ContainsFunc(c.Spans, func(s Span) bool { return s.Offset <= w.Offset && w.End <= s.End })
		})
		if in != (w.Use == UseClause) {
			t.Errorf("%q: %q is used as %s, in a clause: %v", d.Sentence, w.Text, w.Use, in)
		}
		if w.Use == UseUnplaced {
			if unplaced >= len(d.Unplaced) || d.Unplaced[unplaced].Span != w.Span || d.Unplaced[unplaced].Reason == "" {
				t.Fatalf("%q: %q is not among those left out, %+v", d.Sentence, w.Text, d.Unplaced)
			}
			unplaced++
		}
		if w.Use == UseFiller && !slices.Contains(fillers, normal(w.Text)) {
			t.Errorf("%q: %q is no filler", d.Sentence, w.Text)
		}
	}
	if strings.TrimFunc(d.Sentence[at:], unicode.IsSpace) != "" || unplaced != len(d.Unplaced) {
		t.Errorf("%q: words are missing after %d, %d of %d left out", d.Sentence, at, unplaced, len(d.Unplaced))
	}
}

// normal is a phrase as the vocabulary has it.
func normal(text string) string {
	return strings.Join(strings.Fields(strings.ToLower(strings.ReplaceAll(text, "’", "'"))), " ")
}

// TestRandomSentences draws sentences from the words that mean something, which a
// fuzzer's bytes seldom are.
func TestRandomSentences(t *testing.T) {
	words := strings.Fields(`a a the red blue small metal cube cube sphere cars trees something one ones it it's two three any
		is are that and and or or nor , , . not no without isn't with dragon shiny scene left_of left_of behind behind above_the
		on_grass on_sand sand at_night AND ( :1 there`)
	r := rand.New(rand.NewPCG(1, 2))
	good := 0
	for range 3_000 {
		var b strings.Builder
		for range 1 + r.IntN(16) {
			b.WriteString(strings.ReplaceAll(words[r.IntN(len(words))], "_", " ") + " ")
		}
		d, err := Decompose(b.String(), scenes)
		if err == nil {
			good++
			check(t, d)
		} else if _, ok := err.(*compose.SyntaxError); !ok {
			t.Fatalf("%q: %v", b.String(), err)
		}
		if t.Failed() {
			t.Fatalf("%q", b.String())
		}
	}
	if good < 900 {
		t.Errorf("%d sentences of 3,000 mean something", good)
	}
}

package compose

import (
	"slices"
	"testing"
)

func TestMarked(t *testing.T) {
	for _, c := range []struct{ prompt, marked, printed string }{
		{"a red cube", "a red cube", ""},
		{"a  (red\n cube:1.3) [x] BREAK b :2", "a (red cube:1.3) [x] BREAK b", "a (red cube:1.3) [x] BREAK b :2"},
		{"x: (y: 1.2)", "x: (y: 1.2)", `x\: (y: 1.2)`},
		{`a \(b:1.2\) \[c\] \\ d\e \BREAK`, `a \(b:1.2\) \[c\] \\ d\\e \BREAK`, `a \(b\:1.2\) \[c\] \\ d\\e \BREAK`},
		{`(a\: \@:1.2)`, `(a\: @:1.2)`, `(a\: \@:1.2)`},
		{`"(a:1.2) [b] \c BREAK"`, `\(a:1.2\) \[b\] \\c \BREAK`, `\(a\:1.2\) \[b\] \\c \BREAK`},
		{`"BREAKFAST, UNBREAK"`, "BREAKFAST, UNBREAK", "BREAKFAST, UNBREAK"},
		{"(16:9)", "(16:9)", "(16:9)"},
		{"objects: 5 (red) cubes", "5 (red) cubes", "objects: 5 (red) cubes"},
		{`objects: "5 (red) cubes"`, `5 \(red\) cubes`, `objects: "5 (red) cubes"`},
	} {
		p, err := Parse(c.prompt, named...)
		if err != nil {
			t.Errorf("%s: %v", c.prompt, err)
			continue
		}
		if got := p.Root.(*Term).Marked; got != c.marked {
			t.Errorf("%s: got %s, want %s", c.prompt, got, c.marked)
		}
		if c.printed == "" {
			c.printed = c.prompt
		}
		if got := p.String(); got != c.printed {
			t.Errorf("%s: printed as %s, want %s", c.prompt, got, c.printed)
		}
		checkRoundTrip(t, p, named...)
	}
}

// TestEmphasisByModel holds what is one term for a model that reads text alone to be two for one that reads emphasis.
func TestEmphasisByModel(t *testing.T) {
	p, err := Parse(`(red) cube AND \(red\) cube AND objects: (red) cube AND objects: \(red\) cube AND NOT "BREAK"`, named...)
	if err != nil {
		t.Fatal(err)
	}
	rows := func(emphatic func(string) bool) (texts []string) {
		plan, err := p.Compile(Options{Scale: 2, Unconditional: "(blurry:1.3)", Emphatic: emphatic})
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range plan.Rows {
			texts = append(texts, r.Model+"|"+r.Text)
		}
		return texts
	}
	plain := []string{"|(blurry:1.3)", "|(red) cube", "|BREAK", "objects|(blurry:1.3)", "objects|(red) cube"}
	if got := rows(nil); !slices.Equal(got, plain) {
		t.Errorf("no model: got %q, want %q", got, plain)
	}
	want := append([]string{"|(blurry:1.3)", "|(red) cube", `|\(red\) cube`, `|\BREAK`}, plain[3:]...)
	if got := rows(func(model string) bool { return model == "" }); !slices.Equal(got, want) {
		t.Errorf("the first model: got %q, want %q", got, want)
	}
	if got := len(p.Terms()); got != 5 {
		t.Errorf("%d terms, want 5", got)
	}
}

func TestEmphasisAsText(t *testing.T) {
	p, err := Parse(`a \(b\) AND objects: (x) AND [é] (c) BREAK d BREAK e AND "(q) BREAK"`, named...)
	if err != nil {
		t.Fatal(err)
	}
	for model, want := range map[string][]int{"": {30, 38}, "objects": {22}} {
		var columns []int
		for _, w := range EmphasisAsText(p, model) {
			columns = append(columns, w.Column)
		}
		if !slices.Equal(columns, want) {
			t.Errorf("%q: warnings at %d, want %d", model, columns, want)
		}
	}
}

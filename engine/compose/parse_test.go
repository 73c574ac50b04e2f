package compose

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// outline prints a tree so that every field that carries meaning shows.
func outline(n Node) string {
	l := n.Label()
	s := fmt.Sprintf("%q", l.Text)
	if l.Model != "" {
		s = l.Model + s
	}
	var parts []string
	for _, x := range n.Children() {
		parts = append(parts, outline(x))
	}
	switch l.Op {
	case "and":
		s = "(" + strings.Join(parts, " & ") + ")"
	case "or":
		s = "{" + strings.Join(parts, " / ") + "}"
	case "not":
		s = "!" + parts[0]
	}
	return s + strings.Join(l.Suffixes(), "")
}

// conventions holds what other tools' users type: what it means here, and which
// kinds of warning it earns.
var conventions = []struct {
	prompt, tree string
	warnings     []WarningKind
}{
	// A1111's conjunction and weights.
	{"a red cube", `"a red cube"`, nil},
	{"a AND b :1.2 AND c :-0.5", `("a" & "b":1.2 & "c":-0.5)`, nil},
	{"a\n AND\tb", `("a" & "b")`, nil},
	{"a:1 AND b: 2. AND c :.5 AND d : +1.5  AND e:-3", `("a" & "b":2 & "c":0.5 & "d":1.5 & "e":-3)`, nil},
	{"poster, ratio 16:9", `"poster, ratio 16:9"`, []WarningKind{WarnWeight}},
	{"a AND at 10:30", `("a" & "at 10:30")`, []WarningKind{WarnWeight}},
	{"x:3", `"x":3`, nil},
	{"16 :3", `"16":3`, nil},
	{"16: 3", `"16":3`, nil},
	{"ratio 16:9 :1.5", `"ratio 16:9":1.5`, nil},
	{"x:9", `"x":9`, []WarningKind{WarnWeight}},
	{"x:1e2", `"x:1e2"`, []WarningKind{WarnWeight}},
	{"a :1 :2", `"a :1":2`, nil},
	{"x:2 :1", `"x:2"`, nil},
	{"x: inf :1", `"x: inf"`, nil},
	{"a: b", `"a: b"`, nil},
	{"a:1.5 b", `"a:1.5 b"`, nil},
	{"a:", `"a:"`, nil},
	// Keywords are whole words, in Python's sense, in capitals.
	{"salt and pepper, or not", `"salt and pepper, or not"`, nil},
	{"SAND ANDROID", `"SAND ANDROID"`, nil},
	{"éAND b", `"éAND b"`, nil},
	{"é AND b", `("é" & "b")`, nil},
	{"猫\u3000AND\u3000犬\u3000:1.5", `("猫" & "犬":1.5)`, nil},
	{`rock \AND roll AND b`, `("rock AND roll" & "b")`, nil},
	{`\NOT a \OR b \AND_PERP c`, `"NOT a OR b AND_PERP c"`, nil},
	{`x\:9`, `"x:9"`, nil},
	{`a \(b\) \[c\] \\ \@ \| d\e`, `"a (b) [c] \\ @ | d\\e"`, nil},
	{`a \(b\)1.3 \(c\)- {d\|e}`, `"a (b)1.3 (c)- {d|e}"`, nil},
	// Quotes.
	{`"rock AND roll" AND b`, `("rock AND roll" & "b")`, nil},
	{`"NOT (a: OR :1.2 @(0, 1) | [x:y:0.4] C++ AND_PERP <lora:x:1>" :2`, `"NOT (a: OR :1.2 @(0, 1) | [x:y:0.4] C++ AND_PERP <lora:x:1>":2`, nil},
	{`c AND NOT "a :1" @(0, 1):.5 OR ( " b\n "OR"c")`, `{("c" & !"a :1"@(0, 1):0.5) / {"b\\n" / "c"}}`, nil},
	{`"say \"AND\" \\ \x"|"(1)"@0-0.5`, `("say \"AND\" \\ \\x" & "(1)"@0-0.5)`, []WarningKind{WarnSeparator}},
	{`a 5" cube, "red" AND \"b\"`, `("a 5\" cube, \"red\"" & "\"b\"")`, nil},
	{`("a AND b") :2`, `"a AND b":2`, nil},
	{`a ("b")`, `"a (\"b\")"`, []WarningKind{WarnEmphasis}},
	// NOT.
	{"a AND NOT b", `("a" & !"b")`, nil},
	{"a AND NOT b :0.5", `("a" & !"b":0.5)`, nil},
	{"NOT b AND a", `(!"b" & "a")`, nil},
	{"NOT NOT a", `!!"a"`, nil},
	{"a AND NOT (b AND c) :2", `("a" & !("b" & "c"):2)`, nil},
	// Groups, and parentheses that are text.
	{"(a AND b) :1.2 AND c", `(("a" & "b"):1.2 & "c")`, nil},
	{"(a AND b:1.5) AND c", `(("a" & "b":1.5) & "c")`, nil},
	{"((a AND b))", `("a" & "b")`, nil},
	{"(a @(0.2, 0.3) :2) :1.5", `"a"@(0.2, 0.3):3`, nil},
	{"(NOT a) :2 AND b :3", `(!"a":2 & "b":3)`, nil},
	{"(x:1.2) hair", `"(x:1.2) hair"`, []WarningKind{WarnEmphasis}},
	{"a ((very)) [small] cat :1.5", `"a ((very)) [small] cat":1.5`, []WarningKind{WarnEmphasis}},
	{"a BREAK b", `"a BREAK b"`, []WarningKind{WarnEmphasis}},
	// OR binds loosest.
	{"a OR b", `{"a" / "b"}`, nil},
	{"(a AND b) :1.2 OR c", `{("a" & "b"):1.2 / "c"}`, nil},
	{"a AND b OR c AND NOT d :2", `{("a" & "b") / ("c" & !"d":2)}`, nil},
	{"a AND (b OR c) :2 AND d", `("a" & {"b" / "c"}:2 & "d")`, nil},
	{"a OR (b OR (c OR d))", `{"a" / {"b" / {"c" / "d"}}}`, nil},
	{"c AND NOT (a OR b)", `("c" & !{"a" / "b"})`, nil},
	{"a | b OR c", `{("a" & "b") / "c"}`, []WarningKind{WarnSeparator}},
	{"FOR ORE OREO", `"FOR ORE OREO"`, nil},
	// The paper's demo, and diffusers' composable pipeline.
	{"a | b :1.5 | c", `("a" & "b":1.5 & "c")`, []WarningKind{WarnSeparator}},
	{"(a | b) AND c", `(("a" & "b") & "c")`, []WarningKind{WarnSeparator}},
	// Places.
	{"a red cube @(0.25, 0.6)", `"a red cube"@(0.25, 0.6)`, nil},
	{"a @(0,1) :1.5 AND b:2@( .5 , 1. )", `("a"@(0, 1):1.5 & "b"@(0.5, 1):2)`, nil},
	{"mail me@home, meet @10pm", `"mail me@home, meet @10pm"`, nil},
	{"a @(-0, 0)", `"a"@(0, 0)`, nil},
	// Regions and step ranges, prompt editing's place here.
	{"a cat @0-0.4 AND a dog @0.4-1", `("a cat"@0-0.4 & "a dog"@0.4-1)`, nil},
	{"a @(0-0.5, .25 - 1.)", `"a"@(0-0.5, 0.25-1)`, nil},
	{"a @0-.4:2 @( 0-0.5,0-1) @(.2,.3)", `"a"@(0.2, 0.3)@(0-0.5, 0-1)@0-0.4:2`, nil},
	{"(a OR b) @(0-1, 0-1) @0-1 :2 AND c", `({"a" / "b"}@(0-1, 0-1)@0-1:2 & "c")`, nil},
	{"((a AND b) @(0-0.6, 0-1) @0-0.5) @(0.4-1, 0.5-1) @0.2-1", `("a" & "b")@(0.4-0.6, 0.5-1)@0.2-0.5`, nil},
	{"(NOT a @0-0.5) @0.2-1 AND b", `(!"a"@0.2-0.5 & "b")`, nil},
	{"(a @0-0.5)", `"a"@0-0.5`, nil},
	{"meet @10, a@b-c", `"meet @10, a@b-c"`, nil},
}

func TestConventions(t *testing.T) {
	for _, c := range conventions {
		p, err := Parse(c.prompt)
		if err != nil {
			t.Errorf("%q: %v", c.prompt, err)
			continue
		}
		if got := outline(p.Root); got != c.tree {
			t.Errorf("%q\n got %s\nwant %s", c.prompt, got, c.tree)
		}
		var kinds []WarningKind
		for _, w := range append(p.Warnings, EmphasisAsText(p, "")...) {
			kinds = append(kinds, w.Kind)
		}
		if !slices.Equal(kinds, c.warnings) {
			t.Errorf("%q: warnings %v, want %v", c.prompt, p.Warnings, c.warnings)
		}
		checkRoundTrip(t, p)
	}
}

// marked are the texts of the prompt's terms with their emphasis.
func marked(p *Prompt) []string {
	var texts []string
	for t := range leaves(p.Root) {
		texts = append(texts, t.Marked)
	}
	return texts
}

func checkRoundTrip(t *testing.T, p *Prompt, models ...string) {
	t.Helper()
	printed := p.String()
	again, err := Parse(printed, models...)
	if err != nil {
		t.Fatalf("printed as %q: %v", printed, err)
	}
	if got, want := outline(again.Root), outline(p.Root); got != want {
		t.Errorf("printed as %q\n got %s\nwant %s", printed, got, want)
	}
	if got, want := marked(again), marked(p); !slices.Equal(got, want) {
		t.Errorf("printed as %q\n got %q\nwant %q", printed, got, want)
	}
	if second := again.String(); second != printed {
		t.Errorf("%q is printed as %q", printed, second)
	}
}

func TestSyntaxErrors(t *testing.T) {
	for _, c := range []struct {
		prompt string
		column int
		msg    string
	}{
		{"", 1, "empty"},
		{" \t", 1, "empty"},
		{"a AND", 6, "expected a term before the end"},
		{"AND a", 1, "expected a term before AND"},
		{"a AND  AND b", 8, "expected a term before AND"},
		{"a || b", 4, "expected a term"},
		{"() AND a", 1, "nothing in the brackets"},
		{"a ( ) b", 3, "nothing in the brackets"},
		{"(a AND ) AND b", 8, "expected a term"},
		{"a AND :1.5", 7, "expected a term before ':'"},
		{"a AND NOT", 10, "expected a term"},
		{"@(0.1, 0.2)", 1, "expected a term"},
		{"a (b", 3, "never closed"},
		{"a) b", 2, "closes nothing"},
		{"(a AND b]", 9, "does not close"},
		{"a :inf", 4, "finite"},
		{"a:-NaN AND b", 3, "finite"},
		{"a :" + strings.Repeat("9", 400), 4, "finite"},
		{"a :1001", 4, "beyond 1000"},
		{"a @(0.1,0.2) :1 :2", 17, "second weight"},
		{"NOT a", 5, "no term has a positive weight"},
		{"a :-1", 1, "no term has a positive weight"},
		{"a :0", 1, "come to 0"},
		{"a AND NOT a", 1, "come to 0"},
		{"a NOT b", 3, "NOT has to follow AND"},
		{"a OR", 5, "expected a term before the end"},
		{"OR a", 1, "expected a term before OR"},
		{"a AND OR b", 7, "expected a term before OR"},
		{"a OR AND b", 6, "expected a term before AND"},
		{"a OR NOT b", 6, "alternative of OR"},
		{"c AND NOT (a OR NOT b)", 17, "alternative of OR"},
		{"a OR (b AND NOT b)", 7, "alternative of OR"},
		{"a OR b :-1", 6, "alternative of OR"},
		{"a :0 OR b :0", 1, "come to 0"},
		{"NOT (a OR b)", 6, "no term has a positive weight"},
		{"[a OR b] :1.5", 1, "square brackets cannot hold OR"},
		{"a (b OR c)", 3, "cannot stand inside a term"},
		{"a @(0.1, 0.2, 0.5, 0.5)", 13, "expected ')'"},
		{"a @(0-0.5, 0.2)", 3, "a region has two ranges"},
		{"a @(0.5, 0-0.2)", 3, "a region has two ranges"},
		{"a @(0.5-0.2, 0-1)", 3, "empty"},
		{"a @(0-1.5, 0-1)", 7, "outside the picture"},
		{"a @(0-, 0-1)", 7, "expected the coordinate, a number, before ','"},
		{"a @(0-0.5, 0-1) @(0-1, 0-1)", 17, "second region"},
		{"(a @(0-0.5, 0-1) AND b) @(0.5-1, 0-1)", 25, "lies apart from @(0-0.5, 0-1)"},
		{"((a OR NOT b @(0-1, 0.5-1)) AND c) @(0-1, 0-0.4)", 36, "lies apart"},
		{"a @0-0.4 @0.6-1", 10, "second step range"},
		{"a @0.4-0.4", 3, "no step"},
		{"a @0.4-0.2 :2", 3, "no step"},
		{"meet @10-11pm", 7, "outside the run"},
		{"a @0-1.5", 6, "outside the run"},
		{"a @0-1 @0.4", 8, "expected a place, a region or a step range"},
		{"a @0-0.5 b", 10, "expected AND before b"},
		{"(a @0-0.4) @0.4-1", 12, "lies apart from @0-0.4"},
		{`"a AND b`, 1, "never closed"},
		{`"a" b`, 5, "expected AND before b"},
		{`"a" NOT b`, 5, "expected AND before NOT"},
		{`a AND " "`, 7, "nothing in the quotes"},
		{"a @(1.5, 0)", 5, "outside the picture"},
		{"a @(0, -0.1)", 8, "outside the picture"},
		{"a @(0)", 6, "expected ','"},
		{"a @(left, 0)", 5, "a number, before left"},
		{"a @(0.1, 0.2) b", 15, "expected AND before b"},
		{"a @(0.1, 0.2) @(0, 0)", 15, "second place"},
		{"(a AND b) @(0.1, 0.2)", 11, "not to a group"},
		{"(a AND b) c", 11, "expected AND before c"},
		{"(a AND b) :x", 12, "expected a weight"},
		{"a big (red AND blue) cube", 7, "cannot stand inside a term"},
		{"[a:b:0.4]", 1, "prompt editing"},
		{"a [b:0.4] c", 3, "prompt editing"},
		{"[a|b]", 1, "alternation"},
		{"{a|b} c", 1, "alternation"},
		{"[a AND b] :1.5", 1, "square brackets cannot hold AND"},
		{"[(a AND b)]", 1, "square brackets"},
		{"a <lora:foo:1>", 3, "<lora:…>"},
		{"a AND_PERP b", 3, "AND_PERP"},
		{"a shiny+ cube", 8, "weighting with +"},
		{"(a b)++", 6, "weighting with +"},
		{"(a b)-- c", 6, "weighting with -"},
		{"(a b)1.3", 6, "number after a bracket"},
		{`("a","b").and()`, 10, ".and("},
		{"é AND \xff", 7, "UTF-8"},
		{strings.Repeat("(", 33), 33, "nest more than"},
		{strings.Repeat("NOT ", 33) + "a", 129, "more than 32 NOTs"},
		{strings.Repeat("a AND ", 64) + "a", 385, "more than 64 terms"},
		{strings.Repeat("x", MaxPromptBytes+1), 1, "bytes"},
	} {
		_, err := Parse(c.prompt)
		checkSyntax(t, c.prompt, err, c.column, c.msg)
	}
}

// checkSyntax holds an error of Parse to a column and to part of its message.
func checkSyntax(t *testing.T, prompt string, err error, column int, msg string) {
	t.Helper()
	var syntax *SyntaxError
	switch {
	case !errors.As(err, &syntax):
		t.Errorf("%.60q: got %v, want a syntax error", prompt, err)
	case syntax.Column != column || !strings.Contains(syntax.Msg, msg):
		t.Errorf("%.60q: column %d: %s; want column %d and %q", prompt, syntax.Column, syntax.Msg, column, msg)
	}
}

// TestHints holds errors to naming our spelling, of the prompt itself where it can.
func TestHints(t *testing.T) {
	for prompt, hint := range map[string]string{
		"[a cat:a  dog:0.4]":   "a cat @0-0.4 AND a dog @0.4-1",
		"[a dog:.25]":          ": a dog @0.25-1;",
		"[a cat::0.5] on sand": ": a cat @0-0.5;",
		"[a:b:12]":             "a @0-0.4 AND b @0.4-1",
		"[a|b]":                "a OR b",
		"{a|b}":                "(a AND b) :0.5",
		"a AND_PERP b":         "AND NOT",
		"a @0.4-0.2":           "@0-0.4",
		"a @(0.1,0.2,0.5,0.5)": "@(0-0.5, 0-1)",
		`"a" b`:                `\"`,
	} {
		_, err := Parse(prompt)
		var syntax *SyntaxError
		if !errors.As(err, &syntax) || !strings.Contains(syntax.Hint, hint) {
			t.Errorf("%s: got %#v, want the hint %q", prompt, err, hint)
		}
	}
}

func TestQuotedTextHasPlainSource(t *testing.T) {
	p, err := Parse(`"a AND \"b\": é"`)
	if err != nil {
		t.Fatal(err)
	}
	term := p.Root.(*Term)
	if want := `a \AND "b"\: é`; term.Source != want {
		t.Errorf("got %s, want %s", term.Source, want)
	}
	words := term.words()
	if got, want := words[len(words)-1].Pos, (Pos{15, 14}); got != want {
		t.Errorf("the last word is at %+v, want %+v", got, want)
	}
}

func TestPositions(t *testing.T) {
	p, err := Parse("é AND  a\\: \\AND wrld :2")
	if err != nil {
		t.Fatal(err)
	}
	terms := p.Terms()
	if got, want := terms[1].Pos, (Pos{Column: 8, Offset: 8}); got != want {
		t.Errorf("second term at %+v, want %+v", got, want)
	}
	known := func(w string) bool { return w != "wrld" && w != "and" }
	got := UnknownWords(p, "", known, []string{"word", "world", "whirl"})
	want := []Warning{
		{Pos{13, 13}, WarnWord, `the model does not know the word "AND"`, "", "AND", ""},
		{Pos{17, 17}, WarnWord, `the model does not know the word "wrld"`, `did you mean "world"?`, "wrld", "world"},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
}

func TestUnknownWords(t *testing.T) {
	vocabulary := []string{"a", "red", "cube", "sphere", "cylinder", "don't"}
	p, err := Parse("a rde cube AND a sphare, NOTE AND a cylnider's don't xyzzy and an rde")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, w := range UnknownWords(p, "", func(w string) bool { return slices.Contains(vocabulary, w) }, vocabulary) {
		got = append(got, fmt.Sprintf("%d %s", w.Column, w.Hint))
	}
	want := []string{`3 did you mean "red"?`, `18 did you mean "sphere"?`, `26 `, `37 `, `54 `, `60 `, `64 did you mean "a"?`}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

func FuzzParse(f *testing.F) {
	for _, c := range conventions {
		f.Add(c.prompt)
	}
	for _, s := range []string{`a \`, `(a \ AND b \) AND c`, `@ AND @ @(1,1)`, "a @ :1", "((a:1.2) AND (b)) :0.3", "a :0.1 AND (NOT b :.3):.7", "{{{|}", ": | :", "0 AND(NOT :):0", "((0)+AND(0))",
		`"" OR "`, `("a"OR"\")@0-1`, `((a OR b:2)@0-.5 OR c):3@(0-1,0-1)`, `"(" AND NOT ("x" OR y AND z)`, "m2:0 :1", "m2:-inf @0-1"} {
		f.Add(s)
	}
	for _, c := range naming {
		f.Add(c.prompt)
	}
	f.Fuzz(func(t *testing.T, prompt string) {
		fuzzParse(t, prompt)
		fuzzParse(t, prompt, named...)
	})
}

func fuzzParse(t *testing.T, prompt string, models ...string) {
	p, err := Parse(prompt, models...)
	if err != nil {
		var syntax *SyntaxError
		if !errors.As(err, &syntax) || syntax.Column < 1 || syntax.Offset < 0 || syntax.Offset > len(prompt) {
			t.Fatalf("%q: %#v", prompt, err)
		}
		return
	}
	checkRoundTrip(t, p, models...)
	checkStands(t, prompt, p, models...)
	UnknownWords(p, "", func(string) bool { return false }, []string{"cube", "sphere"})
	EmphasisAsText(p, "")
	for _, n := range []Negation{NotSigned, NotPerp, NotGated} {
		o := Options{Scale: 7.5, MaxTotal: 10, Negation: n}
		o.Emphatic = func(model string) bool { return len(model)+len(prompt)%2 == 0 }
		checkPlan(t, prompt, compiled(t, p.Root, o))
		if got, want := compiled(t, reversed(p.Root), o), compiled(t, p.Root, o); !reflect.DeepEqual(got, want) {
			t.Fatalf("%q backwards: got %+v\nwant %+v", prompt, got, want)
		}
		o.Multipliers = func(_, text string) []float64 { return []float64{2, 0, 1.5}[:len(text)%4] }
		checkPlan(t, prompt, compiled(t, p.Root, o))
		if got, want := compiled(t, reversed(p.Root), o).At(0.6), compiled(t, p.Root, o).At(0.6); !Equal(got, want) {
			t.Fatalf("%q backwards at a time: got %+v\nwant %+v", prompt, got, want)
		}
	}
	var syntax *SyntaxError
	if _, err := Combine(p.Terms(), Options{Scale: 7.5, MaxTotal: 10}); err != nil && !errors.As(err, &syntax) {
		t.Fatalf("%q: %v", prompt, err)
	}
}

package compose

import (
	"reflect"
	"strings"
	"testing"
)

var named = []string{"objects", "backgrounds", "a", "m2"}

// naming holds prompts in which terms may name models.
var naming = []struct {
	prompt, tree string
	warnings     []WarningKind
}{
	{"objects: a red cube AND on grass", `(objects"a red cube" & "on grass")`, nil},
	{"objects:a red cube:1.5 AND NOT  backgrounds:\ton  grass @(0-1, 0-0.5)", `(objects"a red cube":1.5 & !backgrounds"on grass"@(0-1, 0-0.5))`, nil},
	{"(objects: a OR m2: b) :2 AND c", `({objects"a" / m2"b"}:2 & "c")`, nil},
	{"(objects: a @(0.2, 0.3)) @0-0.5", `objects"a"@(0.2, 0.3)@0-0.5`, nil},
	{"(objects: a) :2", `objects"a":2`, nil},
	// A weight stays one, and a colon between digits text.
	{"objects:1.2", `"objects":1.2`, nil},
	{"objects: 1.2 @0-0.5", `"objects"@0-0.5:1.2`, nil},
	{"(objects:1.2) hair", `"(objects:1.2) hair"`, []WarningKind{WarnEmphasis}},
	{"m2:1 x", `"m2:1 x"`, nil},
	{"m2:1", `"m2:1"`, []WarningKind{WarnWeight}},
	{"objects: 1.2 cubes", `objects"1.2 cubes"`, nil},
	{"objects: 1.2 :2", `objects"1.2":2`, nil},
	{`objects: "1.2" AND objects: "-inf" AND objects: "1\"\\"`, `(objects"1.2" & objects"-inf" & objects"1\"\\")`, nil},
	{"objects: 16:9", `objects"16:9"`, []WarningKind{WarnWeight}},
	{"a: b: c", `a"b: c"`, nil},
	// Text otherwise.
	{`objects\: a AND "objects: a" AND objects : a`, `("objects: a" & "objects: a" & "objects : a")`, nil},
	{"note, objects: a", `"note, objects: a"`, nil},
	{`objects: "a AND b :2" :3`, `objects"a AND b :2":3`, nil},
	{"objets: a AND Objects: b", `("objets: a" & "Objects: b")`, []WarningKind{WarnModel, WarnModel}},
	{"at 10: a AND x:b AND y: 2", `("at 10: a" & "x:b" & "y":2)`, nil},
}

func TestModels(t *testing.T) {
	for _, c := range naming {
		p, err := Parse(c.prompt, named...)
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
		if !reflect.DeepEqual(kinds, c.warnings) {
			t.Errorf("%q: warnings %v, want %v", c.prompt, p.Warnings, c.warnings)
		}
		checkRoundTrip(t, p, named...)
	}
	p, err := Parse("objets: a", named...)
	if err != nil || !strings.Contains(p.Warnings[0].Hint, `"objects:"`) {
		t.Errorf("%+v, %v; want a suggestion", p.Warnings, err)
	}
	if p, err := Parse("objects: a"); err != nil || len(p.Warnings) > 0 || p.Root.Label().Model != "" {
		t.Errorf("with no models, got %+v, %v", p, err)
	}
}

func TestModelErrors(t *testing.T) {
	for _, c := range []struct {
		prompt string
		column int
		msg    string
	}{
		{"objects: AND a", 10, "expected a term of model objects before AND"},
		{"a AND objects:", 15, "before the end"},
		{"objects: (b AND c)", 10, "not to a group"},
		{"objects: NOT b AND a", 10, "before the model's name"},
		{"objects: inf", 10, "finite"},
		{`objects: "b`, 10, "never closed"},
		{"NOT objects: b", 5, "no term has a positive weight"},
	} {
		_, err := Parse(c.prompt, named...)
		checkSyntax(t, c.prompt, err, c.column, c.msg)
	}
	for _, name := range []string{"", "Objects", "1a", "-a", "a b", "a:", "é", strings.Repeat("a", 65)} {
		if CheckModel(name) == nil {
			t.Errorf("%q passed for a model's name", name)
		}
	}
	for _, name := range named {
		if err := CheckModel(name); err != nil {
			t.Error(err)
		}
	}
}

func models(t *testing.T, prompt string, o Options) *Plan {
	t.Helper()
	p, err := Parse(prompt, named...)
	if err != nil {
		t.Fatal(err)
	}
	plan := compiled(t, p.Root, o)
	checkPlan(t, prompt, plan)
	return plan
}

// TestModelRows checks that each model has an unconditional row of its own, and what coefficients they get.
func TestModelRows(t *testing.T) {
	p := models(t, "objects: a AND x AND NOT backgrounds: x :0.5 AND objects: b AND objects: mud", Options{Scale: 4, Unconditional: "mud"})
	c, linear := p.Linear()
	want := []Row{
		{Text: "mud", Coef: -3, Unconditional: true}, {Text: "x", Coef: 4},
		{Model: "backgrounds", Text: "mud", Coef: 2, Unconditional: true}, {Model: "backgrounds", Text: "x", Coef: -2},
		{Model: "objects", Text: "mud", Coef: -8, Unconditional: true}, {Model: "objects", Text: "a", Coef: 4}, {Model: "objects", Text: "b", Coef: 4},
	}
	if !linear || !reflect.DeepEqual(c.Rows, want) {
		t.Errorf("got %+v\nwant %+v", c.Rows, want)
	}
	if f := p.Formula(); !strings.Contains(f, "4·d(objects: a)") || !strings.Contains(f, "both of that model") {
		t.Errorf("formula %s", f)
	}
	// Without a term of its own, the first model has its unconditional row alone.
	if c, _ := models(t, "objects: a", Options{Scale: 1}).Linear(); len(c.Rows) != 3 || c.Rows[0].Coef != 1 || c.Rows[1].Coef != -1 {
		t.Errorf("got %+v", c.Rows)
	}
	// Terms that cancel leave a model's unconditional row out, a choice does not.
	if c, _ := models(t, "x AND objects: a AND NOT objects: b", Options{Scale: 1}).Linear(); len(c.Rows) != 3 {
		t.Errorf("got %+v", c.Rows)
	}
	if p := models(t, "objects: a OR m2: b", Options{Scale: 2}); len(p.Rows) != 5 {
		t.Errorf("got %+v", p.Rows)
	}
}

// TestModelPlans is the algebra of names: their order, and names that mean one model.
func TestModelPlans(t *testing.T) {
	for _, c := range [][2]string{
		{"objects: b AND a AND m2: a", "m2: a AND objects: b AND a"},
		{"objects: a AND objects: a", "objects: a :2"},
		{"m2: x OR objects: x OR x", "x OR m2: x OR objects: x"},
	} {
		for _, n := range negations {
			o := Options{Scale: 3, Negation: n}
			if a, b := models(t, c[0], o), models(t, c[1], o); !reflect.DeepEqual(a, b) {
				t.Errorf("%q is %+v\n%q is %+v", c[0], a, c[1], b)
			}
		}
	}
	if a, b := models(t, "objects: x", Options{Scale: 3}), models(t, "x", Options{Scale: 3}); reflect.DeepEqual(a, b) {
		t.Error("a model's term is the first model's")
	}
	same := Options{Scale: 3, Same: map[string]string{"objects": "", "m2": "backgrounds"}}
	if a, b := models(t, "objects: x AND x AND m2: y", same), models(t, "x :2 AND backgrounds: y", same); !reflect.DeepEqual(a, b) {
		t.Errorf("names of one model: %+v\nand %+v", a, b)
	}
}

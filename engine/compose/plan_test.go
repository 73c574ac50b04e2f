package compose

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
)

var negations = []Negation{NotSigned, NotPerp, NotGated}

func compiled(t *testing.T, root Node, o Options) *Plan {
	t.Helper()
	p, err := compile(root, o)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func plan(t *testing.T, prompt string, o Options) *Plan {
	t.Helper()
	p, err := Parse(prompt)
	if err != nil {
		t.Fatal(err)
	}
	plan := compiled(t, p.Root, o)
	checkPlan(t, prompt, plan)
	return plan
}

// checkPlan holds a plan to what the docs of its types say.
func checkPlan(t *testing.T, prompt string, p *Plan) {
	t.Helper()
	fail := func(format string, args ...any) {
		t.Helper()
		t.Fatalf("%q: %s in %+v", prompt, fmt.Sprintf(format, args...), p)
	}
	used := make([]bool, len(p.Rows))
	parts := func(of []Weighted) {
		for i, x := range of {
			if i > 0 && compare(of[i-1].X, x.X) >= 0 {
				fail("parts %d and %d are out of order", i-1, i)
			}
			if x.Weight == 0 || x.Weight < 0 && p.Negation == NotGated {
				fail("a weight of %v", x.Weight)
			}
		}
	}
	var check func(x Expr)
	check = func(x Expr) {
		switch x := x.(type) {
		case Leaf:
			if p.Rows[x.Row].Unconditional {
				fail("a leaf of the unconditional row")
			}
			used[x.Row] = true
		case NotOf:
			if _, ok := x.X.(NotOf); ok || p.Negation != NotGated {
				fail("a NotOf")
			}
			check(x.X)
		case OrOf:
			parts(x.Branches)
			var all float64
			for _, b := range x.Branches {
				if _, ok := b.X.(OrOf); ok || b.Weight < 0 {
					fail("a branch %+v", b)
				}
				all += b.Weight
				check(b.X)
			}
			if len(x.Branches) < 2 || math.Abs(all-1) > 1e-12 {
				fail("%d branches with shares of %v", len(x.Branches), all)
			}
		case SumOf:
			parts(x.Terms)
			for _, y := range x.Terms {
				if _, ok := y.X.(SumOf); ok {
					fail("a sum in a sum")
				}
				check(y.X)
			}
		}
	}
	check(p.Root)
	for i, r := range p.Rows {
		if r.Unconditional != !used[i] || r.Unconditional && r.Model == "" && i > 0 || len(r.Ranges) == 0 {
			fail("row %d", i)
		}
		if n := r.Null; n >= 0 && (n > i || !p.Rows[n].Unconditional || p.Rows[n].Model != r.Model) || r.Unconditional && n != i {
			fail("row %d, measured from %d,", i, n)
		}
		if i > 0 && p.Rows[i-1].Model > r.Model {
			fail("row %d out of order", i)
		}
	}
	p.Formula()
}

// reversed is a tree with the operands of each group in the opposite order.
func reversed(n Node) Node {
	operands := func(of []Node) []Node {
		var out []Node
		for _, x := range slices.Backward(of) {
			out = append(out, reversed(x))
		}
		return out
	}
	switch n := n.(type) {
	case *And:
		m := *n
		m.Operands = operands(n.Operands)
		return &m
	case *Or:
		m := *n
		m.Operands = operands(n.Operands)
		return &m
	case *Not:
		return &Not{Pos: n.Pos, X: reversed(n.X)}
	}
	return n
}

// TestEqualPlans is the language's algebra: what means the same compiles to equal
// plans, to the last bit.
func TestEqualPlans(t *testing.T) {
	all, signed := negations, negations[:2]
	for _, c := range []struct {
		a, b  string
		kinds []Negation
	}{
		// Weight 0 is absent.
		{"a AND b:0", "a", all},
		{"a AND (b OR c):0", "a", all},
		{"a OR b OR c:0", "a OR b", all},
		{"a OR b:0", "a", all},
		{"a AND NOT (b:0.5 AND c:0)", "a AND NOT b:0.5", all},
		{"(a:2 AND NOT b:0) OR (c AND d)", "(a AND a) OR (d AND c)", all},
		// Order.
		{"a AND b OR c AND d", "d AND c OR b AND a", all},
		{"(a OR b:2) AND NOT c", "NOT c AND (b:2 OR a)", all},
		{"x AND NOT (a AND (b OR c))", "NOT ((c OR b) AND a) AND x", all},
		// Repetition.
		{"a:0.5 AND a:0.5", "a", all},
		{"a OR a", "a", all},
		{"a OR a OR a", "a", all},
		{"(a OR b) AND (b OR a)", "(a OR b):2", all},
		{"a OR b OR a", "a:2 OR b", all},
		{"(a AND b) OR (b AND a)", "a AND b", all},
		{"x AND NOT (b OR b)", "x AND NOT b", all},
		// The background has no direction.
		{"a AND NOT background", "a", all},
		{"a AND NOT (background OR background)", "a", all},
		{"a AND (b OR background:0)", "a AND b", all},
		// Parentheses.
		{"((a AND (b AND c)))", "a AND b AND c", all},
		{"((a OR (b OR c:2)))", "a OR b OR c:2", all},
		{"a OR (b OR c):2", "a OR b:2 OR c:2", all},
		{"(a AND b:2):3 AND c", "a:3 AND b:6 AND c", all},
		{"((a OR b) AND (a OR b)):0.5", "a OR b", all},
		// Negation.
		{"NOT NOT a", "a", all},
		{"NOT NOT (a OR b)", "a OR b", all},
		{"(NOT a):-1 AND NOT b", "a AND b:-1", all},
		{"a AND NOT (NOT (b AND c))", "a AND b AND c", all},
		{"a AND NOT b:0.5", "a AND b:-0.5", all},
		{"a AND NOT (b OR c):2", "a AND (b OR c):-2", all},
		{"NOT NOT a OR b", "b OR a", all},
		{"a AND NOT (b AND NOT c:2):3", "a AND b:-3 AND c:6", signed},
		{"a AND NOT (b AND c)", "a AND NOT b AND NOT c", signed},
		{"a AND NOT (b AND (c OR d):2)", "a AND NOT b AND NOT (c OR d):2", signed},
		// A mask of all ones is no mask.
		{"a @(0-1, 0-1) @0-1 AND a", "a:2", all},
		{"(a OR b @0-1) @(0-1, 0-1)", "a OR b", all},
		// Extents go down to the terms.
		{"(a AND (b OR NOT NOT c @0-0.5)) @0.25-1 @(0-0.5, 0-1)",
			"a @0.25-1 @(0-0.5, 0-1) AND (b @0.25-1 @(0-0.5, 0-1) OR c @0.25-0.5 @(0-0.5, 0-1))", all},
	} {
		for _, kind := range c.kinds {
			for _, rule := range []Rule{Sum, Mean} {
				o := Options{Scale: 5, Rule: rule, Negation: kind, MaxTotal: 7, Unconditional: "background"}
				if got, want := plan(t, c.a, o), plan(t, c.b, o); !reflect.DeepEqual(got, want) {
					t.Errorf("%v, %v: %q is %+v\n%q is %+v", rule, kind, c.a, got, c.b, want)
				}
			}
		}
	}
}

func TestDifferentPlans(t *testing.T) {
	for _, c := range [][2]string{
		{"a OR b", "a AND b"},
		{"a OR b:2", "a OR b"},
		{"a OR (b AND c:2)", "a OR (b AND c)"},
		{"(a OR b):2", "a OR b"},
		{"a @0-0.5", "a"},
		{"a @(0-0.5, 0-1)", "a @(0-1, 0-0.5)"},
		{"a OR background", "a"},
	} {
		o := Options{Scale: 5, Unconditional: "background"}
		if got, other := plan(t, c[0], o), plan(t, c[1], o); reflect.DeepEqual(got, other) {
			t.Errorf("%q and %q are both %+v", c[0], c[1], got)
		}
	}
}

// TestPlansOfSums compares plans with Combine's formula, computed as it is written.
func TestPlansOfSums(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for range 200 {
		var ts []Term
		for i := range 1 + rng.IntN(6) {
			ts = append(ts, Term{Text: string(rune('a' + i)), Weight: rng.NormFloat64()})
		}
		o := Options{Scale: 7.3, MaxTotal: 6, Rule: Rule(rng.IntN(2))}
		var positive float64
		for _, x := range ts {
			positive += max(x.Weight, 0)
		}
		g := o.Scale
		if o.Rule == Mean && positive > 0 {
			g /= positive
		}
		if total := g * positive; total > o.MaxTotal {
			g *= o.MaxTotal / total
		}
		rest := 1.0
		var want []Row
		var sum float64
		for _, x := range ts {
			want = append(want, Row{Text: x.Text, Coef: g * x.Weight})
			sum += want[len(want)-1].Coef
		}
		rest -= sum
		want = slices.Insert(want, 0, Row{Coef: rest, Unconditional: true})
		rng.Shuffle(len(ts), func(i, j int) { ts[i], ts[j] = ts[j], ts[i] })
		if got := combine(t, ts, o); !reflect.DeepEqual(got.Rows, want) {
			t.Fatalf("got %+v\nwant %+v", got.Rows, want)
		}
	}
}

// randomNode is a tree with every kind of node. Terms have positive weights and
// NOT stands only beside one of them, so that it may be an alternative.
func randomNode(rng *rand.Rand, depth int) Node {
	weight := float64(1+rng.IntN(6)) / 4 // sums and products are exact
	var e Extent
	if rng.IntN(4) == 0 {
		e.Range = &Range{float64(rng.IntN(3)) / 10, float64(7+rng.IntN(4)) / 10}
	}
	if rng.IntN(4) == 0 {
		e.Region = &Region{0.1, 0.9, float64(rng.IntN(3)) / 10, 1}
	}
	if depth == 0 || rng.IntN(4) == 0 {
		text := string(rune('a' + rng.IntN(5)))
		return &Term{Text: text, Source: text, Extent: e, Weight: weight}
	}
	var operands []Node
	for range 2 + rng.IntN(2) {
		operands = append(operands, randomNode(rng, depth-1))
	}
	if rng.IntN(2) == 0 {
		return &Or{Operands: operands, Extent: e, Weight: weight}
	}
	if rng.IntN(2) == 0 {
		operands = append(operands, &Not{X: randomNode(rng, depth-1)})
	}
	return &And{Operands: operands, Extent: e, Weight: weight}
}

func shuffled(rng *rand.Rand, n Node) Node {
	n = reversed(n)
	var shuffle func(n Node)
	shuffle = func(n Node) {
		xs := n.Children()
		rng.Shuffle(len(xs), func(i, j int) { xs[i], xs[j] = xs[j], xs[i] })
		for _, x := range xs {
			shuffle(x)
		}
	}
	shuffle(n)
	return n
}

// checkHeld compares the leaves of the plan at a time with those whose range holds
// it.
func checkHeld(t *testing.T, prompt string, p *Plan, at float64) {
	t.Helper()
	held, want := map[Leaf]bool{}, map[Leaf]bool{}
	EachLeaf(p.At(at), func(l Leaf) { held[l] = true })
	EachLeaf(p.Root, func(l Leaf) {
		if l.Range.holds(at) {
			want[l] = true
		}
	})
	if !reflect.DeepEqual(held, want) {
		t.Fatalf("%s at %v holds %+v, want %+v", prompt, at, held, want)
	}
}

func TestRandomTrees(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	for range 150 {
		n := randomNode(rng, 3)
		printed := (&Prompt{Root: n}).String()
		for _, kind := range negations {
			o := Options{Scale: 7.3, MaxTotal: 6, Rule: Rule(rng.IntN(2)), Negation: kind}
			want := compiled(t, n, o)
			checkPlan(t, printed, want)
			if got := compiled(t, shuffled(rng, n), o); !reflect.DeepEqual(got, want) {
				t.Fatalf("%s in another order:\ngot  %+v\nwant %+v", printed, got, want)
			}
			// Weight 0 is absent, and a group of one meaning as often as it likes is one.
			absent := &And{Operands: []Node{n, &Term{Text: "x"}, &Or{Operands: []Node{n, n}}}, Weight: 1}
			if got := compiled(t, absent, o); !reflect.DeepEqual(got, want) {
				t.Fatalf("(%s) AND x:0:\ngot  %+v\nwant %+v", printed, got, want)
			}
			halves := &And{Operands: []Node{n, n}, Weight: 0.5}
			if got := compiled(t, halves, o); !reflect.DeepEqual(got, want) {
				t.Fatalf("(%s) twice at half weight:\ngot  %+v\nwant %+v", printed, got, want)
			}
			for _, at := range []float64{0, 0.15, 0.5, 0.75, 0.95} {
				checkHeld(t, printed, want, at)
			}
		}
		p, err := Parse(printed)
		if err != nil {
			var syntax *SyntaxError
			if errors.As(err, &syntax) && strings.Contains(syntax.Msg, "positive") {
				continue // a AND NOT a:2, say
			}
			t.Fatalf("%s: %v", printed, err)
		}
		if got, want := outline(p.Root), outline(n); got != want {
			t.Fatalf("%s\n got %s\nwant %s", printed, got, want)
		}
	}
}

func TestExpressions(t *testing.T) {
	leaf := func(row int) Leaf { return Leaf{row, wholePicture, wholeRun} }
	for _, c := range []struct {
		prompt string
		kind   Negation
		rows   string
		want   []Weighted
	}{
		{"b OR a:3", NotSigned, " a b", []Weighted{{2, OrOf{[]Weighted{{0.75, leaf(1)}, {0.25, leaf(2)}}}}}},
		{"c AND NOT (a OR b)", NotSigned, " a b c", []Weighted{{2, leaf(3)}, {-2, OrOf{[]Weighted{{0.5, leaf(1)}, {0.5, leaf(2)}}}}}},
		{"c AND NOT (a AND b:3)", NotPerp, " a b c", []Weighted{{-2, leaf(1)}, {-6, leaf(2)}, {2, leaf(3)}}},
		{"c AND NOT (a AND b:3):2", NotGated, " a b c", []Weighted{{2, leaf(3)}, {4, NotOf{SumOf{[]Weighted{{1, leaf(1)}, {3, leaf(2)}}}}}}},
		{"a OR bg", NotSigned, "bg a", []Weighted{{2, OrOf{[]Weighted{{0.5, leaf(1)}, {0.5, SumOf{}}}}}}},
		{"(a AND b:-1) OR c", NotGated, " a b c", []Weighted{{2, OrOf{[]Weighted{{0.5, leaf(3)}, {0.5, SumOf{[]Weighted{{1, leaf(1)}, {1, NotOf{leaf(2)}}}}}}}}}},
	} {
		o := Options{Scale: 2, Negation: c.kind}
		if strings.HasPrefix(c.rows, "bg") {
			o.Unconditional = "bg"
		}
		p := plan(t, c.prompt, o)
		var rows []string
		for _, r := range p.Rows {
			rows = append(rows, r.Text)
		}
		if got := strings.Join(rows, " "); got != c.rows || !reflect.DeepEqual(p.Root.Terms, c.want) {
			t.Errorf("%q: rows %q, %+v\nwant %q, %+v", c.prompt, got, p.Root.Terms, c.rows, c.want)
		}
	}
}

// TestBoundOfGuidance: an OR guides as its strongest alternative, the parts of a run
// as the strongest.
func TestBoundOfGuidance(t *testing.T) {
	for prompt, total := range map[string]float64{
		"a AND b:2":                         3,
		"a OR b:2":                          1,
		"(a AND b) OR (c:3 AND NOT d)":      3,
		"(a OR b):2 AND c":                  3,
		"c AND NOT (a OR (b AND NOT d:3))":  4,
		"a @0-0.4 AND b @0.4-1":             1,
		"a @0-0.4 AND b @0.3-1:2 AND NOT c": 3,
	} {
		for _, kind := range negations {
			if got := plan(t, prompt, Options{Scale: 2, Negation: kind}).Total; got != 2*total {
				t.Errorf("%q: got %v, want %v", prompt, got, 2*total)
			}
			p := plan(t, prompt, Options{Scale: 2, Negation: kind, MaxTotal: 1})
			if math.Abs(p.Total-1) > 1e-15 || math.Abs(p.Factor-1/(2*total)) > 1e-15 {
				t.Errorf("%q: total %v, factor %v", prompt, p.Total, p.Factor)
			}
			if got := plan(t, prompt, Options{Scale: 2, Rule: Mean, Negation: kind}).Total; math.Abs(got-2) > 1e-15 {
				t.Errorf("%q, mean: got %v, want 2", prompt, got)
			}
		}
	}
}

func TestPartsOfTheRun(t *testing.T) {
	for _, c := range []struct {
		prompt      string
		scale       float64
		want        string
		evaluations int // in 10 steps
	}{
		{"a AND b", 2, "@0-1[0 1 2]", 30},
		{"a", 1, "@0-1[0]", 10},
		{"a @0-0.4", 2, "@0-0.4[0 1] @0.4-1[0]", 14},
		{"a @0-0.4 AND b @0.4-1", 1, "@0-0.4[0] @0.4-1[1]", 10},
		{"a @0-0.4 AND b @0.6-1", 1, "@0-0.4[1] @0.4-0.6[0] @0.6-1[2]", 10},
		{"a @0.3-0.7 OR b", 1, "@0-0.3[2] @0.3-0.7[0 1 2] @0.7-1[2]", 18},
		{"a @(0-0.5, 0-1)", 1, "@0-1[0 1]", 20},
		{"a @0-0.4 AND a @0.4-1", 2, "@0-1[0 1]", 20},
	} {
		p := plan(t, c.prompt, Options{Scale: c.scale})
		var parts []string
		for _, part := range p.Parts() {
			parts = append(parts, fmt.Sprintf("%v%v", part.Range, part.Rows))
		}
		if got := strings.Join(parts, " "); got != c.want {
			t.Errorf("%q: got %s, want %s", c.prompt, got, c.want)
		}
		if got := p.Evaluations(10); got != c.evaluations {
			t.Errorf("%q: got %d evaluations, want %d", c.prompt, got, c.evaluations)
		}
	}
	p := plan(t, "a @0-0.2 AND a @0.6-1 AND b", Options{Scale: 2})
	if got, want := p.Rows[1].Ranges, []Range{{0, 0.2}, {0.6, 1}}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestAbsentAlternatives(t *testing.T) {
	p := plan(t, "(a @0-0.5 OR b OR (c AND d @0-0.5)) AND NOT (e @0-0.5 AND f)", Options{Scale: 1, Negation: NotGated})
	leaf := func(row int) Leaf { return Leaf{row, wholePicture, wholeRun} }
	want := SumOf{[]Weighted{{1, OrOf{[]Weighted{{0.5, leaf(2)}, {0.5, leaf(3)}}}}, {1, NotOf{leaf(6)}}}}
	if got := p.At(0.5); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
	if got := plan(t, "a AND b @0-0.5", Options{Scale: 1}).At(0.5); !reflect.DeepEqual(got, SumOf{[]Weighted{{1, leaf(1)}}}) {
		t.Errorf("got %+v", got)
	}
}

func TestHolds(t *testing.T) {
	for steps := 1; steps <= 50; steps++ {
		for k := range steps + 1 {
			edge := float64(k) / float64(steps)
			n := 0
			for step := range steps {
				if (Range{0, edge}).Holds(step, steps) {
					n++
				}
				if (Range{0, edge}).Holds(step, steps) == (Range{edge, 1}).Holds(step, steps) {
					t.Errorf("step %d of %d is in both sides of %v, or in neither", step, steps, edge)
				}
			}
			if n != k {
				t.Errorf("0-%v of %d steps are %d, want %d", edge, steps, n, k)
			}
		}
	}
}

package compose

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
)

func terms(t *testing.T, prompt string) []Term {
	t.Helper()
	p, err := Parse(prompt)
	if err != nil {
		t.Fatal(err)
	}
	return p.Terms()
}

func combine(t *testing.T, ts []Term, o Options) Composition {
	t.Helper()
	c, err := Combine(ts, o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestOneTermIsClassifierFreeGuidance(t *testing.T) {
	got := combine(t, terms(t, "a red  cube"), Options{Scale: 7.5, Unconditional: " blurry\n"}).Rows
	want := []Row{{Text: "blurry", Coef: -6.5, Unconditional: true}, {Text: "a red cube", Coef: 7.5}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestScaleOneNeedsNoUnconditionalRow(t *testing.T) {
	got := combine(t, terms(t, "a"), Options{Scale: 1}).Rows
	if want := []Row{{Text: "a", Coef: 1}}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestNoTermsAreTheUnconditionalScore(t *testing.T) {
	got := combine(t, nil, Options{Scale: 7.5}).Rows
	if want := []Row{{Coef: 1, Unconditional: true}}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestEqualPrompts(t *testing.T) {
	for _, c := range [][2]string{
		{"a AND b:0", "a"},
		{"a:0.5 AND a:0.5", "a"},
		{"a AND a", "a:2"},
		{"a  x AND\tb", "b AND a\nx"},
		{"a AND NOT b:0.5", "a AND b:-0.5"},
		{"(a AND b:2):3", "a:3 AND b:6"},
		{"((a AND (b AND c)))", "a AND b AND c"},
		{"a AND NOT (b AND NOT c:2):3", "a AND b:-3 AND c:6"},
		{"NOT NOT a", "a"},
		{"a AND NOT background", "a"},
		{"a:0.1 AND b AND a:0.2 AND a:0.3", "a:0.3 AND a:0.2 AND a:0.1 AND b"},
		{"a @(0, 0.5) AND a @(0.5,0)", "a @(.5,0) AND a @(0,.5)"},
	} {
		for _, rule := range []Rule{Sum, Mean} {
			o := Options{Scale: 5, Rule: rule, Unconditional: "background"}
			got, want := combine(t, terms(t, c[0]), o), combine(t, terms(t, c[1]), o)
			if !reflect.DeepEqual(got, want) {
				t.Errorf("%v: %q is %+v\n%q is %+v", rule, c[0], got, c[1], want)
			}
		}
	}
}

func TestPlacesTellTermsApart(t *testing.T) {
	ts := terms(t, "a AND a @(0, 0) AND a @(0, 1)")
	if len(ts) != 3 {
		t.Errorf("got %d terms, want 3", len(ts))
	}
}

func TestTermsKeepTheirOrder(t *testing.T) {
	var got []string
	for _, x := range terms(t, "z AND b AND NOT a AND b") {
		got = append(got, x.Text)
	}
	if want := []string{"z", "b", "a"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestPermutationsGiveTheSameBits(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		n := 2 + rng.IntN(7)
		ts := make([]Term, n)
		for i := range ts {
			ts[i] = Term{Text: string(rune('a' + rng.IntN(5))), Weight: rng.NormFloat64()}
			if rng.IntN(3) == 0 {
				ts[i].Place = &Place{float64(rng.IntN(2)), float64(rng.IntN(2))}
			}
		}
		o := Options{Scale: 7.3, MaxTotal: 6, Rule: Rule(rng.IntN(2))}
		want := combine(t, ts, o)
		rng.Shuffle(n, func(i, j int) { ts[i], ts[j] = ts[j], ts[i] })
		if got := combine(t, ts, o); !reflect.DeepEqual(got, want) {
			t.Fatalf("got %+v\nwant %+v", got, want)
		}
		var total, magnitude float64
		for _, r := range want.Rows {
			if r.Coef == 0 {
				t.Fatalf("a row of coefficient 0: %+v", want.Rows)
			}
			total += r.Coef
			magnitude += math.Abs(r.Coef)
		}
		if math.Abs(total-1) > 1e-15*magnitude {
			t.Fatalf("coefficients add up to %v", total)
		}
	}
}

func TestRules(t *testing.T) {
	ts := terms(t, "a AND b AND c AND NOT d")
	coef := func(o Options) (a, d float64) {
		for _, r := range combine(t, ts, o).Rows {
			switch r.Text {
			case "a":
				a = r.Coef
			case "d":
				d = r.Coef
			}
		}
		return a, d
	}
	for _, c := range []struct {
		o    Options
		a, d float64
	}{
		{Options{Scale: 7.5}, 7.5, -7.5},
		{Options{Scale: 9, Rule: Mean}, 3, -3},
		{Options{Scale: 7.5, MaxTotal: 15}, 5, -5},
		{Options{Scale: 7.5, MaxTotal: 22.5}, 7.5, -7.5},
		{Options{Scale: 9, Rule: Mean, MaxTotal: 6}, 2, -2},
	} {
		if a, d := coef(c.o); math.Abs(a-c.a) > 1e-12 || math.Abs(d-c.d) > 1e-12 {
			t.Errorf("%+v: a %v, d %v; want %v, %v", c.o, a, d, c.a, c.d)
		}
	}
	c := combine(t, ts, Options{Scale: 7.5, MaxTotal: 15})
	if math.Abs(c.Total-15) > 1e-12 || math.Abs(c.Factor-15/22.5) > 1e-15 {
		t.Errorf("total %v, factor %v", c.Total, c.Factor)
	}
}

func TestCombineRejectsWhatIsNotFinite(t *testing.T) {
	one := []Term{{Text: "a", Weight: 1}}
	for _, c := range []struct {
		terms []Term
		o     Options
	}{
		{one, Options{Scale: math.NaN()}},
		{one, Options{Scale: math.Inf(1)}},
		{one, Options{Scale: 1, MaxTotal: -1}},
		{one, Options{Scale: 1, MaxTotal: math.NaN()}},
		{[]Term{{Text: "a", Weight: math.NaN()}}, Options{Scale: 1}},
		{[]Term{{Text: "a", Weight: math.MaxFloat64}}, Options{Scale: 10}},
		{[]Term{{Text: "a", Weight: math.MaxFloat64}, {Text: "b", Weight: math.MaxFloat64}}, Options{Scale: 1}},
	} {
		if got, err := Combine(c.terms, c.o); err == nil {
			t.Errorf("%+v, %+v: got %+v, want an error", c.terms, c.o, got)
		}
	}
}

func TestRuleText(t *testing.T) {
	for _, r := range []Rule{Sum, Mean} {
		text, err := json.Marshal(r)
		var back Rule
		if err != nil || json.Unmarshal(text, &back) != nil || back != r {
			t.Errorf("%v became %s and %v (%v)", r, text, back, err)
		}
	}
	var r Rule
	if err := r.UnmarshalText([]byte("product")); err == nil {
		t.Error("read an unknown rule")
	}
}

// TestNominal checks the coefficients of what has none that are constant, and the regions of its rows.
func TestNominal(t *testing.T) {
	p, err := Parse("(a OR b :3) AND c @(0-0.5, 0-1) AND NOT d @0.5-1")
	if err != nil {
		t.Fatal(err)
	}
	plan, err := p.Compile(Options{Scale: 4})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]float64{"": 1 - 4, "a": 1, "b": 3, "c": 4, "d": -4}
	rows := plan.Nominal().Rows
	for _, r := range rows {
		if r.Coef != want[r.Text] || r.Unconditional != (r.Text == "") || (r.Region != nil) != (r.Text == "c") {
			t.Errorf("row %+v, want a coefficient of %v", r, want[r.Text])
		}
	}
	if len(rows) != len(want) {
		t.Errorf("%d rows, want %d", len(rows), len(want))
	}
}

package compose

import (
	"math"
	"reflect"
	"strings"
	"testing"
)

func curved(curves map[string][]float64) Options {
	return Options{Scale: 4, Multipliers: func(model, text string) []float64 { return curves[model+text] }}
}

// TestMultipliers checks the weights at times on and between the points of a curve.
func TestMultipliers(t *testing.T) {
	p := plan(t, "a AND b :2 AND NOT c @0-0.5", curved(map[string][]float64{"a": {1, 2, 0.5}, "c": {0.5}}))
	for _, c := range []struct{ t, a, c float64 }{{0, 4, -2}, {0.25, 6, -2}, {0.5, 8, 0}, {0.75, 5, 0}} {
		got := map[string]float64{}
		for _, w := range p.At(c.t).Terms {
			got[p.Rows[w.X.(Leaf).Row].Text] = w.Weight
		}
		if math.Abs(got["a"]-c.a) > 1e-12 || got["b"] != 8 || math.Abs(got["c"]-c.c) > 1e-12 {
			t.Errorf("at %v: %v", c.t, got)
		}
	}
	if _, linear := p.Linear(); linear {
		t.Error("a plan with multipliers is linear")
	}
	if f := p.Formula(); !strings.Contains(f, "d(a) counts 1, 2, 0.5 times along the run") {
		t.Error(f)
	}
	if p.Total != 16 { // where a has its greatest
		t.Errorf("total %v", p.Total)
	}
	if want := 4.0; p.Root.Terms[0].Weight != want {
		t.Errorf("nominal weights %+v", p.Root.Terms)
	}
}

// TestMultipliersOfGroups weighs directions inside choices and gated NOTs, not shares.
func TestMultipliersOfGroups(t *testing.T) {
	curves := map[string][]float64{"a": {2}, "b": {0}}
	for prompt, want := range map[string]string{
		"a OR c":                 "(a :2 AND d:0) OR c",
		"c AND NOT a":            "c AND NOT a :2",
		"c AND NOT (a AND d :2)": "c AND NOT (a :2 AND d :2)",
		"c AND b":                "c",
	} {
		for _, n := range negations {
			o := curved(curves)
			o.Negation = n
			got := plan(t, prompt, o)
			o.Multipliers = nil
			p := plan(t, want, o)
			name := func(p *Plan, x Expr) string { return (&formula{plan: &Plan{Rows: p.Rows}}).expr(x, false) }
			if a, b := name(got, got.At(0.5)), name(p, p.At(0.5)); a != b {
				t.Errorf("%v, %q: %s, want %s", n, prompt, a, b)
			}
		}
	}
}

// TestMultipliersOfOne changes nothing but what is evaluated.
func TestMultipliersOfOne(t *testing.T) {
	for _, prompt := range []string{"a AND b OR NOT NOT c @0-0.5", "a AND NOT (b OR c) :2"} {
		for _, n := range negations {
			o := curved(map[string][]float64{"a": {1, 1}, "c": {1}})
			o.Negation = n
			got := plan(t, prompt, o)
			o.Multipliers = nil
			for _, time := range []float64{0, 0.3, 0.7} {
				if want := plan(t, prompt, o).At(time); !reflect.DeepEqual(got.At(time), want) {
					t.Errorf("%q at %v: %+v, want %+v", prompt, time, got.At(time), want)
				}
			}
		}
	}
}

package compose

import (
	"encoding/json"
	"errors"
	"testing"
)

func TestCombineRefusesWhatIsNotLinear(t *testing.T) {
	for prompt, column := range map[string]int{
		"c AND (a OR b)":           10,
		"a AND b @0-0.4":           7,
		"(a AND b) @(0-0.5, 0-1)":  2,
		"a AND NOT (b OR b):2":     14,
		"a @0-1 @(0-1, 0-1) AND b": 0,
	} {
		if p, err := Parse(prompt); err != nil || p.IsSum() != (column == 0) {
			t.Errorf("%q is a sum: %v (%v)", prompt, p.IsSum(), err)
		}
		_, err := Combine(terms(t, prompt), Options{Scale: 2})
		var syntax *SyntaxError
		if column == 0 {
			if err != nil {
				t.Errorf("%q: %v", prompt, err)
			}
		} else if !errors.As(err, &syntax) || syntax.Column != column {
			t.Errorf("%q: got %v, want an error in column %d", prompt, err, column)
		}
	}
	for _, kind := range negations[1:] {
		if _, err := Combine(terms(t, "a AND NOT b"), Options{Scale: 2, Negation: kind}); err == nil {
			t.Errorf("%v: got no error", kind)
		}
		if _, err := Combine(terms(t, "a AND b"), Options{Scale: 2, Negation: kind}); err != nil {
			t.Errorf("%v: %v", kind, err)
		}
	}
}

func TestNegationText(t *testing.T) {
	for _, n := range negations {
		text, err := json.Marshal(n)
		var back Negation
		if err != nil || json.Unmarshal(text, &back) != nil || back != n {
			t.Errorf("%v became %s and %v (%v)", n, text, back, err)
		}
	}
	var n Negation
	if err := n.UnmarshalText([]byte("not")); err == nil {
		t.Error("read an unknown kind")
	}
	if _, err := Negation(3).MarshalText(); err == nil || Negation(3).String() != "negation(3)" {
		t.Errorf("wrote an unknown kind, %v", Negation(3))
	}
}

func TestFormula(t *testing.T) {
	for _, c := range []struct {
		prompt string
		o      Options
		want   string
	}{
		{"a red cube AND NOT b @(0.2, 0.3)", Options{Scale: 4}, "ε̂ = ε_∅ + 4·d(a red cube) − 4·d(b @(0.2, 0.3))\nwhere d(c) = ε(c) − ε_∅"},
		{"a", Options{Scale: 1, Unconditional: "mud"}, "ε̂ = ε(mud) + d(a)\nwhere d(c) = ε(c) − ε(mud)"},
		{"a AND b AND NOT b", Options{Scale: 0}, "ε̂ = ε_∅"},
		{"x OR (a AND (b OR c))", Options{Scale: 2}, "ε̂ = ε_∅ + 2·(κ₁·d(x) + κ₂·(d(a) + (κ₃·d(b) + κ₄·d(c))))\nwhere d(c) = ε(c) − ε_∅\n" +
			"      κ₁ : κ₂ = 0.5·p₁ : 0.5·p₂\n" +
			"      κ₃ : κ₄ = 0.5·p₃ : 0.5·p₄\n      pᵢ = the density of that alternative at x; the κ of a choice add up to 1"},
		{"a AND NOT b", Options{Scale: 2, Negation: NotPerp}, "ε̂ = ε_∅ + 2·d(a) − 2·d⊥(b)\nwhere d(c) = ε(c) − ε_∅\n" +
			"      d⊥ = what of d is perpendicular to the positive part"},
		{"a AND NOT (b AND c:2) @0-0.5", Options{Scale: 2, Negation: NotGated}, "ε̂ = ε_∅ + 2·d(a) + 2·¬[d(b @0-0.5) + 2·d(c @0-0.5)]\n" +
			"where d(c) = ε(c) − ε_∅, 0 outside its region and its part of the run\n" +
			"      ¬[d] = −P/(1−P)·d, with P the posterior of what d leads to"},
	} {
		if got := plan(t, c.prompt, c.o).Formula(); got != c.want {
			t.Errorf("%q: got\n%s\nwant\n%s", c.prompt, got, c.want)
		}
	}
}

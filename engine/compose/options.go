package compose

import (
	"encoding"
	"fmt"
	"math"
	"slices"
	"strings"
)

// Rule is how the differences between the terms' scores and the unconditional
// one are added up. To bound their sum instead, whatever the number of terms, is
// [Options.MaxTotal].
type Rule int

const (
	// Sum is the paper's rule (equation 11), as A1111 and diffusers have it: each
	// term adds to the guidance.
	Sum Rule = iota
	// Mean divides the weights by the sum of the positive ones, so that the
	// guidance is the scale however many terms there are: the rule of the paper's
	// code before December 2022.
	Mean
)

// Negation is what NOT, and with it a negative weight, does to a direction.
type Negation int

const (
	// NotSigned subtracts it: the paper's division by a likelihood (equation 15),
	// as its code has it. NOT of a conjunction is the conjunction of the NOTs, NOT
	// of a choice the choice's direction with a negative weight.
	NotSigned Negation = iota
	// NotPerp subtracts what of it is perpendicular to the positive directions, so
	// that the subject is not erased: Perp-Neg (arXiv 2304.04968). Plans are those
	// of NotSigned; the difference is in how negative weights are carried out.
	NotPerp
	// NotGated subtracts it P/(1−P) times, P the posterior of what is negated, so
	// that it stops once that is gone: the logical complement (LOGDIFF, arXiv
	// 2602.05549). It depends on the state, so each NOT stays a node of the plan.
	NotGated
)

var (
	ruleNames     = names{"rule", []string{Sum: "sum", Mean: "mean"}}
	negationNames = names{"negation", []string{NotSigned: "signed", NotPerp: "perp", NotGated: "gated"}}
)

var (
	_ encoding.TextMarshaler   = Rule(0)
	_ encoding.TextUnmarshaler = (*Rule)(nil)
	_ encoding.TextMarshaler   = Negation(0)
	_ encoding.TextUnmarshaler = (*Negation)(nil)
)

func (r Rule) String() string { return ruleNames.string(int(r)) }

// MarshalText writes "sum" or "mean".
func (r Rule) MarshalText() ([]byte, error) { return ruleNames.marshal(int(r)) }

// UnmarshalText reads "sum" or "mean".
func (r *Rule) UnmarshalText(text []byte) error { return ruleNames.unmarshal(text, (*int)(r)) }

func (n Negation) String() string { return negationNames.string(int(n)) }

// MarshalText writes "signed", "perp" or "gated".
func (n Negation) MarshalText() ([]byte, error) { return negationNames.marshal(int(n)) }

// UnmarshalText reads "signed", "perp" or "gated".
func (n *Negation) UnmarshalText(text []byte) error {
	return negationNames.unmarshal(text, (*int)(n))
}

// names are the texts of an enumeration's values.
type names struct {
	kind string
	of   []string
}

func (n names) string(v int) string {
	if v < 0 || v >= len(n.of) {
		return fmt.Sprintf("%s(%d)", n.kind, v)
	}
	return n.of[v]
}

func (n names) marshal(v int) ([]byte, error) {
	if v < 0 || v >= len(n.of) {
		return nil, fmt.Errorf("compose: no %s %d", n.kind, v)
	}
	return []byte(n.of[v]), nil
}

func (n names) unmarshal(text []byte, v *int) error {
	i := slices.Index(n.of, string(text))
	if i < 0 {
		return fmt.Errorf("compose: unknown %s %q; want one of %s", n.kind, text, strings.Join(n.of, ", "))
	}
	*v = i
	return nil
}

// Options says how a prompt becomes a plan.
type Options struct {
	Scale    float64 // the guidance scale g; 1 is no guidance
	Rule     Rule
	Negation Negation
	// MaxTotal bounds the total guidance g·Σw⁺, the sum over positive weights; 0
	// is no bound. With the sum rule three terms at scale 7.5 guide with 22.5,
	// which burns pictures that one term at 7.5 does not; the paper's code went
	// from one rule to the other under the same name and defaults. Where the total
	// is beyond the bound, all coefficients shrink by one factor, so that the
	// terms keep their proportions, NOT included. Of an OR the strongest
	// alternative counts, of step ranges the strongest part of the run.
	MaxTotal float64
	// Unconditional is the text that terms are measured against: empty, or what
	// other tools call the negative prompt.
	Unconditional string
	// Same says of names of models that they are another one, "" for the first.
	Same map[string]string
	// Emphatic reports of a model, "" for the first, that it reads emphasis and BREAK: its rows' texts are [Term.Marked],
	// and the unconditional text is of that notation. Nil is none.
	Emphatic func(model string) bool
	// Unguided evaluates the first unconditional row at each step, though its
	// coefficient be 0, for samplers that ask for it alone.
	Unguided bool
	// Multipliers returns what a term's direction is multiplied by along the run: values at evenly spaced times from 0 to
	// 1, linear between them; none for 1. They are finite and not negative. Nil is none for all.
	Multipliers func(model, text string) []float64
}

func (o *Options) check() error {
	for _, v := range []struct {
		name  string
		value float64
	}{{"guidance scale", o.Scale}, {"bound of the total guidance", o.MaxTotal}} {
		if math.IsNaN(v.value) || math.IsInf(v.value, 0) {
			return fmt.Errorf("compose: the %s is %g, not a finite number", v.name, v.value)
		}
	}
	if o.MaxTotal < 0 {
		return fmt.Errorf("compose: the bound of the total guidance is %g; want 0 or more", o.MaxTotal)
	}
	return nil
}

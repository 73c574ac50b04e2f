package compose

import (
	"cmp"
	"encoding"
	"fmt"
	"math"
	"slices"
	"strings"
	"unicode"
)

// Rule is how the differences between the terms' scores and the unconditional
// one are added up.
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

var ruleNames = [...]string{Sum: "sum", Mean: "mean"}

var (
	_ encoding.TextMarshaler   = Rule(0)
	_ encoding.TextUnmarshaler = (*Rule)(nil)
)

func (r Rule) String() string {
	if r < 0 || int(r) >= len(ruleNames) {
		return fmt.Sprintf("Rule(%d)", int(r))
	}
	return ruleNames[r]
}

// MarshalText writes "sum" or "mean".
func (r Rule) MarshalText() ([]byte, error) {
	if r < 0 || int(r) >= len(ruleNames) {
		return nil, fmt.Errorf("compose: no rule %d", int(r))
	}
	return []byte(ruleNames[r]), nil
}

// UnmarshalText reads "sum" or "mean".
func (r *Rule) UnmarshalText(text []byte) error {
	i := slices.Index(ruleNames[:], string(text))
	if i < 0 {
		return fmt.Errorf("compose: unknown rule %q; want one of %s", text, strings.Join(ruleNames[:], ", "))
	}
	*r = Rule(i)
	return nil
}

// Options says how Combine turns terms into coefficients.
type Options struct {
	Scale float64 // the guidance scale g; 1 is no guidance
	Rule  Rule
	// MaxTotal bounds the total guidance g·Σw⁺, the sum over positive weights; 0
	// is no bound. With the sum rule three terms at scale 7.5 guide with 22.5,
	// which burns pictures that one term at 7.5 does not; the paper's code went
	// from one rule to the other under the same name and defaults. Where the total
	// is beyond the bound, all coefficients shrink by one factor, so that the
	// terms keep their proportions, NOT included.
	MaxTotal float64
	// Unconditional is the text that terms are measured against: empty, or what
	// other tools call the negative prompt.
	Unconditional string
}

// Row is one score to evaluate and its coefficient.
type Row struct {
	Text          string  `json:"text"`
	Place         *Place  `json:"place,omitempty"`
	Coef          float64 `json:"coef"`
	Unconditional bool    `json:"unconditional,omitempty"`
}

// Composition is the linear combination of scores that a prompt stands for.
type Composition struct {
	// Rows in canonical order: the unconditional one first, if it takes part, then
	// the terms by text and place. The coefficients add up to 1, and no row has 0.
	Rows []Row
	// Total is g·Σw⁺ as applied, Factor what MaxTotal multiplied it by (1 for
	// nothing).
	Total, Factor float64
}

// Combine returns the rows of
//
//	ε̂ = ε_u + g Σ wᵢ (εᵢ − ε_u)
//
// as coefficients of the scores: g·wᵢ for a term and 1 − Σ g·wᵢ for the
// unconditional row. A term that is the unconditional text itself drops out. The
// result does not depend on the order of the terms, to the last bit. It fails
// only if scale, bound or a weight is not finite, or the bound is negative.
func Combine(terms []Term, o Options) (Composition, error) {
	for _, v := range []struct {
		name  string
		value float64
	}{{"guidance scale", o.Scale}, {"bound of the total guidance", o.MaxTotal}} {
		if math.IsNaN(v.value) || math.IsInf(v.value, 0) {
			return Composition{}, fmt.Errorf("compose: the %s is %g, not a finite number", v.name, v.value)
		}
	}
	if o.MaxTotal < 0 {
		return Composition{}, fmt.Errorf("compose: the bound of the total guidance is %g; want 0 or more", o.MaxTotal)
	}
	null := concept{text: fold(o.Unconditional)}
	terms = slices.DeleteFunc(merge(terms), func(t Term) bool { return t.concept() == null })
	slices.SortFunc(terms, func(a, b Term) int { return a.concept().compare(b.concept()) })

	var positive float64
	for _, t := range terms {
		positive += max(t.Weight, 0)
	}
	scale := o.Scale
	if o.Rule == Mean && positive > 0 {
		scale /= positive
	}
	c := Composition{Factor: 1, Total: scale * positive}
	if o.MaxTotal > 0 && math.Abs(c.Total) > o.MaxTotal {
		c.Factor = o.MaxTotal / math.Abs(c.Total)
		scale *= c.Factor
		c.Total *= c.Factor
	}
	var total float64
	for _, t := range terms {
		coef := float64(scale * t.Weight) // the conversion keeps Go from fusing it into the sum
		if math.IsNaN(coef) || math.IsInf(coef, 0) {
			return Composition{}, fmt.Errorf("compose: the coefficient of %q is %g, not a finite number", t.Text, coef)
		}
		if coef != 0 {
			c.Rows = append(c.Rows, Row{Text: t.Text, Place: t.Place, Coef: coef})
			total += coef
		}
	}
	if math.IsInf(total, 0) {
		return Composition{}, fmt.Errorf("compose: the coefficients add up to %g, not a finite number", total)
	}
	if rest := 1 - total; rest != 0 {
		c.Rows = slices.Insert(c.Rows, 0, Row{Text: null.text, Coef: rest, Unconditional: true})
	}
	return c, nil
}

func (c concept) compare(d concept) int {
	placed := func(c concept) int {
		if c.placed {
			return 1
		}
		return 0
	}
	return cmp.Or(
		cmp.Compare(c.text, d.text),
		cmp.Compare(placed(c), placed(d)),
		cmp.Compare(c.place.X, d.place.X),
		cmp.Compare(c.place.Y, d.place.Y),
	)
}

// fold trims text and makes each run of white space one space, as Parse does.
func fold(text string) string {
	return strings.Join(strings.FieldsFunc(text, func(r rune) bool { return isSpace(r) || unicode.IsSpace(r) }), " ")
}

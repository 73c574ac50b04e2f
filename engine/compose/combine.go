package compose

import (
	"fmt"
	"strings"
	"unicode"
)

// Row is one score to evaluate and its coefficient.
type Row struct {
	Model         string  `json:"model,omitempty"` // that scores it, "" for the first
	Text          string  `json:"text"`
	Place         *Place  `json:"place,omitempty"`
	Region        *Region `json:"region,omitempty"` // that it counts in, if it is one for all that it counts for; nil for the whole picture
	Coef          float64 `json:"coef"`
	Unconditional bool    `json:"unconditional,omitempty"`
}

// Composition is the linear combination of scores that a prompt stands for.
type Composition struct {
	// Rows in the order of a plan's. The coefficients add up to 1, and no row has 0.
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
// unconditional row, −Σ g·wᵢ for that of another model: the plan of the conjunction of the terms, where it is linear.
// Where it is not, for OR, regions, step ranges and other kinds of NOT than the
// signed one, that is an error, a *[SyntaxError] if the prompt is the cause.
// Otherwise it fails as [Prompt.Compile] does.
func Combine(terms []Term, o Options) (Composition, error) {
	all := &And{Weight: 1}
	for i := range terms {
		t := &terms[i]
		switch what := t.beyondLinear(); {
		case t.in.or != nil:
			return Composition{}, notLinear(t.in.or.keyword, what)
		case what != "":
			return Composition{}, notLinear(t.Pos, what)
		}
		all.Operands = append(all.Operands, t)
	}
	plan, err := compile(all, o)
	if err != nil {
		return Composition{}, err
	}
	c, ok := plan.Linear()
	if !ok {
		return Composition{}, fmt.Errorf("compose: NOT of kind %v is no sum with constant coefficients", o.Negation)
	}
	return c, nil
}

// beyondLinear names what a term of [Prompt.Terms] has that no constant
// coefficient says, or nothing.
func (t *Term) beyondLinear() string {
	switch {
	case t.in.or != nil:
		return "OR"
	case !t.region().Whole():
		return "a region"
	case !t.span().Whole():
		return "a step range"
	}
	return ""
}

func notLinear(at Pos, what string) *SyntaxError {
	return &SyntaxError{at, what + " is no sum with constant coefficients, and only such sums can be sampled here",
		"join terms with AND and AND NOT; @(0.25, 0.6) is a place"}
}

// fold trims text and makes each run of white space one space, as Parse does.
func fold(text string) string {
	return strings.Join(strings.FieldsFunc(text, func(r rune) bool { return isSpace(r) || unicode.IsSpace(r) }), " ")
}

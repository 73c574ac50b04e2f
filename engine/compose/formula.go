package compose

import (
	"fmt"
	"strconv"
	"strings"
)

// Formula writes the plan in mathematics, and below it what its letters stand for:
//
//	ε̂ = ε_∅ + 4·d(a red cube) + 4·(κ₁·d(a tree) + κ₂·d(a house))
//	where d(c) = ε(c) − ε_∅
//	      κ₁ : κ₂ = 0.5·p₁ : 0.5·p₂
//	      pᵢ = the density of that alternative at x; the κ of a choice add up to 1
func (p *Plan) Formula() string {
	f := formula{plan: p, background: "ε_∅"}
	if text := p.background; text != "" {
		f.background = "ε(" + text + ")"
	}
	var b strings.Builder
	b.WriteString("ε̂ = " + f.background)
	for _, t := range p.Root.Terms {
		b.WriteString(f.term(t, false))
	}
	for i, note := range f.notes() {
		b.WriteString([]string{"\nwhere ", "\n      "}[min(i, 1)] + note)
	}
	return b.String()
}

// formula is a plan in writing.
type formula struct {
	plan       *Plan
	background string
	choices    []string // what is known of each choice's shares
	shares     int      // numbered so far
	leaf, perp bool     // whether the plan has leaves, and perpendicular parts
	gated      bool
	outside    bool // whether it has regions or ranges
	others     bool // whether it has terms of other models
}

// term writes a part of a sum; the first has no plus.
func (f *formula) term(t Weighted, first bool) string {
	sign, w := " + ", t.Weight
	if w < 0 {
		sign, w = " − ", -w
	}
	if first {
		sign = strings.TrimPrefix(strings.TrimSpace(sign), "+")
	}
	if w != 1 {
		sign += strconv.FormatFloat(w, 'g', 4, 64) + "·"
	}
	perp := f.plan.Negation == NotPerp && t.Weight < 0
	f.perp = f.perp || perp
	return sign + f.expr(t.X, perp)
}

func (f *formula) expr(x Expr, perp bool) string {
	mark := ""
	if perp {
		mark = "⊥"
	}
	switch x := x.(type) {
	case Leaf:
		f.leaf = true
		row := f.plan.Rows[x.Row]
		l, text := Label{Place: row.Place, Weight: 1}, row.Text
		if row.Model != "" {
			f.others, text = true, row.Model+": "+text
		}
		if !x.Region.Whole() {
			l.Region = &x.Region
		}
		if !x.Range.Whole() {
			l.Range = &x.Range
		}
		f.outside = f.outside || l.Region != nil || l.Range != nil
		return "d" + mark + "(" + strings.Join(append([]string{text}, l.Suffixes()...), " ") + ")"
	case NotOf:
		f.gated = true
		return "¬[" + f.expr(x.X, false) + "]"
	case OrOf:
		return mark + "(" + f.choice(x) + ")"
	default:
		sum := x.(SumOf)
		if len(sum.Terms) == 0 {
			return "0"
		}
		var b strings.Builder
		for i, t := range sum.Terms {
			b.WriteString(f.term(t, i == 0))
		}
		return b.String()
	}
}

// choice numbers the shares of x before those of choices inside it.
func (f *formula) choice(x OrOf) string {
	first := f.shares + 1
	f.shares += len(x.Branches)
	var parts, shares, densities []string
	for i, b := range x.Branches {
		n := subscript(first + i)
		shares = append(shares, "κ"+n)
		densities = append(densities, strconv.FormatFloat(b.Weight, 'g', 4, 64)+"·p"+n)
	}
	f.choices = append(f.choices, strings.Join(shares, " : ")+" = "+strings.Join(densities, " : "))
	for i, b := range x.Branches {
		part := f.expr(b.X, false)
		if sum, ok := b.X.(SumOf); ok && len(sum.Terms) > 0 {
			part = "(" + part + ")"
		}
		parts = append(parts, shares[i]+"·"+part)
	}
	return strings.Join(parts, " + ")
}

func (f *formula) notes() []string {
	var notes []string
	if f.leaf {
		note := fmt.Sprintf("d(c) = ε(c) − %s", f.background)
		if f.outside {
			note += ", 0 outside its region and its part of the run"
		}
		if f.others {
			note += "; both of that model where c names one"
		}
		notes = append(notes, note)
	}
	if f.perp {
		notes = append(notes, "d⊥ = what of d is perpendicular to the positive part")
	}
	if f.gated {
		notes = append(notes, "¬[d] = −P/(1−P)·d, with P the posterior of what d leads to")
	}
	for i, r := range f.plan.Rows {
		if len(r.Multipliers) > 0 {
			var points []string
			for _, m := range r.Multipliers {
				points = append(points, strconv.FormatFloat(m, 'g', 4, 64))
			}
			notes = append(notes, fmt.Sprintf("%s counts %s times along the run", f.expr(Leaf{i, wholePicture, wholeRun}, false), strings.Join(points, ", ")))
		}
	}
	if len(f.choices) > 0 {
		notes = append(append(notes, f.choices...), "pᵢ = the density of that alternative at x; the κ of a choice add up to 1")
	}
	return notes
}

// subscript writes n ≥ 0 in small figures.
func subscript(n int) string {
	return strings.Map(func(r rune) rune { return r - '0' + '₀' }, strconv.Itoa(n))
}

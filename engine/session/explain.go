package session

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/counterpoint/counterpoint/engine/compose"
)

// explain answers at once: nothing is computed.
func (s *Session) explain(m *explain) error {
	model := s.opened()
	if model == nil {
		return s.refuse(m.ID, errNoModel)
	}
	x, err := model.engine.Explain(m.Request)
	if err != nil {
		return s.refuse(m.ID, err)
	}
	return s.send(explained{m.ID, x.Request, tree(x.Prompt.Root), x.Rows, x.Places, formula(x.Rows), x.Guidance, x.Asked,
		x.Evaluations, warnings(x.Warnings)})
}

// tree is a prompt's node and what is below it.
func tree(n compose.Node) *node {
	t := &node{Column: n.Position().Column, Weight: 1}
	var below []compose.Node
	switch n := n.(type) {
	case *compose.Term:
		t.Op, t.Text, t.Place, t.Weight = "term", n.Text, n.Place, n.Weight
	case *compose.And:
		t.Op, t.Weight, below = "and", n.Weight, n.Operands
	case *compose.Not:
		t.Op, below = "not", []compose.Node{n.X}
	}
	for _, x := range below {
		t.Operands = append(t.Operands, tree(x))
	}
	return t
}

// formula writes the sum of the rows' scores (Composable Diffusion, equation 11).
func formula(rows []compose.Row) string {
	var b strings.Builder
	b.WriteString("ε̂ =")
	for i, r := range rows {
		sign, coef := "+", r.Coef
		if coef < 0 {
			sign, coef = "−", -coef
		}
		switch {
		case i > 0:
			b.WriteString(" " + sign + " ")
		case sign == "−":
			b.WriteString(" −")
		default:
			b.WriteString(" ")
		}
		text := r.Text
		if r.Unconditional && text == "" {
			text = "∅"
		}
		if r.Place != nil {
			text += " " + r.Place.String()
		}
		if coef != 1 {
			b.WriteString(strconv.FormatFloat(coef, 'g', 4, 64) + " ")
		}
		fmt.Fprintf(&b, "ε(%s)", text)
	}
	return b.String()
}

func warnings(ws []compose.Warning) []warning {
	out := make([]warning, len(ws))
	for i, w := range ws {
		out[i] = warning{w.Pos, w.Kind, w.Msg, w.Hint}
	}
	return out
}

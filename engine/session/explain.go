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
	l := n.Label()
	t := &node{Op: l.Op, Column: n.Position().Column, Text: l.Text, Place: l.Place, Weight: l.Weight}
	for _, x := range n.Children() {
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

package session

import (
	"github.com/counterpoint/counterpoint/engine"
	"github.com/counterpoint/counterpoint/engine/compose"
)

// explain answers at once: nothing is computed.
func (s *Session) explain(m *explain) error {
	x, err := s.explanation(m)
	if err != nil {
		return s.refuse(m.ID, err)
	}
	return s.send(explained{m.ID, x.Request, tree(x.Prompt.Root), x.Rows, x.Places, x.Chunks, x.Formula, x.Guidance, x.Asked,
		x.Evaluations, warnings(x.Warnings)})
}

// explanation holds the lock: a job may be about to name another model.
func (s *Session) explanation(m *explain) (*engine.Explanation, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.model == nil {
		return nil, errNoModel
	}
	return s.model.engine.Explain(m.Request)
}

// tree is a prompt's node and what is below it.
func tree(n compose.Node) *node {
	l := n.Label()
	s := n.Stands()
	t := &node{Op: l.Op, Column: n.Position().Column, Span: s.Whole, Body: s.Body, Model: l.Model, Text: l.Text, Place: l.Place, Region: l.Region, Range: l.Range, Weight: l.Weight}
	for _, x := range n.Children() {
		t.Operands = append(t.Operands, tree(x))
	}
	return t
}

func warnings(ws []compose.Warning) []warning {
	out := make([]warning, len(ws))
	for i, w := range ws {
		out[i] = warning{w.Pos, w.Kind, w.Msg, w.Hint, w.Word, w.Instead}
	}
	return out
}

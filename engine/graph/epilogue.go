package graph

// The inputs that follow x and w in conv2d and linear. The result is act(x·w + bias + rowBias) + residual: the order
// in which residual networks use them, so one epilogue serves all.
const (
	InX        = iota
	InW        // weight
	InBias     // [O], optional
	InRowBias  // [Rows,O] or [Rows,1,1,O], optional: one vector a row, such as a time embedding
	InResidual // shaped as the output, optional
	numEpilogueInputs
)

// checkEpilogue checks the optional inputs against the output's shape.
func checkEpilogue(in []*Tensor, out Shape) error {
	if err := wantShape("bias", optional(in, InBias), out.Last()); err != nil {
		return err
	}
	if rb := optional(in, InRowBias); rb != nil && !isRowVector(rb.Shape, out) {
		return wantShape("row bias", rb, out[0], out.Last())
	}
	return wantShape("residual", optional(in, InResidual), out...)
}

// isRowVector reports whether s holds one vector for each row of out: equal first and last dimensions, ones between.
func isRowVector(s, out Shape) bool {
	if len(s) < 2 || s[0] != out[0] || s.Last() != out.Last() {
		return false
	}
	for _, d := range s[1 : len(s)-1] {
		if d != 1 {
			return false
		}
	}
	return true
}

// absorbEpilogue takes the node that consumes self's result into self's epilogue, if it fits there: an activation, the
// addition of a vector a row, or the addition of a tensor of the output's shape. with builds self's operator with
// another activation.
func absorbEpilogue(self, next *Node, act Activation, with func(Activation) Op) *Node {
	in := make([]*Tensor, numEpilogueInputs)
	copy(in, self.In)
	switch op := next.Op.(type) {
	case Activate:
		if act != Identity || in[InResidual] != nil {
			return nil
		}
		return &Node{Op: with(op.Act), In: in, Out: next.Out}
	case Add:
		other := next.In[1]
		if other == self.Out {
			other = next.In[0]
		}
		if other == self.Out || !next.Out.Shape.Equal(self.Out.Shape) || other.Role == RoleWeight || in[InResidual] != nil {
			return nil
		}
		// Of fewer dimensions than the output, the addition's [N,C] lies along the last two; the row bias's along the first.
		switch {
		case other.Shape.Equal(self.Out.Shape):
			in[InResidual] = other
		case len(other.Shape) == len(self.Out.Shape) && isRowVector(other.Shape, self.Out.Shape) && act == Identity && in[InRowBias] == nil:
			in[InRowBias] = other
		default:
			return nil
		}
		return &Node{Op: self.Op, In: in, Out: next.Out}
	}
	return nil
}

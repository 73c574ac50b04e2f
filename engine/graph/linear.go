package graph

import "fmt"

// Linear multiplies the innermost dimension of x [...,K] by w [O,K], with optional bias [O], row bias and residual; see InX.
type Linear struct{ Act Activation }

func (Linear) Name() string    { return "linear" }
func (o Linear) Attrs() string { return actAttr(o.Act) }

func (o Linear) Infer(in []*Tensor) (Shape, error) {
	if err := need(in, 2, numEpilogueInputs); err != nil {
		return nil, err
	}
	x, w := in[InX], in[InW]
	if err := wantRank("weight", w, 2); err != nil {
		return nil, err
	}
	if err := wantWeight("weight", w); err != nil {
		return nil, err
	}
	if len(x.Shape) < 2 || x.Shape.Last() != w.Shape[1] {
		return nil, fmt.Errorf("x %v does not end in the %d inputs of weight %v", x.Shape, w.Shape[1], w.Shape)
	}
	out := append(append(Shape(nil), x.Shape[:len(x.Shape)-1]...), w.Shape[0])
	return out, checkEpilogue(in, out)
}

func (o Linear) absorb(self, next *Node) *Node {
	return absorbEpilogue(self, next, o.Act, func(a Activation) Op { o.Act = a; return o })
}

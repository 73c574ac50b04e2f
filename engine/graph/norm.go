package graph

import "fmt"

// GroupNorm normalises each of Groups groups of channels of x [N,...,C] over all positions of a row, then scales by
// gamma [C], adds beta [C] and applies Act (Wu and He, 2018; torch.nn.GroupNorm).
type GroupNorm struct {
	Groups int
	Eps    float32
	Act    Activation
}

func (GroupNorm) Name() string { return "groupnorm" }

func (o GroupNorm) Attrs() string {
	s := fmt.Sprintf("groups=%d eps=%g", o.Groups, o.Eps)
	if o.Act != Identity {
		s += " " + actAttr(o.Act)
	}
	return s
}

func (o GroupNorm) Infer(in []*Tensor) (Shape, error) {
	if err := need(in, 3, 3); err != nil {
		return nil, err
	}
	c := in[0].Shape.Last()
	if len(in[0].Shape) < 2 || o.Groups < 1 || c%o.Groups != 0 {
		return nil, fmt.Errorf("x %v does not divide into %d groups", in[0].Shape, o.Groups)
	}
	return in[0].Shape, checkAffine(in, c)
}

func (o GroupNorm) absorb(self, next *Node) *Node {
	act, ok := next.Op.(Activate)
	if !ok || o.Act != Identity {
		return nil
	}
	o.Act = act.Act
	return &Node{Op: o, In: self.In, Out: next.Out}
}

// LayerNorm normalises the innermost dimension of x [...,C], then scales by gamma [C] and adds beta [C].
type LayerNorm struct{ Eps float32 }

func (LayerNorm) Name() string    { return "layernorm" }
func (o LayerNorm) Attrs() string { return fmt.Sprintf("eps=%g", o.Eps) }

func (o LayerNorm) Infer(in []*Tensor) (Shape, error) {
	if err := need(in, 3, 3); err != nil {
		return nil, err
	}
	return in[0].Shape, checkAffine(in, in[0].Shape.Last())
}

func checkAffine(in []*Tensor, c int) error {
	if err := wantShape("gamma", in[1], c); err != nil {
		return err
	}
	return wantShape("beta", in[2], c)
}

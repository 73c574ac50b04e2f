package graph

import "fmt"

// Attention is multi-head scaled dot-product attention: softmax(q·kᵀ/√d)·v for each of Heads slices of d = C/Heads
// channels. Inputs: q [N,Tq,C], k [M,Tk,C], v [M,Tk,C] and, optionally, an index [N] of int32 that names the row of k and
// v each row of q attends to; without one, M = N and rows pair up. So many rows can share one concept's keys and values.
type Attention struct {
	Heads  int
	Causal bool // query i sees keys 0 to i
}

func (Attention) Name() string { return "attention" }

func (o Attention) Attrs() string {
	s := fmt.Sprintf("heads=%d", o.Heads)
	if o.Causal {
		s += " causal"
	}
	return s
}

func (o Attention) Infer(in []*Tensor) (Shape, error) {
	if err := need(in, 3, 4, 3); err != nil {
		return nil, err
	}
	q, k, v, index := in[0], in[1], in[2], optional(in, 3)
	for _, t := range in[:3] {
		if err := wantRank("q, k or v", t, 3); err != nil {
			return nil, err
		}
	}
	switch {
	case o.Heads < 1 || q.Shape[2]%o.Heads != 0:
		return nil, fmt.Errorf("q %v does not divide into %d heads", q.Shape, o.Heads)
	case !k.Shape.Equal(v.Shape) || k.Shape[2] != q.Shape[2]:
		return nil, fmt.Errorf("q %v, k %v and v %v do not match", q.Shape, k.Shape, v.Shape)
	case index == nil && k.Shape[0] != q.Shape[0]:
		return nil, fmt.Errorf("q %v and k %v have different rows and no index pairs them", q.Shape, k.Shape)
	case o.Causal && q.Shape[1] != k.Shape[1]:
		return nil, fmt.Errorf("causal attention over %d queries and %d keys", q.Shape[1], k.Shape[1])
	}
	return q.Shape, wantShape("index", index, q.Shape[0])
}

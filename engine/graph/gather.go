package graph

import "fmt"

// GatherRows picks rows of x [M,...] by an int32 index [N]: [N,...]. It is how a step's rows name the latent, the
// place map and the condition each is about.
type GatherRows struct{}

func (GatherRows) Name() string  { return "gatherrows" }
func (GatherRows) Attrs() string { return "" }

func (GatherRows) Infer(in []*Tensor) (Shape, error) {
	if err := need(in, 2, 2, 1); err != nil {
		return nil, err
	}
	x, index := in[0], in[1]
	if len(x.Shape) < 2 || len(index.Shape) != 1 {
		return nil, fmt.Errorf("x %v picked by %v, want x of two or more dimensions and an index [N]", x.Shape, index.Shape)
	}
	return append(Shape{index.Shape[0]}, x.Shape[1:]...), nil
}

// GatherTokens picks one token of each row: x [N,T,C] by an int32 index [N] gives [N,C].
type GatherTokens struct{}

func (GatherTokens) Name() string  { return "gathertokens" }
func (GatherTokens) Attrs() string { return "" }

func (GatherTokens) Infer(in []*Tensor) (Shape, error) {
	if err := need(in, 2, 2, 1); err != nil {
		return nil, err
	}
	x, index := in[0], in[1]
	if err := wantRank("x", x, 3); err != nil {
		return nil, err
	}
	if err := wantShape("index", index, x.Shape[0]); err != nil {
		return nil, err
	}
	return Shape{x.Shape[0], x.Shape[2]}, nil
}

// Embedding looks up int32 ids [N,T] in table [V,C]: [N,T,C].
type Embedding struct{}

func (Embedding) Name() string  { return "embedding" }
func (Embedding) Attrs() string { return "" }

func (Embedding) Infer(in []*Tensor) (Shape, error) {
	if err := need(in, 2, 2, 0); err != nil {
		return nil, err
	}
	ids, table := in[0], in[1]
	if len(ids.Shape) != 2 || len(table.Shape) != 2 {
		return nil, fmt.Errorf("ids %v in table %v, want [N,T] and [V,C]", ids.Shape, table.Shape)
	}
	if err := wantWeight("table", table); err != nil {
		return nil, err
	}
	return Shape{ids.Shape[0], ids.Shape[1], table.Shape[1]}, nil
}

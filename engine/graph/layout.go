package graph

import "fmt"

// Concat joins tensors along their channels: [N,...,A] and [N,...,B] give [N,...,A+B].
type Concat struct{}

func (Concat) Name() string  { return "concat" }
func (Concat) Attrs() string { return "" }

func (Concat) Infer(in []*Tensor) (Shape, error) {
	if err := need(in, 2, 2); err != nil {
		return nil, err
	}
	x, y := in[0].Shape, in[1].Shape
	if len(x) != len(y) || !x[:len(x)-1].Equal(y[:len(y)-1]) {
		return nil, fmt.Errorf("%v and %v differ before their channels", x, y)
	}
	return append(append(Shape(nil), x[:len(x)-1]...), x.Last()+y.Last()), nil
}

// Upsample resizes x [N,h,w,C] to [N,H,W,C] by nearest neighbour: output pixel i takes input pixel ⌊i·h/H⌋.
type Upsample struct{ H, W int }

func (Upsample) Name() string    { return "upsample" }
func (o Upsample) Attrs() string { return fmt.Sprintf("size=%dx%d", o.H, o.W) }

func (o Upsample) Infer(in []*Tensor) (Shape, error) {
	if err := need(in, 1, 1); err != nil {
		return nil, err
	}
	if err := wantRank("x", in[0], 4); err != nil {
		return nil, err
	}
	x := in[0].Shape
	if o.H < 1 || o.W < 1 {
		return nil, fmt.Errorf("size %dx%d is not positive", o.H, o.W)
	}
	return Shape{x[0], o.H, o.W, x[3]}, nil
}

// PixelShuffle spreads the channels of x [N,H,W,C·B·B] over blocks of B×B pixels: [N,H·B,W·B,C]. Channel
// c·B² + i·B + j of a pixel becomes channel c at row i and column j of its block (torch.nn.PixelShuffle).
type PixelShuffle struct{ Block int }

func (PixelShuffle) Name() string    { return "pixelshuffle" }
func (o PixelShuffle) Attrs() string { return fmt.Sprintf("block=%d", o.Block) }

func (o PixelShuffle) Infer(in []*Tensor) (Shape, error) {
	if err := need(in, 1, 1); err != nil {
		return nil, err
	}
	if err := wantRank("x", in[0], 4); err != nil {
		return nil, err
	}
	x := in[0].Shape
	if o.Block < 1 || o.Block > x[3] || x[3]%(o.Block*o.Block) != 0 {
		return nil, fmt.Errorf("x %v does not spread over blocks of %d", x, o.Block)
	}
	return Shape{x[0], x[1] * o.Block, x[2] * o.Block, x[3] / (o.Block * o.Block)}, nil
}

// Reshape gives x another shape over the same elements. It moves nothing: the program reads the same memory.
type Reshape struct{ To Shape }

func (Reshape) Name() string    { return "reshape" }
func (o Reshape) Attrs() string { return "to=" + o.To.String() }

func (o Reshape) Infer(in []*Tensor) (Shape, error) {
	if err := need(in, 1, 1); err != nil {
		return nil, err
	}
	if err := checkShape(o.To, 1); err != nil {
		return nil, err
	}
	// Two counts of rows tell apart a Rows dimension that was lost or won from one that was kept.
	if x := in[0].Shape; x.Elems(1) != o.To.Elems(1) || x.Elems(2) != o.To.Elems(2) {
		return nil, fmt.Errorf("%v and %v hold different numbers of elements", x, o.To)
	}
	return o.To, nil
}

// Slice keeps the first To channels of x [...,C].
type Slice struct{ To int }

func (Slice) Name() string    { return "slice" }
func (o Slice) Attrs() string { return fmt.Sprintf("to=%d", o.To) }

func (o Slice) Infer(in []*Tensor) (Shape, error) {
	if err := need(in, 1, 1); err != nil {
		return nil, err
	}
	x := in[0].Shape
	if o.To < 1 || o.To > x.Last() {
		return nil, fmt.Errorf("first %d channels of %v", o.To, x)
	}
	return append(append(Shape(nil), x[:len(x)-1]...), o.To), nil
}

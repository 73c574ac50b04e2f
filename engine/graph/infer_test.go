package graph

import (
	"strings"
	"testing"
)

// in, ints and weight make inputs of operators out of their shapes.
func in(shape ...int) *Tensor   { return &Tensor{Name: "x", Role: RoleInput, Shape: shape} }
func ints(shape ...int) *Tensor { return &Tensor{Name: "i", Role: RoleInput, DType: I32, Shape: shape} }
func weight(shape ...int) *Tensor {
	return &Tensor{Name: "w", Role: RoleWeight, Shape: shape}
}

func TestInfer(t *testing.T) {
	conv := Conv2D{Stride: 1, Pad: Pad(1)}
	for _, tt := range []struct {
		op   Op
		in   []*Tensor
		want Shape  // of the output, or
		err  string // part of the error
	}{
		{op: Activate{SiLU}, in: []*Tensor{in(Rows, 3)}, want: Shape{Rows, 3}},
		{op: Activate{SiLU}, in: []*Tensor{}, err: "0 inputs, want 1 to 1"},
		{op: Activate{SiLU}, in: []*Tensor{nil}, err: "input 0 is missing"},
		{op: Activate{SiLU}, in: []*Tensor{ints(3)}, err: "input 0 is i32[3], want f32"},
		{op: Affine{2, 1}, in: []*Tensor{in(4)}, want: Shape{4}},
		{op: Affine{2, 1}, in: []*Tensor{in(4), in(4)}, err: "2 inputs, want 1 to 1"},

		{op: Add{}, in: []*Tensor{in(Rows, 4, 3), in(Rows, 4, 3)}, want: Shape{Rows, 4, 3}},
		{op: Add{}, in: []*Tensor{in(Rows, 4, 3), in(3)}, want: Shape{Rows, 4, 3}},
		{op: Add{}, in: []*Tensor{in(Rows, 4, 3), in(Rows, 1, 1)}, want: Shape{Rows, 4, 3}},
		{op: Add{}, in: []*Tensor{in(Rows, 4, 3), in(4, 1)}, want: Shape{Rows, 4, 3}},
		{op: Add{}, in: []*Tensor{in(Rows, 4, 3), in(Rows, 3)}, err: "y [Rows,3] does not spread over x [Rows,4,3]"},
		{op: Add{}, in: []*Tensor{in(2, 3), in(Rows, 3)}, err: "does not spread"},
		{op: Add{}, in: []*Tensor{in(3), in(1, 3)}, err: "y [1,3] does not spread over x [3]"},

		{op: GEGLU{}, in: []*Tensor{in(Rows, 5, 6)}, want: Shape{Rows, 5, 3}},
		{op: GEGLU{}, in: []*Tensor{in(Rows, 5)}, err: "x [Rows,5] does not split in halves"},

		{op: conv, in: []*Tensor{in(Rows, 5, 7, 4), weight(6, 3, 3, 4)}, want: Shape{Rows, 5, 7, 6}},
		{op: Conv2D{Stride: 2, Pad: Padding{Bottom: 1, Right: 1}}, in: []*Tensor{in(Rows, 8, 7, 4), weight(6, 3, 3, 4)}, want: Shape{Rows, 4, 3, 6}},
		{op: Conv2D{Stride: 1, Up: 2, Pad: Pad(1)}, in: []*Tensor{in(Rows, 5, 7, 4), weight(6, 3, 3, 4)}, want: Shape{Rows, 10, 14, 6}},
		{op: Conv2D{Stride: 3}, in: []*Tensor{in(1, 8, 2, 4), weight(1, 2, 2, 4)}, want: Shape{1, 3, 1, 1}},
		{op: conv, in: []*Tensor{in(Rows, 5, 5, 4), weight(6, 3, 3, 4), weight(6), in(Rows, 6), in(Rows, 5, 5, 6)}, want: Shape{Rows, 5, 5, 6}},
		{op: conv, in: []*Tensor{in(Rows, 5, 5, 4), weight(6, 3, 3, 4), nil, in(Rows, 1, 1, 6)}, want: Shape{Rows, 5, 5, 6}},
		{op: conv, in: []*Tensor{in(Rows, 5, 5, 4)}, err: "1 inputs, want 2 to 5"},
		{op: conv, in: []*Tensor{in(Rows, 5, 4), weight(6, 3, 3, 4)}, err: "x is [Rows,5,4], want 4 dimensions"},
		{op: conv, in: []*Tensor{in(Rows, 5, 5, 4), weight(6, 4)}, err: "weight is [6,4], want 4 dimensions"},
		{op: conv, in: []*Tensor{in(Rows, 5, 5, 4), in(6, 3, 3, 4)}, err: "weight x is not a weight"},
		{op: conv, in: []*Tensor{in(Rows, 5, 5, 3), weight(6, 3, 3, 4)}, err: "x [Rows,5,5,3] has 3 channels, weight [6,3,3,4] takes 4"},
		{op: conv, in: []*Tensor{ints(Rows, 5, 5, 4), weight(6, 3, 3, 4)}, err: "input 0 is i32[Rows,5,5,4], want f32"},
		{op: Conv2D{}, in: []*Tensor{in(Rows, 5, 5, 4), weight(6, 3, 3, 4)}, err: "stride 0, want at least 1"},
		{op: Conv2D{Stride: 1}, in: []*Tensor{in(Rows, 5, 2, 4), weight(6, 3, 3, 4)}, err: "x [Rows,5,2,4] is smaller than the kernel"},
		{op: conv, in: []*Tensor{in(Rows, 5, 5, 4), weight(6, 3, 3, 4), weight(5)}, err: "bias is [5], want [6]"},
		{op: conv, in: []*Tensor{in(Rows, 5, 5, 4), weight(6, 3, 3, 4), nil, in(2, 6)}, err: "row bias is [2,6], want [Rows,6]"},
		{op: conv, in: []*Tensor{in(Rows, 5, 5, 4), weight(6, 3, 3, 4), nil, in(Rows, 5, 1, 6)}, err: "row bias is [Rows,5,1,6]"},
		{op: conv, in: []*Tensor{in(Rows, 5, 5, 4), weight(6, 3, 3, 4), nil, nil, in(Rows, 5, 5, 4)}, err: "residual is [Rows,5,5,4], want [Rows,5,5,6]"},

		{op: Linear{}, in: []*Tensor{in(Rows, 9, 4), weight(6, 4)}, want: Shape{Rows, 9, 6}},
		{op: Linear{GELU}, in: []*Tensor{in(Rows, 4), weight(6, 4), weight(6), in(Rows, 6), in(Rows, 6)}, want: Shape{Rows, 6}},
		{op: Linear{}, in: []*Tensor{in(Rows, 4), weight(6, 1, 1, 4)}, err: "weight is [6,1,1,4], want 2 dimensions"},
		{op: Linear{}, in: []*Tensor{in(4), weight(6, 4)}, err: "x [4] does not end in the 4 inputs of weight [6,4]"},
		{op: Linear{}, in: []*Tensor{in(Rows, 5), weight(6, 4)}, err: "does not end in the 4 inputs"},
		{op: Linear{}, in: []*Tensor{in(Rows, 4), in(6, 4)}, err: "is not a weight"},

		{op: GroupNorm{Groups: 2}, in: []*Tensor{in(Rows, 3, 3, 4), weight(4), weight(4)}, want: Shape{Rows, 3, 3, 4}},
		{op: GroupNorm{Groups: 3}, in: []*Tensor{in(Rows, 3, 3, 4), weight(4), weight(4)}, err: "x [Rows,3,3,4] does not divide into 3 groups"},
		{op: GroupNorm{}, in: []*Tensor{in(Rows, 4), weight(4), weight(4)}, err: "does not divide into 0 groups"},
		{op: GroupNorm{Groups: 2}, in: []*Tensor{in(4), weight(4), weight(4)}, err: "does not divide"},
		{op: GroupNorm{Groups: 2}, in: []*Tensor{in(Rows, 4), weight(4), nil}, err: "input 2 is missing"},
		{op: GroupNorm{Groups: 2}, in: []*Tensor{in(Rows, 4), weight(5), weight(4)}, err: "gamma is [5], want [4]"},
		{op: LayerNorm{}, in: []*Tensor{in(Rows, 7, 4), weight(4), weight(4)}, want: Shape{Rows, 7, 4}},
		{op: LayerNorm{}, in: []*Tensor{in(Rows, 7, 4), weight(4), weight(3)}, err: "beta is [3], want [4]"},

		{op: Attention{Heads: 2}, in: []*Tensor{in(Rows, 5, 8), in(Rows, 3, 8), in(Rows, 3, 8)}, want: Shape{Rows, 5, 8}},
		{op: Attention{Heads: 2}, in: []*Tensor{in(Rows, 5, 8), in(2, 3, 8), in(2, 3, 8), ints(Rows)}, want: Shape{Rows, 5, 8}},
		{op: Attention{Heads: 2, Causal: true}, in: []*Tensor{in(2, 5, 8), in(2, 5, 8), in(2, 5, 8)}, want: Shape{2, 5, 8}},
		{op: Attention{Heads: 2}, in: []*Tensor{in(Rows, 8), in(Rows, 3, 8), in(Rows, 3, 8)}, err: "q, k or v is [Rows,8], want 3 dimensions"},
		{op: Attention{Heads: 3}, in: []*Tensor{in(Rows, 5, 8), in(Rows, 3, 8), in(Rows, 3, 8)}, err: "does not divide into 3 heads"},
		{op: Attention{}, in: []*Tensor{in(Rows, 5, 8), in(Rows, 3, 8), in(Rows, 3, 8)}, err: "does not divide into 0 heads"},
		{op: Attention{Heads: 2}, in: []*Tensor{in(Rows, 5, 8), in(Rows, 3, 8), in(Rows, 4, 8)}, err: "do not match"},
		{op: Attention{Heads: 2}, in: []*Tensor{in(Rows, 5, 8), in(Rows, 3, 6), in(Rows, 3, 6)}, err: "do not match"},
		{op: Attention{Heads: 2}, in: []*Tensor{in(Rows, 5, 8), in(2, 3, 8), in(2, 3, 8)}, err: "no index pairs them"},
		{op: Attention{Heads: 2}, in: []*Tensor{in(Rows, 5, 8), in(2, 3, 8), in(2, 3, 8), ints(2)}, err: "index is [2], want [Rows]"},
		{op: Attention{Heads: 2}, in: []*Tensor{in(Rows, 5, 8), in(2, 3, 8), in(2, 3, 8), in(Rows)}, err: "input 3 is f32[Rows], want i32"},
		{op: Attention{Heads: 2, Causal: true}, in: []*Tensor{in(2, 5, 8), in(2, 4, 8), in(2, 4, 8)}, err: "causal attention over 5 queries and 4 keys"},

		{op: GatherRows{}, in: []*Tensor{in(3, 4, 5), ints(Rows)}, want: Shape{Rows, 4, 5}},
		{op: GatherRows{}, in: []*Tensor{in(3, 4), in(Rows)}, err: "input 1 is f32[Rows], want i32"},
		{op: GatherRows{}, in: []*Tensor{in(3), ints(Rows)}, err: "want x of two or more dimensions"},
		{op: GatherRows{}, in: []*Tensor{in(3, 4), ints(Rows, 2)}, err: "and an index [N]"},
		{op: GatherTokens{}, in: []*Tensor{in(Rows, 4, 5), ints(Rows)}, want: Shape{Rows, 5}},
		{op: GatherTokens{}, in: []*Tensor{in(Rows, 4, 5), ints(4)}, err: "index is [4], want [Rows]"},
		{op: GatherTokens{}, in: []*Tensor{in(Rows, 4), ints(Rows)}, err: "want 3 dimensions"},
		{op: Embedding{}, in: []*Tensor{ints(Rows, 4), weight(50, 6)}, want: Shape{Rows, 4, 6}},
		{op: Embedding{}, in: []*Tensor{in(Rows, 4), weight(50, 6)}, err: "input 0 is f32[Rows,4], want i32"},
		{op: Embedding{}, in: []*Tensor{ints(Rows), weight(50, 6)}, err: "ids [Rows] in table [50,6], want [N,T] and [V,C]"},
		{op: Embedding{}, in: []*Tensor{ints(Rows, 4), in(50, 6)}, err: "table x is not a weight"},

		{op: Concat{}, in: []*Tensor{in(Rows, 4, 5), in(Rows, 4, 2)}, want: Shape{Rows, 4, 7}},
		{op: Concat{}, in: []*Tensor{in(Rows, 4, 5), in(Rows, 3, 5)}, err: "[Rows,4,5] and [Rows,3,5] differ before their channels"},
		{op: Concat{}, in: []*Tensor{in(Rows, 4, 5), in(4, 5)}, err: "differ before"},
		{op: Upsample{7, 3}, in: []*Tensor{in(Rows, 4, 2, 5)}, want: Shape{Rows, 7, 3, 5}},
		{op: Upsample{0, 3}, in: []*Tensor{in(Rows, 4, 2, 5)}, err: "size 0x3 is not positive"},
		{op: Upsample{7, 3}, in: []*Tensor{in(Rows, 4, 2)}, err: "want 4 dimensions"},
		{op: PixelShuffle{2}, in: []*Tensor{in(Rows, 4, 3, 12)}, want: Shape{Rows, 8, 6, 3}},
		{op: PixelShuffle{3}, in: []*Tensor{in(Rows, 4, 3, 12)}, err: "x [Rows,4,3,12] does not spread over blocks of 3"},
		{op: PixelShuffle{0}, in: []*Tensor{in(Rows, 4, 3, 12)}, err: "blocks of 0"},
		{op: PixelShuffle{1 << 32}, in: []*Tensor{in(Rows, 4, 3, 12)}, err: "blocks of 4294967296"}, // whose square is 0
		{op: Reshape{Shape{Rows, 2, 6}}, in: []*Tensor{in(Rows, 3, 4)}, want: Shape{Rows, 2, 6}},
		{op: Reshape{Shape{12}}, in: []*Tensor{in(3, 4)}, want: Shape{12}},
		{op: Reshape{Shape{Rows, 11}}, in: []*Tensor{in(Rows, 3, 4)}, err: "[Rows,3,4] and [Rows,11] hold different numbers of elements"},
		{op: Reshape{Shape{12}}, in: []*Tensor{in(Rows, 12)}, err: "hold different numbers"},
		{op: Reshape{Shape{Rows, 12}}, in: []*Tensor{in(1, 12)}, err: "hold different numbers"},
		{op: Reshape{Shape{}}, in: []*Tensor{in(1)}, err: "shape has no dimensions"},
		{op: Reshape{Shape{12}}, in: []*Tensor{ints(3, 4)}, err: "input 0 is i32[3,4], want f32"},
		{op: Slice{3}, in: []*Tensor{in(Rows, 4, 5)}, want: Shape{Rows, 4, 3}},
		{op: Slice{6}, in: []*Tensor{in(Rows, 4, 5)}, err: "first 6 channels of [Rows,4,5]"},
		{op: Slice{}, in: []*Tensor{in(Rows, 4, 5)}, err: "first 0 channels"},
	} {
		got, err := tt.op.Infer(tt.in)
		switch {
		case tt.err == "" && err != nil:
			t.Errorf("%s %s: %v", tt.op.Name(), tt.op.Attrs(), err)
		case tt.err == "" && !got.Equal(tt.want):
			t.Errorf("%s %s gives %v, want %v", tt.op.Name(), tt.op.Attrs(), got, tt.want)
		case tt.err != "" && (err == nil || !strings.Contains(err.Error(), tt.err)):
			t.Errorf("%s %s: got %v and error %v, want %q", tt.op.Name(), tt.op.Attrs(), got, err, tt.err)
		}
	}
}

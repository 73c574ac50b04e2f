package devicetest

import (
	"fmt"

	"github.com/counterpoint/counterpoint/engine/graph"
)

// encodings are those a product is tried with: groups that divide the channels, that leave a shorter last one, and one
// larger than all of them.
var encodings = []graph.Encoding{f32, f16, int8s(8), int8s(32), int8s(64), int4s(8), int4s(16), int4s(32)}

// product is what convolutions and linear layers have in common.
type product struct {
	enc                     graph.Encoding
	act                     graph.Activation
	bias, rowBias, residual bool
}

var everything = product{int8s(32), graph.SiLU, true, true, true}

func (p product) String() string {
	s := p.enc.String()
	for _, e := range []struct {
		has  bool
		name string
	}{{p.bias, "bias"}, {p.rowBias, "row bias"}, {p.act != graph.Identity, p.act.String()}, {p.residual, "residual"}} {
		if e.has {
			s += " + " + e.name
		}
	}
	return s
}

// apply builds the product op(x, w) of the given output shape with its epilogue as separate nodes, which fusion must join.
func (p product) apply(g *graph.Graph, op graph.Op, x, w *graph.Tensor) *graph.Tensor {
	in := []*graph.Tensor{x, w}
	if p.bias {
		in = append(in, g.Weight("bias", f32, w.Shape[0]))
	}
	y := g.Apply(op, in...)
	shape := y.Shape
	if p.rowBias {
		s := graph.Shape{shape[0]}
		for range len(shape) - 2 {
			s = append(s, 1)
		}
		y = g.Apply(graph.Add{}, y, g.Input("row", graph.F32, append(s, shape.Last())...))
	}
	if p.act != graph.Identity {
		y = g.Apply(graph.Activate{Act: p.act}, y)
	}
	if p.residual {
		y = g.Apply(graph.Add{}, g.Input("residual", graph.F32, shape...), y)
	}
	return y
}

func linearCases() []testCase {
	var all []testCase
	one := func(rows int, p product, outputs int, x ...int) {
		all = append(all, testCase{name: fmt.Sprintf("linear %v %v to %d", p, graph.Shape(x), outputs), rows: rows, build: func(g *graph.Graph) {
			w := g.Weight("w", p.enc, outputs, x[len(x)-1])
			g.Output("y", p.apply(g, graph.Linear{}, g.Input("x", graph.F32, x...), w))
		}})
	}
	for _, e := range encodings {
		for _, k := range []int{1, 5, 31, 32, 33, 96, 131} {
			one(3, product{enc: e}, 37, graph.Rows, 7, k)
		}
		one(2, product{enc: e, bias: true}, 129, graph.Rows, 67, 160)
	}
	for _, outputs := range []int{1, 2, 7, 8, 9, 15, 16, 17, 31, 32, 33, 47, 48, 63, 64, 65, 127} {
		one(2, product{enc: int8s(32), bias: true}, outputs, graph.Rows, 5, 64)
		one(2, product{enc: int4s(32), bias: true}, outputs, graph.Rows, 3, 40)
	}
	for _, tokens := range []int{1, 3, 4, 5, 6, 7, 11, 12, 13, 14, 15, 16, 17, 61} {
		one(1, product{enc: f16, bias: true}, 19, graph.Rows, tokens, 23)
	}
	for a := graph.Identity; a <= graph.Tanh; a++ {
		one(3, product{int8s(16), a, true, false, false}, 35, graph.Rows, 9, 48)
		one(3, product{f32, a, false, true, true}, 35, graph.Rows, 9, 20)
		one(5, product{int4s(16), a, true, true, true}, 35, graph.Rows, 48)
	}
	one(2, product{enc: int8s(64)}, 64, graph.Rows, 4, 1153)
	one(2, product{enc: int4s(64)}, 24, graph.Rows, 2, 2560)
	return all
}

// convolution is a case of conv2d.
type convolution struct {
	product
	op                         graph.Conv2D
	h, w, in, out, high, width int // high and width: the kernel's
}

func convCases() []testCase {
	var all []testCase
	one := func(c convolution) {
		name := fmt.Sprintf("conv2d %s %v %dx%dx%d to %d by %dx%d", c.op.Attrs(), c.product, c.h, c.w, c.in, c.out, c.high, c.width)
		all = append(all, testCase{name: name, rows: 3, build: func(g *graph.Graph) {
			w := g.Weight("w", c.enc, c.out, c.high, c.width, c.in)
			g.Output("y", c.apply(g, c.op, g.Input("x", graph.F32, graph.Rows, c.h, c.w, c.in), w))
		}})
	}
	same := graph.Conv2D{Stride: 1, Pad: graph.Pad(1)}
	for _, e := range encodings {
		one(convolution{product{enc: e, bias: true}, same, 5, 7, 12, 10, 3, 3})
		one(convolution{product{enc: e}, same, 6, 5, 33, 17, 3, 3})
		one(convolution{product{enc: e}, graph.Conv2D{Stride: 1}, 5, 3, 41, 9, 1, 1})
	}
	// Strides, paddings, kernels.
	for _, op := range []graph.Conv2D{
		{Stride: 1},
		{Stride: 2, Pad: graph.Pad(1)},
		{Stride: 2, Pad: graph.Padding{Bottom: 1, Right: 1}},
		{Stride: 3, Pad: graph.Padding{Top: 2, Left: 1}},
		{Stride: 1, Pad: graph.Padding{Top: 3, Left: 4, Bottom: 5, Right: 2}}, // windows wholly outside the image
		{Stride: 1, Pad: graph.Pad(1), Up: 2},
		{Stride: 2, Pad: graph.Padding{Top: 1, Right: 2}, Up: 3},
	} {
		one(convolution{product{enc: int8s(8), bias: true}, op, 7, 5, 13, 11, 3, 3})
		one(convolution{product{enc: f32}, op, 6, 9, 4, 5, 2, 4})
	}
	for _, op := range []graph.Conv2D{{Stride: 2}, {Stride: 1, Pad: graph.Pad(1)}, {Stride: 1, Up: 2}} {
		one(convolution{product{enc: int8s(16), bias: true}, op, 5, 4, 16, 8, 1, 1})
	}
	one(convolution{product{enc: f32}, graph.Conv2D{Stride: 1}, 5, 6, 3, 4, 5, 6}) // one output pixel
	one(convolution{product{enc: f32, bias: true}, same, 1, 1, 1, 1, 3, 3})
	one(convolution{product{enc: f32, bias: true}, graph.Conv2D{Stride: 8}, 24, 16, 3, 32, 8, 8}) // a patch embedding
	one(convolution{everything, same, 16, 16, 96, 64, 3, 3})
	one(convolution{product{int4s(32), graph.SiLU, true, true, true}, same, 13, 11, 64, 72, 3, 3})
	for a := graph.Identity; a <= graph.Tanh; a++ {
		one(convolution{product{f16, a, true, true, false}, same, 4, 5, 7, 6, 3, 3})
		one(convolution{product{f16, a, true, false, true}, graph.Conv2D{Stride: 1}, 4, 5, 7, 6, 1, 1})
	}
	return all
}

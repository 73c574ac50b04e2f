package devicetest

import "github.com/counterpoint/counterpoint/engine/graph"

// networkCases are pieces of networks, in which fusion and the memory plan have something to do.
func networkCases() []testCase {
	return []testCase{
		{name: "residual block", rows: 3, build: func(g *graph.Graph) {
			temb := g.Input("temb", graph.F32, graph.Rows, 20)
			g.Output("y", resnet(g, "r.", g.Input("x", graph.F32, graph.Rows, 7, 9, 24), temb, 40))
		}},
		{name: "transformer block", rows: 3, below: map[string]int{"condition": 2}, build: func(g *graph.Graph) {
			g.Output("y", transformer(g, g.Input("x", graph.F32, graph.Rows, 5, 7, 32)))
		}},
		{name: "unet", rows: 3, below: map[string]int{"condition": 2, "latent": 2}, build: func(g *graph.Graph) {
			sample, latent := g.Input("sample", graph.F32, 2, 9, 7, 4), g.Input("latent", graph.I32, graph.Rows)
			temb := g.Apply(graph.Activate{Act: graph.SiLU}, dense(g, "time", int8s(8), g.Input("time", graph.F32, graph.Rows, 10), 20))
			x := conv(g, "in", f16, g.Apply(graph.GatherRows{}, sample, latent), 24, 1)
			skip := resnet(g, "down.", x, temb, 24)
			x = conv(g, "shrink", int8s(32), skip, 32, 2)
			x = transformer(g, resnet(g, "mid.", x, temb, 32))
			x = conv(g, "grow", int8s(32), g.Apply(graph.Upsample{H: 9, W: 7}, x), 24, 1)
			x = resnet(g, "up.", g.Apply(graph.Concat{}, x, skip), temb, 24)
			g.Output("early", skip)
			g.Output("score", conv(g, "out", f16, g.Apply(graph.Activate{Act: graph.SiLU}, groupNorm1(g, "norm", x)), 4, 1))
		}},
		{name: "decoder", rows: 2, build: func(g *graph.Graph) {
			x := conv(g, "in", int8s(32), g.Input("x", graph.F32, graph.Rows, 4, 3, 4), 32, 1)
			x = conv(g, "up1", int8s(32), g.Apply(graph.Upsample{H: 8, W: 6}, resnet(g, "a.", x, nil, 32)), 16, 1)
			x = conv(g, "up2", f16, g.Apply(graph.Upsample{H: 16, W: 12}, resnet(g, "b.", x, nil, 16)), 12, 1)
			g.Output("image", g.Apply(graph.PixelShuffle{Block: 2}, x))
		}},
		{name: "upsampled residual", rows: 2, build: func(g *graph.Graph) { // it is not what the convolution reads
			x := conv(g, "c", f32, g.Input("x", graph.F32, graph.Rows, 5, 5, 8), 8, 1)
			y := conv(g, "d", f32, g.Input("large", graph.F32, graph.Rows, 10, 10, 8), 8, 1)
			g.Output("y", g.Apply(graph.Add{}, y, g.Apply(graph.Upsample{H: 10, W: 10}, x)))
		}},
		{name: "one tensor read twice and as an output", rows: 2, build: func(g *graph.Graph) {
			x := conv(g, "c", f32, g.Input("x", graph.F32, graph.Rows, 5, 5, 8), 8, 1)
			g.Output("early", x)
			g.Output("late", g.Apply(graph.Add{}, conv(g, "d", f32, x, 8, 1), x))
		}},
		{name: "addition along the second dimension", rows: 1, build: func(g *graph.Graph) { // as long as the first
			g.Output("y", g.Apply(graph.Add{}, dense(g, "l", f32, g.Input("x", graph.F32, 4, 4, 6), 8), g.Input("y0", graph.F32, 4, 8)))
		}},
	}
}

func conv(g *graph.Graph, name string, e graph.Encoding, x *graph.Tensor, out, stride int) *graph.Tensor {
	return g.Apply(graph.Conv2D{Stride: stride, Pad: graph.Pad(1)}, x, g.Weight(name+".w", e, out, 3, 3, x.Shape.Last()), g.Weight(name+".b", f32, out))
}

func dense(g *graph.Graph, name string, e graph.Encoding, x *graph.Tensor, out int) *graph.Tensor {
	return g.Apply(graph.Linear{}, x, g.Weight(name+".w", e, out, x.Shape.Last()), g.Weight(name+".b", f32, out))
}

func groupNorm1(g *graph.Graph, name string, x *graph.Tensor) *graph.Tensor {
	c := x.Shape.Last()
	return g.Apply(graph.GroupNorm{Groups: 4, Eps: 1e-5}, x, g.Weight(name+".w", f32, c), g.Weight(name+".b", f32, c))
}

// resnet is a residual block of out channels, with a time embedding temb [Rows,D] unless it is nil.
func resnet(g *graph.Graph, name string, x, temb *graph.Tensor, out int) *graph.Tensor {
	silu := graph.Activate{Act: graph.SiLU}
	h := conv(g, name+"conv1", int8s(32), g.Apply(silu, groupNorm1(g, name+"norm1", x)), out, 1)
	if temb != nil {
		t := dense(g, name+"time", int4s(16), temb, out)
		h = g.Apply(graph.Add{}, h, g.Apply(graph.Reshape{To: graph.Shape{graph.Rows, 1, 1, out}}, t))
	}
	h = conv(g, name+"conv2", int4s(32), g.Apply(silu, groupNorm1(g, name+"norm2", h)), out, 1)
	if x.Shape.Last() != out {
		x = g.Apply(graph.Conv2D{Stride: 1}, x, g.Weight(name+"skip.w", int8s(32), out, 1, 1, x.Shape.Last()))
	}
	return g.Apply(graph.Add{}, h, x)
}

// transformer is a block of attention to itself and to conditions and a gated layer, over the pixels of x.
func transformer(g *graph.Graph, x *graph.Tensor) *graph.Tensor {
	s := x.Shape
	c := s.Last()
	norm := func(name string, x *graph.Tensor) *graph.Tensor {
		return g.Apply(graph.LayerNorm{Eps: 1e-5}, x, g.Weight(name+".w", f32, c), g.Weight(name+".b", f32, c))
	}
	h := g.Apply(graph.Reshape{To: graph.Shape{s[0], s[1] * s[2], c}}, groupNorm1(g, "t.norm", x))
	n := norm("t.ln1", h)
	a := g.Apply(graph.Attention{Heads: 2}, dense(g, "t.q", int8s(16), n, c), dense(g, "t.k", int8s(16), n, c), dense(g, "t.v", int4s(16), n, c))
	h = g.Apply(graph.Add{}, dense(g, "t.out", int4s(32), a, c), h)
	keys, values := g.Input("keys", graph.F32, 2, 11, c), g.Input("values", graph.F32, 2, 11, c)
	a = g.Apply(graph.Attention{Heads: 2}, dense(g, "t.q2", f16, norm("t.ln2", h), c), keys, values, g.Input("condition", graph.I32, graph.Rows))
	h = g.Apply(graph.Add{}, dense(g, "t.out2", int8s(32), a, c), h)
	f := g.Apply(graph.GEGLU{}, dense(g, "t.ff1", int8s(32), norm("t.ln3", h), 8*c))
	h = g.Apply(graph.Add{}, dense(g, "t.ff2", int8s(32), f, c), h)
	return g.Apply(graph.Add{}, g.Apply(graph.Reshape{To: s}, h), x)
}

package devicetest

import (
	"fmt"

	"github.com/counterpoint/counterpoint/engine/graph"
)

// testCase is a network of one operator or a few.
type testCase struct {
	name  string
	rows  int            // MaxRows; the case runs over as many and over one
	below map[string]int // bounds of the integer inputs
	limit float64        // most squared error over the squared result; 0 means defaultLimit
	build func(g *graph.Graph)
}

// defaultLimit is what float32 arithmetic reaches with orders of magnitude to spare, halfLimit what products in float16 do.
const (
	defaultLimit = 1e-9
	halfLimit    = 1e-5
)

// graph builds the case's network anew.
func (c testCase) graph() *graph.Graph {
	g := graph.New(c.name, c.rows)
	c.build(g)
	return g
}

var (
	f32 = graph.Encoding{Kind: graph.EncF32}
	f16 = graph.Encoding{Kind: graph.EncF16}
)

func int8s(group int) graph.Encoding { return graph.Encoding{Kind: graph.EncInt8, Group: group} }
func int4s(group int) graph.Encoding { return graph.Encoding{Kind: graph.EncInt4, Group: group} }

// cases lists everything a device is asked to compute.
func cases() []testCase {
	var all []testCase
	for _, list := range [][]testCase{elementwiseCases(), layoutCases(), convCases(), linearCases(), normCases(), attentionCases(), networkCases()} {
		all = append(all, list...)
	}
	return all
}

// single is a case of one operator over one input of the given shape, with a Rows dimension, and whatever rest adds.
func single(op graph.Op, rest func(g *graph.Graph) []*graph.Tensor, shape ...int) testCase {
	return testCase{name: fmt.Sprintf("%s %s%v", op.Name(), op.Attrs(), graph.Shape(shape)), rows: 3, build: func(g *graph.Graph) {
		in := []*graph.Tensor{g.Input("x", graph.F32, shape...)}
		if rest != nil {
			in = append(in, rest(g)...)
		}
		g.Output("y", g.Apply(op, in...))
	}}
}

func elementwiseCases() []testCase {
	var all []testCase
	for a := graph.Identity; a <= graph.Tanh; a++ {
		for _, n := range []int{1, 7, 33, 4099} {
			all = append(all, single(graph.Activate{Act: a}, nil, graph.Rows, n))
		}
		all = append(all, testCase{name: fmt.Sprintf("activate far from zero act=%v", a), rows: 2, build: func(g *graph.Graph) {
			x := g.Apply(graph.Affine{Mul: 25, Add: -3}, g.Input("x", graph.F32, graph.Rows, 601))
			g.Output("y", g.Apply(graph.Activate{Act: a}, x))
		}})
	}
	for _, n := range []int{1, 17, 9001} {
		all = append(all, single(graph.Affine{Mul: -1.5, Add: 0.25}, nil, graph.Rows, n))
	}
	for _, c := range []int{2, 10, 64, 134} {
		all = append(all, single(graph.GEGLU{}, nil, graph.Rows, 13, c), single(graph.GEGLU{}, nil, graph.Rows, c))
	}
	type shape = graph.Shape
	for _, s := range []struct{ x, y shape }{
		{shape{graph.Rows, 5, 3, 7}, shape{graph.Rows, 5, 3, 7}},
		{shape{graph.Rows, 5, 3, 7}, shape{7}},
		{shape{graph.Rows, 5, 3, 7}, shape{1}},
		{shape{graph.Rows, 5, 3, 7}, shape{graph.Rows, 1, 1, 7}},
		{shape{graph.Rows, 5, 3, 7}, shape{graph.Rows, 1, 1, 1}},
		{shape{graph.Rows, 5, 3, 7}, shape{5, 1, 7}},
		{shape{graph.Rows, 5, 3, 7}, shape{5, 1, 1}},
		{shape{graph.Rows, 5, 3, 7}, shape{graph.Rows, 1, 3, 1}},
		{shape{graph.Rows, 5, 3, 7}, shape{1, 1, 3, 7}},
		{shape{graph.Rows, 77, 32}, shape{77, 32}},
		{shape{graph.Rows, 131, 65}, shape{graph.Rows, 1, 65}},
		{shape{graph.Rows, 5}, shape{graph.Rows, 1}},
		{shape{2, 5}, shape{2, 1}},
	} {
		all = append(all, testCase{name: fmt.Sprintf("add %v to %v", s.y, s.x), rows: 3, build: func(g *graph.Graph) {
			g.Output("y", g.Apply(graph.Add{}, g.Input("x", graph.F32, s.x...), g.Input("y0", graph.F32, s.y...)))
		}})
	}
	for _, e := range []graph.Encoding{f32, f16} {
		all = append(all, single(graph.Add{}, func(g *graph.Graph) []*graph.Tensor {
			return []*graph.Tensor{g.Weight("w "+e.String(), e, 11, 9)}
		}, graph.Rows, 11, 9))
	}
	return append(all, testCase{name: "add to itself", rows: 2, build: func(g *graph.Graph) {
		x := g.Input("x", graph.F32, graph.Rows, 31)
		g.Output("y", g.Apply(graph.Add{}, x, x))
	}})
}

func layoutCases() []testCase {
	var all []testCase
	with := func(shape ...int) func(g *graph.Graph) []*graph.Tensor {
		return func(g *graph.Graph) []*graph.Tensor { return []*graph.Tensor{g.Input("x1", graph.F32, shape...)} }
	}
	index := func(shape ...int) func(g *graph.Graph) []*graph.Tensor {
		return func(g *graph.Graph) []*graph.Tensor { return []*graph.Tensor{g.Input("i", graph.I32, shape...)} }
	}
	all = append(all,
		single(graph.Concat{}, with(graph.Rows, 5, 7, 1), graph.Rows, 5, 7, 4),
		single(graph.Concat{}, with(graph.Rows, 33, 31, 16), graph.Rows, 33, 31, 17),
		single(graph.Concat{}, with(graph.Rows, 2), graph.Rows, 3),
		single(graph.Slice{To: 1}, nil, graph.Rows, 5, 7, 4),
		single(graph.Slice{To: 4}, nil, graph.Rows, 19, 19, 4),
		single(graph.Slice{To: 33}, nil, graph.Rows, 67),
		single(graph.Upsample{H: 10, W: 14}, nil, graph.Rows, 5, 7, 3),
		single(graph.Upsample{H: 9, W: 13}, nil, graph.Rows, 5, 7, 16), // a latent of odd size
		single(graph.Upsample{H: 3, W: 2}, nil, graph.Rows, 5, 7, 1),
		single(graph.Upsample{H: 64, W: 64}, nil, graph.Rows, 1, 1, 5),
		single(graph.PixelShuffle{Block: 1}, nil, graph.Rows, 3, 2, 5),
		single(graph.PixelShuffle{Block: 2}, nil, graph.Rows, 5, 3, 12),
		single(graph.PixelShuffle{Block: 8}, nil, graph.Rows, 3, 4, 192),
	)
	for _, c := range []testCase{
		single(graph.GatherRows{}, index(graph.Rows), 3, 5, 7, 4),
		single(graph.GatherRows{}, index(graph.Rows), 3, 129),
		single(graph.GatherRows{}, index(5), 3, 41, 67),
	} {
		c.below = map[string]int{"i": 3}
		all = append(all, c)
	}
	for _, c := range []testCase{
		single(graph.GatherTokens{}, index(graph.Rows), graph.Rows, 77, 5),
		single(graph.GatherTokens{}, index(2), 2, 77, 512),
	} {
		c.below = map[string]int{"i": 77}
		all = append(all, c)
	}
	for _, e := range []graph.Encoding{f32, f16} {
		for _, c := range []int{1, 17, 64} {
			all = append(all, testCase{name: fmt.Sprintf("embedding %v of %d", e, c), rows: 3, below: map[string]int{"ids": 101}, build: func(g *graph.Graph) {
				g.Output("y", g.Apply(graph.Embedding{}, g.Input("ids", graph.I32, graph.Rows, 13), g.Weight("table", e, 101, c)))
			}})
		}
	}
	return append(all, testCase{name: "reshape", rows: 3, build: func(g *graph.Graph) {
		x := g.Input("x", graph.F32, graph.Rows, 3, 4, 5)
		x = g.Apply(graph.Activate{Act: graph.SiLU}, g.Apply(graph.Reshape{To: graph.Shape{graph.Rows, 12, 5}}, x))
		g.Output("y", g.Apply(graph.Reshape{To: graph.Shape{graph.Rows, 60}}, x))
	}})
}

func normCases() []testCase {
	var all []testCase
	affine := func(e graph.Encoding, c int) func(g *graph.Graph) []*graph.Tensor {
		return func(g *graph.Graph) []*graph.Tensor {
			return []*graph.Tensor{g.Weight("gamma", e, c), g.Weight("beta", e, c)}
		}
	}
	for _, s := range []struct{ h, w, c, groups int }{
		{1, 1, 8, 2}, {3, 5, 6, 3}, {7, 7, 10, 1}, {5, 4, 32, 32}, {16, 16, 96, 32}, {19, 23, 64, 8}, {13, 11, 30, 5}, {40, 40, 33, 11},
	} {
		for _, act := range []graph.Activation{graph.Identity, graph.SiLU} {
			all = append(all, single(graph.GroupNorm{Groups: s.groups, Eps: 1e-5, Act: act}, affine(f32, s.c), graph.Rows, s.h, s.w, s.c))
		}
	}
	all = append(all, single(graph.GroupNorm{Groups: 4, Eps: 1e-6, Act: graph.Tanh}, affine(f16, 12), graph.Rows, 77, 12))
	for _, c := range []int{1, 5, 64, 129, 768} {
		all = append(all, single(graph.LayerNorm{Eps: 1e-5}, affine(f32, c), graph.Rows, 17, c))
	}
	return append(all,
		single(graph.LayerNorm{Eps: 1e-5}, affine(f16, 31), graph.Rows, 31),
		testCase{name: "norms of values far from zero", rows: 2, build: func(g *graph.Graph) {
			x := g.Apply(graph.Affine{Mul: 0.5, Add: 40}, g.Input("x", graph.F32, graph.Rows, 9, 9, 24))
			g.Output("group", g.Apply(graph.GroupNorm{Groups: 3, Eps: 1e-5}, x, g.Weight("gamma", f32, 24), g.Weight("beta", f32, 24)))
			g.Output("layer", g.Apply(graph.LayerNorm{Eps: 1e-5}, x, g.Weight("gamma", f32, 24), g.Weight("beta", f32, 24)))
		}},
		// Variance 0: eps alone makes a scale of 316, which magnifies the rounding of devices that multiply before they subtract.
		testCase{name: "norms of a constant", rows: 2, limit: 1e-7, build: func(g *graph.Graph) {
			x := g.Apply(graph.Affine{Mul: 0, Add: 3}, g.Input("x", graph.F32, graph.Rows, 4, 4, 8))
			g.Output("group", g.Apply(graph.GroupNorm{Groups: 2, Eps: 1e-5}, x, g.Weight("gamma", f32, 8), g.Weight("beta", f32, 8)))
			g.Output("layer", g.Apply(graph.LayerNorm{Eps: 1e-5}, x, g.Weight("gamma", f32, 8), g.Weight("beta", f32, 8)))
		}})
}

func attentionCases() []testCase {
	var all []testCase
	for _, s := range []struct {
		heads, size, queries, keys, conditions int // conditions: rows of keys and values that an index picks from; 0 for none
		causal                                 bool
	}{
		{1, 1, 1, 1, 0, false}, {1, 3, 5, 1, 0, false}, {2, 8, 7, 7, 0, true}, {3, 16, 17, 13, 0, false}, {2, 32, 65, 77, 0, false},
		{1, 40, 64, 64, 0, false}, {2, 64, 130, 130, 0, true}, {1, 80, 9, 257, 0, false}, {5, 13, 33, 31, 0, false},
		{1, 160, 16, 16, 0, false}, {1, 128, 15, 17, 4, false}, {4, 24, 256, 77, 5, false}, {8, 8, 77, 77, 2, true}, {2, 48, 1, 5, 1, false},
	} {
		op := graph.Attention{Heads: s.heads, Causal: s.causal}
		all = append(all, testCase{
			name: fmt.Sprintf("%s %s size=%d %d queries %d keys %d conditions", op.Name(), op.Attrs(), s.size, s.queries, s.keys, s.conditions),
			rows: 3, below: map[string]int{"i": s.conditions},
			build: func(g *graph.Graph) {
				rows, c := graph.Rows, s.heads*s.size
				var index *graph.Tensor
				if s.conditions > 0 {
					rows, index = s.conditions, g.Input("i", graph.I32, graph.Rows)
				}
				g.Output("y", g.Apply(op, g.Input("q", graph.F32, graph.Rows, s.queries, c),
					g.Input("k", graph.F32, rows, s.keys, c), g.Input("v", graph.F32, rows, s.keys, c), index))
			},
		})
	}
	return append(all, testCase{name: "attention with sharp scores", rows: 2, build: func(g *graph.Graph) {
		// Scores in the hundreds: a softmax that does not subtract the largest overflows.
		q := g.Apply(graph.Affine{Mul: 60}, g.Input("q", graph.F32, graph.Rows, 33, 32))
		k, v := g.Input("k", graph.F32, graph.Rows, 129, 32), g.Input("v", graph.F32, graph.Rows, 129, 32)
		g.Output("y", g.Apply(graph.Attention{Heads: 2}, q, k, v))
	}})
}

package webgpu

import (
	"errors"
	"fmt"
	"testing"

	"github.com/counterpoint/counterpoint/engine/device"
	"github.com/counterpoint/counterpoint/engine/device/cpu"
	"github.com/counterpoint/counterpoint/engine/device/devicetest"
	"github.com/counterpoint/counterpoint/engine/device/internal/trial"
	"github.com/counterpoint/counterpoint/engine/device/internal/wanted"
	"github.com/counterpoint/counterpoint/engine/graph"
)

// openWanted opens the adapter that tests run on, as testdevices.WebGPU does, which imports this package.
func openWanted(t testing.TB) *Device {
	t.Helper()
	options := Options{Library: wanted.Library(), F16: wanted.Half()}
	list, err := Adapters(t.Context(), options)
	if err != nil && !errors.Is(err, ErrNone) {
		t.Fatal(err)
	}
	var adapters []wanted.Adapter
	for _, a := range list {
		adapters = append(adapters, wanted.Adapter{Name: a.String(), Half: a.F16 && a.Subgroups})
	}
	d, err := Open(t.Context(), wanted.Pick(t, adapters, err), options)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// gpuSizes are the sizes of a GPU, but with groups of more than 64 elements taken for large, in pieces of odd size.
func gpuSizes(a Adapter) kernelSizes {
	a.Software = false
	s := defaultSizes(a)
	s.fusedGroup, s.piece = 64, 5
	return s
}

// TestDeviceAsGPU runs the suite in the sizes that no software adapter has.
func TestDeviceAsGPU(t *testing.T) {
	devicetest.Run(t, func(t *testing.T) device.Device {
		d := openWanted(t)
		d.sizes = gpuSizes(d.adapter)
		return d
	})
}

// TestOperatorsLikeCPU compares with the CPU what the suite has no case for.
func TestOperatorsLikeCPU(t *testing.T) {
	type shape = graph.Shape
	type testCase struct {
		name  string
		below map[string]int
		build func(g *graph.Graph) *graph.Tensor
	}
	var cases []testCase
	for _, s := range []struct{ x, z shape }{
		{shape{graph.Rows, 5, 3, 8}, shape{graph.Rows, 5, 3, 8}}, {shape{graph.Rows, 5, 3, 8}, shape{graph.Rows, 1, 3, 1}},
		{shape{graph.Rows, 5, 3, 8}, shape{1, 5, 1, 8}}, {shape{graph.Rows, 5, 1, 8}, shape{graph.Rows, 1, 1, 8}},
		{shape{graph.Rows, 5, 3, 8}, shape{5, 1, 8}}, {shape{graph.Rows, 2, 5, 3, 4}, shape{graph.Rows, 1, 5, 1, 4}},
		{shape{graph.Rows, 1, 1}, shape{1}}, {shape{graph.Rows, 1, 1}, shape{graph.Rows, 1, 1}}, {shape{graph.Rows, 16, 16, 12}, shape{12}},
		{shape{7}, shape{7}}, {shape{8}, shape{1}}, {shape{1, 9}, shape{1, 9}},
		{shape{1, 9}, shape{1, 1}}, {shape{4, 1, 4}, shape{1, 1, 1}},
	} {
		cases = append(cases, testCase{fmt.Sprintf("add %v to %v", s.z, s.x), nil, func(g *graph.Graph) *graph.Tensor {
			return g.Apply(graph.Add{}, g.Input("x", graph.F32, s.x...), g.Input("z", graph.F32, s.z...))
		}})
	}
	encodings := []graph.Encoding{{Kind: graph.EncF32}, {Kind: graph.EncF16}}
	for _, e := range encodings {
		for _, s := range []struct{ x, z shape }{
			{shape{graph.Rows, 11, 12}, shape{11, 12}}, {shape{graph.Rows, 11, 37}, shape{11, 37}}, {shape{graph.Rows, 11, 12}, shape{11, 1}},
			{shape{graph.Rows, 5, 4, 24}, shape{5, 1, 24}}, {shape{graph.Rows, 5, 4, 3}, shape{4, 1}}, {shape{graph.Rows, 6, 1}, shape{6, 1}},
		} {
			cases = append(cases, testCase{fmt.Sprintf("add weight %v%v to %v", e, s.z, s.x), nil, func(g *graph.Graph) *graph.Tensor {
				return g.Apply(graph.Add{}, g.Input("x", graph.F32, s.x...), g.Weight("z", e, s.z...))
			}})
		}
		for _, c := range []int{3, 64, 70} {
			cases = append(cases, testCase{fmt.Sprintf("embedding %v of %d", e, c), map[string]int{"ids": 1000}, func(g *graph.Graph) *graph.Tensor {
				return g.Apply(graph.Embedding{}, g.Input("ids", graph.I32, graph.Rows, 29), g.Weight("table", e, 19, c))
			}})
		}
	}
	// Indices beyond the table, which is as long as the run.
	index := func(g *graph.Graph) *graph.Tensor { return g.Input("i", graph.I32, graph.Rows) }
	far := map[string]int{"i": 100}
	cases = append(cases,
		testCase{"gatherrows out of range", far, func(g *graph.Graph) *graph.Tensor {
			return g.Apply(graph.GatherRows{}, g.Input("x", graph.F32, graph.Rows, 5, 8), index(g))
		}},
		testCase{"gathertokens out of range", far, func(g *graph.Graph) *graph.Tensor {
			return g.Apply(graph.GatherTokens{}, g.Input("x", graph.F32, graph.Rows, 7, 8), index(g))
		}},
		testCase{"attention out of range", far, func(g *graph.Graph) *graph.Tensor {
			k := g.Input("k", graph.F32, graph.Rows, 9, 24)
			return g.Apply(graph.Attention{Heads: 2}, g.Input("q", graph.F32, graph.Rows, 7, 24), k, k, index(g))
		}},
		testCase{"concat of many channels", nil, func(g *graph.Graph) *graph.Tensor {
			return g.Apply(graph.Concat{}, g.Input("x", graph.F32, graph.Rows, 3, 300), g.Input("z", graph.F32, graph.Rows, 3, 221))
		}},
		testCase{"concat of vectors", nil, func(g *graph.Graph) *graph.Tensor {
			return g.Apply(graph.Concat{}, g.Input("x", graph.F32, 8), g.Input("z", graph.F32, 12))
		}},
		testCase{"groupnorm of a large group", nil, func(g *graph.Graph) *graph.Tensor {
			x := g.Apply(graph.Affine{Mul: 0.5, Add: 40}, g.Input("x", graph.F32, graph.Rows, 130, 131, 16))
			return g.Apply(graph.GroupNorm{Groups: 2, Eps: 1e-5, Act: graph.SiLU}, x, g.Weight("gamma", encodings[0], 16), g.Weight("beta", encodings[0], 16))
		}},
		testCase{"layernorm far from zero", nil, func(g *graph.Graph) *graph.Tensor {
			x := g.Apply(graph.Affine{Mul: 0.5, Add: 40}, g.Input("x", graph.F32, graph.Rows, 5, 1280))
			return g.Apply(graph.LayerNorm{Eps: 1e-5}, x, g.Weight("gamma", encodings[0], 1280), g.Weight("beta", encodings[0], 1280))
		}},
		testCase{"layernorm of a vector", nil, func(g *graph.Graph) *graph.Tensor {
			return g.Apply(graph.LayerNorm{Eps: 1e-5}, g.Input("x", graph.F32, 31), g.Weight("gamma", encodings[0], 31), g.Weight("beta", encodings[0], 31))
		}},
	)
	for _, size := range []int{2, 5, 66} {
		for _, causal := range []bool{false, true} {
			cases = append(cases, testCase{fmt.Sprintf("attention of %d causal %v", size, causal), nil, func(g *graph.Graph) *graph.Tensor {
				q := g.Input("q", graph.F32, graph.Rows, 67, size)
				return g.Apply(graph.Attention{Heads: 1, Causal: causal}, q, q, q)
			}})
		}
	}
	const rows, limit = 3, 1e-10
	d := openWanted(t)
	defer d.Close()
	for name, sizes := range map[string]kernelSizes{"own sizes": d.sizes, "GPU's": gpuSizes(d.adapter)} {
		d.sizes = sizes
		for _, c := range cases {
			t.Run(name+"/"+c.name, func(t *testing.T) {
				likeCPU(t, d, rows, c.below, c.build, limit)
			})
		}
	}
}

// likeCPU runs one operator on d and on the CPU and compares the results: the squared error is at most limit of their square.
func likeCPU(t *testing.T, d *Device, rows int, below map[string]int, build func(g *graph.Graph) *graph.Tensor, limit float64) {
	t.Helper()
	var out [2][]float32
	reference, err := cpu.New(cpu.Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer reference.Close()
	for i, dev := range []device.Device{reference, d} {
		g := graph.New("operator", rows)
		g.Output("y", build(g))
		p, err := graph.Compile(g, dev.Info().Options)
		if err != nil {
			t.Fatal(err)
		}
		l, err := trial.New(p, below).Load(dev)
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		got, err := l.Run(t.Context(), rows)
		if err != nil {
			t.Fatal(err)
		}
		out[i] = got["y"]
	}
	if d.half() {
		limit = max(limit, 1e-5)
	}
	var wrong, all float64
	for i, want := range out[0] {
		e := float64(out[1][i] - want)
		wrong += e * e
		all += float64(want) * float64(want)
	}
	if len(out[0]) != len(out[1]) || !(wrong <= limit*all) {
		t.Errorf("squared error %.3g of the result's, want at most %g", wrong/all, limit)
	}
}

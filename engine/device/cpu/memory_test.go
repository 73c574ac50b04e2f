package cpu_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/counterpoint/counterpoint/engine/device"
	"github.com/counterpoint/counterpoint/engine/device/cpu/kernel"
	"github.com/counterpoint/counterpoint/engine/device/internal/trial"
	"github.com/counterpoint/counterpoint/engine/graph"
)

var f16 = graph.Encoding{Kind: graph.EncF16}

// stack is a network with the layers of a small UNet at 96, 128 and 192 channels: bulk is the encoding of its large weights.
func stack(bulk graph.Encoding) *graph.Graph {
	g := graph.New("stack", 1)
	conv := func(name string, e graph.Encoding, x *graph.Tensor, out, kernel, stride int) *graph.Tensor {
		w := g.Weight(name+".weight", e, out, kernel, kernel, x.Shape.Last())
		return g.Apply(graph.Conv2D{Stride: stride, Pad: graph.Pad(kernel / 2)}, x, w, g.Weight(name+".bias", f16, out))
	}
	dense := func(name string, x *graph.Tensor, out int) *graph.Tensor {
		return g.Apply(graph.Linear{}, x, g.Weight(name+".weight", bulk, out, x.Shape.Last()), g.Weight(name+".bias", f16, out))
	}
	norm := func(name string, x *graph.Tensor) *graph.Tensor {
		c := x.Shape.Last()
		x = g.Apply(graph.GroupNorm{Groups: 32, Eps: 1e-5}, x, g.Weight(name+".weight", f16, c), g.Weight(name+".bias", f16, c))
		return g.Apply(graph.Activate{Act: graph.SiLU}, x)
	}
	x := conv("in", f16, g.Input("x", graph.F32, graph.Rows, 8, 8, 4), 96, 3, 1)
	for _, c := range []int{96, 128, 192} {
		name := fmt.Sprint("block", c)
		h := conv(name+".conv1", bulk, norm(name+".norm1", x), c, 3, 1)
		h = conv(name+".conv2", bulk, norm(name+".norm2", h), c, 3, 1)
		x = g.Apply(graph.Add{}, h, conv(name+".shortcut", bulk, x, c, 1, 1))
		t := g.Apply(graph.Reshape{To: graph.Shape{graph.Rows, x.Shape[1] * x.Shape[2], c}}, x)
		a := g.Apply(graph.Attention{Heads: c / 32}, dense(name+".q", t, c), dense(name+".k", t, c), dense(name+".v", t, c))
		t = g.Apply(graph.Add{}, dense(name+".out", a, c), t)
		t = g.Apply(graph.Add{}, dense(name+".ff2", g.Apply(graph.GEGLU{}, dense(name+".ff1", t, 8*c)), c), t)
		x = conv(name+".down", bulk, g.Apply(graph.Reshape{To: x.Shape}, t), c, 3, 2)
	}
	g.Output("y", conv("out", f16, norm("norm", x), 4, 3, 1))
	return g
}

// put makes a store with made-up weights for p and returns how many bytes they came in.
func put(t *testing.T, d device.Device, p *graph.Program) (device.Weights, int64) {
	t.Helper()
	s, packed := d.NewWeights(), 0
	for _, w := range p.Weights {
		w := trial.Weight(w)
		if err := s.Put(w); err != nil {
			t.Fatal(err)
		}
		packed += len(w.Data) + len(w.Scales)
	}
	return s, int64(packed)
}

// TestWeightsStayPacked checks that a model's weights take no more memory than they came in, but for a tenth: what they are
// rearranged into replaces the bytes as they came.
func TestWeightsStayPacked(t *testing.T) {
	for _, level := range kernel.Supported() {
		d := open(t, level, 1)
		defer d.Close()
		for _, e := range []graph.Encoding{{Kind: graph.EncInt8, Group: 32}, {Kind: graph.EncInt4, Group: 32}} {
			p, err := graph.Compile(stack(e), d.Info().Options)
			if err != nil {
				t.Fatal(err)
			}
			s, packed := put(t, d, p)
			if n := s.Bytes(); n != packed {
				t.Errorf("%v %v: %d bytes take %d before a program needs them", level, e, packed, n)
			}
			for range 2 { // a second program shares what the first arranged
				exe, err := d.Compile(p, s)
				if err != nil {
					t.Fatal(err)
				}
				defer exe.Close()
				if n := s.Bytes(); float64(n) > 1.1*float64(packed) {
					t.Errorf("%v %v: %d bytes take %d", level, e, packed, n)
				}
			}
			if err := s.Close(); err != nil || s.Bytes() != 0 {
				t.Errorf("%v %v: closed, the weights take %d bytes, %v", level, e, s.Bytes(), err)
			}
		}
	}
}

// TestOneFormAWeight checks that a weight cannot be asked for in two forms, of which the device could keep only one.
func TestOneFormAWeight(t *testing.T) {
	d := open(t, kernel.Portable, 1)
	defer d.Close()
	use := map[string]func(g *graph.Graph, w *graph.Tensor) *graph.Tensor{
		"as a matrix": func(g *graph.Graph, w *graph.Tensor) *graph.Tensor {
			return g.Apply(graph.Linear{}, g.Input("x", graph.F32, graph.Rows, 6), w)
		},
		"element by element": func(g *graph.Graph, w *graph.Tensor) *graph.Tensor {
			return g.Apply(graph.Add{}, g.Input("x", graph.F32, graph.Rows, 5, 6), w)
		},
		"row by row": func(g *graph.Graph, w *graph.Tensor) *graph.Tensor {
			return g.Apply(graph.Embedding{}, g.Input("x", graph.I32, graph.Rows, 5), w)
		},
	}
	for first, a := range use {
		for second, b := range use {
			s := d.NewWeights()
			if err := s.Put(trial.Weight(&graph.Tensor{Name: "w", Shape: graph.Shape{5, 6}, Encoding: f16})); err != nil {
				t.Fatal(err)
			}
			compile := func(build func(g *graph.Graph, w *graph.Tensor) *graph.Tensor) error {
				g := graph.New("g", 1)
				g.Output("y", build(g, g.Weight("w", f16, 5, 6)))
				p, err := graph.Compile(g, d.Info().Options)
				if err != nil {
					t.Fatal(err)
				}
				_, err = d.Compile(p, s)
				return err
			}
			if err := compile(a); err != nil {
				t.Fatalf("%s: %v", first, err)
			}
			err := compile(b)
			if want := "weight w is read " + first + " and " + second; first == second && err != nil ||
				first != second && (err == nil || !strings.Contains(err.Error(), want)) {
				t.Errorf("got error %v, want %q", err, want)
			}
		}
	}
}

// TestNormsAreFloats checks that a quantized weight where floats are needed is refused, not misread.
func TestNormsAreFloats(t *testing.T) {
	d := open(t, kernel.Portable, 1)
	defer d.Close()
	g := graph.New("g", 1)
	q := graph.Encoding{Kind: graph.EncInt8, Group: 32}
	g.Output("y", g.Apply(graph.LayerNorm{}, g.Input("x", graph.F32, graph.Rows, 64), g.Weight("gamma", q, 64), g.Weight("beta", f16, 64)))
	p, err := graph.Compile(g, d.Info().Options)
	if err != nil {
		t.Fatal(err)
	}
	s, _ := put(t, d, p)
	if _, err := d.Compile(p, s); err == nil || !strings.Contains(err.Error(), "weight gamma: int8/g32 where a float encoding is needed") {
		t.Errorf("got error %v", err)
	}
}

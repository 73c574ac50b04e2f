// Package selftest checks that a device computes right before anyone trusts it: some drivers compute wrong values and report
// nothing. It takes milliseconds.
package selftest

import (
	"context"
	"errors"
	"fmt"

	"github.com/counterpoint/counterpoint/engine/device"
	"github.com/counterpoint/counterpoint/engine/device/cpu"
	"github.com/counterpoint/counterpoint/engine/device/cpu/kernel"
	"github.com/counterpoint/counterpoint/engine/device/internal/trial"
	"github.com/counterpoint/counterpoint/engine/graph"
)

// Limit and HalfLimit are the largest squared errors, over the squared result, that a device may have: one that computes in
// f32, which has about 1e-13, and one that rounds products to f16, which has about 1e-7.
const (
	Limit     = 1e-5
	HalfLimit = 1e-3
)

// ErrWrong is wrapped by the error about a device whose values are beyond its limit.
var ErrWrong = errors.New("the device computes wrong values")

// Result is the error of one operator.
type Result struct {
	Operator string
	Error    float64 // squared, over the squared result
}

// rows is how many rows each network runs over.
const rows = 2

// networks are the operators that cost time, each with what it is fused with.
var networks = []struct {
	name  string
	build func(g *graph.Graph) *graph.Tensor
}{
	{"conv2d int8", func(g *graph.Graph) *graph.Tensor {
		return convolution(g, graph.Encoding{Kind: graph.EncInt8, Group: 32})
	}},
	{"conv2d int4", func(g *graph.Graph) *graph.Tensor {
		return convolution(g, graph.Encoding{Kind: graph.EncInt4, Group: 32})
	}},
	{"linear f16", func(g *graph.Graph) *graph.Tensor {
		x := g.Input("x", graph.F32, graph.Rows, 65, 72)
		x = g.Apply(graph.Linear{}, x, g.Weight("w", graph.Encoding{Kind: graph.EncF16}, 136, 72), g.Weight("b", graph.Encoding{}, 136))
		return g.Apply(graph.GEGLU{}, x)
	}},
	{"attention", func(g *graph.Graph) *graph.Tensor {
		q, k, v := g.Input("q", graph.F32, graph.Rows, 100, 96), g.Input("k", graph.F32, 3, 77, 96), g.Input("v", graph.F32, 3, 77, 96)
		return g.Apply(graph.Attention{Heads: 2}, q, k, v, g.Input("condition", graph.I32, graph.Rows))
	}},
	{"groupnorm", func(g *graph.Graph) *graph.Tensor {
		x := g.Input("x", graph.F32, graph.Rows, 17, 16, 96)
		x = g.Apply(graph.GroupNorm{Groups: 32, Eps: 1e-5}, x, g.Weight("gamma", graph.Encoding{}, 96), g.Weight("beta", graph.Encoding{}, 96))
		return g.Apply(graph.Activate{Act: graph.SiLU}, x)
	}},
	{"layernorm", func(g *graph.Graph) *graph.Tensor {
		x := g.Input("x", graph.F32, graph.Rows, 65, 96)
		return g.Apply(graph.LayerNorm{Eps: 1e-5}, x, g.Weight("gamma", graph.Encoding{}, 96), g.Weight("beta", graph.Encoding{}, 96))
	}},
}

// compositions are the sizes of latents that scores are composed over: in quads of channels and not.
var compositions = []struct {
	name            string
	cells, channels int
}{
	{"composition of 16×17×8", 16 * 17, 8}, {"composition of 13×11×3", 13 * 11, 3},
}

// convolution is a quantized 3×3 convolution of an upsampled image, with a bias, a vector a row and a residual.
func convolution(g *graph.Graph, e graph.Encoding) *graph.Tensor {
	x := g.Apply(graph.Upsample{H: 14, W: 10}, g.Input("x", graph.F32, graph.Rows, 7, 5, 40))
	x = g.Apply(graph.Conv2D{Stride: 1, Pad: graph.Pad(1)}, x, g.Weight("w", e, 72, 3, 3, 40), g.Weight("b", graph.Encoding{}, 72))
	x = g.Apply(graph.Activate{Act: graph.SiLU}, g.Apply(graph.Add{}, x, g.Input("time", graph.F32, graph.Rows, 1, 1, 72)))
	return g.Apply(graph.Add{}, x, g.Input("residual", graph.F32, graph.Rows, 14, 10, 72))
}

// A check is what both the device and the judge compute.
type check struct {
	operator string
	run      func(d device.Device) ([]float32, error)
}

// checks lists the networks, then the compositions.
func checks(ctx context.Context) []check {
	var all []check
	for _, n := range networks {
		all = append(all, check{n.name, func(d device.Device) ([]float32, error) { return run(ctx, d, n.name, n.build) }})
	}
	for _, c := range compositions {
		all = append(all, check{c.name, func(d device.Device) ([]float32, error) { return trial.Composition(ctx, d, c.cells, c.channels) }})
	}
	return all
}

// Run runs every network and composition on d and on the CPU in plain Go, the judge, on the same weights and inputs, and
// returns how far d is from it. The error wraps ErrWrong and names the first operator beyond the limit, or is what the device answered; the
// results are those up to then.
func Run(ctx context.Context, d device.Device) ([]Result, error) {
	level := kernel.Portable
	judge, err := cpu.New(cpu.Options{Threads: 1, Level: &level})
	if err != nil {
		return nil, err
	}
	defer judge.Close()
	limit := Limit
	if d.Info().Half {
		limit = HalfLimit
	}
	var results []Result
	for _, c := range checks(ctx) {
		want, err := c.run(judge)
		if err != nil {
			return results, fmt.Errorf("self-test: %s: portable CPU: %w", c.operator, err)
		}
		got, err := c.run(d)
		if err != nil {
			return results, fmt.Errorf("self-test: %s: %w", c.operator, err)
		}
		e := squaredError(got, want)
		results = append(results, Result{c.operator, e})
		if !(e <= limit) {
			return results, fmt.Errorf("self-test: %s: %w: squared error %.2g of the result's, want at most %g", c.operator, ErrWrong, e, limit)
		}
	}
	return results, nil
}

// run runs one network on one device.
func run(ctx context.Context, d device.Device, name string, build func(g *graph.Graph) *graph.Tensor) (y []float32, err error) {
	g := graph.New(name, rows)
	g.Output("y", build(g))
	p, err := graph.Compile(g, d.Info().Options)
	if err != nil {
		return nil, err
	}
	l, err := trial.New(p, map[string]int{"condition": 3}).Load(d)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	out, err := l.Run(ctx, rows)
	if errors.Is(err, trial.ErrOutput) {
		err = fmt.Errorf("%w: %w", ErrWrong, err)
	}
	return out["y"], err
}

func squaredError(got, want []float32) float64 {
	var diff, size float64
	for i, w := range want {
		e := float64(got[i]) - float64(w)
		diff += e * e
		size += float64(w) * float64(w)
	}
	return diff / size
}

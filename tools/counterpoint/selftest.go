package main

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/counterpoint/counterpoint/engine/device"
	"github.com/counterpoint/counterpoint/engine/device/cpu"
	"github.com/counterpoint/counterpoint/engine/device/cpu/kernel"
	"github.com/counterpoint/counterpoint/engine/graph"
)

// maxSelfTestError is the largest squared error, over the squared result, of a device that computes in f32. A healthy one
// has about 1e-13; some drivers compute wrong values and report nothing.
const maxSelfTestError = 1e-5

// selfTest runs a small network with quantized weights on the device and, as the judge, on the CPU in plain Go, and returns
// the normalised squared error between the two.
func selfTest(ctx context.Context, d device.Device) (float64, error) {
	portable := kernel.Portable
	judge, err := cpu.New(cpu.Options{Threads: 1, Level: &portable})
	if err != nil {
		return 0, err
	}
	defer judge.Close()
	want, err := runSelfTest(ctx, judge)
	if err != nil {
		return 0, fmt.Errorf("portable CPU: %w", err)
	}
	got, err := runSelfTest(ctx, d)
	if err != nil {
		return 0, err
	}
	var diff, size float64
	for i := range want {
		e := float64(got[i]) - float64(want[i])
		diff += e * e
		size += float64(want[i]) * float64(want[i])
	}
	if e := diff / size; e <= maxSelfTestError {
		return e, nil
	}
	return diff / size, fmt.Errorf("wrong values: squared error %.2g of the result's, want at most %g", diff/size, maxSelfTestError)
}

// selfTestNetwork is one of each operator that costs time: an int8 convolution, a group norm, attention between int4 and
// f16 projections. x is [rows,8,8,32], y [rows,64,48].
func selfTestNetwork(rows int) *graph.Graph {
	const (
		side, in, channels = 8, 32, 48
		tokens             = side * side
	)
	q8, q4 := graph.Encoding{Kind: graph.EncInt8, Group: 32}, graph.Encoding{Kind: graph.EncInt4, Group: 16}
	f16, f32 := graph.Encoding{Kind: graph.EncF16}, graph.Encoding{Kind: graph.EncF32}
	g := graph.New("self-test", rows)
	x := g.Input("x", graph.F32, graph.Rows, side, side, in)
	h := g.Apply(graph.Conv2D{Stride: 1, Pad: graph.Pad(1)}, x, g.Weight("conv", q8, channels, 3, 3, in), g.Weight("bias", f32, channels))
	h = g.Apply(graph.GroupNorm{Groups: 8, Eps: 1e-5, Act: graph.SiLU}, h, g.Weight("gamma", f32, channels), g.Weight("beta", f32, channels))
	h = g.Apply(graph.Reshape{To: graph.Shape{graph.Rows, tokens, channels}}, h)
	project := func(name string, e graph.Encoding) *graph.Tensor {
		return g.Apply(graph.Linear{}, h, g.Weight(name, e, channels, channels))
	}
	a := g.Apply(graph.Attention{Heads: 3}, project("q", q4), project("k", q4), project("v", f16))
	g.Output("y", g.Apply(graph.Linear{}, a, g.Weight("out", q8, channels, channels), nil, nil, h))
	return g
}

func runSelfTest(ctx context.Context, d device.Device) (y []float32, err error) {
	const rows = 2
	p, err := graph.Compile(selfTestNetwork(rows), d.Info().Options)
	if err != nil {
		return nil, err
	}
	store := d.NewWeights()
	defer func() { err = errors.Join(err, store.Close()) }()
	rng := rand.New(rand.NewPCG(1, 2))
	for _, w := range p.Weights {
		if err := store.Put(selfTestWeight(w, rng)); err != nil {
			return nil, err
		}
	}
	exe, err := d.Compile(p, store)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, exe.Close()) }()
	var out device.Buffer
	for i, port := range append(p.Inputs, p.Outputs...) {
		b, err := d.NewBuffer(port.Shape.Elems(rows))
		if err != nil {
			return nil, err
		}
		defer b.Close()
		if err := exe.Bind(port.Name, b); err != nil {
			return nil, err
		}
		if i >= len(p.Inputs) {
			out = b
			continue
		}
		x := make([]float32, b.Len())
		for j := range x {
			x[j] = float32(rng.NormFloat64())
		}
		if err := b.WriteFloats(ctx, 0, x); err != nil {
			return nil, err
		}
	}
	if err := exe.Run(ctx, rows); err != nil {
		return nil, err
	}
	y = make([]float32, out.Len())
	return y, out.ReadFloats(ctx, 0, y)
}

// selfTestWeight fills a weight with noise of a size that keeps the network's values near 1.
func selfTestWeight(w *graph.Tensor, rng *rand.Rand) graph.Weight {
	const halfOneThousandth, halfOneThirtieth = 0x1400, 0x2800 // 2⁻¹⁰ and 2⁻⁵ as f16
	n := w.Shape.Elems(1)
	out := graph.Weight{Name: w.Name, Shape: w.Shape, Encoding: w.Encoding}
	scale := uint16(halfOneThousandth)
	switch w.Encoding.Kind {
	case graph.EncF32:
		for range n {
			out.Data = binary.LittleEndian.AppendUint32(out.Data, math.Float32bits(1+rng.Float32()))
		}
	case graph.EncF16:
		for range n { // sign, an exponent from 2⁻⁶ to 2⁻³, any fraction
			out.Data = binary.LittleEndian.AppendUint16(out.Data, uint16(rng.IntN(2)<<15|(9+rng.IntN(4))<<10|rng.IntN(1<<10)))
		}
	case graph.EncInt8:
		for range n {
			out.Data = append(out.Data, byte(int8(rng.IntN(255)-127)))
		}
	case graph.EncInt4:
		scale = halfOneThirtieth
		nibble := func() byte { return byte(rng.IntN(15)-7) & 15 }
		for range n / 2 {
			out.Data = append(out.Data, nibble()|nibble()<<4)
		}
	}
	if w.Encoding.Quantized() {
		inputs := w.Shape.Last()
		for range n / inputs * ((inputs + w.Encoding.Group - 1) / w.Encoding.Group) {
			out.Scales = binary.LittleEndian.AppendUint16(out.Scales, scale)
		}
	}
	return out
}

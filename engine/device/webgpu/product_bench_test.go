package webgpu

import (
	"fmt"
	"testing"
	"time"

	"github.com/counterpoint/counterpoint/engine/graph"
)

// productShapes are products like those of a small UNet at 128 px, and of a decoder.
var productShapes = []productShape{
	convolved(3, 16, 128, 128, int8s), convolved(3, 8, 192, 192, int8s), convolved(3, 4, 256, 256, int8s), convolved(1, 128, 16, 16, int8s),
	convolved(3, 16, 128, 128, graph.Encoding{Kind: graph.EncF16}), convolved(3, 16, 128, 128, graph.Encoding{Kind: graph.EncInt4, Group: 32}),
	multiplied(3, 256, 128, 1024, int8s), multiplied(3, 256, 512, 128, int8s), multiplied(3, 64, 192, 192, int8s), multiplied(3, 1, 512, 256, int8s),
}

var int8s = graph.Encoding{Kind: graph.EncInt8, Group: 16}

type productShape struct {
	name  string
	rows  int
	build func(g *graph.Graph) *graph.Tensor
}

func convolved(rows, size, in, out int, e graph.Encoding) productShape {
	return productShape{fmt.Sprintf("conv2d %dx%dx%dx%d to %d %v", rows, size, size, in, out, e), rows, func(g *graph.Graph) *graph.Tensor {
		return g.Apply(graph.Conv2D{Stride: 1, Pad: graph.Pad(1)}, g.Input("x", graph.F32, graph.Rows, size, size, in), g.Weight("w", e, out, 3, 3, in))
	}}
}

func multiplied(rows, tokens, in, out int, e graph.Encoding) productShape {
	return productShape{fmt.Sprintf("linear %dx%dx%d to %d %v", rows, tokens, in, out, e), rows, func(g *graph.Graph) *graph.Tensor {
		return g.Apply(graph.Linear{}, g.Input("x", graph.F32, graph.Rows, tokens, in), g.Weight("w", e, out, in))
	}}
}

func BenchmarkProduct(b *testing.B) {
	d := openWanted(b)
	defer d.Close()
	for _, s := range productShapes {
		b.Run(s.name, func(b *testing.B) { benchProduct(b, d, s) })
	}
}

// benchProduct reports the speed of the fastest of the runs, which other work on the machine disturbs least.
func benchProduct(b *testing.B, d *Device, s productShape) {
	g := graph.New(s.name, s.rows)
	g.Output("y", s.build(g))
	p, err := graph.Compile(g, d.Info().Options)
	if err != nil {
		b.Fatal(err)
	}
	e := load(b, d, p)
	best := fastest(b, d, func() error { return e.Run(b.Context(), s.rows) })
	b.ReportMetric(float64(p.FLOPs(s.rows))/best.Seconds()/1e9, "GFLOP/s")
}

// fastest runs f over and over and returns the shortest time of one run.
func fastest(b *testing.B, d *Device, f func() error) time.Duration {
	once := func() time.Duration {
		start := time.Now()
		if err := f(); err != nil {
			b.Fatal(err)
		}
		if err := d.queue.drain(b.Context()); err != nil {
			b.Fatal(err)
		}
		return time.Since(start)
	}
	once() // some drivers compile shaders when they are first run
	best := time.Hour
	for b.Loop() {
		best = min(best, once())
	}
	return best
}

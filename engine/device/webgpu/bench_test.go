package webgpu

import (
	"fmt"
	"testing"

	"github.com/counterpoint/counterpoint/engine/device"
	"github.com/counterpoint/counterpoint/engine/device/internal/trial"
	"github.com/counterpoint/counterpoint/engine/graph"
)

// BenchmarkOperators times one operator a program. Those that move data report the bytes they read and write a second, in
// which "copy" is what the adapter can do; products report GFLOP/s.
func BenchmarkOperators(b *testing.B) {
	type bench struct {
		name  string
		rows  int
		build func(g *graph.Graph) *graph.Tensor
	}
	f32 := graph.Encoding{}
	x := func(g *graph.Graph, name string, shape ...int) *graph.Tensor {
		return g.Input(name, graph.F32, append([]int{graph.Rows}, shape...)...)
	}
	groupNorm := func(g *graph.Graph, size, channels, groups int) *graph.Tensor {
		return g.Apply(graph.GroupNorm{Groups: groups, Eps: 1e-5, Act: graph.SiLU}, x(g, "x", size, size, channels),
			g.Weight("gamma", f32, channels), g.Weight("beta", f32, channels))
	}
	attention := func(queries, keys int) bench {
		return bench{fmt.Sprintf("attention 3x%dx%d 4 heads of 32", queries, keys), 3, func(g *graph.Graph) *graph.Tensor {
			return g.Apply(graph.Attention{Heads: 4}, x(g, "q", queries, 128), x(g, "k", keys, 128), x(g, "v", keys, 128))
		}}
	}
	benches := []bench{
		{"copy 4 MiB", 1, func(g *graph.Graph) *graph.Tensor {
			return g.Apply(graph.Slice{To: 1 << 10}, x(g, "x", 1<<10, 1<<10))
		}},
		{"activate 1x1024x1024", 1, func(g *graph.Graph) *graph.Tensor {
			return g.Apply(graph.Activate{}, x(g, "x", 1<<10, 1<<10))
		}},
		attention(256, 256), attention(256, 77), attention(1024, 1024),
		{"groupnorm 3x16x16x128", 3, func(g *graph.Graph) *graph.Tensor { return groupNorm(g, 16, 128, 32) }},
		{"groupnorm 1x128x128x32", 1, func(g *graph.Graph) *graph.Tensor { return groupNorm(g, 128, 32, 8) }},
		{"layernorm 768x128", 3, func(g *graph.Graph) *graph.Tensor {
			return g.Apply(graph.LayerNorm{Eps: 1e-5}, x(g, "x", 256, 128), g.Weight("gamma", f32, 128), g.Weight("beta", f32, 128))
		}},
		{"geglu 768x1024", 3, func(g *graph.Graph) *graph.Tensor { return g.Apply(graph.GEGLU{}, x(g, "x", 256, 1024)) }},
		{"concat 3x64x64x(64+32)", 3, func(g *graph.Graph) *graph.Tensor {
			return g.Apply(graph.Concat{}, x(g, "x", 64, 64, 64), x(g, "z", 64, 64, 32))
		}},
		{"upsample 3x32x32x96", 3, func(g *graph.Graph) *graph.Tensor {
			return g.Apply(graph.Upsample{H: 64, W: 64}, x(g, "x", 32, 32, 96))
		}},
		{"pixelshuffle 1x64x64x48", 1, func(g *graph.Graph) *graph.Tensor {
			return g.Apply(graph.PixelShuffle{Block: 4}, x(g, "x", 64, 64, 48))
		}},
		{"add 3x64x64x96", 3, func(g *graph.Graph) *graph.Tensor {
			return g.Apply(graph.Add{}, x(g, "x", 64, 64, 96), x(g, "z", 64, 64, 96))
		}},
		{"add channels 3x64x64x96", 3, func(g *graph.Graph) *graph.Tensor {
			return g.Apply(graph.Add{}, x(g, "x", 64, 64, 96), g.Input("z", graph.F32, 96))
		}},
		{"gatherrows 3x32x32x96", 3, func(g *graph.Graph) *graph.Tensor {
			return g.Apply(graph.GatherRows{}, x(g, "x", 32, 32, 96), g.Input("i", graph.I32, graph.Rows))
		}},
	}
	d := openWanted(b)
	defer d.Close()
	for _, bench := range benches {
		b.Run(bench.name, func(b *testing.B) {
			g := graph.New(bench.name, bench.rows)
			g.Output("y", bench.build(g))
			p, err := graph.Compile(g, d.Info().Options)
			if err != nil {
				b.Fatal(err)
			}
			e := load(b, d, p)
			if err := e.Run(b.Context(), bench.rows); err != nil {
				b.Fatal(err)
			}
			if err := d.queue.drain(b.Context()); err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				if err := e.Run(b.Context(), bench.rows); err != nil {
					b.Fatal(err)
				}
			}
			if err := d.queue.drain(b.Context()); err != nil {
				b.Fatal(err)
			}
			if flops := p.FLOPs(bench.rows); flops > 0 {
				b.ReportMetric(float64(flops)*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
				return
			}
			bytes := 0
			for _, port := range append(p.Inputs, p.Outputs...) {
				bytes += 4 * port.Shape.Elems(bench.rows)
			}
			b.SetBytes(int64(bytes))
		})
	}
}

// load compiles p on made-up weights and binds buffers of zeros.
func load(b *testing.B, d *Device, p *graph.Program) device.Executable {
	b.Helper()
	weights := d.NewWeights()
	b.Cleanup(func() { weights.Close() })
	for _, w := range p.Weights {
		if err := weights.Put(trial.Weight(w)); err != nil {
			b.Fatal(err)
		}
	}
	e, err := d.Compile(p, weights)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { e.Close() })
	for _, port := range append(p.Inputs, p.Outputs...) {
		buf, err := d.NewBuffer(port.Shape.Elems(p.MaxRows))
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { buf.Close() })
		if err := e.Bind(port.Name, buf); err != nil {
			b.Fatal(err)
		}
	}
	return e
}

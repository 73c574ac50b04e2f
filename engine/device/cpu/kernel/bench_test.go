package kernel

import (
	"fmt"
	"math"
	"testing"
	"time"
)

// benchLevels runs a benchmark at each level.
func benchLevels(b *testing.B, name string, run func(b *testing.B, k *Kernels)) {
	for _, level := range Supported() {
		k, err := For(level)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(fmt.Sprintf("%v/%s", level, name), func(b *testing.B) { run(b, k) })
	}
}

// measure runs fn for the benchmark and reports the speed of the fastest call, which on a shared
// machine says more about the code than the mean: work counts in units of 10⁹ a second.
func measure(b *testing.B, work int, unit string, fn func()) {
	best := time.Duration(math.MaxInt64)
	b.ReportAllocs()
	for b.Loop() {
		start := time.Now()
		fn()
		best = min(best, time.Since(start))
	}
	b.ReportMetric(float64(work)/float64(max(best, 1)), "best-"+unit)
}

// gemmShapes are rows, output channels and depth: three pictures of a small UNet at 128 px, one
// level of Stable Diffusion 1.5, and a time embedding.
var gemmShapes = []struct{ m, n, k int }{
	{768, 96, 864}, {768, 192, 1728}, {192, 192, 1728}, {192, 384, 3456}, {1024, 320, 2880}, {768, 96, 96}, {3, 384, 96},
}

// BenchmarkGemm measures one worker over the encodings. Multiplications and additions
// count apart.
func BenchmarkGemm(b *testing.B) {
	for _, encoding := range []Encoding{Int8, Int4, Float16, Float32} {
		for _, s := range gemmShapes {
			benchLevels(b, fmt.Sprintf("%v/%dx%dx%d", encoding, s.m, s.n, s.k), func(b *testing.B, k *Kernels) {
				benchGemm(b, k, Serial{}, s.m, Weights{Outputs: s.n, Positions: 1, Inputs: s.k, Encoding: encoding})
			})
		}
	}
}

// BenchmarkConvolution measures a 3×3 convolution, rows copied by a Source, on two workers.
func BenchmarkConvolution(b *testing.B) {
	pool := NewPool(2)
	defer pool.Close()
	for _, s := range gemmShapes {
		if s.k%9 != 0 || s.n < 96 {
			continue
		}
		benchLevels(b, fmt.Sprintf("%dx%dx%d", s.m, s.n, s.k), func(b *testing.B, k *Kernels) {
			benchGemm(b, k, pool, s.m, Weights{Outputs: s.n, Positions: 9, Inputs: s.k / 9, Encoding: Int8})
		})
	}
}

func benchGemm(b *testing.B, k *Kernels, parallel Parallel, m int, w Weights) {
	r := newRandom(1)
	panel, err := k.Pack(r.weights(w.Outputs, w.Positions, w.Inputs, w.Encoding, 32))
	if err != nil {
		b.Fatal(err)
	}
	g := &Gemm{M: m, W: panel, C: make([]float32, m*w.Outputs), Bias: r.floats(w.Outputs)}
	if w.Positions > 1 {
		g.Source = dense{r.floats(m * panel.K()), panel.K()}
	} else {
		g.A = r.floats(m * panel.K())
	}
	e := k.NewExecutor(parallel)
	measure(b, 2*m*w.Outputs*panel.K(), "GFLOP/s", func() {
		if err := e.Gemm(g); err != nil {
			b.Fatal(err)
		}
	})
}

// BenchmarkAttention measures one worker: self attention at 16×16 and 8×8, cross attention to
// 77 tokens, and a level of Stable Diffusion.
func BenchmarkAttention(b *testing.B) {
	for _, s := range []struct{ images, heads, dim, queries, keys int }{
		{3, 4, 24, 256, 256}, {3, 4, 48, 256, 256}, {3, 6, 64, 64, 64}, {3, 4, 48, 256, 77}, {1, 8, 40, 1024, 1024},
	} {
		benchLevels(b, fmt.Sprintf("%dx%dx%d/%dx%d", s.images, s.heads, s.dim, s.queries, s.keys), func(b *testing.B, k *Kernels) {
			r := newRandom(1)
			width := s.heads * s.dim
			q := r.floats(s.images * s.queries * width)
			a := &Attention{
				Images: s.images, Heads: s.heads, HeadDim: s.dim, Queries: s.queries, Keys: s.keys,
				Q: q, K: r.floats(s.images * s.keys * width), V: r.floats(s.images * s.keys * width), Dst: make([]float32, len(q)),
			}
			e := k.NewExecutor(Serial{})
			measure(b, 4*s.images*s.queries*s.keys*width, "GFLOP/s", func() {
				if err := e.Attention(a); err != nil {
					b.Fatal(err)
				}
			})
		})
	}
}

// BenchmarkVector measures kernels on values in the nearest cache.
func BenchmarkVector(b *testing.B) {
	const n = 4096
	r := newRandom(1)
	x, y, dst := r.floats(n), r.floats(n), make([]float32, n)
	sums := make([]float64, 2*96)
	for _, c := range []struct {
		name string
		run  func(k *Kernels)
	}{
		{"silu", func(k *Kernels) { k.Activate(SiLU, dst, x) }},
		{"gelu", func(k *Kernels) { k.Activate(GELU, dst, x) }},
		{"softmax", func(k *Kernels) { k.Softmax(dst, x, 1) }},
		{"add", func(k *Kernels) { k.Add(dst, x, y) }},
		{"moments", func(k *Kernels) { k.Moments(x) }},
		{"columnMoments", func(k *Kernels) { k.ColumnMoments(sums[:96], sums[96:], x, 96, n/96) }},
	} {
		benchLevels(b, c.name, func(b *testing.B, k *Kernels) {
			measure(b, n, "Gvalue/s", func() { c.run(k) })
		})
	}
}

package kernel

import (
	"fmt"
	"math"
	"strings"
	"testing"
)

// TestTiles runs every tile at every level: ragged depths and strides, over what c held
// and added to it.
func TestTiles(t *testing.T) {
	forLevels(t, func(t *testing.T, k *Kernels) {
		for narrow, tiles := range k.tile {
			width := k.width >> narrow
			for i, tile := range tiles {
				rows := i + 1
				for _, depth := range []int{1, 2, 3, 4, 5, 31, 64, 97} {
					lda, ldc := depth+3, width+5
					r := newRandom(uint64(depth))
					a := guard(r.floats((rows-1)*lda + depth))
					b := guard(r.floats(depth * width))
					before := r.floats((rows-1)*ldc + width)
					for _, accumulate := range []bool{false, true} {
						c := guard(before)
						tile(c.values, ldc, a.values, lda, b.values, depth, accumulate)
						want := make([]float64, len(before))
						for j := range want {
							want[j] = float64(before[j])
							row, col := j/ldc, j%ldc
							if col >= width {
								continue
							}
							if !accumulate {
								want[j] = 0
							}
							for s := range depth {
								want[j] += float64(a.values[row*lda+s]) * float64(b.values[s*width+col])
							}
						}
						err := compare(c.values, want, tolerance{1e-6, 1e-5})
						if err == nil {
							err = c.check()
						}
						if err != nil {
							t.Errorf("%d×%d, depth %d, accumulate %v: %v", rows, width, depth, accumulate, err)
						}
					}
				}
			}
		}
	})
}

// dense is a Source of a stored matrix.
type dense struct {
	x      []float32
	stride int
}

func (d dense) Fill(dst []float32, stride, row, rows, col, cols int) {
	for i := range rows {
		copy(dst[i*stride:][:cols], d.x[(row+i)*d.stride+col:])
	}
}

// A product is a Gemm with its weights, beside what it should compute.
type product struct {
	Gemm
	weights Weights
	c       guarded
	want    []float64 // [M][CStride]
	size    float64   // typical size of a sum, for tolerances
}

// gemmCase describes a product; the epilogue is a set of letters: b bias, r row bias, a activation
// (SiLU), R residual, I residual in place, S source instead of a matrix.
type gemmCase struct {
	m                    int
	n, positions, inputs int
	encoding             Encoding
	epilogue             string
}

func (c gemmCase) String() string {
	return fmt.Sprintf("%d rows, %v [%d %d %d], epilogue %q", c.m, c.encoding, c.n, c.positions, c.inputs, c.epilogue)
}

// build makes the operands and computes the result in float64.
func (c gemmCase) build(k *Kernels) (*product, error) {
	r := newRandom(uint64(c.m*c.n + c.inputs))
	p := &product{weights: r.weights(c.n, c.positions, c.inputs, c.encoding, 32)}
	panel, err := k.Pack(p.weights)
	if err != nil {
		return nil, err
	}
	has := func(letter string) bool { return strings.Contains(c.epilogue, letter) }
	depth := c.positions * c.inputs
	p.Gemm = Gemm{M: c.m, W: panel, AStride: depth + 5, CStride: c.n + 3}
	a := guard(r.floats((c.m-1)*p.AStride + depth)).values
	if has("S") {
		p.Source = dense{a, p.AStride}
	} else {
		p.A = a
	}
	if has("b") {
		p.Bias = guard(r.floats(c.n)).values
	}
	if has("r") {
		p.RowsPerImage, p.RowBiasStride = 5, c.n+1
		p.RowBias = guard(r.floats(ceilDiv(c.m, 5)*(c.n+1) - 1)).values
	}
	if has("a") {
		p.Activation = SiLU
	}
	p.c = guard(r.floats((c.m-1)*p.CStride + c.n))
	p.C = p.c.values
	if has("R") {
		p.ResidualStride = c.n + 2
		p.Residual = guard(r.floats((c.m-1)*(c.n+2) + c.n)).values
	}
	if has("I") {
		p.Residual, p.ResidualStride = p.C, p.CStride
	}
	w := p.weights.dense()
	p.want = make([]float64, len(p.C))
	for i := range p.want {
		m, n := i/p.CStride, i%p.CStride
		if n >= c.n {
			p.want[i] = float64(p.C[i])
			continue
		}
		sum, squares := 0.0, 0.0
		for t := range depth {
			v := float64(a[m*p.AStride+t]) * float64(w[n*depth+t])
			sum += v
			squares += v * v
		}
		p.size = max(p.size, math.Sqrt(squares))
		if p.Bias != nil {
			sum += float64(p.Bias[n])
		}
		if p.RowBias != nil {
			sum += float64(p.RowBias[m/p.RowsPerImage*p.RowBiasStride+n])
		}
		if p.Activation == SiLU {
			sum *= logistic(sum)
		}
		if p.Residual != nil {
			sum += float64(p.Residual[m*p.ResidualStride+n])
		}
		p.want[i] = sum
	}
	return p, nil
}

var gemmCases = func() (cases []gemmCase) {
	for i, e := range allEncodings {
		cases = append(cases,
			gemmCase{1, 1, 1, 1, e, ""}, gemmCase{1, 40, 1, 300, e, "b"}, gemmCase{2, 17, 9, 5, e, "bra"},
			gemmCase{13 + i, 33, 1, 31, e, "R"}, gemmCase{15, 48, 9, 32, e, "bI"}, gemmCase{29, 97, 1, 257, e, "SbaR"},
			gemmCase{211, 64, 3, 100, e, "Sbr"}, gemmCase{60, 421, 1, 64, e, "baI"})
	}
	return cases
}()

func TestGemm(t *testing.T) {
	forLevels(t, func(t *testing.T, k *Kernels) {
		for _, c := range gemmCases {
			p, err := c.build(k)
			if err != nil {
				t.Fatal(err)
			}
			if err := k.NewExecutor(Serial{}).Gemm(&p.Gemm); err != nil {
				t.Fatalf("%v: %v", c, err)
			}
			if err := compare(p.C, p.want, tolerance{1e-6, 2e-6 * (1 + p.size)}); err != nil {
				t.Errorf("%v: %v", c, err)
			}
			if err := p.c.check(); err != nil {
				t.Errorf("%v: %v", c, err)
			}
		}
	})
}

// TestWorkers: the number of workers, and with it the cut into tasks, changes no bit.
func TestWorkers(t *testing.T) {
	forLevels(t, func(t *testing.T, k *Kernels) {
		for _, c := range []gemmCase{{211, 200, 3, 100, Int8, "Sbr"}, {97, 800, 1, 300, Int4, "baR"}, {3, 384, 1, 500, Float16, "b"}} {
			var first []float32
			for _, workers := range []int{1, 2, 3, 7} {
				p, err := c.build(k)
				if err != nil {
					t.Fatal(err)
				}
				pool := NewPool(workers)
				err = k.NewExecutor(pool).Gemm(&p.Gemm)
				pool.Close()
				if err != nil {
					t.Fatal(err)
				}
				if first == nil {
					first = p.C
				}
				if err := sameBits(p.C, first); err != nil {
					t.Errorf("%v, %d workers: %v", c, workers, err)
				}
			}
		}
	})
}

// TestRowsAlone: a row of a product is the same whether it is computed alone or among others,
// so a picture does not depend on its batch.
func TestRowsAlone(t *testing.T) {
	forLevels(t, func(t *testing.T, k *Kernels) {
		p, err := gemmCase{29, 97, 1, 257, Int8, "ba"}.build(k)
		if err != nil {
			t.Fatal(err)
		}
		e := k.NewExecutor(Serial{})
		if err := e.Gemm(&p.Gemm); err != nil {
			t.Fatal(err)
		}
		one := p.Gemm
		one.M, one.C = 1, make([]float32, 97)
		for m := range p.M {
			one.A = p.A[m*p.AStride:]
			if err := e.Gemm(&one); err != nil {
				t.Fatal(err)
			}
			if err := sameBits(one.C, p.C[m*p.CStride:][:97]); err != nil {
				t.Fatalf("row %d: %v", m, err)
			}
		}
	})
}

func TestGemmErrors(t *testing.T) {
	k := portableKernels()
	for name, spoil := range map[string]func(g *Gemm){
		"no weights":        func(g *Gemm) { g.W = nil },
		"other level":       func(g *Gemm) { w := *g.W; w.level = AVX2; g.W = &w },
		"negative rows":     func(g *Gemm) { g.M = -1 },
		"too many rows":     func(g *Gemm) { g.M++ },
		"wild rows":         func(g *Gemm) { g.M = math.MaxInt },
		"short A":           func(g *Gemm) { g.A = g.A[1:] },
		"small stride of A": func(g *Gemm) { g.AStride = g.W.K() - 1 },
		"wild stride of A":  func(g *Gemm) { g.AStride = math.MaxInt },
		"short C":           func(g *Gemm) { g.C = nil },
		"short bias":        func(g *Gemm) { g.Bias = g.Bias[1:] },
		"no rows an image":  func(g *Gemm) { g.RowsPerImage = 0 },
		"short row bias":    func(g *Gemm) { g.RowBias = g.RowBias[1:] },
		"short residual":    func(g *Gemm) { g.Residual = g.Residual[1:] },
		"activation":        func(g *Gemm) { g.Activation = activations },
	} {
		p, err := gemmCase{12, 10, 1, 8, Int8, "braR"}.build(k)
		if err != nil {
			t.Fatal(err)
		}
		spoil(&p.Gemm)
		if err := k.NewExecutor(Serial{}).Gemm(&p.Gemm); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// TestNoAllocation: once its scratch memory has grown, an executor allocates nothing.
func TestNoAllocation(t *testing.T) {
	forLevels(t, func(t *testing.T, k *Kernels) {
		p, err := gemmCase{211, 64, 3, 100, Int8, "Sbr"}.build(k)
		if err != nil {
			t.Fatal(err)
		}
		x := newRandom(1).floats(2 * 40 * 48)
		a := Attention{Images: 2, Heads: 2, HeadDim: 24, Queries: 40, Keys: 40, Q: x, K: x, V: x, Dst: make([]float32, len(x))}
		pool := NewPool(2)
		defer pool.Close()
		e := k.NewExecutor(pool)
		run := func() {
			if err := e.Gemm(&p.Gemm); err != nil {
				t.Fatal(err)
			}
			if err := e.Attention(&a); err != nil {
				t.Fatal(err)
			}
		}
		// Which worker takes which task is chance, so both see the largest only after a while.
		for range 50 {
			run()
		}
		if n := testing.AllocsPerRun(20, run); n >= 1 {
			t.Errorf("%v allocations a run", n)
		}
	})
}

// FuzzGemm compares levels on products of any small shape.
func FuzzGemm(f *testing.F) {
	f.Add(uint8(7), uint8(33), uint8(2), uint8(40), uint8(Int8), true)
	f.Add(uint8(1), uint8(1), uint8(1), uint8(1), uint8(Int4), false)
	f.Fuzz(func(t *testing.T, m, n, positions, inputs, encoding uint8, source bool) {
		c := gemmCase{int(m)%40 + 1, int(n)%70 + 1, int(positions)%4 + 1, int(inputs)%80 + 1, Encoding(encoding % uint8(encodings)), "braR"}
		if source {
			c.epilogue += "S"
		}
		for _, level := range Supported() {
			k, err := For(level)
			if err != nil {
				t.Fatal(err)
			}
			p, err := c.build(k)
			if err != nil {
				t.Fatal(err)
			}
			if err := k.NewExecutor(Serial{}).Gemm(&p.Gemm); err != nil {
				t.Fatal(err)
			}
			if err := compare(p.C, p.want, tolerance{1e-6, 2e-6 * (1 + p.size)}); err != nil {
				t.Fatalf("%v: %v: %v", level, c, err)
			}
		}
	})
}

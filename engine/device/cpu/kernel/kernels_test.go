package kernel

import (
	"fmt"
	"math"
	"testing"
)

// elementwiseCase is a kernel that computes each value from those at the same place,
// beside what it should compute. a and b are arguments.
type elementwiseCase struct {
	name     string
	operands int
	run      func(k *Kernels, dst []float32, in [][]float32, a, b float32)
	want     func(in []float64, a, b float64) float64
	tol      tolerance
}

// minNormal is the least normal float32, below which relative errors say nothing.
const minNormal = 0x1p-126

func logistic(x float64) float64 { return 1 / (1 + math.Exp(-x)) }

func normalCDF(x float64) float64 { return 0.5 * math.Erfc(-x/math.Sqrt2) }

// activationCase makes the case of one activation.
func activationCase(f Activation, relative float64, want func(x float64) float64) elementwiseCase {
	return elementwiseCase{
		f.String(), 1,
		func(k *Kernels, dst []float32, in [][]float32, _, _ float32) { k.Activate(f, dst, in[0]) },
		func(in []float64, _, _ float64) float64 { return want(in[0]) },
		tolerance{relative, minNormal},
	}
}

var elementwiseCases = []elementwiseCase{
	activationCase(NoActivation, 0, func(x float64) float64 { return x }),
	activationCase(ReLU, 0, func(x float64) float64 { return max(x, 0) }),
	activationCase(SiLU, 2e-7, func(x float64) float64 { return x * logistic(x) }),
	activationCase(GELU, 4e-7, func(x float64) float64 { return x * normalCDF(x) }),
	activationCase(QuickGELU, 2e-7, func(x float64) float64 { return x * logistic(1.702*x) }),
	activationCase(Tanh, 2e-7, math.Tanh),
	{"exp", 1, func(k *Kernels, dst []float32, in [][]float32, _, _ float32) { k.Exp(dst, in[0]) },
		func(in []float64, _, _ float64) float64 { return math.Exp(in[0]) }, tolerance{1e-7, minNormal}},
	{"add", 2, func(k *Kernels, dst []float32, in [][]float32, _, _ float32) { k.Add(dst, in[0], in[1]) },
		func(in []float64, _, _ float64) float64 { return in[0] + in[1] }, tolerance{6e-8, 0}},
	{"mul", 2, func(k *Kernels, dst []float32, in [][]float32, _, _ float32) { k.Mul(dst, in[0], in[1]) },
		func(in []float64, _, _ float64) float64 { return in[0] * in[1] }, tolerance{6e-8, 0}},
	{"scale", 1, func(k *Kernels, dst []float32, in [][]float32, a, _ float32) { k.Scale(dst, a, in[0]) },
		func(in []float64, a, _ float64) float64 { return a * in[0] }, tolerance{6e-8, 0}},
	{"scaleAdd", 2, func(k *Kernels, dst []float32, in [][]float32, a, b float32) { k.ScaleAdd(dst, a, in[0], b, in[1]) },
		func(in []float64, a, b float64) float64 { return a*in[0] + b*in[1] }, tolerance{2e-7, 2e-6}},
	{"axpy", 2, func(k *Kernels, dst []float32, in [][]float32, a, _ float32) {
		copy(dst, in[1])
		k.Axpy(dst, a, in[0])
	}, func(in []float64, a, _ float64) float64 { return a*in[0] + in[1] }, tolerance{2e-7, 2e-6}},
	{"scaleShift", 3, func(k *Kernels, dst []float32, in [][]float32, _, _ float32) { k.ScaleShift(dst, in[0], in[1], in[2]) },
		func(in []float64, _, _ float64) float64 { return in[0]*in[1] + in[2] }, tolerance{2e-7, 2e-6}},
	{"normalize", 3, func(k *Kernels, dst []float32, in [][]float32, a, b float32) {
		k.Normalize(dst, in[0], a, b, in[1], in[2])
	},
		func(in []float64, a, b float64) float64 { return (in[0]-a)*b*in[1] + in[2] }, tolerance{4e-7, 4e-6}},
}

func TestElementwise(t *testing.T) {
	forLevels(t, func(t *testing.T, k *Kernels) {
		for _, c := range elementwiseCases {
			t.Run(c.name, func(t *testing.T) {
				for _, n := range ragged {
					if err := c.check(k, n); err != nil {
						t.Errorf("%d values: %v", n, err)
					}
				}
			})
		}
	})
}

// check compares one length with float64, guards and NaN included.
func (c elementwiseCase) check(k *Kernels, n int) error {
	r := newRandom(uint64(n))
	a, b := float32(r.NormFloat64()), float32(r.NormFloat64())
	in := make([][]float32, c.operands)
	guards := make([]guarded, c.operands)
	for i := range in {
		x := r.floats(n)
		for j := range x {
			x[j] *= 4
		}
		guards[i] = guard(x)
		in[i] = guards[i].values
	}
	if n > 2 {
		in[0][n/2] = float32(math.NaN())
	}
	want := make([]float64, n)
	at := make([]float64, c.operands)
	for j := range want {
		for i := range in {
			at[i] = float64(in[i][j])
		}
		want[j] = c.want(at, float64(a), float64(b))
	}
	dst := output(n)
	c.run(k, dst.values, in, a, b)
	if err := compare(dst.values, want, c.tol); err != nil {
		return err
	}
	if err := dst.check(); err != nil {
		return err
	}
	// In place gives the same.
	if c.name == "axpy" {
		return nil
	}
	c.run(k, in[0], in, a, b)
	if err := sameBits(in[0], dst.values); err != nil {
		return fmt.Errorf("in place: %w", err)
	}
	return guards[0].check()
}

// TestAccuracy holds the documented relative errors over the whole range of results that
// are normal numbers.
func TestAccuracy(t *testing.T) {
	const points = 1 << 16
	ranges := map[string][2]float64{
		"exp": {-87.3, 88.7}, "silu": {-88, 300}, "gelu": {-12.9, 300}, "quick_gelu": {-51.7, 300},
		"tanh": {-50, 50},
	}
	forLevels(t, func(t *testing.T, k *Kernels) {
		for _, c := range elementwiseCases {
			limits, ok := ranges[c.name]
			if !ok {
				continue
			}
			x, dst := make([]float32, points), make([]float32, points)
			for i := range x {
				x[i] = float32(limits[0] + (min(limits[1], 89)-limits[0])*(float64(i)+0.5)/points)
			}
			x[0], x[1] = float32(limits[1]), 0
			c.run(k, dst, [][]float32{x}, 0, 0)
			worst, at := 0.0, float32(0)
			for i, v := range x {
				want := c.want([]float64{float64(v)}, 0, 0)
				if want == 0 && dst[i] == 0 {
					continue
				}
				if e := math.Abs(float64(dst[i])/want - 1); !(e <= worst) {
					worst, at = e, v
				}
			}
			t.Logf("%s: relative error at most %.2g, at %g", c.name, worst, at)
			if !(worst <= c.tol.relative) {
				t.Errorf("%s: relative error %.2g at %g, documented %.2g", c.name, worst, at, c.tol.relative)
			}
		}
	})
}

// TestExtremes pins what lies beyond the range: exponentials that overflow or vanish.
func TestExtremes(t *testing.T) {
	inf := float32(math.Inf(1))
	cases := []struct {
		name string
		run  func(k *Kernels, dst, x []float32)
		in   []float32
		want []float32
	}{
		{"exp", (*Kernels).Exp, []float32{-inf, -1e30, -110, 0, 89, 1e30, inf}, []float32{0, 0, 0, 1, inf, inf, inf}},
		{"silu", func(k *Kernels, dst, x []float32) { k.Activate(SiLU, dst, x) },
			[]float32{-1e30, -200, 0, 200, 1e30, inf}, []float32{0, 0, 0, 200, 1e30, inf}},
		{"gelu", func(k *Kernels, dst, x []float32) { k.Activate(GELU, dst, x) },
			[]float32{-1e30, -200, 0, 200, 1e30, inf}, []float32{0, 0, 0, 200, 1e30, inf}},
		{"quick_gelu", func(k *Kernels, dst, x []float32) { k.Activate(QuickGELU, dst, x) },
			[]float32{-1e30, -200, 0, 200, 1e30, inf}, []float32{0, 0, 0, 200, 1e30, inf}},
	}
	forLevels(t, func(t *testing.T, k *Kernels) {
		for _, c := range cases {
			dst := make([]float32, len(c.in))
			c.run(k, dst, c.in)
			for i, want := range c.want {
				if d := dst[i] - want; dst[i] != want && !(math.Abs(float64(d)) < minNormal) {
					t.Errorf("%s(%g) = %g, want %g", c.name, c.in[i], dst[i], want)
				}
			}
		}
	})
}

func TestReductions(t *testing.T) {
	forLevels(t, func(t *testing.T, k *Kernels) {
		for _, n := range ragged {
			r := newRandom(uint64(n))
			x, y := guard(r.floats(n)), guard(r.floats(n))
			var dot, sum, squares, size float64
			most := float32(math.Inf(-1))
			for i, v := range x.values {
				a, b := float64(v), float64(y.values[i])
				dot, sum, squares, size = dot+a*b, sum+a, squares+a*a, size+math.Abs(a*b)+math.Abs(a)
				most = max(most, v)
			}
			close := func(what string, got, want float64) {
				t.Helper()
				if !(math.Abs(got-want) <= 1e-14*(size+squares)) {
					t.Errorf("%s of %d values is %g, want %g", what, n, got, want)
				}
			}
			close("dot", k.Dot(x.values, y.values), dot)
			gotSum, gotSquares := k.Moments(x.values)
			close("sum", gotSum, sum)
			close("sum of squares", gotSquares, squares)
			if got := k.Max(x.values); got != most {
				t.Errorf("max of %d values is %g, want %g", n, got, most)
			}
			for i := range x.values {
				x.values[i] -= 100
			}
			if got := k.Max(x.values); n > 0 && !(got < -90) {
				t.Errorf("max of %d values around -100 is %g", n, got)
			}
		}
	})
}

func TestSoftmax(t *testing.T) {
	forLevels(t, func(t *testing.T, k *Kernels) {
		for _, n := range ragged {
			for _, shift := range []float32{0, 1000, -1000} {
				r := newRandom(uint64(n))
				x := r.floats(n)
				for i := range x {
					x[i] = x[i]*8 + shift
				}
				want := make([]float64, n)
				most, sum := math.Inf(-1), 0.0
				for _, v := range x {
					most = max(most, float64(v))
				}
				for i, v := range x {
					want[i] = math.Exp((float64(v) - most) * 0.25)
					sum += want[i]
				}
				for i := range want {
					want[i] /= sum
				}
				in, dst := guard(x), output(n)
				k.Softmax(dst.values, in.values, 0.25)
				// The exponent's rounding error grows with the shift.
				tol := tolerance{1e-6 + math.Abs(float64(shift))*3e-8, 1e-30}
				if err := compare(dst.values, want, tol); err != nil {
					t.Errorf("shift %g: %v", shift, err)
				}
				if err := dst.check(); err != nil {
					t.Error(err)
				}
			}
		}
		x := []float32{1, float32(math.NaN()), 2}
		k.Softmax(x, x, 1)
		for i, v := range x {
			if !math.IsNaN(float64(v)) {
				t.Errorf("value %d of a softmax with a NaN is %g", i, v)
			}
		}
	})
}

func TestColumnMoments(t *testing.T) {
	forLevels(t, func(t *testing.T, k *Kernels) {
		for _, n := range ragged {
			for _, rows := range []int{0, 1, 2, 17} {
				stride := n + 3
				r := newRandom(uint64(n*100 + rows))
				x := r.floats(rows * stride)
				for i := range x {
					x[i] += 1000 // a mean far beyond the deviation
				}
				in := guard(x[:max(len(x)-3, 0)])
				sum, squares := make([]float64, n+1), make([]float64, n+1)
				sum[n], squares[n] = -7, -7
				k.ColumnMoments(sum[:n], squares[:n], in.values, stride, rows)
				if sum[n] != -7 || squares[n] != -7 {
					t.Fatalf("%d columns, %d rows: written beyond the end", n, rows)
				}
				for c := range n {
					var s, q float64
					for row := range rows {
						v := float64(x[row*stride+c])
						s, q = s+v, q+v*v
					}
					if math.Abs(sum[c]-s) > 1e-13*math.Abs(s) || math.Abs(squares[c]-q) > 1e-13*q {
						t.Fatalf("%d columns, %d rows: column %d is %g and %g, want %g and %g", n, rows, c, sum[c], squares[c], s, q)
					}
				}
			}
		}
	})
}

func TestTranspose(t *testing.T) {
	forLevels(t, func(t *testing.T, k *Kernels) {
		for _, rows := range []int{1, 7, 8, 9, 16, 23, 32} {
			for _, cols := range []int{1, 7, 8, 9, 24, 40} {
				lds, ldd := cols+5, rows+2
				src := guard(newRandom(uint64(rows)).floats((rows-1)*lds + cols))
				dst := guard(make([]float32, (cols-1)*ldd+rows))
				k.transpose(dst.values, ldd, src.values, lds, rows, cols)
				if err := dst.check(); err != nil {
					t.Fatal(err)
				}
				for j := range cols {
					for i := range min(ldd, len(dst.values)-j*ldd) {
						want := float32(0)
						if i < rows {
							want = src.values[i*lds+j]
						}
						if got := dst.values[j*ldd+i]; got != want {
							t.Fatalf("%d×%d: [%d][%d] is %g, want %g", rows, cols, j, i, got, want)
						}
					}
				}
			}
		}
	})
}

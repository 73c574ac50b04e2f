//go:build goexperiment.simd && (wasm || arm64)

package kernel

import "math"

func addSIMD128(dst, x, y []float32) {
	d, p, q := pointer(dst), pointer(x), pointer(y)
	for i := 0; i < 4*len(dst); i += 16 {
		store(d, i, load(p, i).Add(load(q, i)))
	}
}

func mulSIMD128(dst, x, y []float32) {
	d, p, q := pointer(dst), pointer(x), pointer(y)
	for i := 0; i < 4*len(dst); i += 16 {
		store(d, i, load(p, i).Mul(load(q, i)))
	}
}

func scaleSIMD128(dst, x []float32, a float32) {
	n := wholeVectors(len(dst))
	d, p, scale := pointer(dst), pointer(x), splat(a)
	for i := 0; i < 4*n; i += 16 {
		store(d, i, load(p, i).Mul(scale))
	}
	scalePortable(dst[n:], x[n:], a)
}

func scaleAddSIMD128(dst, x, y []float32, a, b float32) {
	n := wholeVectors(len(dst))
	d, p, q := pointer(dst), pointer(x), pointer(y)
	scaleX, scaleY := splat(a), splat(b)
	for i := 0; i < 4*n; i += 16 {
		store(d, i, load(p, i).MulAdd(scaleX, load(q, i).Mul(scaleY)))
	}
	scaleAddPortable(dst[n:], x[n:], y[n:], a, b)
}

func scaleShiftSIMD128(dst, x, scale, shift []float32) {
	n := wholeVectors(len(dst))
	d, p, q, r := pointer(dst), pointer(x), pointer(scale), pointer(shift)
	for i := 0; i < 4*n; i += 16 {
		store(d, i, load(p, i).MulAdd(load(q, i), load(r, i)))
	}
	scaleShiftPortable(dst[n:], x[n:], scale[n:], shift[n:])
}

func normalizeSIMD128(dst, x, gamma, beta []float32, mean, rstd float32) {
	n := wholeVectors(len(dst))
	d, p, q, r := pointer(dst), pointer(x), pointer(gamma), pointer(beta)
	center, scale := splat(mean), splat(rstd)
	for i := 0; i < 4*n; i += 16 {
		store(d, i, load(p, i).Sub(center).Mul(scale).MulAdd(load(q, i), load(r, i)))
	}
	normalizePortable(dst[n:], x[n:], gamma[n:], beta[n:], mean, rstd)
}

func expSumSIMD128(dst, x []float32, scale, shift float32) float32 {
	n := wholeVectors(len(dst))
	d, p := pointer(dst), pointer(x)
	a, b := splat(scale), splat(shift)
	var total vec
	for i := 0; i < 4*n; i += 16 {
		e := exponential(reduce(load(p, i).MulAdd(a, b), vec{}))
		store(d, i, e)
		total = total.Add(e)
	}
	rest := expSumPortable(dst[n:], x[n:], scale, shift)
	return sumLanes(total) + rest
}

// maxSIMD128 compares, since Max takes WebAssembly eight instructions, for the sake of NaN.
func maxSIMD128(x []float32) float32 {
	n := len(x) &^ (2*lanes - 1)
	p := pointer(x)
	a := splat(float32(math.Inf(-1)))
	b := a
	for i := 0; i < 4*n; i += 32 {
		v, w := load(p, i), load(p, i+16)
		a, b = v.IfElse(v.Greater(a), a), w.IfElse(w.Greater(b), b)
	}
	a = a.Max(b)
	return max(a.GetElem(0), a.GetElem(1), a.GetElem(2), a.GetElem(3), maxPortable(x[n:]))
}

// Package archsimd can't convert vectors to float64 for WebAssembly, so the sums below are of scalars:
// four chains of additions at once, whose order depends on the length alone.

func dotUnrolled(x, y []float32) float64 {
	n := wholeVectors(len(x))
	p, q := pointer(x), pointer(y[:n])
	var s0, s1, s2, s3 float64
	for i := 0; i < 4*n; i += 16 {
		s0 += float64(scalar(p, i)) * float64(scalar(q, i))
		s1 += float64(scalar(p, i+4)) * float64(scalar(q, i+4))
		s2 += float64(scalar(p, i+8)) * float64(scalar(q, i+8))
		s3 += float64(scalar(p, i+12)) * float64(scalar(q, i+12))
	}
	return s0 + s1 + (s2 + s3) + dotPortable(x[n:], y[n:])
}

func momentsUnrolled(x []float32) (sum, squares float64) {
	n := wholeVectors(len(x))
	p := pointer(x)
	var s0, s1, s2, s3, q0, q1, q2, q3 float64
	for i := 0; i < 4*n; i += 16 {
		v0, v1, v2, v3 := float64(scalar(p, i)), float64(scalar(p, i+4)), float64(scalar(p, i+8)), float64(scalar(p, i+12))
		s0, s1, s2, s3 = s0+v0, s1+v1, s2+v2, s3+v3
		q0, q1, q2, q3 = q0+v0*v0, q1+v1*v1, q2+v2*v2, q3+v3*v3
	}
	sum, squares = momentsPortable(x[n:])
	return s0 + s1 + (s2 + s3) + sum, q0 + q1 + (q2 + q3) + squares
}

// columnsUnrolled takes four columns at a time, so that their sums stay in registers.
func columnsUnrolled(sum, squares []float64, x []float32, stride, rows int) {
	n := wholeVectors(len(sum))
	for c := 0; c < n; c += 4 {
		p := pointer(x[c:][:(rows-1)*stride+4])
		var s0, s1, s2, s3, q0, q1, q2, q3 float64
		for i := 0; i < 4*rows*stride; i += 4 * stride {
			v0, v1, v2, v3 := float64(scalar(p, i)), float64(scalar(p, i+4)), float64(scalar(p, i+8)), float64(scalar(p, i+12))
			s0, s1, s2, s3 = s0+v0, s1+v1, s2+v2, s3+v3
			q0, q1, q2, q3 = q0+v0*v0, q1+v1*v1, q2+v2*v2, q3+v3*v3
		}
		sum[c], sum[c+1], sum[c+2], sum[c+3] = s0, s1, s2, s3
		squares[c], squares[c+1], squares[c+2], squares[c+3] = q0, q1, q2, q3
	}
	if n < len(sum) {
		columnsPortable(sum[n:], squares[n:], x[n:], stride, rows)
	}
}

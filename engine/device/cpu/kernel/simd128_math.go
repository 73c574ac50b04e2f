//go:build goexperiment.simd && (wasm || arm64)

package kernel

import (
	"math"
	"simd/archsimd"
)

// quad is a constant in each lane. Compilers of WebAssembly load it as an operand, where a splat in a
// loop would take them three instructions each time.
type quad [lanes]float32

func (q *quad) load() vec { return archsimd.LoadFloat32x4Array((*[lanes]float32)(q)) }

func constant(v float32) quad { return quad{v, v, v, v} }

var (
	one = constant(1)

	expLow, expHigh = constant(-105), constant(89) // where the result is certainly zero or infinite
	roundShift      = constant(0x1.8p23)           // adding it rounds to an integer and leaves that in the lowest bits
	log2E           = constant(math.Log2E)
	ln2High         = constant(-0.693359375) // -ln 2 in two parts, the first so short that its products with n are exact
	ln2Low          = constant(2.12194440e-4)
	expTail         = [...]quad{ // Cephes' expf
		constant(1.9875691500e-4), constant(1.3981999507e-3), constant(8.3334519073e-3),
		constant(4.1665795894e-2), constant(1.6666665459e-1), constant(5.0000001201e-1),
	}

	upperBits = constant(math.Float32frombits(0xfffff000))
)

func expSIMD128(dst, x []float32) {
	d, p := pointer(dst), pointer(x)
	for i := 0; i < 4*len(dst); i += 16 {
		store(d, i, exponential(reduce(load(p, i), vec{})))
	}
}

func reluSIMD128(dst, x []float32) {
	d, p := pointer(dst), pointer(x)
	for i := 0; i < 4*len(dst); i += 16 {
		store(d, i, load(p, i).Max(vec{}))
	}
}

func siluSIMD128(dst, x []float32) {
	d, p := pointer(dst), pointer(x)
	for i := 0; i < 4*len(dst); i += 16 {
		v := load(p, i)
		store(d, i, gate(v, exponential(reduce(v.Neg(), vec{}))))
	}
}

var quickLow, quickHigh = constant(-64), constant(64)

func quickGELUSIMD128(dst, x []float32) {
	const slope = -1.702
	first, rest := splat(slope), splat(float32(slope-float64(float32(slope))))
	d, p := pointer(dst), pointer(x)
	for i := 0; i < 4*len(dst); i += 16 {
		v := load(p, i)
		x := clamp(v, &quickLow, &quickHigh) // keeps low finite
		y, low := exactProduct(x, first)
		store(d, i, gate(v, exponential(reduce(y, x.MulAdd(rest, low)))))
	}
}

// gate returns x/(1+e).
func gate(x, e vec) vec { return x.Div(one.load().Add(e)) }

// clamp returns x limited to [low, high], and NaN where x is.
func clamp(x vec, low, high *quad) vec {
	least, most := low.load(), high.load()
	x = least.IfElse(x.Less(least), x)
	return most.IfElse(x.Greater(most), x)
}

// exactProduct returns x·y rounded, and what rounding lost, after Dekker (1971): there is no fused
// multiply-add to find it with. The halves of a factor have 12 bits, so their products are exact.
func exactProduct(x, y vec) (rounded, low vec) {
	xh, yh := upper(x), upper(y)
	xl, yl := x.Sub(xh), y.Sub(yh)
	rounded = x.Mul(y)
	low = xh.Mul(yh).Sub(rounded).Add(xh.Mul(yl)).Add(xl.Mul(yh)).Add(xl.Mul(yl))
	return rounded, low
}

// upper returns x without the lower half of its 24 significant bits.
func upper(x vec) vec {
	return x.ToBits().And(upperBits.load().ToBits()).BitsToFloat32()
}

// The exponential is in two parts, called as exponential(reduce(x, low)), since as one it is too
// much for the compiler to inline.

// reduce writes x + low, for low far smaller than x, as n·ln 2 + r with an integer n and
// |r| ≤ ln 2/2.
func reduce(x, low vec) (r vec, n archsimd.Int32x4) {
	x = clamp(x, &expLow, &expHigh)
	shift := roundShift.load()
	biased := x.MulAdd(log2E.load(), shift)
	whole := biased.Sub(shift)
	r = whole.MulAdd(ln2High.load(), x)
	r = whole.MulAdd(ln2Low.load(), r).Add(low)
	return r, biased.ToBits().Sub(shift.ToBits()).BitsToInt32()
}

// exponential returns 2ⁿ·exp(r), exp(r) by the polynomial of Cephes' expf.
func exponential(r vec, n archsimd.Int32x4) vec {
	p := expTail[0].load()
	p = p.MulAdd(r, expTail[1].load())
	p = p.MulAdd(r, expTail[2].load())
	p = p.MulAdd(r, expTail[3].load())
	p = p.MulAdd(r, expTail[4].load())
	p = p.MulAdd(r, expTail[5].load())
	p = p.MulAdd(r.Mul(r), r).Add(one.load())
	// Two factors, since 2ⁿ itself may be no normal number.
	half := n.ShiftAllRight(1)
	return p.Mul(power(half)).Mul(power(n.Sub(half)))
}

// power returns 2ⁿ for -126 ≤ n ≤ 127.
func power(n archsimd.Int32x4) vec {
	return n.ShiftAllLeft(23).Add(one.load().ToBits().BitsToInt32()).ToBits().BitsToFloat32()
}

var (
	minusHalf          = constant(-0.5)
	geluMost, geluPole = constant(14), constant(0.25)
	geluTail           = [...]quad{
		constant(0.0165797927), constant(-0.0627929139), constant(0.0516540532), constant(0.0284336931), constant(0.0127134843),
		constant(0.0866560945), constant(0.0719996604), constant(0.0955156756), constant(0.0994925608), constant(0.0997479034),
	}
)

// geluSIMD128 computes x·Φ(x) = max(x, 0) - |x|·Φ(-|x|), where Φ(-t) = exp(-t²/2)·R(t) and R is a
// polynomial in 1/(1+0.25t), fitted to a relative error of 2e-8 on [0, 14].
func geluSIMD128(dst, x []float32) {
	d, p := pointer(dst), pointer(x)
	u, most := one.load(), geluMost.load()
	for i := 0; i < 4*len(dst); i += 16 {
		v := load(p, i)
		t := v.Abs()
		t = most.IfElse(t.Greater(most), t)
		// -t²/2 in two parts, since the rounding error of the first would be the
		// exponential's relative error.
		e := exponential(reduce(exactProduct(t, t.Mul(minusHalf.load()))))
		y := u.Div(t.MulAdd(geluPole.load(), u))
		q := geluTail[0].load()
		q = q.MulAdd(y, geluTail[1].load())
		q = q.MulAdd(y, geluTail[2].load())
		q = q.MulAdd(y, geluTail[3].load())
		q = q.MulAdd(y, geluTail[4].load())
		q = q.MulAdd(y, geluTail[5].load())
		q = q.MulAdd(y, geluTail[6].load())
		q = q.MulAdd(y, geluTail[7].load())
		q = q.MulAdd(y, geluTail[8].load())
		q = q.MulAdd(y, geluTail[9].load())
		store(d, i, v.Max(vec{}).Sub(t.Mul(q.Mul(y).Mul(e))))
	}
}

package main

import (
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// elementwise emits the kernels that compute each value of dst from the values at the same place.
func (s *isa) elementwise() {
	s.each("exp", "computes exp(x).", []string{"x"}, nil, func(in, _ []VecVirtual) VecVirtual {
		return s.exp(in[0], nil)
	})
	s.each("relu", "computes max(x, 0).", []string{"x"}, nil, func(in, _ []VecVirtual) VecVirtual {
		y := s.zero()
		VMAXPS(in[0], y, y) // the second source, x, where either is NaN
		return y
	})
	s.each("silu", "computes x/(1+exp(-x)).", []string{"x"}, nil, func(in, _ []VecVirtual) VecVirtual {
		minus := s.vec()
		VMULPS(s.value(-1), in[0], minus)
		return s.gate(in[0], s.exp(minus, nil))
	})
	s.each("quickGELU", "computes x/(1+exp(-1.702x)).", []string{"x"}, nil, func(in, _ []VecVirtual) VecVirtual {
		const slope = -1.702
		// The product's rounding error would be the exponential's relative error, so it is
		// carried along; the clamp keeps it finite.
		x := s.clamp(in[0], -64, 64)
		y, low := s.vec(), s.vec()
		VMULPS(s.value(slope), x, y)
		VMOVAPS(y, low)
		VFMSUB231PS(s.value(slope), x, low)
		VFMADD231PS(s.value(slope-float64(float32(slope))), x, low)
		return s.gate(in[0], s.exp(y, low))
	})
	s.each("gelu", "computes x·Φ(x).", []string{"x"}, nil, func(in, _ []VecVirtual) VecVirtual { return s.gelu(in[0]) })

	s.each("add", "adds x and y.", []string{"x", "y"}, nil, func(in, _ []VecVirtual) VecVirtual {
		VADDPS(in[1], in[0], in[0])
		return in[0]
	})
	s.each("mul", "multiplies x by y.", []string{"x", "y"}, nil, func(in, _ []VecVirtual) VecVirtual {
		VMULPS(in[1], in[0], in[0])
		return in[0]
	})
	s.each("scale", "computes a·x.", []string{"x"}, []string{"a"}, func(in, arg []VecVirtual) VecVirtual {
		VMULPS(arg[0], in[0], in[0])
		return in[0]
	})
	s.each("scaleAdd", "computes a·x + b·y.", []string{"x", "y"}, []string{"a", "b"}, func(in, arg []VecVirtual) VecVirtual {
		VMULPS(arg[1], in[1], in[1])
		VFMADD231PS(arg[0], in[0], in[1])
		return in[1]
	})
	s.each("scaleShift", "computes x·scale + shift.", []string{"x", "scale", "shift"}, nil, func(in, _ []VecVirtual) VecVirtual {
		VFMADD213PS(in[2], in[1], in[0])
		return in[0]
	})
	s.each("normalize", "computes (x-mean)·rstd·gamma + beta.", []string{"x", "gamma", "beta"}, []string{"mean", "rstd"},
		func(in, arg []VecVirtual) VecVirtual {
			VSUBPS(arg[0], in[0], in[0])
			VMULPS(arg[1], in[0], in[0])
			VFMADD213PS(in[2], in[1], in[0])
			return in[0]
		})
}

// each emits a function of dst, some slices and some float32 arguments that sets
// dst[i] to what compute makes of the slices' values at i.
func (s *isa) each(name, doc string, slices, arguments []string, compute func(in, arg []VecVirtual) VecVirtual) {
	signature := "func(dst"
	for _, v := range slices {
		signature += ", " + v
	}
	signature += " []float32"
	for _, v := range arguments {
		signature += ", " + v + " float32"
	}
	s.text(name, signature+")", doc)
	dst := Load(Param("dst").Base(), GP64())
	n := Load(Param("dst").Len(), GP64())
	pointers := []Register{dst}
	for _, v := range slices {
		pointers = append(pointers, Load(Param(v).Base(), GP64()))
	}
	var arg []VecVirtual
	for _, v := range arguments {
		arg = append(arg, s.argument(v))
	}
	s.stream(n, pointers, func() {
		var in []VecVirtual
		for _, p := range pointers[1:] {
			in = append(in, s.load(Mem{Base: p}))
		}
		s.store(compute(in, arg), Mem{Base: dst})
	})
	VZEROUPPER()
	RET()
}

// clamp returns x limited to [low, high], and NaN where x is.
func (s *isa) clamp(x VecVirtual, low, high float64) VecVirtual {
	least, most := s.splat(low), s.splat(high)
	VMAXPS(x, least, least) // NaN comes from the second source
	VMINPS(least, most, most)
	return most
}

// gate returns x/(1+e).
func (s *isa) gate(x, e VecVirtual) VecVirtual {
	VADDPS(s.value(1), e, e)
	VDIVPS(e, x, e)
	return e
}

// horner evaluates a polynomial, highest coefficient first.
func (s *isa) horner(x VecVirtual, coefficients ...float64) VecVirtual {
	p := s.splat(coefficients[0])
	for _, c := range coefficients[1:] {
		VFMADD213PS(s.value(c), x, p)
	}
	return p
}

// exp returns exp(x + low), where low, far smaller than x, may be nil. With n = ⌊x/ln 2⌉ it
// is 2ⁿ·exp(r), |r| ≤ ln 2/2, and exp(r) the polynomial of Cephes' expf.
func (s *isa) exp(x, low VecVirtual) VecVirtual {
	x = s.clamp(x, -105, 89) // where the result is certainly zero or infinite
	n, r, square := s.vec(), s.vec(), s.vec()
	VMULPS(s.value(math.Log2E), x, n)
	if s.wide() {
		VRNDSCALEPS(Imm(0), n, n)
	} else {
		VROUNDPS(Imm(0), n, n)
	}
	VMOVAPS(x, r)
	VFNMADD231PS(s.value(0.693359375), n, r)
	VFNMADD231PS(s.value(-2.12194440e-4), n, r)
	if low != nil {
		VADDPS(low, r, r)
	}
	p := s.horner(r, 1.9875691500e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1)
	VMULPS(r, r, square)
	VFMADD213PS(r, square, p)
	VADDPS(s.value(1), p, p)
	if s.wide() {
		VSCALEFPS(n, p, p)
		return p
	}
	// Two factors, since 2ⁿ itself may be no normal number.
	i, h := s.vec(), s.vec()
	VCVTPS2DQ(n, i)
	VPSRAD(Imm(1), i, h)
	VPSUBD(h, i, i)
	for _, e := range []VecVirtual{h, i} {
		VPADDD(s.bits(127), e, e)
		VPSLLD(Imm(23), e, e)
		VMULPS(e, p, p)
	}
	return p
}

// gelu returns x·Φ(x) = max(x, 0) - |x|·Φ(-|x|), where Φ(-t) = exp(-t²/2)·R(t) and R is a
// polynomial in 1/(1+0.25t), fitted to a relative error of 2e-8 on [0, 14].
func (s *isa) gelu(x VecVirtual) VecVirtual {
	t := s.vec()
	if s.wide() {
		VPANDD(s.bits(math.MaxInt32), x, t)
	} else {
		VANDPS(s.bits(math.MaxInt32), x, t)
	}
	most := s.splat(14)
	VMINPS(t, most, most)
	t = most

	// -t²/2 in two parts, since the rounding error of the first would be the
	// exponential's relative error.
	half, square, low := s.vec(), s.vec(), s.vec()
	VMULPS(s.value(-0.5), t, half)
	VMULPS(half, t, square)
	VMOVAPS(square, low)
	VFMSUB231PS(half, t, low)
	e := s.exp(square, low)

	y := s.splat(1)
	d := s.splat(geluPole)
	VFMADD213PS(s.value(1), t, d)
	VDIVPS(d, y, y)
	q := s.horner(y, geluTail...)
	VMULPS(y, q, q)
	VMULPS(e, q, q)
	out := s.zero()
	VMAXPS(x, out, out) // NaN comes from x
	VFNMADD231PS(t, q, out)
	return out
}

// geluPole and geluTail give R(t) = y·P(y), y = 1/(1 + geluPole·t): a weighted least
// squares fit at Chebyshev nodes, reweighted until the relative error is level.
const geluPole = 0.25

var geluTail = []float64{
	0.0165797927, -0.0627929139, 0.0516540532, 0.0284336931, 0.0127134843,
	0.0866560945, 0.0719996604, 0.0955156756, 0.0994925608, 0.0997479034,
}

package weights

import (
	"math"
	"testing"
)

// TestHalfExhaustive checks all 65536 values, and that what lies between two
// neighbours rounds to the nearer, and the midpoint to the even one.
func TestHalfExhaustive(t *testing.T) {
	for i := range 1 << 16 {
		h := uint16(i)
		f := HalfToFloat32(h)
		if h&0x7c00 == 0x7c00 && h&0x3ff != 0 {
			if !math.IsNaN(float64(f)) || !math.IsNaN(float64(HalfToFloat32(Float32ToHalf(f)))) {
				t.Fatalf("%#04x: %v, want NaN", h, f)
			}
			continue
		}
		if want := halfValue(h); float64(f) != want || math.Signbit(float64(f)) != math.Signbit(want) {
			t.Fatalf("%#04x: %v, want %v", h, f, want)
		}
		if back := Float32ToHalf(f); back != h {
			t.Fatalf("%#04x became %#04x by way of %v", h, back, f)
		}
		if h&0x7fff >= 0x7c00 {
			continue
		}
		// The standard rounds as if infinity were the value after the largest.
		next := halfValue(h + 1)
		if h&0x7fff == 0x7bff {
			next = math.Copysign(65536, float64(f))
		}
		middle := float32((float64(f) + next) / 2)
		even := h + h&1
		for _, c := range []struct {
			f    float32
			want uint16
		}{
			{math.Nextafter32(middle, f), h},
			{middle, even},
			{math.Nextafter32(middle, float32(next)), h + 1},
		} {
			if c.f == f { // a neighbour in float32 too
				continue
			}
			if got := Float32ToHalf(c.f); got != c.want {
				t.Fatalf("%v (between %#04x and %#04x) became %#04x, want %#04x", c.f, h, h+1, got, c.want)
			}
		}
	}
}

// halfValue computes the value by the definition.
func halfValue(h uint16) float64 {
	sign := 1.0
	if h&0x8000 != 0 {
		sign = -1
	}
	exponent, mantissa := int(h>>10&31), float64(h&0x3ff)
	switch exponent {
	case 0:
		return math.Copysign(math.Ldexp(mantissa, -24), sign)
	case 31:
		return math.Inf(int(sign))
	}
	return sign * math.Ldexp(1024+mantissa, exponent-25)
}

func TestHalfEnds(t *testing.T) {
	for _, c := range []struct {
		f    float32
		want uint16
	}{
		{65504, 0x7bff}, {65519.996, 0x7bff}, {65520, 0x7c00}, {1e30, 0x7c00}, {-65520, 0xfc00},
		{float32(math.Inf(1)), 0x7c00}, {0x1p-24, 1}, {0x1p-25, 0}, {0x1.000002p-25, 1}, {-0x1p-26, 0x8000}, {math.SmallestNonzeroFloat32, 0},
	} {
		if got := Float32ToHalf(c.f); got != c.want {
			t.Errorf("%v became %#04x, want %#04x", c.f, got, c.want)
		}
	}
}

func TestBFloat16(t *testing.T) {
	for i := range 1 << 16 {
		h := uint16(i)
		f := BFloat16ToFloat32(h)
		back := Float32ToBFloat16(f)
		if math.IsNaN(float64(f)) {
			if !math.IsNaN(float64(BFloat16ToFloat32(back))) {
				t.Fatalf("%#04x: NaN became %#04x", h, back)
			}
			continue
		}
		if back != h {
			t.Fatalf("%#04x became %#04x by way of %v", h, back, f)
		}
		if h&0x7fff >= 0x7f80 {
			continue
		}
		bits := math.Float32bits(f)
		for _, c := range []struct {
			low  uint32
			want uint16
		}{{0x7fff, h}, {0x8000, h + h&1}, {0x8001, h + 1}} {
			if got := Float32ToBFloat16(math.Float32frombits(bits | c.low)); got != c.want {
				t.Fatalf("%#04x and %#04x became %#04x, want %#04x", h, c.low, got, c.want)
			}
		}
	}
}

package sample

import "math"

// Sine, cosine, exponential and logarithm with one result on every platform. They are plain
// series: the arguments are reduced far enough that the first term left out is
// below half a unit of float64's last place, and the total error below three.

const (
	// π/2 and log 2 in two parts. The first has trailing zeros, so that its
	// product with a small integer is exact.
	halfPiHigh = 0x1.921fb544p+0
	halfPiLow  = math.Pi/2 - halfPiHigh
	ln2High    = 0x1.62e42feep-1
	ln2Low     = math.Ln2 - ln2High
)

// In powers of x², expSeries of x.
var (
	sinSeries = [...]float64{1, -1. / 6, 1. / 120, -1. / 5040, 1. / 362880, -1. / 39916800, 1. / 6227020800, -1. / 1307674368000}
	cosSeries = [...]float64{1, -1. / 2, 1. / 24, -1. / 720, 1. / 40320, -1. / 3628800, 1. / 479001600, -1. / 87178291200, 1. / 20922789888000}
	expSeries = [...]float64{1, 1, 1. / 2, 1. / 6, 1. / 24, 1. / 120, 1. / 720, 1. / 5040, 1. / 40320, 1. / 362880, 1. / 3628800, 1. / 39916800, 1. / 479001600, 1. / 6227020800}
	logSeries = [...]float64{1, 1. / 3, 1. / 5, 1. / 7, 1. / 9, 1. / 11, 1. / 13, 1. / 15, 1. / 17, 1. / 19, 1. / 21}
)

// series returns Σ c[i] xⁱ.
func series(c []float64, x float64) float64 {
	var sum float64
	for i := len(c) - 1; i >= 0; i-- {
		sum = float64(sum*x) + c[i]
	}
	return sum
}

// fixedSin is sin x for |x| up to some thousand turns.
func fixedSin(x float64) float64 { return sinQuarter(x, 0) }

// fixedCos is cos x likewise.
func fixedCos(x float64) float64 { return sinQuarter(x, 1) }

// sinQuarter is sin(x + q·π/2).
func sinQuarter(x float64, q int) float64 {
	k := math.Floor(float64(x*(2/math.Pi)) + 0.5)
	r := x - float64(k*halfPiHigh)
	r -= float64(k * halfPiLow)
	square := float64(r * r)
	var y float64
	if q += int(k); q&1 == 0 {
		y = r * series(sinSeries[:], square)
	} else {
		y = series(cosSeries[:], square)
	}
	if q&2 != 0 {
		return -y
	}
	return y
}

// fixedLog is the natural logarithm of a positive, normal x.
func fixedLog(x float64) float64 {
	m, e := math.Frexp(x)
	if m < math.Sqrt2/2 {
		m *= 2
		e--
	}
	f := (m - 1) / (m + 1) // log m = 2 artanh f, |f| < 0.172
	y := float64(2 * f * series(logSeries[:], float64(f*f)))
	return float64(float64(e)*ln2High) + (y + float64(float64(e)*ln2Low))
}

// fixedExp is e^x for |x| up to 700.
func fixedExp(x float64) float64 {
	k := math.Floor(float64(x/math.Ln2) + 0.5)
	r := x - float64(k*ln2High)
	r -= float64(k * ln2Low)
	return math.Ldexp(series(expSeries[:], r), int(k))
}

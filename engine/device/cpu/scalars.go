package cpu

import (
	"fmt"
	"math"

	"github.com/counterpoint/counterpoint/engine/device"
)

// Eval computes in float32, rounding after each instruction: a program that only works with more digits fails here as it
// does on a GPU.
func (d *Device) Eval(o device.Eval) error {
	if d.closed {
		return device.ErrClosed
	}
	if err := o.Check(owns); err != nil {
		return fmt.Errorf("cpu: eval: %w", err)
	}
	for k := range o.Pictures {
		eval(o.Program.Instrs(), slots(o.Scalars, k))
	}
	return nil
}

// eval runs a program over a picture's scalars.
func eval(code []device.Instr, s []float32) {
	var r [device.MaxRegisters]float32
	for _, in := range code {
		a, b := r[in.A], r[in.B]
		switch in.Op {
		case device.OpConst:
			r[in.To] = in.Float
		case device.OpLoad:
			r[in.To] = s[in.Slot]
		case device.OpStore:
			s[in.Slot] = a
		case device.OpAdd:
			r[in.To] = a + b
		case device.OpSub:
			r[in.To] = a - b
		case device.OpMul:
			r[in.To] = a * b
		case device.OpDiv:
			r[in.To] = a / b
		case device.OpMin:
			r[in.To] = min(a, b)
		case device.OpMax:
			r[in.To] = max(a, b)
		case device.OpExp:
			r[in.To] = float32(exp(float64(a)))
		case device.OpLog:
			r[in.To] = float32(log(float64(a)))
		case device.OpSqrt:
			r[in.To] = float32(math.Sqrt(float64(a)))
		case device.OpAbs:
			r[in.To] = float32(math.Abs(float64(a)))
		case device.OpGreater:
			r[in.To] = 0
			if a > b {
				r[in.To] = 1
			}
		case device.OpSelect:
			if !(r[in.C] > 0) {
				a = b
			}
			r[in.To] = a
		}
	}
}

// Resample draws as device.Resample says, in float64.
func (d *Device) Resample(r device.Resample) error {
	if d.closed {
		return device.ErrClosed
	}
	if err := r.Check(owns); err != nil {
		return fmt.Errorf("cpu: resample: %w", err)
	}
	highest := math.Inf(-1)
	for k := range r.Pictures {
		highest = max(highest, float64(slots(r.Scalars, k)[r.Weight]))
	}
	weight := func(k int) float64 { return exp(float64(slots(r.Scalars, k)[r.Weight]) - highest) }
	var total float64
	for k := range r.Pictures {
		total += weight(k)
	}
	scale, u := float64(r.Pictures)/total, float64(slots(r.Scalars, 0)[r.Uniform])
	j, upTo := 0, weight(0) // upTo is the sum of the weights of 0 to j
	for i := range r.Pictures {
		for j < r.Pictures-1 && !(float64(upTo*scale)-float64(i) > u) {
			j++
			upTo += weight(j)
		}
		slots(r.Scalars, i)[r.Row] = float32(j)
	}
	return nil
}

// Exponential and logarithm have one result on every machine, unlike those of package math: of float64's digits all but
// the last two, so that what is rounded to float32 is right.

// ln2High and ln2Low are log 2 in two parts. The first has trailing zeros, so its product with a small integer is exact.
const (
	ln2High = 0x1.62e42feep-1
	ln2Low  = math.Ln2 - ln2High
)

// In powers of x, and of x² for log((1+x)/(1−x))/2x.
var (
	expSeries = [...]float64{1, 1, 1. / 2, 1. / 6, 1. / 24, 1. / 120, 1. / 720, 1. / 5040, 1. / 40320, 1. / 362880, 1. / 3628800, 1. / 39916800, 1. / 479001600}
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

func exp(x float64) float64 {
	switch {
	case x > 700:
		return math.Inf(1)
	case x < -700:
		return 0
	case x != x:
		return x
	}
	n := math.Floor(float64(x*math.Log2E) + 0.5)
	r := x - float64(n*ln2High)
	r -= float64(n * ln2Low)
	return math.Ldexp(series(expSeries[:], r), int(n))
}

func log(x float64) float64 {
	switch {
	case x == 0:
		return math.Inf(-1)
	case !(x > 0) || math.IsInf(x, 1):
		return math.NaN()
	}
	m, e := math.Frexp(x)
	if m < math.Sqrt2/2 {
		m *= 2
		e--
	}
	f := (m - 1) / (m + 1) // |f| < 0.172
	y := float64(2 * f * series(logSeries[:], float64(f*f)))
	return float64(float64(e)*ln2High) + (y + float64(float64(e)*ln2Low))
}

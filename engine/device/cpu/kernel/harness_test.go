package kernel

import (
	"fmt"
	"math"
	"testing"
)

// forLevels runs a test at each level of this machine.
func forLevels(t *testing.T, test func(t *testing.T, k *Kernels)) {
	t.Helper()
	for _, level := range Supported() {
		k, err := For(level)
		if err != nil {
			t.Fatal(err)
		}
		t.Run(level.String(), func(t *testing.T) { test(t, k) })
	}
}

// ragged are lengths around the width of every vector and tile, and primes.
var ragged = []int{0, 1, 2, 3, 4, 5, 7, 8, 9, 13, 15, 16, 17, 23, 31, 32, 33, 47, 63, 64, 65, 97, 127, 128, 257}

// guardBits is a NaN that no kernel makes, written around operands: one that is read
// spoils the result, one that is written over is noticed.
const guardBits = 0x7fc5ca1e

const guardLength = 67 // odd, so operands are not aligned either

// A guarded array has guards before and behind its values.
type guarded struct {
	values []float32
	all    []float32
}

// guard returns a copy of x between guards.
func guard(x []float32) guarded {
	all := make([]float32, len(x)+2*guardLength)
	for i := range all {
		all[i] = math.Float32frombits(guardBits)
	}
	values := all[guardLength:][:len(x):len(x)]
	copy(values, x)
	return guarded{values, all}
}

// output returns n guarded values that are not numbers until they are written.
func output(n int) guarded {
	g := guard(make([]float32, n))
	for i := range g.values {
		g.values[i] = float32(math.NaN())
	}
	return g
}

// check reports whether the guards are as they were.
func (g guarded) check() error {
	for i, v := range g.all {
		if inside := i >= guardLength && i < len(g.all)-guardLength; !inside && math.Float32bits(v) != guardBits {
			return fmt.Errorf("value %d of %d written over with %g", i-guardLength, len(g.values), v)
		}
	}
	return nil
}

// A tolerance allows an error of relative·|want| + absolute.
type tolerance struct{ relative, absolute float64 }

// compare returns an error for the first value that is too far from want, or is NaN where
// want is not, or the other way round.
func compare(got []float32, want []float64, tol tolerance) error {
	if len(got) != len(want) {
		return fmt.Errorf("%d values, want %d", len(got), len(want))
	}
	for i, w := range want {
		g := float64(got[i])
		if math.IsNaN(w) && math.IsNaN(g) || g == w {
			continue
		}
		if !(math.Abs(g-w) <= tol.relative*math.Abs(w)+tol.absolute) {
			return fmt.Errorf("value %d of %d is %g, want %g: error %.3g, allowed %.3g",
				i, len(want), g, w, math.Abs(g-w), tol.relative*math.Abs(w)+tol.absolute)
		}
	}
	return nil
}

// sameBits returns an error for the first value with other bits.
func sameBits(got, want []float32) error {
	for i := range want {
		if math.Float32bits(got[i]) != math.Float32bits(want[i]) {
			return fmt.Errorf("value %d of %d is %g, want exactly %g", i, len(want), got[i], want[i])
		}
	}
	return nil
}

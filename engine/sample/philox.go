package sample

import (
	"fmt"
	"math"
)

// Philox 4×32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3",
// SC 2011).
const (
	philoxMul0, philoxMul1 = 0xD2511F53, 0xCD9E8D57
	philoxKey0, philoxKey1 = 0x9E3779B9, 0xBB67AE85
	philoxRounds           = 10
)

// philox returns the block of counter c under key.
func philox(key uint64, c [4]uint32) [4]uint32 {
	k0, k1 := uint32(key), uint32(key>>32)
	for range philoxRounds {
		a := philoxMul0 * uint64(c[0])
		b := philoxMul1 * uint64(c[2])
		c = [4]uint32{uint32(b>>32) ^ c[1] ^ k0, uint32(b), uint32(a>>32) ^ c[3] ^ k1, uint32(a)}
		k0 += philoxKey0
		k1 += philoxKey1
	}
	return c
}

// normal returns element index of one call's noise: the sine half of Box-Muller
// over the first two words of the block (call, 0, index, 0). The constants are
// single precision, rounded as torch's CUDA kernel has them; the arithmetic is
// double, as in A1111's rng_philox.py.
func normal(seed uint64, call, index uint32) float32 {
	const (
		unit = 1.0 / (1 << 32)
		turn = float64(float32(2.3283064e-10 * 6.2831855)) // 2π/2³²
	)
	block := philox(seed, [4]uint32{call, 0, index, 0})
	u := float64(float64(block[0])*unit) + unit/2
	v := float64(float64(block[1])*turn) + turn/2
	r := math.Sqrt(-2 * fixedLog(u))
	return float32(r * fixedSin(v))
}

// uniform returns a number from 0 to below 1 that belongs to a call, from a block
// that no noise takes.
func uniform(seed uint64, call uint32) float32 {
	return float32(philox(seed, [4]uint32{call, 0, 0, 1})[0]>>8) / (1 << 24)
}

// Noise fills dst with standard normal values, those of A1111's "NV" source and
// of stable-diffusion.cpp: element i of dst, in channel, row, column order, is
// number i of the seed's given call. Call 0 is the initial latent.
func Noise(seed uint64, call uint32, dst []float32) {
	for i := range dst {
		dst[i] = normal(seed, call, uint32(i))
	}
}

// Uniform is number i of a seed's numbers from 0 to below 1, multiples of 2⁻²⁴, which no noise has a part in.
func Uniform(seed uint64, i uint32) float64 {
	return float64(philox(seed, [4]uint32{i, 1, 0, 0})[0]>>8) / (1 << 24)
}

// Shape is the size of one picture's latent.
type Shape struct{ C, H, W int }

// Len is the number of values of the shape.
func (s Shape) Len() int { return s.C * s.H * s.W }

const maxLatent = 1 << 28 // values of a batch; far below what a counter can number

func (s Shape) check(batch int) error {
	if s.C < 1 || s.H < 1 || s.W < 1 || batch < 1 {
		return fmt.Errorf("sample: a batch of %d latents of %d×%d×%d: want sizes of at least 1", batch, s.C, s.H, s.W)
	}
	n := maxLatent
	for _, d := range []int{s.C, s.H, s.W, batch} {
		if n /= d; n == 0 {
			return fmt.Errorf("sample: a batch of %d latents of %d×%d×%d is beyond %d values", batch, s.C, s.H, s.W, maxLatent)
		}
	}
	return nil
}

// NoiseNHWC fills dst with the values of Noise in the engine's layout, row,
// column, channel; dst has shape.Len() values.
func NoiseNHWC(seed uint64, call uint32, shape Shape, dst []float32) {
	plane := shape.H * shape.W
	for i := range plane {
		for c := range shape.C {
			dst[i*shape.C+c] = normal(seed, call, uint32(c*plane+i))
		}
	}
}

// Seeds returns the seeds of a batch: picture k is the picture of seed + k alone.
func Seeds(seed uint64, batch int) []uint64 {
	seeds := make([]uint64, batch)
	for k := range seeds {
		seeds[k] = seed + uint64(k)
	}
	return seeds
}

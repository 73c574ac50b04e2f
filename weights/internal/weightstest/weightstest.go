// Package weightstest makes weights for tests.
package weightstest

import "math/rand/v2"

// Gaussian gives n values of the given standard deviation, the same for a seed.
func Gaussian(seed uint64, n int, sigma float64) []float32 {
	r := rand.New(rand.NewPCG(seed, 0))
	v := make([]float32, n)
	for i := range v {
		v[i] = float32(r.NormFloat64() * sigma)
	}
	return v
}

package kernel

import "math"

func copyPortable(dst, x []float32) { copy(dst, x) }

func reluPortable(dst, x []float32) {
	for i, v := range x {
		dst[i] = max(v, 0)
	}
}

func expPortable(dst, x []float32) {
	for i, v := range x {
		dst[i] = float32(exp(float64(v)))
	}
}

func siluPortable(dst, x []float32) {
	for i, v := range x {
		dst[i] = float32(float64(v) / (1 + exp(-float64(v))))
	}
}

func quickGELUPortable(dst, x []float32) {
	for i, v := range x {
		dst[i] = float32(float64(v) / (1 + exp(-1.702*float64(v))))
	}
}

func geluPortable(dst, x []float32) {
	for i, v := range x {
		dst[i] = float32(float64(v) * 0.5 * math.Erfc(-float64(v)*(math.Sqrt2/2)))
	}
}

// tanhPortable serves every level: networks use it on a latent, if at all.
func tanhPortable(dst, x []float32) {
	for i, v := range x {
		dst[i] = float32(math.Tanh(float64(v)))
	}
}

// exp returns e to the x with a relative error below 6e-9, faster than math.Exp, whose other
// digits a float32 has no room for. With n = ⌊x/ln 2⌉ it is 2ⁿ·exp(r), |r| ≤ ln 2/2, and exp(r) a
// Taylor polynomial in pairs of terms. Beyond ±700 it stays at those values.
func exp(x float64) float64 {
	if x > 700 {
		x = 700
	} else if x < -700 {
		x = -700
	} else if x != x {
		return x
	}
	n := math.Floor(x*math.Log2E + 0.5)
	r := x - n*math.Ln2
	s := r * r
	p := (1 + r) + s*((1./2+r*(1./6))+s*((1./24+r*(1./120))+s*(1./720+r*(1./5040))))
	return p * math.Float64frombits(uint64(int64(n)+1023)<<52)
}

func addPortable(dst, x, y []float32) {
	for i, v := range x {
		dst[i] = v + y[i]
	}
}

func mulPortable(dst, x, y []float32) {
	for i, v := range x {
		dst[i] = v * y[i]
	}
}

func scalePortable(dst, x []float32, a float32) {
	for i, v := range x {
		dst[i] = a * v
	}
}

func scaleAddPortable(dst, x, y []float32, a, b float32) {
	for i, v := range x {
		dst[i] = a*v + b*y[i]
	}
}

func scaleShiftPortable(dst, x, scale, shift []float32) {
	for i, v := range x {
		dst[i] = v*scale[i] + shift[i]
	}
}

func normalizePortable(dst, x, gamma, beta []float32, mean, rstd float32) {
	for i, v := range x {
		dst[i] = (v-mean)*rstd*gamma[i] + beta[i]
	}
}

// expSumPortable, like the other sums, accumulates in float64, where the vector kernels
// have many short sums.
func expSumPortable(dst, x []float32, scale, shift float32) float32 {
	sum := 0.0
	for i, v := range x {
		e := exp(float64(scale*v + shift))
		dst[i] = float32(e)
		sum += e
	}
	return float32(sum)
}

func maxPortable(x []float32) float32 {
	most := float32(math.Inf(-1))
	for _, v := range x {
		if v > most {
			most = v
		}
	}
	return most
}

func dotPortable(x, y []float32) float64 {
	sum := 0.0
	for i, v := range x {
		sum += float64(v) * float64(y[i])
	}
	return sum
}

func momentsPortable(x []float32) (sum, squares float64) {
	for _, v := range x {
		sum += float64(v)
		squares += float64(v) * float64(v)
	}
	return sum, squares
}

func columnsPortable(sum, squares []float64, x []float32, stride, rows int) {
	clear(sum)
	clear(squares)
	for r := range rows {
		for c, v := range x[r*stride:][:len(sum)] {
			sum[c] += float64(v)
			squares[c] += float64(v) * float64(v)
		}
	}
}

package operator

import "github.com/counterpoint/counterpoint/engine/compose"

// mask returns a region's share of each cell of h×w, row after row; nil if it is 1 in all of them. A border that is not the
// picture's own runs over edge cells, along the polynomial 3s² − 2s³, within a hundredth of a raised cosine and the same on
// every platform. The shares of neighbours that divide the picture add up to 1.
func mask(r compose.Region, edge float64, h, w int) []float32 {
	xs, ys := profile(r.X0, r.X1, edge, w), profile(r.Y0, r.Y1, edge, h)
	shares, whole := make([]float32, h*w), true
	for y := range ys {
		for x := range xs {
			m := float32(ys[y] * xs[x])
			shares[y*w+x] = m
			whole = whole && m == 1
		}
	}
	if whole {
		return nil
	}
	return shares
}

// profile is the share of each of n cells of a side that the span has, from and to in fractions of the side.
func profile(from, to, edge float64, n int) []float64 {
	shares := make([]float64, n)
	for i := range shares {
		centre := float64(i) + 0.5
		shares[i] = beyond(centre, from, edge, n) - beyond(centre, to, edge, n)
	}
	return shares
}

// beyond rises from 0 to 1 where position, in cells, passes a border.
func beyond(position, border, edge float64, n int) float64 {
	if border <= 0 {
		return 1
	}
	if border >= 1 {
		return 0
	}
	distance := position - float64(border*float64(n))
	if edge <= 0 {
		if distance < 0 {
			return 0
		}
		return 1
	}
	s := min(max(distance/edge+0.5, 0), 1)
	return float64(s * s * (3 - float64(2*s)))
}

package render

import (
	"math"

	"github.com/counterpoint/counterpoint/tools/scenes/geom"
)

// noise is smooth value noise on the plane, in [0, 1], of about one feature a unit.
func noise(x, y float64, seed uint64) float64 {
	fx, fy := math.Floor(x), math.Floor(y)
	ix, iy := int64(fx), int64(fy)
	tx, ty := geom.Smooth(x-fx), geom.Smooth(y-fy)
	return geom.Mix(
		geom.Mix(hash(ix, iy, seed), hash(ix+1, iy, seed), tx),
		geom.Mix(hash(ix, iy+1, seed), hash(ix+1, iy+1, seed), tx),
		ty)
}

// hash maps a lattice point to [0, 1).
func hash(x, y int64, seed uint64) float64 {
	h := seed ^ uint64(x)*0x9e3779b97f4a7c15 ^ uint64(y)*0xc2b2ae3d27d4eb4f
	h = (h ^ h>>32) * 0xd6e8feb86659fd93
	h = (h ^ h>>32) * 0xd6e8feb86659fd93
	return float64(h>>40) / (1 << 24)
}

// wave is a smooth wave of period 1 between 0 and 1.
func wave(x float64) float64 {
	return geom.Smooth(math.Abs(float64(2*(x-math.Floor(x))) - 1))
}

package render

import (
	"math"

	"github.com/counterpoint/counterpoint/tools/scenes/geom"
)

type vec = geom.Vec

// environment is how a background lights a scene and what its ground and sky look like. Colours are linear RGB.
type environment struct {
	zenith, horizon vec     // of the sky
	key             vec     // radiance the main light gives a surface that faces it, times its reflectance
	above, below    vec     // ambient light from the sky and, reflected, from the ground
	softness        float64 // radius of the main light, as the tangent of the angle it is seen at
	stars           float64 // brightness of the stars
	mirror          float64 // how much the ground reflects, looking straight down; Fresnel adds to it

	// ground returns the ground's reflectance and normal at a point; detail fades from 1 near the camera to 0.
	ground func(x, z, detail float64, seed uint64) (albedo, normal vec)
}

func rgb(r, g, b float64) vec { return vec{X: r, Y: g, Z: b} }

var (
	up    = vec{Y: 1}
	white = rgb(1, 1, 1)
)

var environments = map[string]*environment{
	"studio": {
		zenith: rgb(0.80, 0.79, 0.78), horizon: rgb(0.20, 0.19, 0.185),
		key: rgb(0.78, 0.76, 0.72), above: rgb(0.36, 0.36, 0.38), below: rgb(0.2, 0.19, 0.18),
		softness: 0.2,
		ground: func(x, z, detail float64, seed uint64) (vec, vec) {
			return rgb(0.40, 0.38, 0.36), up
		},
	},
	"grass": {
		zenith: rgb(0.20, 0.42, 0.80), horizon: rgb(0.60, 0.74, 0.86),
		key: rgb(0.84, 0.80, 0.70), above: rgb(0.30, 0.34, 0.38), below: rgb(0.10, 0.15, 0.07),
		softness: 0.12,
		ground: func(x, z, detail float64, seed uint64) (vec, vec) {
			patch := noise(float64(0.7*x), float64(0.7*z), seed)
			blade := noise(float64(7*x), float64(4*z), seed+1) - 0.5
			t := patch + float64(float64(0.9*blade)*detail)
			return rgb(0.085, 0.17, 0.035).Mix(rgb(0.16, 0.26, 0.06), geom.Clamp(t)), up
		},
	},
	"sand": {
		zenith: rgb(0.24, 0.46, 0.82), horizon: rgb(0.78, 0.78, 0.74),
		key: rgb(0.86, 0.79, 0.66), above: rgb(0.33, 0.34, 0.36), below: rgb(0.20, 0.16, 0.10),
		softness: 0.12,
		ground: func(x, z, detail float64, seed uint64) (vec, vec) {
			bend := noise(float64(0.45*x), float64(0.45*z), seed)
			ripple := wave(float64(1.3*z)+float64(0.35*x)+float64(2.2*bend)) - 0.5
			t := 0.5 + float64(float64(0.75*ripple)*detail)
			return rgb(0.50, 0.37, 0.20).Mix(rgb(0.62, 0.48, 0.28), geom.Clamp(t)), up
		},
	},
	"snow": {
		zenith: rgb(0.30, 0.46, 0.70), horizon: rgb(0.52, 0.64, 0.78),
		key: rgb(0.58, 0.57, 0.55), above: rgb(0.40, 0.44, 0.50), below: rgb(0.26, 0.28, 0.30),
		softness: 0.16,
		ground: func(x, z, detail float64, seed uint64) (vec, vec) {
			drift := noise(float64(0.5*x), float64(0.8*z), seed)
			fine := noise(float64(2.2*x), float64(1.8*z), seed+1) - 0.5
			t := drift + float64(float64(0.3*fine)*detail)
			return rgb(0.66, 0.74, 0.84).Mix(rgb(0.78, 0.83, 0.88), geom.Clamp(t)), up
		},
	},
	"water": {
		zenith: rgb(0.22, 0.40, 0.66), horizon: rgb(0.62, 0.70, 0.74),
		key: rgb(0.80, 0.77, 0.70), above: rgb(0.32, 0.35, 0.40), below: rgb(0.06, 0.12, 0.16),
		softness: 0.12, mirror: 0.10,
		ground: func(x, z, detail float64, seed uint64) (vec, vec) {
			long := noise(float64(0.9*x), float64(2.6*z), seed) - 0.5
			cross := noise(float64(1.1*x)+float64(0.8*z), float64(2.9*z)-float64(0.5*x), seed+1) - 0.5
			tilt := float64(0.42 * detail)
			n := vec{X: float64(tilt * cross), Y: 1, Z: float64(tilt * long)}
			return rgb(0.015, 0.085, 0.125), n.Unit()
		},
	},
	"night": {
		zenith: rgb(0.004, 0.006, 0.022), horizon: rgb(0.014, 0.020, 0.055),
		key: rgb(0.88, 0.87, 0.88), above: rgb(0.17, 0.18, 0.23), below: rgb(0.05, 0.05, 0.08),
		softness: 0.12, stars: 0.9,
		ground: func(x, z, detail float64, seed uint64) (vec, vec) {
			t := noise(float64(0.8*x), float64(0.8*z), seed)
			return rgb(0.021, 0.025, 0.052).Mix(rgb(0.035, 0.039, 0.072), t), up
		},
	},
}

// sky is the light from direction d, a unit vector with d.Y >= 0.
func (e *environment) sky(d vec, seed uint64) vec {
	c := e.horizon.Mix(e.zenith, geom.Smooth(float64(1.6*d.Y)))
	if e.stars == 0 || d.Z <= 0 {
		return c
	}
	// A star is a soft dot in one in five cells of a grid on the picture plane.
	const cells = 28
	x, y := float64(cells*d.X)/d.Z, float64(cells*d.Y)/d.Z
	ix, iy := int64(math.Floor(x)), int64(math.Floor(y))
	if hash(ix, iy, seed) > 0.2 {
		return c
	}
	dx := x - math.Floor(x) - geom.Mix(0.35, 0.65, hash(ix, iy, seed+1))
	dy := y - math.Floor(y) - geom.Mix(0.35, 0.65, hash(ix, iy, seed+2))
	glow := geom.Smooth(1 - float64(3.2*math.Sqrt(float64(dx*dx)+float64(dy*dy))))
	return c.Add(white.Scale(float64(e.stars * glow)))
}

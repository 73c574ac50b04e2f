// Package render draws scenes by ray tracing: one area light with soft shadows, ambient light with contact
// darkening, matt and mirroring materials, textured grounds.
//
// The same scene gives the same bytes on every platform; package geom says how.
package render

import (
	"math"

	"github.com/counterpoint/counterpoint/tools/scenes/geom"
	"github.com/counterpoint/counterpoint/tools/scenes/scene"
)

const (
	grid = 3 // a pixel at an edge is the mean of grid×grid rays

	// edge is the difference of two neighbouring pixels, in output codes summed over the channels, from which on
	// both are drawn again with more rays.
	edge = 36
)

// Image returns the picture of s: size×size pixels of red, green and blue, sRGB, in rows from the top.
func Image(s *scene.Scene, size int) []byte {
	t := newTracer(s)
	pix := make([]byte, 3*size*size)
	ids := make([]int32, size*size)
	inv := 1 / float64(size)
	for y := range size {
		for x := range size {
			c, id := t.trace(s.Camera.Ray(float64((float64(x)+0.5)*inv), float64((float64(y)+0.5)*inv)))
			ids[y*size+x] = id
			put(pix[3*(y*size+x):], c)
		}
	}
	rough := edges(pix, ids, size)
	for i, again := range rough {
		if !again {
			continue
		}
		var sum vec
		for k := range grid * grid {
			dx := (float64(k%grid) + 0.5) / grid
			dy := (float64(k/grid) + 0.5) / grid
			c, _ := t.trace(s.Camera.Ray(
				float64((float64(i%size)+dx)*inv),
				float64((float64(i/size)+dy)*inv)))
			// Clamped before the mean, so that a highlight's edge is smooth too.
			sum = sum.Add(vec{X: min(c.X, 1), Y: min(c.Y, 1), Z: min(c.Z, 1)})
		}
		put(pix[3*i:], sum.Scale(1.0/(grid*grid)))
	}
	return pix
}

// edges marks the pixels that show another surface than a neighbour, or differ from one by much.
func edges(pix []byte, ids []int32, size int) []bool {
	rough := make([]bool, size*size)
	compare := func(i, j int) {
		d := 0
		for k := range 3 {
			d += max(int(pix[3*i+k])-int(pix[3*j+k]), int(pix[3*j+k])-int(pix[3*i+k]))
		}
		if ids[i] != ids[j] || d > edge {
			rough[i], rough[j] = true, true
		}
	}
	for y := range size {
		for x := range size {
			i := y*size + x
			if x+1 < size {
				compare(i, i+1)
			}
			if y+1 < size {
				compare(i, i+size)
			}
		}
	}
	return rough
}

// put writes a linear colour as three sRGB bytes.
func put(p []byte, c vec) {
	p[0], p[1], p[2] = encode(c.X), encode(c.Y), encode(c.Z)
}

// encode approximates the sRGB transfer curve to within one code out of 255, by square roots alone, since those are
// exact on every platform.
func encode(x float64) byte {
	x = geom.Clamp(x)
	r1 := math.Sqrt(x)
	r2 := math.Sqrt(r1)
	r3 := math.Sqrt(r2)
	s := float64(0.585122381*r1) + float64(0.783140355*r2) - float64(0.368262736*r3)
	if x < 0.0031308 {
		s = float64(12.92 * x)
	}
	return byte(float64(255*geom.Clamp(s)) + 0.5)
}

package scene

import (
	"math"

	"github.com/counterpoint/counterpoint/tools/scenes/geom"
)

// maskSize is the picture size that boxes and visible shares are found at, whatever size is rendered: the truth of a
// scene does not depend on its picture.
const maskSize = 128

// mask is the distance of one object at each pixel of a rectangle, +Inf where it is not.
type mask struct {
	x0, y0, x1, y1 int // x1 and y1 exclusive
	depth          []float64
	pixels         int
}

// newMask returns the mask of an object seen by c, or false if the object leaves the frame.
func newMask(c *geom.Camera, o *geom.Instance) (mask, bool) {
	u0, v0, u1, v1 := math.Inf(1), math.Inf(1), math.Inf(-1), math.Inf(-1)
	for _, p := range o.Corners() {
		u, v := c.Project(p)
		u0, v0, u1, v1 = min(u0, u), min(v0, v), max(u1, u), max(v1, v)
	}
	// The corners of a round object's box may lie outside where the object does not.
	if u1 < 0 || v1 < 0 || u0 > 1 || v0 > 1 {
		return mask{}, false
	}
	cell := func(x float64) int { return int(math.Floor(max(0, min(maskSize, x*maskSize)))) }
	m := mask{x0: cell(u0), y0: cell(v0), x1: min(cell(u1)+1, maskSize), y1: min(cell(v1)+1, maskSize)}
	m.depth = make([]float64, (m.x1-m.x0)*(m.y1-m.y0))
	tight := mask{x0: maskSize, y0: maskSize}
	for y := m.y0; y < m.y1; y++ {
		for x := m.x0; x < m.x1; x++ {
			t, _, part := o.Hit(c.Ray((float64(x)+0.5)/maskSize, (float64(y)+0.5)/maskSize))
			m.depth[(y-m.y0)*(m.x1-m.x0)+x-m.x0] = t
			if part >= 0 {
				m.pixels++
				tight.x0, tight.x1 = min(tight.x0, x), max(tight.x1, x+1)
				tight.y0, tight.y1 = min(tight.y0, y), max(tight.y1, y+1)
			}
		}
	}
	if m.pixels == 0 || tight.x0 == 0 || tight.y0 == 0 || tight.x1 == maskSize || tight.y1 == maskSize {
		return mask{}, false
	}
	return m.crop(tight), true
}

// crop returns the part of m within the rectangle of r.
func (m mask) crop(r mask) mask {
	r.pixels = m.pixels
	for y := r.y0; y < r.y1; y++ {
		row := (y - m.y0) * (m.x1 - m.x0)
		r.depth = append(r.depth, m.depth[row+r.x0-m.x0:row+r.x1-m.x0]...)
	}
	return r
}

// at is the object's distance at a pixel.
func (m *mask) at(x, y int) float64 {
	if x < m.x0 || x >= m.x1 || y < m.y0 || y >= m.y1 {
		return math.Inf(1)
	}
	return m.depth[(y-m.y0)*(m.x1-m.x0)+x-m.x0]
}

// box is the mask's rectangle in picture coordinates.
func (m *mask) box() [4]float64 {
	return [4]float64{
		float64(m.x0) / maskSize, float64(m.y0) / maskSize,
		float64(m.x1) / maskSize, float64(m.y1) / maskSize,
	}
}

// visibleShare is the share of object i's pixels at which no other object is nearer.
func visibleShare(masks []mask, i int) float64 {
	m := &masks[i]
	seen := 0
	for y := m.y0; y < m.y1; y++ {
	pixel:
		for x := m.x0; x < m.x1; x++ {
			t := m.at(x, y)
			if math.IsInf(t, 1) {
				continue
			}
			for j := range masks {
				if j != i && masks[j].at(x, y) < t {
					continue pixel
				}
			}
			seen++
		}
	}
	return float64(seen) / float64(m.pixels)
}

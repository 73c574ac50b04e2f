package geom

import "math"

// Tint says how a part of a shape is coloured.
type Tint int

const (
	Body  Tint = iota // the object's colour and material
	Shade             // a darker tone of the object's colour, matt
	Wood              // brown, matt
	Dark              // near black, matt
	Glass             // pale blue, matt
)

// Part is one solid of a shape.
type Part struct {
	Solid
	Tint Tint
}

// Shape is a body at its own origin, standing on y = 0, at scale 1.
type Shape struct {
	Parts   []Part
	Round   bool    // a body of revolution about the y axis: no turn changes it
	FlatTop float64 // half the width of a square at the top that others can stand on; 0 if there is none
	Facing  float64 // greatest half tangent of its turn away from the camera

	// Found from the parts:
	Lo, Hi    Vec     // bounding box
	Centre    Vec     // of the bounding sphere
	Radius    float64 // of the bounding sphere
	Footprint float64 // radius of a circle on the ground around the body
}

// shapes are about two units high, so that the places of the usual camera show them at 25 to 40 of 128 pixels.
var shapes = bounded(map[string]*Shape{
	"cube": {FlatTop: 0.78, Facing: 0.4142, Parts: []Part{
		{Box{Vec{-0.78, 0, -0.78}, Vec{0.78, 1.56, 0.78}}, Body},
	}},
	"sphere": {Round: true, Parts: []Part{
		{Sphere{Vec{0, 0.9, 0}, 0.9}, Body},
	}},
	"cylinder": {Round: true, FlatTop: 0.66, Parts: []Part{
		{Frustum{0, 0, 0, 1.75, 0.74, 0.74}, Body},
	}},
	"cone": {Round: true, Parts: []Part{
		{Frustum{0, 0, 0, 2, 0.92, 0}, Body},
	}},
	"car": {Facing: 0.45, Parts: []Part{
		{Box{Vec{-1.12, 0.24, -0.5}, Vec{1.12, 0.74, 0.5}}, Body},
		{Tapered(Vec{-0.72, 0.74, -0.46}, Vec{0.62, 1.12, 0.46}, 0.2, 0.34, 0.08), Glass},
		{Tapered(Vec{-0.52, 1.12, -0.38}, Vec{0.28, 1.24, 0.38}, 0.04, 0.04, 0.03), Body},
		{Wheel{-0.66, 0.28, 0.28, -0.56, -0.34}, Dark},
		{Wheel{0.66, 0.28, 0.28, -0.56, -0.34}, Dark},
		{Wheel{-0.66, 0.28, 0.28, 0.34, 0.56}, Dark},
		{Wheel{0.66, 0.28, 0.28, 0.34, 0.56}, Dark},
	}},
	"house": {Facing: 0.36, Parts: []Part{
		{Box{Vec{-0.82, 0, -0.62}, Vec{0.82, 1.1, 0.62}}, Body},
		{Tapered(Vec{-0.96, 1.1, -0.76}, Vec{0.96, 1.95, 0.76}, 0.18, 0.18, 0.76), Shade},
		{Box{Vec{-0.56, 0, -0.65}, Vec{-0.2, 0.74, -0.62}}, Dark},
		{Box{Vec{0.14, 0.42, -0.65}, Vec{0.6, 0.82, -0.62}}, Glass},
	}},
	"tree": {Facing: 0.4, Parts: []Part{
		{Frustum{0, 0, 0, 1, 0.2, 0.14}, Wood},
		{Sphere{Vec{0, 1.42, 0}, 0.62}, Body},
		{Sphere{Vec{-0.4, 1.12, -0.1}, 0.44}, Body},
		{Sphere{Vec{0.38, 1.16, -0.22}, 0.44}, Body},
		{Sphere{Vec{0.06, 1.12, 0.4}, 0.46}, Body},
	}},
})

func bounded(shapes map[string]*Shape) map[string]*Shape {
	inf := math.Inf(1)
	for _, s := range shapes {
		s.Lo, s.Hi = Vec{inf, inf, inf}, Vec{-inf, -inf, -inf}
		for _, p := range s.Parts {
			lo, hi := p.Bounds()
			s.Lo = Vec{min(s.Lo.X, lo.X), min(s.Lo.Y, lo.Y), min(s.Lo.Z, lo.Z)}
			s.Hi = Vec{max(s.Hi.X, hi.X), max(s.Hi.Y, hi.Y), max(s.Hi.Z, hi.Z)}
		}
		s.Centre = s.Lo.Add(s.Hi).Scale(0.5)
		half := s.Hi.Sub(s.Centre)
		ball, single := s.Parts[0].Solid.(Sphere)
		switch {
		case single && len(s.Parts) == 1:
			s.Radius, s.Footprint = ball.R, ball.R
		case s.Round:
			s.Radius = Vec{half.X, half.Y, 0}.Len()
			s.Footprint = half.X
		default:
			s.Radius = half.Len()
			s.Footprint = Vec{max(s.Hi.X, -s.Lo.X), 0, max(s.Hi.Z, -s.Lo.Z)}.Len()
		}
	}
	return shapes
}

// ShapeNamed returns the shape called name.
func ShapeNamed(name string) (*Shape, bool) {
	s, ok := shapes[name]
	return s, ok
}

// Instance is a shape in the world: scaled, turned about y, and moved to Pos.
type Instance struct {
	*Shape
	Pos   Vec
	Turn  Turn
	Scale float64
}

// Sphere returns the instance's bounding sphere.
func (i *Instance) Sphere() Sphere {
	return Sphere{i.Pos.Add(i.Turn.Apply(i.Shape.Centre.Scale(i.Scale))), float64(i.Shape.Radius * i.Scale)}
}

// Corners returns the corners of the instance's box.
func (i *Instance) Corners() (c [8]Vec) {
	for k := range c {
		p := i.Lo
		if k&1 != 0 {
			p.X = i.Hi.X
		}
		if k&2 != 0 {
			p.Y = i.Hi.Y
		}
		if k&4 != 0 {
			p.Z = i.Hi.Z
		}
		c[k] = i.Pos.Add(i.Turn.Apply(p.Scale(i.Scale)))
	}
	return c
}

// local maps a world ray to the shape's own space; its parameter t stays the same.
func (i *Instance) local(r Ray) Ray {
	inv := 1 / i.Scale
	return Ray{i.Turn.Undo(r.O.Sub(i.Pos)).Scale(inv), i.Turn.Undo(r.D).Scale(inv)}
}

// Hit returns where r first meets the instance, the outward normal, and the part it meets; part is -1 if none.
func (i *Instance) Hit(r Ray) (t float64, n Vec, part int) {
	l := i.local(r)
	t, part = math.Inf(1), -1
	for k := range i.Parts {
		if s, m, ok := i.Parts[k].Hit(l); ok && s < t {
			t, n, part = s, m, k
		}
	}
	if part >= 0 {
		n = i.Turn.Apply(n)
	}
	return t, n, part
}

// Blocks reports whether r meets the instance at all.
func (i *Instance) Blocks(r Ray) bool {
	l := i.local(r)
	for k := range i.Parts {
		if _, _, ok := i.Parts[k].Hit(l); ok {
			return true
		}
	}
	return false
}

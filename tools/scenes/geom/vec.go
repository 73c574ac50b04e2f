// Package geom is the geometry of scenes: vectors, a pinhole camera, solids that rays hit, and the seven shapes
// built of them. The world has x to the right, y up and z away from the camera; the ground is y = 0.
//
// Every product that feeds a sum is rounded by an explicit conversion, which forbids fused multiply-add, and no
// function of package math is used but Sqrt, Floor and Abs, which are exact. So results are the same bits on every
// platform.
package geom

import "math"

// Vec is a point, a direction or a linear RGB colour.
type Vec struct{ X, Y, Z float64 }

// Mul is a*b, rounded; see the package comment.
func Mul(a, b float64) float64 { return float64(a * b) }

// Add is a + b.
func (a Vec) Add(b Vec) Vec { return Vec{a.X + b.X, a.Y + b.Y, a.Z + b.Z} }

// Sub is a - b.
func (a Vec) Sub(b Vec) Vec { return Vec{a.X - b.X, a.Y - b.Y, a.Z - b.Z} }

// Scale is s a.
func (a Vec) Scale(s float64) Vec { return Vec{float64(a.X * s), float64(a.Y * s), float64(a.Z * s)} }

// Times is the product by component, as of light and reflectance.
func (a Vec) Times(b Vec) Vec { return Vec{float64(a.X * b.X), float64(a.Y * b.Y), float64(a.Z * b.Z)} }

// Dot is the scalar product.
func (a Vec) Dot(b Vec) float64 { return float64(a.X*b.X) + float64(a.Y*b.Y) + float64(a.Z*b.Z) }

// Cross is the vector product.
func (a Vec) Cross(b Vec) Vec {
	return Vec{
		float64(a.Y*b.Z) - float64(a.Z*b.Y),
		float64(a.Z*b.X) - float64(a.X*b.Z),
		float64(a.X*b.Y) - float64(a.Y*b.X),
	}
}

// Len is the Euclidean length.
func (a Vec) Len() float64 { return math.Sqrt(a.Dot(a)) }

// Unit is a scaled to length 1.
func (a Vec) Unit() Vec { return a.Scale(1 / a.Len()) }

// Mix is (1-t) a + t b.
func (a Vec) Mix(b Vec, t float64) Vec { return a.Scale(1 - t).Add(b.Scale(t)) }

// Mix is (1-t) a + t b.
func Mix(a, b, t float64) float64 { return float64(a*(1-t)) + float64(b*t) }

// Clamp limits x to [0, 1].
func Clamp(x float64) float64 { return max(0, min(1, x)) }

// Smooth is 3t²-2t³ of t limited to [0, 1].
func Smooth(t float64) float64 {
	t = Clamp(t)
	return float64(float64(t*t) * (3 - float64(2*t)))
}

// Turn is a rotation about the y axis.
type Turn struct{ Cos, Sin float64 }

// TurnByHalfTangent is the rotation by 2 atan(h), found without trigonometry.
func TurnByHalfTangent(h float64) Turn {
	d := 1 / (1 + float64(h*h))
	return Turn{float64((1 - float64(h*h)) * d), float64(float64(2*h) * d)}
}

// Apply rotates v.
func (r Turn) Apply(v Vec) Vec {
	return Vec{float64(r.Cos*v.X) + float64(r.Sin*v.Z), v.Y, float64(r.Cos*v.Z) - float64(r.Sin*v.X)}
}

// Undo rotates v back.
func (r Turn) Undo(v Vec) Vec {
	return Vec{float64(r.Cos*v.X) - float64(r.Sin*v.Z), v.Y, float64(r.Cos*v.Z) + float64(r.Sin*v.X)}
}

// Ray is the half line O + t D, t > 0. D need not be a unit vector.
type Ray struct{ O, D Vec }

// At is the point at t.
func (r Ray) At(t float64) Vec { return r.O.Add(r.D.Scale(t)) }

// Camera is a pinhole camera with a square picture.
type Camera struct {
	Eye                Vec
	Right, Up, Forward Vec     // orthonormal
	TanHalf            float64 // tangent of half the field of view
}

// LookAt is the camera at eye with target at the centre of its picture and no roll.
func LookAt(eye, target Vec, tanHalf float64) Camera {
	f := target.Sub(eye).Unit()
	r := Vec{0, 1, 0}.Cross(f).Unit()
	return Camera{Eye: eye, Right: r, Up: f.Cross(r), Forward: f, TanHalf: tanHalf}
}

// Ray is the ray through the picture's point (u, v), each in [0, 1], v down. Its direction is a unit vector.
func (c *Camera) Ray(u, v float64) Ray {
	x := float64((float64(2*u) - 1) * c.TanHalf)
	y := float64((1 - float64(2*v)) * c.TanHalf)
	return Ray{c.Eye, c.Forward.Add(c.Right.Scale(x)).Add(c.Up.Scale(y)).Unit()}
}

// Project is the picture's point (u, v) where p is seen. p must be in front of the camera.
func (c *Camera) Project(p Vec) (u, v float64) {
	q := p.Sub(c.Eye)
	k := 0.5 / float64(q.Dot(c.Forward)*c.TanHalf)
	return 0.5 + float64(q.Dot(c.Right)*k), 0.5 - float64(q.Dot(c.Up)*k)
}

// Depth is the distance of p from the camera along the ground.
func (c *Camera) Depth(p Vec) float64 {
	f := Vec{c.Forward.X, 0, c.Forward.Z}.Unit()
	return p.Sub(c.Eye).Dot(f)
}

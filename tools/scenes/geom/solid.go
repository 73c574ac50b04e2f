package geom

import "math"

// Solid is a convex body that rays hit.
type Solid interface {
	// Hit returns where r enters the body, with the outward normal there (a unit vector), and whether it does so
	// at some t > Epsilon. A ray that starts inside does not enter.
	Hit(r Ray) (t float64, n Vec, ok bool)
	// Bounds returns the corners of a box around the body.
	Bounds() (lo, hi Vec)
}

// Epsilon is the least ray parameter that counts as a hit; it keeps a ray from hitting the surface it leaves.
const Epsilon = 1e-4

// Box is an axis-aligned box.
type Box struct{ Lo, Hi Vec }

// Bounds implements [Solid].
func (b Box) Bounds() (lo, hi Vec) { return b.Lo, b.Hi }

// Hit implements [Solid] by the slab method.
func (b Box) Hit(r Ray) (t float64, n Vec, ok bool) {
	enter, leave := math.Inf(-1), math.Inf(1)
	slab := func(o, d, lo, hi float64, axis Vec) bool {
		if d == 0 {
			return lo <= o && o <= hi
		}
		inv := 1 / d
		t0, t1 := float64((lo-o)*inv), float64((hi-o)*inv)
		side := -1.0
		if inv < 0 {
			t0, t1 = t1, t0
			side = 1
		}
		if t0 > enter {
			enter, n = t0, axis.Scale(side)
		}
		leave = min(leave, t1)
		return enter <= leave
	}
	ok = slab(r.O.X, r.D.X, b.Lo.X, b.Hi.X, Vec{X: 1}) &&
		slab(r.O.Y, r.D.Y, b.Lo.Y, b.Hi.Y, Vec{Y: 1}) &&
		slab(r.O.Z, r.D.Z, b.Lo.Z, b.Hi.Z, Vec{Z: 1})
	return enter, n, ok && enter > Epsilon
}

// Sphere is a ball.
type Sphere struct {
	C Vec
	R float64
}

// Bounds implements [Solid].
func (s Sphere) Bounds() (lo, hi Vec) {
	r := Vec{s.R, s.R, s.R}
	return s.C.Sub(r), s.C.Add(r)
}

// Hit implements [Solid].
func (s Sphere) Hit(r Ray) (t float64, n Vec, ok bool) {
	oc := r.O.Sub(s.C)
	a, b := r.D.Dot(r.D), oc.Dot(r.D)
	disc := float64(b*b) - float64(a*(oc.Dot(oc)-float64(s.R*s.R)))
	if disc <= 0 || b >= 0 {
		return 0, n, false
	}
	t = (-b - math.Sqrt(disc)) / a
	if t <= Epsilon {
		return 0, n, false
	}
	return t, r.At(t).Sub(s.C).Scale(1 / s.R), true
}

// Frustum is a cone frustum standing upright: radius R0 at height Y0 and R1 at height Y1, the axis through (CX, CZ).
// It is a cylinder where the radii are equal and a cone where R1 is 0.
type Frustum struct{ CX, CZ, Y0, Y1, R0, R1 float64 }

// Bounds implements [Solid].
func (f Frustum) Bounds() (lo, hi Vec) {
	r := max(f.R0, f.R1)
	return Vec{f.CX - r, f.Y0, f.CZ - r}, Vec{f.CX + r, f.Y1, f.CZ + r}
}

// Hit implements [Solid].
func (f Frustum) Hit(r Ray) (t float64, n Vec, ok bool) {
	o := Vec{r.O.X - f.CX, r.O.Y, r.O.Z - f.CZ}
	d := r.D
	// Between the planes of the two ends.
	enter, leave := math.Inf(-1), math.Inf(1)
	if d.Y != 0 {
		inv := 1 / d.Y
		enter, leave = float64((f.Y0-o.Y)*inv), float64((f.Y1-o.Y)*inv)
		n = Vec{0, -1, 0}
		if inv < 0 {
			enter, leave = leave, enter
			n = Vec{0, 1, 0}
		}
	} else if o.Y < f.Y0 || o.Y > f.Y1 {
		return 0, n, false
	}
	// Within the mantle: x² + z² <= (ro + rd t)², the radius being linear in the height.
	slope := (f.R1 - f.R0) / (f.Y1 - f.Y0)
	ro, rd := f.R0+float64(slope*(o.Y-f.Y0)), float64(slope*d.Y)
	a := float64(d.X*d.X) + float64(d.Z*d.Z) - float64(rd*rd)
	b := float64(o.X*d.X) + float64(o.Z*d.Z) - float64(ro*rd)
	c := float64(o.X*o.X) + float64(o.Z*o.Z) - float64(ro*ro)
	disc := float64(b*b) - float64(a*c)
	switch {
	case a > 0:
		if disc <= 0 {
			return 0, n, false
		}
		root := math.Sqrt(disc)
		if t0 := (-b - root) / a; t0 > enter {
			enter, n = t0, Vec{}
		}
		leave = min(leave, (-b+root)/a)
	case a < 0:
		// The ray is steeper than the mantle: inside before the first root or after the last, of which one lies
		// on the mirrored cone beyond the apex.
		root := math.Sqrt(max(disc, 0))
		if rd > 0 {
			if last := (-b - root) / a; last > enter {
				enter, n = last, Vec{}
			}
		} else {
			leave = min(leave, (-b+root)/a)
		}
	case c > 0: // parallel to the mantle, outside
		return 0, n, false
	}
	if enter > leave || enter <= Epsilon {
		return 0, n, false
	}
	if n == (Vec{}) {
		p := Vec{o.X + float64(d.X*enter), 0, o.Z + float64(d.Z*enter)}
		p.Y = float64(-slope * math.Sqrt(float64(p.X*p.X)+float64(p.Z*p.Z)))
		n = p.Unit()
	}
	return enter, n, true
}

// Wheel is a cylinder lying along z: the disc of radius R about (CX, CY), from Z0 to Z1.
type Wheel struct{ CX, CY, R, Z0, Z1 float64 }

// Bounds implements [Solid].
func (w Wheel) Bounds() (lo, hi Vec) {
	return Vec{w.CX - w.R, w.CY - w.R, w.Z0}, Vec{w.CX + w.R, w.CY + w.R, w.Z1}
}

// Hit implements [Solid] through the upright cylinder, with y and z exchanged.
func (w Wheel) Hit(r Ray) (t float64, n Vec, ok bool) {
	swap := func(v Vec) Vec { return Vec{v.X, v.Z, v.Y} }
	t, n, ok = Frustum{w.CX, w.CY, w.Z0, w.Z1, w.R, w.R}.Hit(Ray{swap(r.O), swap(r.D)})
	return t, swap(n), ok
}

// Plane bounds the half space N·p <= D. N is a unit vector.
type Plane struct {
	N Vec
	D float64
}

// Polyhedron is the intersection of half spaces, inside the box Lo, Hi.
type Polyhedron struct {
	Planes []Plane
	Lo, Hi Vec
}

// Bounds implements [Solid].
func (p *Polyhedron) Bounds() (lo, hi Vec) { return p.Lo, p.Hi }

// Hit implements [Solid].
func (p *Polyhedron) Hit(r Ray) (t float64, n Vec, ok bool) {
	enter, leave := math.Inf(-1), math.Inf(1)
	for i := range p.Planes {
		pl := &p.Planes[i]
		vn, dist := pl.N.Dot(r.D), pl.D-pl.N.Dot(r.O)
		switch {
		case vn == 0:
			if dist < 0 {
				return 0, n, false
			}
		case vn < 0:
			if s := dist / vn; s > enter {
				enter, n = s, pl.N
			}
		default:
			leave = min(leave, dist/vn)
		}
		if enter > leave {
			return 0, n, false
		}
	}
	return enter, n, enter > Epsilon
}

// Tapered is a body with a rectangular base lo.X..hi.X × lo.Z..hi.Z at lo.Y whose sides lean inwards, so that at
// hi.Y they have come in by left (x from below), right (x from above) and deep (z, both sides). It is a car's cabin,
// or with a ridge at the top a roof.
func Tapered(lo, hi Vec, left, right, deep float64) *Polyhedron {
	h := hi.Y - lo.Y
	side := func(n, p Vec) Plane {
		n = n.Unit()
		return Plane{n, n.Dot(p)}
	}
	return &Polyhedron{
		Planes: []Plane{
			side(Vec{-h, left, 0}, lo),
			side(Vec{h, right, 0}, Vec{hi.X, lo.Y, hi.Z}),
			side(Vec{0, deep, -h}, lo),
			side(Vec{0, deep, h}, Vec{hi.X, lo.Y, hi.Z}),
			side(Vec{0, 1, 0}, hi),
			side(Vec{0, -1, 0}, lo),
		},
		Lo: lo, Hi: hi,
	}
}

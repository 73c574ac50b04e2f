package geom

import (
	"math"
	"math/rand/v2"
	"testing"
)

func random(r *rand.Rand, scale float64) Vec {
	return Vec{r.Float64()*2 - 1, r.Float64()*2 - 1, r.Float64()*2 - 1}.Scale(scale)
}

// inside says whether p is in a solid, straight from the solid's definition.
func inside(s Solid, p Vec) bool {
	switch s := s.(type) {
	case Box:
		return s.Lo.X <= p.X && p.X <= s.Hi.X && s.Lo.Y <= p.Y && p.Y <= s.Hi.Y && s.Lo.Z <= p.Z && p.Z <= s.Hi.Z
	case Sphere:
		return p.Sub(s.C).Len() <= s.R
	case Frustum:
		h := (p.Y - s.Y0) / (s.Y1 - s.Y0)
		return h >= 0 && h <= 1 && math.Hypot(p.X-s.CX, p.Z-s.CZ) <= Mix(s.R0, s.R1, h)
	case Wheel:
		return s.Z0 <= p.Z && p.Z <= s.Z1 && math.Hypot(p.X-s.CX, p.Y-s.CY) <= s.R
	case *Polyhedron:
		for _, pl := range s.Planes {
			if pl.N.Dot(p) > pl.D {
				return false
			}
		}
		return true
	}
	panic("BUG: unknown solid")
}

var solids = map[string]Solid{
	"box":      Box{Vec{-0.7, -0.3, -0.5}, Vec{0.4, 0.8, 0.6}},
	"sphere":   Sphere{Vec{0.1, 0.2, -0.1}, 0.8},
	"cylinder": Frustum{0.1, -0.1, -0.6, 0.7, 0.6, 0.6},
	"cone":     Frustum{0, 0, -0.8, 0.9, 0.9, 0},
	"funnel":   Frustum{0, 0, -0.5, 0.5, 0.2, 0.8},
	"wheel":    Wheel{0.2, 0.1, 0.5, -0.3, 0.4},
	"tapered":  Tapered(Vec{-0.8, -0.4, -0.5}, Vec{0.8, 0.6, 0.5}, 0.2, 0.3, 0.5),
}

// TestHit compares each solid's Hit with a fine march along the ray through the solid's definition.
func TestHit(t *testing.T) {
	const step, reach = 1e-3, 6.0
	for name, s := range solids {
		t.Run(name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(1, 2))
			hits := 0
			for range 300 {
				from := random(r, 1).Unit().Scale(3)
				ray := Ray{from, random(r, 0.9).Sub(from).Unit()}
				march, in := 0.0, 0
				for x := 0.0; x < reach; x += step {
					if inside(s, ray.At(x)) {
						if in == 0 {
							march = x
						}
						in++
					}
				}
				got, n, ok := s.Hit(ray)
				if !ok {
					if in > 2 { // the march may graze what Hit rounds away
						t.Fatalf("%+v: missed, but the march is inside at %g for %d steps", ray, march, in)
					}
					continue
				}
				hits++
				if in > 2 && math.Abs(got-march) > 2*step {
					t.Fatalf("%+v: hit at %g, the march at %g", ray, got, march)
				}
				if math.Abs(n.Len()-1) > 1e-9 || n.Dot(ray.D) > 1e-9 {
					t.Fatalf("%+v: normal %+v", ray, n)
				}
				p := ray.At(got)
				if inside(s, p.Add(n.Scale(1e-6))) || (in > 50 && !inside(s, p.Add(ray.D.Scale(1e-6)))) {
					t.Fatalf("%+v: %+v is not on the surface, or %+v does not point outwards", ray, p, n)
				}
			}
			if hits < 30 {
				t.Fatalf("only %d rays hit", hits)
			}
		})
	}
}

// Rays along an axis make terms of the quadratics and slabs vanish.
func TestHitAlongAxes(t *testing.T) {
	for name, s := range solids {
		lo, hi := s.Bounds()
		centre := lo.Add(hi).Scale(0.5)
		for _, d := range []Vec{{1, 0, 0}, {-1, 0, 0}, {0, 1, 0}, {0, -1, 0}, {0, 0, 1}, {0, 0, -1}} {
			if got, n, ok := s.Hit(Ray{centre.Sub(d.Scale(5)), d}); !ok || n.Dot(d) >= 0 {
				t.Errorf("%s along %v: hit %v at %g, normal %v", name, d, ok, got, n)
			}
			aside := Vec{d.Y, d.Z, d.X}.Scale(5)
			if _, _, ok := s.Hit(Ray{centre.Sub(d.Scale(5)).Add(aside), d}); ok {
				t.Errorf("%s along %v, far aside: hit", name, d)
			}
			if _, _, ok := s.Hit(Ray{centre, d}); ok {
				t.Errorf("%s along %v from inside: hit", name, d)
			}
		}
	}
}

func TestBounds(t *testing.T) {
	for name, s := range shapes {
		r := rand.New(rand.NewPCG(3, 4))
		i := Instance{Shape: s, Pos: Vec{1, 0, 2}, Turn: TurnByHalfTangent(0.3), Scale: 0.7}
		ball := i.Sphere()
		for range 3000 {
			// A point of some part must be within the box, the ball and, seen from above, the footprint.
			p := s.Lo.Add(s.Hi.Sub(s.Lo).Times(Vec{r.Float64(), r.Float64(), r.Float64()}))
			for _, part := range s.Parts {
				if !inside(part.Solid, p) {
					continue
				}
				if math.Hypot(p.X, p.Z) > s.Footprint+1e-9 {
					t.Fatalf("%s: %v is outside the footprint", name, p)
				}
				if w := i.Pos.Add(i.Turn.Apply(p.Scale(i.Scale))); w.Sub(ball.C).Len() > ball.R+1e-9 {
					t.Fatalf("%s: %v is outside the ball", name, p)
				}
			}
		}
		if s.Lo.Y != 0 && name != "car" {
			t.Errorf("%s stands at %g, want 0", name, s.Lo.Y)
		}
	}
}

func TestInstanceHit(t *testing.T) {
	// A cube of half width 0.39, turned by an eighth: its edge faces the ray.
	cube, _ := ShapeNamed("cube")
	i := Instance{Shape: cube, Pos: Vec{2, 1, 3}, Turn: TurnByHalfTangent(math.Sqrt2 - 1), Scale: 0.5}
	d, n, part := i.Hit(Ray{Vec{2.001, 1.3, -4}, Vec{0, 0, 1}})
	if want := 7 - 0.39*math.Sqrt2; part != 0 || math.Abs(d-want) > 2e-3 {
		t.Errorf("hit part %d at %g, want 0 at %g", part, d, want)
	}
	if math.Abs(n.X-math.Sqrt2/2) > 1e-6 || math.Abs(n.Z+math.Sqrt2/2) > 1e-6 {
		t.Errorf("normal %v, want (0.707, 0, -0.707)", n)
	}
	if !i.Blocks(Ray{Vec{2, 5, 3}, Vec{0, -1, 0}}) || i.Blocks(Ray{Vec{2, 5, 3}, Vec{0, 1, 0}}) {
		t.Error("Blocks does not tell down from up")
	}
}

func TestTurn(t *testing.T) {
	turn := TurnByHalfTangent(math.Tan(0.2))
	if math.Abs(turn.Cos-math.Cos(0.4)) > 1e-12 || math.Abs(turn.Sin-math.Sin(0.4)) > 1e-12 {
		t.Errorf("got %v, want the turn by 0.4", turn)
	}
	v := Vec{1, 2, 3}
	if got := turn.Undo(turn.Apply(v)); got.Sub(v).Len() > 1e-12 {
		t.Errorf("Undo(Apply(%v)) = %v", v, got)
	}
}

func TestCamera(t *testing.T) {
	c := LookAt(Vec{1, 5, -7}, Vec{0, 2, 0}, 0.4)
	for _, uv := range [][2]float64{{0.5, 0.5}, {0, 0}, {1, 0.25}, {0.3, 0.9}} {
		u, v := c.Project(c.Ray(uv[0], uv[1]).At(3))
		if math.Abs(u-uv[0]) > 1e-12 || math.Abs(v-uv[1]) > 1e-12 {
			t.Errorf("the ray through %v is seen at %g, %g", uv, u, v)
		}
	}
	if u, v := c.Project(Vec{0, 2, 0}); math.Abs(u-0.5) > 1e-12 || math.Abs(v-0.5) > 1e-12 {
		t.Errorf("the target is seen at %g, %g", u, v)
	}
	if near, far := c.Depth(Vec{0, 0, 0}), c.Depth(Vec{0, 3, 1}); near >= far {
		t.Errorf("depth %g at z=0 and %g at z=1", near, far)
	}
}

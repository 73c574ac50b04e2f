package render

import (
	"math"

	"github.com/counterpoint/counterpoint/tools/scenes/geom"
	"github.com/counterpoint/counterpoint/tools/scenes/scene"
	"github.com/counterpoint/counterpoint/tools/scenes/vocab"
)

// lightRays is the number of rays towards the main light at a point that something may shade.
const lightRays = 16

// object is an instance with what shading needs of it.
type object struct {
	geom.Instance
	ball   geom.Sphere // around the instance
	tints  [5]vec      // reflectance, by geom.Tint
	metal  bool
	convex bool // of one part: it cannot shade itself where it faces the light
}

type tracer struct {
	env     *environment
	seed    uint64
	light   vec
	rays    [lightRays]vec // directions to points of the main light
	objects []object
}

func newTracer(s *scene.Scene) *tracer {
	t := &tracer{env: environments[s.Background], seed: s.Texture, light: s.Light}
	// A sunflower of points on the light's disc; each turns by the golden angle.
	side := up.Cross(s.Light).Unit()
	other := s.Light.Cross(side)
	turn := geom.Turn{Cos: -0.7373688780783197, Sin: 0.6754902942615238}
	p := vec{X: 1}
	for i := range t.rays {
		r := float64(t.env.softness * math.Sqrt((float64(i)+0.5)/lightRays))
		t.rays[i] = s.Light.Add(side.Scale(float64(r * p.X))).Add(other.Scale(float64(r * p.Z))).Unit()
		p = turn.Apply(p)
	}
	for i := range s.Objects {
		o := &s.Objects[i]
		c, _ := vocab.Default.Colour(o.Colour)
		body := rgb(c[0], c[1], c[2])
		t.objects = append(t.objects, object{
			Instance: o.Instance,
			ball:     o.Sphere(),
			metal:    o.Material == "metal",
			convex:   len(o.Parts) == 1,
			tints: [5]vec{
				geom.Body:  body,
				geom.Shade: body.Scale(0.4),
				geom.Wood:  rgb(0.16, 0.075, 0.03),
				geom.Dark:  rgb(0.022, 0.022, 0.025),
				geom.Glass: rgb(0.30, 0.42, 0.50),
			},
		})
	}
	return t
}

// surface is where a ray ends.
type surface struct {
	p, n   vec
	dist   float64
	object int // index; -1 is the ground
	part   int
}

// nearest returns what r meets first, or false for the sky.
func (t *tracer) nearest(r geom.Ray) (surface, bool) {
	hit := surface{dist: math.Inf(1), object: -1, part: -1}
	for i := range t.objects {
		o := &t.objects[i]
		if !meets(r, o.ball) {
			continue
		}
		if d, n, part := o.Hit(r); part >= 0 && d < hit.dist {
			hit.dist, hit.n, hit.object, hit.part = d, n, i, part
		}
	}
	if hit.object < 0 {
		if r.D.Y >= 0 {
			return hit, false
		}
		hit.dist = -r.O.Y / r.D.Y
	}
	hit.p = r.At(hit.dist)
	return hit, true
}

// meets reports whether r, of unit direction, passes through the ball.
func meets(r geom.Ray, ball geom.Sphere) bool {
	c := ball.C.Sub(r.O)
	b, r2, c2 := c.Dot(r.D), float64(ball.R*ball.R), c.Dot(c)
	return c2 <= r2 || (b > 0 && c2-float64(b*b) <= r2)
}

// trace returns the light that comes back along a primary ray, and a number for the surface it met: parts of objects
// count apart, the ground is 0 and the sky -1.
func (t *tracer) trace(r geom.Ray) (vec, int32) {
	s, ok := t.nearest(r)
	if !ok {
		return t.env.sky(r.D, t.seed), -1
	}
	lit := t.lit(&s)
	if s.object < 0 {
		return t.ground(r, &s, lit, true), 0
	}
	return t.body(r, &s, lit, true), int32(1 + s.object*16 + s.part)
}

// glimpse is trace for a reflected ray: it casts no further rays.
func (t *tracer) glimpse(r geom.Ray) vec {
	s, ok := t.nearest(r)
	switch {
	case !ok:
		glow := power(geom.Clamp(r.D.Dot(t.light)), 3)
		return t.env.sky(r.D, t.seed).Add(t.env.key.Scale(float64(1.2 * glow)))
	case s.object < 0:
		return t.ground(r, &s, 1, false)
	}
	return t.body(r, &s, 1, false)
}

// ground is the light from a point of the ground.
func (t *tracer) ground(r geom.Ray, s *surface, lit float64, bounce bool) vec {
	detail := geom.Smooth((22 - s.dist) / 14)
	albedo, n := t.env.ground(s.p.X, s.p.Z, detail, t.seed)
	s.n = up
	light := t.env.key.Scale(float64(lit * geom.Clamp(n.Dot(t.light)))).Add(t.ambient(s))
	c := albedo.Times(light)
	if bounce && t.env.mirror > 0 {
		away := 1 - geom.Clamp(-r.D.Dot(n))
		schlick := float64(power(away, 2) * away)
		fresnel := t.env.mirror + float64((1-t.env.mirror)*schlick)
		c = c.Scale(1 - fresnel).Add(t.glimpse(reflect(r, s.p, n)).Scale(float64(fresnel * geom.Mix(0.55, 1, lit))))
	}
	// The far ground fades into the horizon.
	return c.Mix(t.env.horizon, geom.Smooth((s.dist-11)/40))
}

// body is the light from a point of an object.
func (t *tracer) body(r geom.Ray, s *surface, lit float64, bounce bool) vec {
	o := &t.objects[s.object]
	tint := o.Parts[s.part].Tint
	albedo := o.tints[tint]
	facing := float64(lit * geom.Clamp(s.n.Dot(t.light)))
	c := albedo.Times(t.env.key.Scale(facing).Add(t.ambient(s)))
	mirrored := reflect(r, s.p, s.n)
	shine := power(geom.Clamp(mirrored.D.Dot(t.light)), 3)
	if o.metal && tint == geom.Body {
		reflected := t.env.horizon.Scale(0.6)
		if bounce {
			reflected = t.glimpse(mirrored)
		}
		c = c.Scale(0.6).Add(albedo.Mix(white, 0.08).Times(reflected).Scale(0.85))
		return c.Add(t.env.key.Scale(float64(0.9 * float64(lit*power(shine, 2)))))
	}
	return c.Add(t.env.key.Scale(float64(0.05 * float64(lit*shine))))
}

// power is x to the power 2^n.
func power(x float64, n int) float64 {
	for range n {
		x = float64(x * x)
	}
	return x
}

func reflect(r geom.Ray, p, n vec) geom.Ray {
	d := r.D.Sub(n.Scale(float64(2 * r.D.Dot(n))))
	return geom.Ray{O: p, D: d}
}

// ambient is the light from all around at a surface, less what near objects hide of it: each hides what its ball
// would, (R/d)² of the hemisphere for a surface facing it.
func (t *tracer) ambient(s *surface) vec {
	open := 1.0
	for i := range t.objects {
		if i == s.object {
			continue
		}
		c := t.objects[i].ball.C.Sub(s.p)
		d2 := c.Dot(c)
		cos := c.Dot(s.n) / math.Sqrt(d2)
		if cos <= 0 {
			continue
		}
		r2 := float64(t.objects[i].ball.R * t.objects[i].ball.R)
		open = float64(open * (1 - float64(float64(0.75*cos)*min(1, float64(0.6*r2)/d2))))
	}
	if s.object >= 0 {
		// The ground close below darkens a body's foot.
		open = float64(open * geom.Mix(0.72, 1, geom.Smooth(float64(1.6*s.p.Y)+float64(0.6*s.n.Y))))
	}
	return t.env.below.Mix(t.env.above, 0.5+float64(0.5*s.n.Y)).Scale(open)
}

// lit is the share of the main light that reaches a surface.
func (t *tracer) lit(s *surface) float64 {
	if s.object >= 0 && s.n.Dot(t.light) <= 0 {
		return 0
	}
	var shading [scene.MaxObjects]*object
	n := 0
	for i := range t.objects {
		o := &t.objects[i]
		if i == s.object && o.convex {
			continue
		}
		// The cone of rays to the light, widening with the distance, must touch the ball.
		c := o.ball.C.Sub(s.p)
		along := c.Dot(t.light)
		reach := o.ball.R + float64(t.env.softness*max(along, 0))
		if along > -o.ball.R && c.Dot(c)-float64(along*along) <= float64(reach*reach) {
			shading[n] = o
			n++
		}
	}
	if n == 0 {
		return 1
	}
	free := 0
rays:
	for _, d := range t.rays {
		r := geom.Ray{O: s.p, D: d}
		for _, o := range shading[:n] {
			if meets(r, o.ball) && o.Blocks(r) {
				continue rays
			}
		}
		free++
	}
	return float64(free) / lightRays
}

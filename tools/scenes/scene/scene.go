// Package scene samples small 3-D scenes, says what is true of them, and describes them in partial captions.
//
// A scene is a function of (seed, index, split, only) alone.
package scene

import "github.com/counterpoint/counterpoint/tools/scenes/geom"

// MaxObjects is the greatest number of objects in a scene.
const MaxObjects = 5

// Object is one thing in a scene: its attributes, by the vocabulary's names, where it stands, and how it is seen.
type Object struct {
	Shape, Colour, Material, Size string

	geom.Instance
	On int // index of the object it stands on; -1 is the ground

	Box     [4]float64 // left, top, right, bottom in the picture, each in [0, 1], as if nothing hid it
	Visible float64    // share of its pixels that no other object hides
}

// Centre is the middle of the object's box in the picture.
func (o *Object) Centre() (u, v float64) {
	return (o.Box[0] + o.Box[2]) / 2, (o.Box[1] + o.Box[3]) / 2
}

// Scene is a camera, a light, a background and up to MaxObjects objects.
type Scene struct {
	Seed  uint64 // of the data set
	Index int    // in the data set

	Background string
	Camera     geom.Camera
	Light      geom.Vec // unit vector towards the middle of the main light
	Texture    uint64   // seed of the ground's texture and the sky's stars
	Objects    []Object
}

// Relation states that Objects[A] is Name ("left of", …) Objects[B].
type Relation struct {
	A    int
	Name string
	B    int
}

// Margins beyond which a relation clearly holds: of pixel centres as a share of the picture's width, and of depth
// along the ground in world units.
const (
	sideMargin  = 0.08
	depthMargin = 0.9
)

// Relations returns every relation that holds by a clear margin, both ways round.
//
// left of and right of compare centres in the picture; in front of and behind compare depth along the ground; above
// and below are for an object standing on another, and such a pair has no other relation.
func (s *Scene) Relations() []Relation { return s.relations(sideMargin, depthMargin) }

func (s *Scene) relations(side, depth float64) []Relation {
	var all []Relation
	for b := range s.Objects {
		for a := range b {
			all = s.appendRelations(all, a, b, side, depth)
		}
	}
	return all
}

func (s *Scene) appendRelations(all []Relation, a, b int, side, depth float64) []Relation {
	both := func(a int, name string, b int, inverse string) {
		all = append(all, Relation{a, name, b}, Relation{b, inverse, a})
	}
	p, q := &s.Objects[a], &s.Objects[b]
	if q.On == a {
		both(b, "above", a, "below")
		return all
	}
	if p.On == b {
		both(a, "above", b, "below")
		return all
	}
	pu, _ := p.Centre()
	qu, _ := q.Centre()
	switch {
	case qu-pu > side:
		both(a, "left of", b, "right of")
	case pu-qu > side:
		both(b, "left of", a, "right of")
	}
	pd, qd := s.Camera.Depth(p.Pos), s.Camera.Depth(q.Pos)
	switch {
	case qd-pd > depth:
		both(a, "in front of", b, "behind")
	case pd-qd > depth:
		both(b, "in front of", a, "behind")
	}
	return all
}

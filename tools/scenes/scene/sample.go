package scene

import (
	"fmt"

	"github.com/counterpoint/counterpoint/tools/scenes/geom"
	"github.com/counterpoint/counterpoint/tools/scenes/vocab"
)

// Split says what part of all combinations a scene may hold.
type Split string

const (
	Train   Split = "train"   // no held-out combination
	Heldout Split = "heldout" // at least one held-out combination
	All     Split = "all"     // any
)

// ParseSplit returns the split called name.
func ParseSplit(name string) (Split, error) {
	switch s := Split(name); s {
	case Train, Heldout, All:
		return s, nil
	}
	return "", fmt.Errorf("split %q: want train, heldout or all", name)
}

// Only narrows what scenes show, for models that are to know one part of the world alone.
type Only string

const (
	Everything  Only = ""            // 0 to MaxObjects objects on any background
	Backgrounds Only = "backgrounds" // any background, and no object
	Objects     Only = "objects"     // 0 to MaxObjects objects, in the studio
)

// ParseOnly returns the part of the world called name.
func ParseOnly(name string) (Only, error) {
	switch o := Only(name); o {
	case Everything, Backgrounds, Objects:
		return o, nil
	}
	return "", fmt.Errorf("only %q: want backgrounds, objects, or nothing for both", name)
}

// Check reports whether there are such scenes.
func Check(split Split, only Only) error {
	if split == Heldout && only == Backgrounds {
		return fmt.Errorf("split %s of %s: no combination is held out of scenes without objects", split, only)
	}
	return nil
}

func (o Only) count(r *rng) int {
	if o == Backgrounds {
		return 0
	}
	return r.weighted(countWeights)
}

func (o Only) background(r *rng) string {
	if o == Objects {
		return plain
	}
	return pick(r, words.Backgrounds).Name
}

// plain is the background of scenes that are of objects only.
const plain = "studio"

var (
	countWeights = []float64{6, 22, 27, 22, 14, 9} // of 0 to MaxObjects objects

	words = vocab.Default
	held  = vocab.DefaultHeldout
)

const (
	gap         = 0.14 // least distance of two footprints, in world units
	minVisible  = 0.62 // least visible share of an object
	stackChance = 0.24 // that an object stands on another, where another can bear it
	overhang    = 1.2  // how far beyond a flat top an object on it may reach, as a factor

	placeTries  = 30  // places tried for an object before the layout starts again
	layoutTries = 12  // layouts tried for the same objects
	castTries   = 200 // choices of objects for one number of them
)

// Sample returns scene index of a seed.
func Sample(seed uint64, index int, split Split, only Only) (*Scene, error) {
	if err := Check(split, only); err != nil {
		return nil, err
	}
	r := newRNG(seed, index, layoutStream)
	for {
		s, err := sampleCount(r, only.count(r), split, only)
		if err != nil {
			return nil, fmt.Errorf("scene %d of seed %d: %w", index, seed, err)
		}
		if split == Heldout && !s.HoldsHeldout() {
			continue
		}
		s.Seed, s.Index = seed, index
		return s, nil
	}
}

// sampleCount returns a scene of n objects. Neither the number nor what the objects are is given up at once for what
// fits more easily, which would make crowded scenes and large objects rarer than they should be.
func sampleCount(r *rng, n int, split Split, only Only) (*Scene, error) {
	for range castTries {
		background := only.background(r)
		cast := make([]Object, n)
		for i := range cast {
			cast[i] = drawObject(r, background, split)
		}
		for range layoutTries {
			s := newStage(r, background)
			l := layout{scene: s, rng: r, split: split}
			for len(s.Objects) < n && l.place(cast[len(s.Objects)]) {
			}
			if len(s.Objects) == n {
				return s, nil
			}
		}
	}
	return nil, fmt.Errorf("no layout of %d objects in %d tries", n, castTries*layoutTries)
}

// drawObject returns an object of random attributes and turn, not yet at a place.
func drawObject(r *rng, background string, split Split) Object {
	for {
		size := pick(r, words.Sizes)
		o := Object{
			Shape:    pick(r, words.Shapes),
			Colour:   pick(r, words.Colours).Name,
			Material: pick(r, words.Materials),
			Size:     size.Name,
			On:       -1,
		}
		if split == Train && (held.ShapeColour[[2]string{o.Shape, o.Colour}] ||
			held.ShapeBackground[[2]string{o.Shape, background}]) {
			continue
		}
		shape, _ := geom.ShapeNamed(o.Shape)
		o.Instance = geom.Instance{Shape: shape, Scale: size.Scale}
		o.Turn = geom.TurnByHalfTangent(geom.Mul(r.between(-1, 1), shape.Facing))
		if o.Shape == "car" && r.chance(0.5) { // half of them drive the other way
			o.Turn = geom.Turn{Cos: -o.Turn.Cos, Sin: -o.Turn.Sin}
		}
		return o
	}
}

// newStage returns a scene without objects.
func newStage(r *rng, background string) *Scene {
	s := &Scene{Background: background}
	// The camera circles the middle a little; a half tangent of 0.035 is 4 degrees.
	orbit := geom.TurnByHalfTangent(r.between(-0.035, 0.035))
	eye := orbit.Apply(geom.Vec{X: 0, Y: r.between(4.85, 5.15), Z: -r.between(7.45, 7.75)})
	target := geom.Vec{X: r.between(-0.1, 0.1), Y: r.between(2.03, 2.17), Z: 0}
	s.Camera = geom.LookAt(eye, target, 0.425)
	s.Light = geom.Vec{X: r.between(-0.85, -0.45), Y: 1, Z: r.between(-0.75, -0.4)}.Unit()
	s.Texture = r.next()
	return s
}

// layout adds objects to a scene.
type layout struct {
	scene *Scene
	rng   *rng
	split Split
	masks []mask
}

// place adds an object and reports whether it found room for it.
func (l *layout) place(o Object) bool {
	s := l.scene
	for range placeTries {
		l.move(&o)
		if l.collides(&o) {
			continue
		}
		m, ok := newMask(&s.Camera, &o.Instance)
		if !ok {
			continue
		}
		o.Box = m.box()
		s.Objects = append(s.Objects, o)
		l.masks = append(l.masks, m)
		if (l.split == Train && l.lastRelatesHeldout()) || !l.visible() {
			s.Objects = s.Objects[:len(s.Objects)-1]
			l.masks = l.masks[:len(l.masks)-1]
			continue
		}
		return true
	}
	return false
}

// move puts o at a random place, on the ground or on another object.
func (l *layout) move(o *Object) {
	r, s := l.rng, l.scene
	o.On = -1
	if bases := l.bases(o); len(bases) > 0 && r.chance(stackChance) {
		o.On = pick(r, bases)
		base := &s.Objects[o.On]
		o.Pos = base.Pos
		o.Pos.Y += float64(base.Hi.Y * base.Scale)
		return
	}
	// The part of the ground in view widens with the distance.
	z := r.between(-2.4, 2.3)
	x := geom.Mul(r.between(-1, 1), 2.9+float64(0.4*z))
	o.Pos = geom.Vec{X: x, Y: 0, Z: z}
}

// bases returns the objects that o could stand on.
func (l *layout) bases(o *Object) []int {
	var found []int
	reach := max(o.Hi.X, -o.Lo.X, o.Hi.Z, -o.Lo.Z)
	for i := range l.scene.Objects {
		b := &l.scene.Objects[i]
		free := b.On < 0 && float64(b.FlatTop*b.Scale)*overhang >= float64(reach*o.Scale)
		for j := range l.scene.Objects {
			free = free && l.scene.Objects[j].On != i
		}
		if free {
			found = append(found, i)
		}
	}
	return found
}

// collides reports whether o's footprint comes too near another's, the one it stands on excepted.
func (l *layout) collides(o *Object) bool {
	for i := range l.scene.Objects {
		p := &l.scene.Objects[i]
		if o.On == i {
			continue
		}
		d := o.Pos.Sub(p.Pos)
		d.Y = 0
		if d.Len() < float64(o.Footprint*o.Scale)+float64(p.Footprint*p.Scale)+gap {
			return true
		}
	}
	return false
}

// lastRelatesHeldout reports whether the newest object is in a held-out relation, by however small a margin.
func (l *layout) lastRelatesHeldout() bool {
	s := l.scene
	last := len(s.Objects) - 1
	var all []Relation
	for i := range last {
		all = s.appendRelations(all, i, last, 0, 0)
	}
	return s.anyHeldout(all)
}

// visible reports whether enough of every object is seen, and notes how much.
func (l *layout) visible() bool {
	for i := range l.masks {
		share := visibleShare(l.masks, i)
		if share < minVisible {
			return false
		}
		l.scene.Objects[i].Visible = share
	}
	return true
}

func (s *Scene) anyHeldout(relations []Relation) bool {
	for _, rel := range relations {
		if held.Relations[vocab.Triple{
			Subject:  s.Objects[rel.A].Shape,
			Relation: rel.Name,
			Object:   s.Objects[rel.B].Shape,
		}] {
			return true
		}
	}
	return false
}

// HoldsHeldout reports whether the scene holds a held-out combination; a relation must hold by a clear margin.
func (s *Scene) HoldsHeldout() bool {
	for i := range s.Objects {
		o := &s.Objects[i]
		if held.ShapeColour[[2]string{o.Shape, o.Colour}] || held.ShapeBackground[[2]string{o.Shape, s.Background}] {
			return true
		}
	}
	return s.anyHeldout(s.Relations())
}

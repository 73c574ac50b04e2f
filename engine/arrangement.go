package engine

import (
	"math"
	"math/rand/v2"
	"slices"

	"github.com/counterpoint/counterpoint/engine/compose"
)

// arrangement is things that need places, and what is known of them.
type arrangement struct {
	spec      placeSpec
	things    []spot
	relations []relation
}

// spot is where a thing is.
type spot struct {
	place  *compose.Place
	box    [4]float64 // where it may be drawn: least x and y, greatest x and y
	lifted bool       // it stands on another thing, so above the box
}

// relation is what one thing's place says of another's.
type relation struct {
	a, b int // things
	*relationSpec
}

// add adds a thing, at a place or at one to be drawn where things are and, if it can, within a region, and returns its number.
func (a *arrangement) add(at *compose.Place, in *compose.Region) int {
	s := spot{place: at, box: a.spec.Region}
	if in != nil {
		s.box[0], s.box[2] = within(s.box[0], s.box[2], in.X0, in.X1)
		s.box[1], s.box[3] = within(s.box[1], s.box[3], in.Y0, in.Y1)
	}
	a.things = append(a.things, s)
	return len(a.things) - 1
}

// within returns what an interval shares with another one; if that is nothing, the middle of the other.
func within(low, high, least, most float64) (float64, float64) {
	if low <= most && high >= least {
		return max(low, least), min(high, most)
	}
	middle := (least + most) / 2
	return middle, middle
}

func (a *arrangement) relate(first, second int, r *relationSpec) {
	a.relations = append(a.relations, relation{first, second, r})
	switch {
	case r.Stacked && r.Offset[1] < 0:
		a.things[first].lifted = true
	case r.Stacked:
		a.things[second].lifted = true
	}
}

// draw gives every thing a place: the first of some random arrangements in which all that is known holds, or the one in
// which least is amiss.
func (a *arrangement) draw(seed uint64) {
	const arrangements = 32
	random := rand.New(rand.NewPCG(seed, 0x706c61636573)) // a stream of its own beside the seed's noise
	var best []spot
	least := math.Inf(1)
	for range arrangements {
		trial := *a
		trial.things = slices.Clone(a.things)
		amiss := 0.0
		for i, ok := trial.next(); ok; i, ok = trial.next() {
			amiss += trial.place(i, random)
		}
		if amiss < least {
			best, least = trial.things, amiss
		}
		if amiss == 0 {
			break
		}
	}
	a.things = best
}

// next is the thing to be placed next: the one with most relations to things that have places, of those on the ground before
// those that stand on them. It reports whether there is one.
func (a *arrangement) next() (thing int, ok bool) {
	most := -1
	for _, lifted := range []bool{false, true} {
		for i, t := range a.things {
			if n := len(a.anchors(i)); t.place == nil && t.lifted == lifted && n > most {
				thing, most = i, n
			}
		}
		if most >= 0 {
			return thing, true
		}
	}
	return 0, false
}

// anchors lists the relations of a thing to those that have places.
func (a *arrangement) anchors(thing int) []relation {
	var found []relation
	for _, r := range a.relations {
		if r.a == thing && a.things[r.b].place != nil || r.b == thing && a.things[r.a].place != nil {
			found = append(found, r)
		}
	}
	return found
}

// place gives a thing the first of some random places at which nothing is amiss, or the best of them, and returns how much
// is amiss there.
func (a *arrangement) place(thing int, random *rand.Rand) float64 {
	const tries = 32
	var best compose.Place
	least := math.Inf(1)
	for range tries {
		p := a.candidate(thing, random)
		amiss := a.amiss(thing, p)
		if amiss < least {
			best, least = p, amiss
		}
		if amiss == 0 {
			break
		}
	}
	a.things[thing].place = &best
	return least
}

// candidate draws a place: where one of the relations to things that have places wants it, or anywhere in its box.
func (a *arrangement) candidate(thing int, random *rand.Rand) compose.Place {
	box, from, sign := a.things[thing].box, compose.Place{}, 1.0
	if anchors := a.anchors(thing); len(anchors) > 0 {
		switch r := anchors[random.IntN(len(anchors))]; thing {
		case r.a:
			box, from = r.Offset, *a.things[r.b].place
		default:
			box, from, sign = r.Offset, *a.things[r.a].place, -1
		}
	}
	x := between(box[0], box[2], random.Float64())
	y := between(box[1], box[3], random.Float64())
	return compose.Place{X: from.X + float64(sign*x), Y: from.Y + float64(sign*y)}
}

// amiss is by how much a thing at a place would leave its box, come too close to others, or deny what relates it to them:
// distances, added up. Only those that have places count, and what the prompt says counts most.
func (a *arrangement) amiss(thing int, p compose.Place) float64 {
	const insist = 10
	region := a.things[thing].box
	if a.things[thing].lifted {
		region[1] = 0
	}
	sum := outside(p.X, region[0], region[2]) + outside(p.Y, region[1], region[3])
	for i, other := range a.things {
		if i == thing || other.place == nil {
			continue
		}
		dx, dy := p.X-other.place.X, p.Y-other.place.Y
		apart := a.spec.Spacing
		for _, r := range a.relations {
			switch {
			case r.a == thing && r.b == i:
				sum += insist * r.denied(dx, dy)
			case r.a == i && r.b == thing:
				sum += insist * r.denied(-dx, -dy)
			default:
				continue
			}
			apart = min(apart, r.apart(a.spec.Spacing))
		}
		sum += max(0, apart-math.Sqrt(float64(dx*dx)+float64(dy*dy)))
	}
	return sum
}

// denied is by how much an offset is not what the relation says: one thing further left than the other, say, however far.
// What is stacked has to be where the relation puts it.
func (r *relationSpec) denied(dx, dy float64) float64 {
	if r.Stacked {
		return outside(dx, r.Offset[0], r.Offset[2]) + outside(dy, r.Offset[1], r.Offset[3])
	}
	sum := 0.0
	for i, d := range []float64{dx, dy} {
		switch least, most := r.Offset[i], r.Offset[i+2]; {
		case most < 0:
			sum += max(0, d-most)
		case least > 0:
			sum += max(0, least-d)
		}
	}
	return sum
}

// apart is how far from each other related things are at least: one in front of another may hide some of it, and one may
// stand on the other.
func (r *relationSpec) apart(spacing float64) float64 {
	if r.Stacked {
		return 0
	}
	return spacing * 2 / 3
}

// outside is how far v is from an interval, 0 within a rounding of it.
func outside(v, least, most float64) float64 {
	const rounding = 1e-9
	d := max(least-v, v-most)
	if d < rounding {
		return 0
	}
	return d
}

// between returns a + t·(b - a), rounded after the product on every machine, so that a seed's places are the same.
func between(a, b, t float64) float64 { return a + float64(t*(b-a)) }

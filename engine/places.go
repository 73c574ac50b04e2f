package engine

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/counterpoint/counterpoint/engine/compose"
)

// Places says where the concepts go that a prompt gives no place.
type Places string

const (
	// PlacesDrawn draws a place, from the seed, for each positive term that names exactly one thing a model can place. An
	// object is always somewhere, so choosing the place first and then the picture is another way to choose among all
	// pictures of it (p(x|c) = Σ p(place|c)·p(x|c, place)); and concepts with places of their own do not fuse into one hybrid,
	// which is how plain AND fails most (paper, section 6.5).
	PlacesDrawn Places = "drawn"
	// PlacesGiven leaves such concepts anywhere.
	PlacesGiven Places = "given"
)

// placeSpec is what a model declares of its places.
type placeSpec struct {
	Channels int        `json:"channels"`
	Sigma    float64    `json:"sigma"`   // standard deviation of a place's bump, in shorter sides of the picture
	Things   []string   `json:"things"`  // words that name a thing which has a place: "cube"; empty for none
	Region   [4]float64 `json:"region"`  // where such things are: least x and y, greatest x and y
	Spacing  float64    `json:"spacing"` // least distance between two of them, as a share of the width
}

// valid reports whether places can be drawn as declared.
func (s placeSpec) valid() bool {
	r := s.Region
	inside := r[0] >= 0 && r[1] >= 0 && r[2] <= 1 && r[3] <= 1 && r[0] <= r[2] && r[1] <= r[3]
	return inside && s.Spacing >= 0 && s.Spacing <= 1
}

// movable reports whether a row is of one thing that the prompt leaves anywhere. A relation names two, a background none.
func (s placeSpec) movable(r compose.Row) bool {
	if r.Unconditional || r.Place != nil || r.Coef <= 0 {
		return false
	}
	things := 0
	for _, word := range strings.Fields(strings.ToLower(r.Text)) {
		if slices.Contains(s.Things, word) {
			things++
		}
	}
	return things == 1
}

// assign returns the place of each row: the one it has, one drawn for it, or nil. The order of the rows is canonical, so
// the same prompt and seed give the same places however the prompt is written.
func (s placeSpec) assign(rows []compose.Row, mode Places, seed uint64) []*compose.Place {
	places := givenPlaces(rows)
	if mode != PlacesDrawn {
		return places
	}
	random := rand.New(rand.NewPCG(seed, 0x706c61636573)) // a stream of its own beside the seed's noise
	for i, r := range rows {
		if s.movable(r) {
			places[i] = s.draw(random, places)
		}
	}
	return places
}

// draw picks the first of some random places that keeps its distance from all others, or the best of them.
func (s placeSpec) draw(random *rand.Rand, others []*compose.Place) *compose.Place {
	const tries = 32
	var best compose.Place
	bestDistance := -1.0
	for range tries {
		p := compose.Place{
			X: between(s.Region[0], s.Region[2], random.Float64()),
			Y: between(s.Region[1], s.Region[3], random.Float64()),
		}
		distance := math.Inf(1)
		for _, o := range others {
			if o != nil {
				dx, dy := p.X-o.X, p.Y-o.Y
				distance = min(distance, math.Sqrt(float64(dx*dx)+float64(dy*dy)))
			}
		}
		if distance > bestDistance {
			best, bestDistance = p, distance
		}
		if distance >= s.Spacing {
			break
		}
	}
	return &best
}

// between returns a + t·(b - a), rounded after the product on every machine, so that a seed's places are the same.
func between(a, b, t float64) float64 { return a + float64(t*(b-a)) }

// givenPlaces lists the places that a prompt gives its terms.
func givenPlaces(rows []compose.Row) []*compose.Place {
	places := make([]*compose.Place, len(rows))
	for i, r := range rows {
		places[i] = r.Place
	}
	return places
}

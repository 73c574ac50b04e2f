package engine

import (
	"slices"
	"strings"

	"github.com/counterpoint/counterpoint/engine/compose"
)

// Places says where the concepts go that a prompt gives no place.
type Places string

const (
	// PlacesDrawn draws a place, from the seed, for each thing that a positive term names and a model can place, such that
	// the relations between them hold. A thing is always somewhere, so choosing the places first and then the picture is
	// another way to choose among all pictures of it (p(x|c) = Σ p(place|c)·p(x|c, place)); and concepts with places of
	// their own do not fuse into one hybrid, which is how plain AND fails most (paper, section 6.5).
	PlacesDrawn Places = "drawn"
	// PlacesGiven leaves such things anywhere.
	PlacesGiven Places = "given"
)

// Placed is a text and the place that its concept was put at.
type Placed struct {
	Text string `json:"text"`
	compose.Place
}

func (p Placed) String() string { return p.Text + " " + p.Place.String() }

// placeSpec is what a model declares of its places.
type placeSpec struct {
	Channels  int            `json:"channels"`
	Sigma     float64        `json:"sigma"`     // standard deviation of a place's bump, in shorter sides of the picture
	Things    []string       `json:"things"`    // words that name a thing which has a place: "cube"; empty for none
	Region    [4]float64     `json:"region"`    // where such things are: least x and y, greatest x and y
	Spacing   float64        `json:"spacing"`   // least distance between two of them, as a share of the width
	Joins     []string       `json:"joins"`     // words between things of one text: "and"
	Relations []relationSpec `json:"relations"` // phrases between things, and what they mean
	Grounds   []string       `json:"grounds"`   // phrases that end a text and are of no one thing: "on grass"
}

// relationSpec is what a relation says of two things' places.
type relationSpec struct {
	Wordings []string   `json:"wordings"` // "left of", "is left of"
	Offset   [4]float64 `json:"offset"`   // of the first thing from the second: least x and y, greatest x and y
	Stacked  bool       `json:"stacked"`  // one stands on the other
}

// valid reports whether places can be drawn as declared.
func (s placeSpec) valid() bool {
	box := func(b [4]float64, least, most float64) bool {
		return b[0] >= least && b[1] >= least && b[2] <= most && b[3] <= most && b[0] <= b[2] && b[1] <= b[3]
	}
	related := func(r relationSpec) bool { return box(r.Offset, -1, 1) }
	return box(s.Region, 0, 1) && s.Spacing >= 0 && s.Spacing <= 1 && !slices.ContainsFunc(s.Relations, func(r relationSpec) bool { return !related(r) })
}

// maxThings bounds the things that texts which name several may add to: what is drawn for them grows as its square.
const maxThings = 64

// mention is a thing that a text names. Relation is how the thing stands to the next one, nil if the text does not say.
type mention struct {
	noun     string
	relation *relationSpec
}

// mentions reads which things a text names, in its order: "a red cube left of a sphere on grass" names "a red cube", left
// of what follows, and "a sphere". It is nil unless each part of the text names exactly one thing that a model can place:
// a background names none, and what is said of two at once can't be told apart.
func (s *placeSpec) mentions(text string) []mention {
	words := wordsOf(text)
	words = words[:len(words)-longest(s.Grounds, words, hasSuffix)]
	var found []mention
	var noun []string
	end := func(r *relationSpec) bool {
		things := 0
		for _, w := range noun {
			if slices.Contains(s.Things, w) {
				things++
			}
		}
		found = append(found, mention{strings.Join(noun, " "), r})
		noun = nil
		return things == 1
	}
	for len(words) > 0 {
		var relation *relationSpec
		n := longest(s.Joins, words, hasPrefix)
		for i := range s.Relations {
			if k := longest(s.Relations[i].Wordings, words, hasPrefix); k > n {
				n, relation = k, &s.Relations[i]
			}
		}
		if n == 0 {
			noun, words = append(noun, words[0]), words[1:]
			continue
		}
		if !end(relation) {
			return nil
		}
		words = words[n:]
	}
	if !end(nil) {
		return nil
	}
	return found
}

// grounded reports whether a text ends with a ground: "a red cube on grass".
func (s *placeSpec) grounded(text string) bool {
	return longest(s.Grounds, wordsOf(text), hasSuffix) > 0
}

func wordsOf(text string) []string {
	return strings.Fields(strings.ReplaceAll(strings.ToLower(text), ",", " , "))
}

// longest returns the number of words of the longest of the phrases that words begin or end with.
func longest(phrases, words []string, at func(words, phrase []string) bool) int {
	n := 0
	for _, p := range phrases {
		if phrase := strings.Fields(p); len(phrase) > n && at(words, phrase) {
			n = len(phrase)
		}
	}
	return n
}

func hasPrefix(words, phrase []string) bool {
	return len(words) >= len(phrase) && slices.Equal(words[:len(phrase)], phrase)
}

func hasSuffix(words, phrase []string) bool {
	return len(words) >= len(phrase) && slices.Equal(words[len(words)-len(phrase):], phrase)
}

// name is a noun without its article: "a red cube" and "the red cube" are one thing.
func name(noun string) string {
	article, rest, _ := strings.Cut(noun, " ")
	if rest != "" && (article == "a" || article == "an" || article == "the") {
		return rest
	}
	return noun
}

// assign returns what is put where for each row: its text at the place that the prompt gives it; or at one drawn for it, if
// it is of one thing; or each of its things at its own place, if it names several. A thing that a row of several names is
// the one of that name in the rows before, if there is one. The order of the rows is canonical, so the same prompt and seed
// give the same places however the prompt is written. What a text names is read by its model's spec; where things are, by
// that of the first model that has any.
func assign(spec func(model string) *placeSpec, rows []compose.Row, mode Places, seed uint64) [][]Placed {
	placed := make([][]Placed, len(rows))
	scene := arrangement{spec: *spec("")}
	for _, r := range rows {
		if s := spec(r.Model); len(scene.spec.Things) == 0 {
			scene.spec = *s
		}
	}
	parts := make([][]int, len(rows)) // the things of the rows that are to be placed
	texts := make([][]mention, len(rows))
	known := map[string][]int{} // things by name
	add := func(noun string, at *compose.Place, in *compose.Region) int {
		i := scene.add(at, in)
		known[name(noun)] = append(known[name(noun)], i)
		return i
	}
	for i, r := range rows {
		if r.Unconditional || r.Coef <= 0 || r.Place == nil {
			continue
		}
		placed[i] = []Placed{{r.Text, *r.Place}}
		if m := spec(r.Model).mentions(r.Text); len(m) == 1 {
			add(m[0].noun, r.Place, nil)
		} else {
			scene.add(r.Place, nil)
		}
	}
	several := make([]int, 0, len(rows)) // rows of several things, after those of one that they may mean
	for i, r := range rows {
		if r.Place != nil {
			placed[i] = []Placed{{r.Text, *r.Place}} // of a negated row, which keeps nothing away
			continue
		}
		if r.Unconditional || r.Coef <= 0 {
			continue
		}
		switch texts[i] = spec(r.Model).mentions(r.Text); len(texts[i]) {
		case 0:
		case 1:
			parts[i] = []int{add(texts[i][0].noun, nil, r.Region)}
			texts[i][0].noun = r.Text // all that is said of the thing, the ground included
		default:
			several = append(several, i)
		}
	}
	for _, i := range several {
		if len(scene.things)+len(texts[i]) > maxThings {
			continue
		}
		used := map[string]int{}
		for _, m := range texts[i] {
			of := name(m.noun)
			if used[of] == len(known[of]) {
				add(m.noun, nil, rows[i].Region)
			}
			parts[i] = append(parts[i], known[of][used[of]])
			used[of]++
		}
		for k, m := range texts[i] {
			if m.relation != nil {
				scene.relate(parts[i][k], parts[i][k+1], m.relation)
			}
		}
	}
	if mode == PlacesDrawn {
		scene.draw(seed)
	}
	for i, things := range parts {
		for k, thing := range things {
			if at := scene.things[thing].place; at != nil {
				placed[i] = append(placed[i], Placed{texts[i][k].noun, *at})
			}
		}
		if len(placed[i]) < len(things) {
			placed[i] = nil // some are anywhere
		}
	}
	return placed
}

// placeSpec is what a model declares of its places.
func (e *Engine) placeSpec(model string) *placeSpec { return &e.model(model).pipeline.extra.Place }

// pickPlaced picks rows of every picture.
func pickPlaced(placed [][][]Placed, rows []int) [][][]Placed {
	picked := make([][][]Placed, len(placed))
	for k := range placed {
		picked[k] = pick(placed[k], rows)
	}
	return picked
}

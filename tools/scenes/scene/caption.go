package scene

import "strings"

// Kind says what a caption speaks of.
type Kind string

const (
	KindObject     Kind = "object"     // one object
	KindPlace      Kind = "place"      // one object, its place given beside the text
	KindRelation   Kind = "relation"   // two objects and how they stand
	KindBackground Kind = "background" // the background alone
	KindJoined     Kind = "joined"     // two or three clauses
	KindEmpty      Kind = "empty"      // a scene without objects
)

// Caption is a text that is true of a scene and says only part of it.
type Caption struct {
	Text    string
	Kind    Kind
	Place   *[2]float64 // of the object spoken of, for KindPlace
	Objects []int       // the objects spoken of, in the text's order
}

// Captions returns captions of every kind that the scene allows, several wordings of each.
func (s *Scene) Captions() []Caption {
	c := captioner{scene: s, rng: newRNG(s.Seed, s.Index, captionStream)}
	if len(s.Objects) == 0 {
		c.empty()
	}
	for i := range s.Objects {
		c.object(i)
	}
	c.relations()
	c.background()
	c.joined()
	return c.all
}

type captioner struct {
	scene *Scene
	rng   *rng
	all   []Caption
}

func (c *captioner) add(kind Kind, text string, objects ...int) {
	c.all = append(c.all, Caption{Text: text, Kind: kind, Objects: objects})
}

func (c *captioner) empty() {
	c.add(KindEmpty, "an empty scene")
	c.add(KindEmpty, "empty scene")
	c.add(KindEmpty, "an empty scene "+c.phrase())
	c.add(KindEmpty, "an empty scene "+c.phrase())
}

// object adds plain captions of object i, and captions with its place.
func (c *captioner) object(i int) {
	for range 2 {
		c.add(KindObject, c.noun(i), i)
	}
	for range 1 + c.rng.below(2) {
		c.add(KindPlace, c.noun(i), i)
		u, v := c.scene.Objects[i].Centre()
		c.all[len(c.all)-1].Place = &[2]float64{u, v}
	}
}

// relations adds captions of one or two relations.
func (c *captioner) relations() {
	all := c.scene.Relations()
	shuffle(c.rng, all)
	for _, rel := range all[:min(2, len(all))] {
		c.add(KindRelation, c.relation(rel), rel.A, rel.B)
	}
}

func (c *captioner) relation(rel Relation) string {
	r, _ := words.Relation(rel.Name)
	return c.noun(rel.A) + " " + pick(c.rng, r.Wordings) + " " + c.noun(rel.B)
}

func (c *captioner) background() {
	c.add(KindBackground, pick(c.rng, []string{c.scene.Background, c.phrase()}))
	c.add(KindBackground, "a scene "+c.phrase())
}

// joined adds captions of two or three clauses.
func (c *captioner) joined() {
	s, r := c.scene, c.rng
	if len(s.Objects) == 0 {
		return
	}
	order := make([]int, len(s.Objects))
	for i := range order {
		order[i] = i
	}
	shuffle(r, order)
	c.add(KindJoined, c.noun(order[0])+" "+c.phrase(), order[0])
	if len(order) >= 2 {
		two := c.noun(order[0]) + " and " + c.noun(order[1])
		if r.chance(0.5) {
			two += " " + c.phrase()
		}
		c.add(KindJoined, two, order[:2]...)
	}
	if len(order) >= 3 {
		three := c.noun(order[0]) + ", " + c.noun(order[1]) + " and " + c.noun(order[2])
		c.add(KindJoined, three, order[:3]...)
	}
	if all := s.Relations(); len(all) > 0 && r.chance(0.5) {
		rel := pick(r, all)
		c.add(KindJoined, c.relation(rel)+" "+c.phrase(), rel.A, rel.B)
	}
}

// phrase places the scene: "on grass".
func (c *captioner) phrase() string {
	b, _ := words.Background(c.scene.Background)
	return b.Phrase
}

// An attribute of an object that a noun phrase may mention.
const (
	bySize = 1 << iota
	byMaterial
	byColour
	byShape
)

// nouns are the sets of attributes a noun phrase mentions, with their weights: mostly colour and shape, and each
// attribute now and then without the others.
var nouns = []struct {
	mentions int
	weight   float64
}{
	{byColour | byShape, 60},
	{byShape, 8},
	{bySize | byColour | byShape, 8},
	{byMaterial | byColour | byShape, 7},
	{bySize | byMaterial | byColour | byShape, 6},
	{byMaterial | byShape, 2},
	{bySize | byShape, 3},
	{byColour, 4},
	{bySize | byColour, 1},
	{byMaterial | byColour, 1},
}

var nounWeights = func() (w []float64) {
	for _, n := range nouns {
		w = append(w, n.weight)
	}
	return w
}()

// noun is a noun phrase that is true of object i: "a red cube", "small metal car", "something green".
func (c *captioner) noun(i int) string {
	o := &c.scene.Objects[i]
	mentions := nouns[c.rng.weighted(nounWeights)].mentions
	var said []string
	for _, a := range []struct {
		bit  int
		word string
	}{{bySize, o.Size}, {byColour, o.Colour}, {byMaterial, o.Material}, {byShape, o.Shape}} {
		if mentions&a.bit != 0 {
			said = append(said, a.word)
		}
	}
	if mentions&byShape == 0 {
		if c.rng.chance(0.5) {
			return "something " + strings.Join(said, " ")
		}
		said = append(said, "object")
	}
	text := strings.Join(said, " ")
	if c.rng.chance(0.15) {
		return text
	}
	return article(text) + " " + text
}

func article(text string) string {
	if strings.ContainsRune("aeiou", rune(text[0])) {
		return "an"
	}
	return "a"
}

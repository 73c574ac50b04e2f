package decompose

import "slices"

// scene is what a sentence says, before it is sorted into levels.
type scene struct {
	*lexicon
	things []thing
	items  []item
}

// thing is one thing of the sentence, or several that nothing tells apart.
type thing struct {
	noun   int
	attrs  []string // one of each kind, empty for none
	count  int
	bare   []int // tokens that name it without attributes
	full   []int // tokens of its attributes
	denied bool  // it is in a negation, so it is not there to speak of
}

// fact is a statement beside that of a thing's being there.
type fact struct {
	level  Level // LevelBackground, LevelAttributes (if denied only) or LevelRelations
	denied bool
	value  int // the ground's or relation's index; an attribute's token
	a, b   int // things; an attribute is a's
	at     int // token of the relation
	tokens []int
}

// alternative is one way in which an item can be true. What an item without choice
// says is its only alternative.
type alternative struct {
	things []int // those that it names first
	facts  []fact
	// The things that a continuation speaks of, with the tokens that name them: the
	// phrase's own, and those right before.
	subject, last mention
}

// mention is where things are spoken of.
type mention struct {
	things []int
	tokens []int
}

// item is a phrase, or a choice of several. A denied item denies each alternative.
type item struct {
	alternatives []alternative
	denied       bool
	joint        kind  // what joins it to the item before: andWord, commaWord, stopWord or nothing
	tokens       []int // of the negation
}

// ground reports whether the item is a background.
func (x *item) ground() bool {
	facts := x.alternatives[0].facts
	return len(facts) > 0 && facts[0].level == LevelBackground
}

// endsDenied reports whether the last that the item says is denied: "a cube not left of
// a sphere".
func (x *item) endsDenied() bool {
	facts := x.alternatives[len(x.alternatives)-1].facts
	return !x.denied && len(facts) > 0 && facts[len(facts)-1].denied
}

// related reports whether the item has a relation.
func (x *item) related() bool {
	return slices.ContainsFunc(x.alternatives, func(a alternative) bool {
		return slices.ContainsFunc(a.facts, func(f fact) bool { return f.level == LevelRelations })
	})
}

// count is how many things there are of some.
func (s *scene) count(things []int) int {
	n := 0
	for _, t := range things {
		n += s.things[t].count
	}
	return n
}

// is reports whether the thing has the noun, and all of the attributes.
func (t *thing) is(noun int, attrs []string) bool {
	for i, a := range attrs {
		if a != "" && t.attrs[i] != a {
			return false
		}
	}
	return t.noun == noun
}

// described reports whether the thing has attributes.
func (t *thing) described() bool {
	return slices.ContainsFunc(t.attrs, func(a string) bool { return a != "" })
}

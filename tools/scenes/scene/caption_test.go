package scene

import (
	"slices"
	"strings"
	"testing"

	"github.com/counterpoint/counterpoint/tools/scenes/vocab"
)

// TestCaptionsAreTrue takes each caption apart again and holds each part against the scene.
func TestCaptionsAreTrue(t *testing.T) {
	known := vocab.Default.Words()
	kinds := map[Kind]int{}
	used := map[string]bool{}
	each(t, All, 250, func(s *Scene) {
		for _, c := range s.Captions() {
			kinds[c.Kind]++
			for _, w := range vocab.Split(c.Text) {
				used[w] = true
				if !slices.Contains(known, w) {
					t.Errorf("%q: %q is not in the vocabulary", c.Text, w)
				}
			}
			if fault := judge(s, c); fault != "" {
				t.Errorf("scene %d, %s %q of %v: %s", s.Index, c.Kind, c.Text, c.Objects, fault)
			}
		}
	})
	for _, k := range []Kind{KindObject, KindPlace, KindRelation, KindBackground, KindJoined, KindEmpty} {
		if kinds[k] == 0 {
			t.Errorf("no caption of kind %s", k)
		}
	}
	for _, w := range known {
		if !used[w] {
			t.Errorf("no caption uses %q", w)
		}
	}
}

// judge returns what is wrong with a caption, or "".
func judge(s *Scene, c Caption) string {
	if (c.Kind == KindPlace) != (c.Place != nil) {
		return "a place is for kind place alone"
	}
	if c.Place != nil {
		o := &s.Objects[c.Objects[0]]
		if c.Place[0] != (o.Box[0]+o.Box[2])/2 || c.Place[1] != (o.Box[1]+o.Box[3])/2 {
			return "not the place of its object"
		}
	}
	b, _ := words.Background(s.Background)
	text, atBackground := strings.CutSuffix(c.Text, b.Phrase)
	text = strings.TrimSpace(text)
	switch c.Kind {
	case KindEmpty:
		if len(s.Objects) > 0 || len(c.Objects) > 0 || (text != "an empty scene" && text != "empty scene") {
			return "not a text of an empty scene"
		}
		return ""
	case KindBackground:
		if c.Text != s.Background && !(atBackground && (text == "" || text == "a scene")) {
			return "not a text of the background"
		}
		return ""
	case KindObject, KindPlace:
		if len(c.Objects) != 1 {
			return "want one object"
		}
	}
	if fault := judgeRelation(s, c, text); c.Kind == KindRelation || fault == "" {
		return fault
	}
	parts := strings.Split(strings.ReplaceAll(text, " and ", ", "), ", ")
	if len(parts) != len(c.Objects) {
		return "as many noun phrases as objects are wanted"
	}
	for k, part := range parts {
		if fault := judgeNoun(&s.Objects[c.Objects[k]], part); fault != "" {
			return fault
		}
	}
	return ""
}

func judgeRelation(s *Scene, c Caption, text string) string {
	for _, r := range words.Relations {
		for _, wording := range r.Wordings {
			subject, object, ok := strings.Cut(text, " "+wording+" ")
			if !ok || judgeNounForm(subject) != "" || judgeNounForm(object) != "" {
				continue
			}
			rel := Relation{c.Objects[0], r.Name, c.Objects[1]}
			if len(c.Objects) != 2 || !relationHolds(s, rel, 1) || !slices.Contains(s.Relations(), rel) {
				return "the relation does not hold"
			}
			if fault := judgeNoun(&s.Objects[rel.A], subject); fault != "" {
				return fault
			}
			return judgeNoun(&s.Objects[rel.B], object)
		}
	}
	return "no relation in it"
}

// judgeNounForm checks a noun phrase's grammar: an article that suits, attributes in order, one head.
func judgeNounForm(text string) string {
	f := strings.Fields(text)
	if len(f) == 0 {
		return "empty noun phrase"
	}
	if f[0] == "a" || f[0] == "an" {
		if len(f) < 2 || (f[0] == "an") != strings.ContainsRune("aeiou", rune(f[1][0])) {
			return "wrong article"
		}
		f = f[1:]
	}
	order := -1
	for i, w := range f {
		place := slices.IndexFunc(classes, func(in func(string) bool) bool { return in(w) })
		if place < 0 || place <= order {
			return "misplaced word " + w
		}
		if order = place; (place == len(classes)-1) != (i == len(f)-1) && f[0] != "something" {
			return "want the head last"
		}
	}
	return ""
}

// classes are the kinds of words of a noun phrase, in their order.
var classes = []func(string) bool{
	func(w string) bool { return w == "something" },
	func(w string) bool {
		return slices.ContainsFunc(words.Sizes, func(s vocab.Size) bool { return s.Name == w })
	},
	func(w string) bool {
		return slices.ContainsFunc(words.Colours, func(c vocab.Colour) bool { return c.Name == w })
	},
	func(w string) bool { return slices.Contains(words.Materials, w) },
	func(w string) bool { return w == "object" || slices.Contains(words.Shapes, w) },
}

func judgeNoun(o *Object, text string) string {
	if fault := judgeNounForm(text); fault != "" {
		return fault
	}
	for _, w := range strings.Fields(text) {
		switch w {
		case "a", "an", "something", "object", o.Size, o.Colour, o.Material, o.Shape:
		default:
			return "the object is not " + w
		}
	}
	return ""
}

// The share of noun phrases is what the trainer's conditioning is learnt from.
func TestNounWeights(t *testing.T) {
	c := captioner{scene: &Scene{Objects: []Object{{Shape: "cube", Colour: "red", Material: "metal", Size: "small"}}},
		rng: newRNG(1, 1, captionStream)}
	const n = 4000
	plain := 0
	for range n {
		if text := c.noun(0); text == "a red cube" || text == "red cube" {
			plain++
		}
	}
	if share := float64(plain) / n; share < 0.57 || share > 0.63 {
		t.Errorf("%.3f of noun phrases are colour and shape, want 0.60", share)
	}
}

package vocab

import (
	"slices"
	"strings"
	"testing"
)

func TestVocabulary(t *testing.T) {
	v := Default
	if len(v.Shapes) != 7 || len(v.Colours) != 8 || len(v.Materials) != 2 || len(v.Sizes) != 2 ||
		len(v.Backgrounds) != 6 || len(v.Relations) != 6 {
		t.Fatalf("sections have unexpected lengths: %+v", v)
	}
	words := v.Words()
	for _, w := range []string{"cube", "orange", "rubber", "small", "grass", "studio", "left", "under", ",", "an"} {
		if !slices.Contains(words, w) {
			t.Errorf("Words lacks %q", w)
		}
	}
	for _, w := range words {
		if w != strings.ToLower(w) || strings.ContainsAny(w, " |/:") {
			t.Errorf("Words has %q", w)
		}
	}
	for _, r := range v.Relations {
		back, ok := v.Relation(r.Inverse)
		if !ok || back.Inverse != r.Name {
			t.Errorf("the inverse of %q is %q, whose inverse is %q", r.Name, r.Inverse, back.Inverse)
		}
		if len(r.Wordings) == 0 {
			t.Errorf("%q has no wordings", r.Name)
		}
	}
}

func TestParseErrors(t *testing.T) {
	for text, want := range map[string]string{
		"cube":                           "line 1: unknown section []",
		"[shapes]\ncube\n[verbs]\nrun":   "line 4: unknown section [verbs]",
		"[colours]\nred 1 0":             "line 2: colour",
		"[colours]\nred 1 0 x":           "line 2: colour",
		"[sizes]\nsmall":                 "line 2: size",
		"[backgrounds]\ngrass":           "line 2: background",
		"[relations]\nleft of: left of":  "line 2: relation",
		"[relations]\na / b: left right": "line 2: relation",
	} {
		if _, err := parse(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("parse(%q): got %v, want %q", text, err, want)
		}
	}
	for text, want := range map[string]string{
		"[relations]\ncube on car":      `unknown relation "on"`,
		"[shape colour]\ncube":          "cannot read",
		"[shape colour]\ncube mauve":    `unknown word "mauve"`,
		"[shape background]\nbox grass": `unknown word "box"`,
	} {
		if _, err := parseHeldout(text, Default); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("parseHeldout(%q): got %v, want %q", text, err, want)
		}
	}
}

func TestSplit(t *testing.T) {
	got := Split("a red cube, a car")
	if want := []string{"a", "red", "cube", ",", "a", "car"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// A tenth of each kind of combination is held out, and no pair of shapes is left without a way to stand.
func TestHeldout(t *testing.T) {
	h, v := DefaultHeldout, Default
	tenth := func(what string, got, all int) {
		if share := float64(got) / float64(all); share < 0.08 || share > 0.12 {
			t.Errorf("%d of %d %s are held out, want about a tenth", got, all, what)
		}
	}
	n := len(v.Shapes)
	tenth("shape and colour pairs", len(h.ShapeColour), n*len(v.Colours))
	tenth("shape and background pairs", len(h.ShapeBackground), n*len(v.Backgrounds))
	// Each shape pair two ways to the side, two in depth; and only cube and cylinder bear others.
	tenth("relations", len(h.Relations), 2*(2*n*n+2*n))
	for triple := range h.Relations {
		if triple.Subject == triple.Object {
			t.Errorf("%v: two of one shape could not stand apart", triple)
		}
		mirror := Triple{triple.Object, triple.Relation, triple.Subject}
		if h.Relations[mirror] {
			t.Errorf("%v and its mirror image are both held out", triple)
		}
	}
	for _, plain := range [][2]string{
		{"cube", "red"}, {"sphere", "blue"}, {"cone", "green"}, {"cylinder", "yellow"},
		{"car", "red"}, {"house", "red"}, {"tree", "green"},
	} {
		if h.ShapeColour[plain] {
			t.Errorf("%v is held out", plain)
		}
	}
	for _, shape := range v.Shapes {
		if h.ShapeBackground[[2]string{shape, "grass"}] {
			t.Errorf("%s on grass is held out", shape)
		}
	}
}

package decompose

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/counterpoint/counterpoint/engine/compose"
)

// scenes are the words of the default model.
var scenes = Vocabulary{
	Things: []string{"cube", "sphere", "cylinder", "cone", "car", "house", "tree", "object", "something"},
	Bare:   []string{"something"},
	Attributes: []AttributeKind{
		{"size", []string{"small", "large"}},
		{"colour", []string{"red", "green", "blue", "yellow", "purple", "orange", "cyan", "white"}},
		{"material", []string{"rubber", "metal"}},
	},
	Relations: []Relation{
		{"left of", "right of", []string{"left of", "to the left of", "is left of", "is to the left of"}},
		{"right of", "left of", []string{"right of", "to the right of", "is right of", "is to the right of"}},
		{"in front of", "behind", []string{"in front of", "is in front of"}},
		{"behind", "in front of", []string{"behind", "is behind"}},
		{"above", "below", []string{"above", "is above", "on top of", "is on top of"}},
		{"below", "above", []string{"below", "is below", "under", "is under"}},
	},
	Grounds: []Ground{
		{"in a studio", "studio"}, {"on grass", "grass"}, {"on sand", "sand"}, {"on snow", "snow"}, {"on water", "water"},
		{"at night", "night"}, {"an empty scene", ""},
	},
	Joins:    []string{",", "and"},
	Together: 3,
	Synonyms: map[string]string{"big": "large", "little": "small", "beneath": "below", "ball": "sphere", "in the snow": "on snow"},
	Fillers:  []string{"scene", "picture of", "of"},
}

// sentences are decomposed into prompts. Left out are the words that find no place,
// notes the kinds of notes, both in order.
var sentences = []struct{ sentence, prompt, leftOut, notes string }{
	// things and their attributes
	{"a cube", "a cube", "", ""},
	{"Red Cube", "a red cube", "", ""},
	{"there is an orange car.", "an orange car", "", ""},
	{"a metal, red and small cube", "a small red metal cube", "", ""},
	{"a big ball", "a large sphere", "", ""},
	{"something small and red", "something small red", "", ""},
	{"something metal red", "something red metal", "", ""},
	{"a red object", "a red object", "", ""},
	{"a cube, a sphere and a car", "a cube AND a sphere AND a car", "", ""},
	{"a picture of a cube with a tree", "a cube AND a tree", "", ""},
	{"a red blue cube", "a red cube", "blue", ""},
	{"a car that is red", "a red car", "", ""},
	{"The car is red. The car is blue.", "a red car", "blue", ""},
	{"a cube, it's small and red", "a small red cube", "", ""},
	{"a red and a blue cube", "a red cube AND a blue cube", "", ""},
	{"a red cube and a green one", "a red cube AND a green cube", "", ""},
	{"a red and blue cube", "a red cube AND a blue cube", "", "ambiguous"},
	{"a small red and blue metal cube", "a small red metal cube AND a small blue metal cube", "", "ambiguous"},
	// numbers
	{"two red cubes", "a red cube and a red cube", "", ""},
	{"three cubes and 2 cars", "a cube, a cube and a cube AND a car and a car", "", ""},
	{"a cube and another cube", "a cube and a cube", "", ""},
	{"trees", "a tree", "", "number"},
	{"two red and blue cubes", "a red cube AND a blue cube", "", "ambiguous"},
	{"two red and one blue cubes", "a red cube and a red cube AND a blue cube", "", ""},
	{"one cube", "a cube", "", ""},
	// relations
	{"a red car left of a house on grass at night", "a red car left of a house AND on grass AND at night", "", ""},
	{"a red car is to the left of the house", "a red car left of a house", "", ""},
	{"a cube left of a sphere behind a car", "a cube left of a sphere AND a sphere behind a car", "", ""},
	{"a cube left of a sphere and behind a car", "a cube left of a sphere AND a cube behind a car", "", ""},
	{"a cube that is left of a sphere that is behind a car", "a cube left of a sphere AND a sphere behind a car", "", ""},
	{"a cube left of a sphere is behind a car", "a cube left of a sphere AND a cube behind a car", "", ""},
	{"the cube left of the sphere is red", "a red cube left of a sphere", "", ""},
	{"a cube left of a sphere that is red", "a cube left of a red sphere", "", ""},
	{"a cube left of a sphere, the sphere is right of the cube", "a cube left of a sphere", "", ""},
	{"a cube left of a sphere. The cube is red.", "a red cube left of a sphere", "", ""},
	{"a cube left of a cube", "a cube left of a cube", "", ""},
	{"a cube and a sphere left of a car", "a cube AND a sphere left of a car", "", "list"},
	{"a cube left of a sphere and a car", "a cube left of a sphere AND a car", "", "list"},
	{"a red and a blue cube left of a car", "a red cube left of a car AND a blue cube left of a car", "", ""},
	{"two cubes left of a sphere", "a cube and a cube AND a cube left of a sphere", "", "same"},
	{"a cube left of a sphere and a cube behind a car",
		"a cube and a cube AND a cube left of a sphere AND a cube behind a car", "", "same"},
	{"a cube left of either a sphere or a car", "a cube left of a sphere OR a car", "", "list"},
	{"two cubes and a sphere behind them", "a cube and a cube AND a sphere behind a cube", "", "same"},
	{"a cube and a sphere. They are red", "a cube AND a sphere", "They red", ""},
	{"the cube and the sphere are red", "a cube AND a red sphere", "", "list"},
	{"a cube sitting left of a sphere", "a cube left of a sphere", "sitting", "skipped"},
	{"a car on top of a house beneath a tree", "a car above a house AND a house below a tree", "", ""},
	// grounds
	{"on grass", "on grass", "", ""},
	{"At night, a car left of a house", "at night AND a car left of a house", "", ""},
	{"a cube on the grass and a sphere on grass", "a cube AND on grass AND a sphere", "", ""},
	{"a cube on grass left of a car", "a cube left of a car AND on grass", "", ""},
	{"a night scene with a car", "at night AND a car", "", ""},
	{"an empty scene in a studio", "an empty scene AND in a studio", "", ""},
	{"a car in the snow", "a car AND on snow", "", ""},
	// negation
	{"a cube without trees", "a cube AND NOT a tree", "", ""},
	{"a cube, no trees and no house", "a cube AND NOT a tree AND NOT a house", "", ""},
	{"a cube without a tree or a house", "a cube AND NOT a tree AND NOT a house", "", ""},
	{"a cube without trees and cars", "a cube AND NOT a tree AND NOT a car", "", "ambiguous"},
	{"a cube without a tree and a car", "a cube AND NOT a tree AND a car", "", ""},
	{"neither a tree nor a car but a cube", "NOT a tree AND NOT a car AND a cube", "", ""},
	{"a cube not on grass", "a cube AND NOT on grass", "", ""},
	{"a cube that is not left of a sphere", "a cube AND a sphere AND NOT a cube left of a sphere", "", ""},
	{"a cube, it isn’t red", "a cube AND NOT a red cube", "", ""},
	{"a sphere and no red or blue cube", "a sphere AND NOT a red cube AND NOT a blue cube", "", ""},
	{"a tree but no cube left of a sphere behind a car",
		"a tree AND NOT (a cube left of a sphere AND a sphere behind a car)", "", "denied"},
	{"a cube not left of a sphere or behind a car",
		"a cube AND a sphere AND a car AND NOT a cube left of a sphere AND NOT a cube behind a car", "", ""},
	{"a cube that isn't red or blue or on grass", "a cube AND NOT a red cube AND NOT a blue cube AND NOT on grass", "", ""},
	{"a tree, no cube left of a sphere or behind a car",
		"a tree AND NOT a cube left of a sphere AND NOT a cube behind a car", "", ""},
	{"a red cube and no cubes", "a red cube AND NOT a cube", "", "denied"},
	{"no trees but red cubes", "NOT a tree AND a red cube", "", "number"},
	{"a car, no trees, red cubes", "a car AND NOT a tree AND NOT a red cube", "", "ambiguous"},
	{"no trees. Red cubes", "NOT a tree AND a red cube", "", "number"},
	{"a tree and not without a cube", "a tree AND a cube", "", ""},
	// choices
	{"a cube or a sphere", "a cube OR a sphere", "", ""},
	{"either a cube, a sphere or a car on grass", "(a cube OR a sphere OR a car) AND on grass", "", ""},
	{"a car on grass or on sand", "a car AND (on grass OR on sand)", "", ""},
	{"a car on grass or sand", "a car AND (on grass OR on sand)", "", ""},
	{"a red, green or blue cube", "a red cube OR a green cube OR a blue cube", "", ""},
	{"a red or blue cube left of a car", "a red cube left of a car OR a blue cube left of a car", "", ""},
	{"a cube left of a car or behind a tree", "a cube left of a car OR a cube behind a tree", "", ""},
	{"a cube and a sphere or a car", "a cube AND (a sphere OR a car)", "", "ambiguous"},
	{"a cube left of a sphere or a car", "a cube left of a sphere OR a car", "", "list"},
	{"a cube left of a sphere behind a car or a tree", "(a cube left of a sphere AND a sphere behind a car) OR a tree", "", "list"},
	// what finds no place
	{"a shiny red cube", "a red cube", "shiny", ""},
	{"a tree next to a dragon", "a tree", "next to dragon", ""},
	{"a cube and a red dragon left of a house", "a cube AND a house", "red dragon left of", ""},
	{"a cube left of a dragon behind a car", "a cube AND a car", "left of dragon behind", ""},
	{"a cube and dragons left of a house", "a cube AND a house", "dragons left of", ""},
	{"left of a house, a cube", "a house AND a cube", "left of", ""},
	{"a cube AND NOT a tree", "a cube AND NOT a tree", "", ""},
	{"(a cube:1.2) @(0.5, 0.5)", "a cube", "( : 1.2 ) @ ( 0.5 0.5 )", ""},
	{"a cube or", "a cube", "or", ""},
	{"a cube left of a car or behind a dragon", "a cube left of a car", "or behind dragon", ""},
	{"a cube and not", "a cube", "not", ""},
	{"a cube is red or blue", "a red cube", "or blue", ""},
	{"a cube of 1000 colours", "a cube", "1000 colours", ""},
}

func TestDecompose(t *testing.T) {
	for _, c := range sentences {
		d, err := Decompose(c.sentence, scenes)
		if err != nil {
			t.Errorf("%q: %v", c.sentence, err)
			continue
		}
		check(t, d)
		var leftOut, notes []string
		for _, u := range d.Unplaced {
			leftOut = append(leftOut, u.Text)
		}
		for _, n := range d.Notes {
			notes = append(notes, string(n.Kind))
		}
		if d.Prompt != c.prompt {
			t.Errorf("%q:\n got %s\nwant %s", c.sentence, d.Prompt, c.prompt)
		}
		if got := strings.Join(leftOut, " "); got != c.leftOut {
			t.Errorf("%q: left out %q, want %q", c.sentence, got, c.leftOut)
		}
		if got := strings.Join(notes, " "); got != c.notes {
			t.Errorf("%q: notes %q, want %q: %v", c.sentence, got, c.notes, d.Notes)
		}
	}
}

// faults are sentences without a prompt, and the columns at fault.
var faults = []struct {
	sentence string
	column   int
	msg      string
}{
	{"", 1, "the sentence is empty"},
	{" \t\n", 1, "the sentence is empty"},
	{"a dragon", 1, "the sentence names nothing that the model has (“dragon”: not a word of the model's)"},
	{"red", 1, "the sentence names nothing that the model has (“red”: no thing that it could be of follows)"},
	{"no trees", 1, "the sentence asks for nothing, it only denies"},
	{"a cube but no cube", 15, "a cube is both asked for and denied"},
	{"a cube left of a sphere, a sphere not right of a cube", 39, "a sphere right of a cube is both asked for and denied"},
	{"on grass, not on grass", 15, "on grass is both asked for and denied"},
	{"five cubes", 6, "5 times a cube is more than a caption of the model names"},
	{"a cube, a cube, two cubes", 21, "4 times a cube is more than a caption of the model names"},
	{"three red and blue cubes", 1, "“three red and blue cubes” does not say how many there are of each"},
	{"a red and blue or green cube", 3, "“and” and “or” between attributes of one noun"},
	{"a cube or no sphere", 8, "an alternative has to ask for something, not only deny"},
	{"a cube left of a car or not behind a tree", 22, "an alternative has to ask for something, not only deny"},
	{"a sphere and no cube that is not red", 34, "a denial inside a denial"},
	{"a cube, the cube or a car", 9, "an alternative of “or” says nothing of its own"},
	{"a cube \xff", 8, "the sentence is not valid UTF-8"},
	{strings.Repeat("a cube, ", compose.MaxPromptBytes/8+1), 1, "the sentence has 65544 bytes, more than 65536"},
	{every(8, 7, 2), 1369, "more than 64 terms"},
	{"a car" + strings.Repeat(", a red cube", 200), 1538, "more than 128 things"},
}

// every lists things of so many colours, nouns and materials.
func every(colours, nouns, materials int) string {
	var all []string
	for _, c := range scenes.Attributes[1].Words[:colours] {
		for _, n := range scenes.Things[:nouns] {
			for _, m := range scenes.Attributes[2].Words[:materials] {
				all = append(all, strings.Join([]string{"a", c, m, n}, " "))
			}
		}
	}
	return strings.Join(all, ", ")
}

func TestFaults(t *testing.T) {
	for _, c := range faults {
		d, err := Decompose(c.sentence, scenes)
		var fault *compose.SyntaxError
		if !errors.As(err, &fault) {
			t.Errorf("%.60q: prompt %v, error %v", c.sentence, d, err)
			continue
		}
		if fault.Column != c.column || fault.Msg != c.msg {
			t.Errorf("%.60q: column %d: %s; want column %d: %s", c.sentence, fault.Column, fault.Msg, c.column, c.msg)
		}
	}
}

// TestHint follows the hint of a fault: what it proposes is a prompt.
func TestHint(t *testing.T) {
	_, err := Decompose("five red cubes", scenes)
	var fault *compose.SyntaxError
	if !errors.As(err, &fault) {
		t.Fatal(err)
	}
	_, prompt, _ := strings.Cut(fault.Hint, ": ")
	p, err := compose.Parse(prompt)
	if err != nil || len(p.Terms()) != 3 {
		t.Errorf("%q: %v", fault.Hint, err)
	}
}

// TestLongSentences reads long sentences of what is most to read.
func TestLongSentences(t *testing.T) {
	for _, part := range []string{
		"a ", "the ", "red ", "cube ", "dragon ", "left of ", "to the ", "is ", "that ", "not ", "or ", "and ", ", ", "on grass ", "it ", "two ",
		"one ", "a cube ", "the cube ", "the cubes ", "a cube or ", "red or ", "red, ", "red and ", "a cube left of ",
		"the cube left of the sphere ", "no tree or ", "a cube is red and ", "it is red ", "dragon left of ", "( ", "\n",
		"a red or blue cube left of ", "the cubes left of the spheres ", "not on grass, ",
	} {
		for _, before := range []string{"", "a cube ", "a cube left of a sphere, two cubes and two spheres ", "no tree "} {
			sentence := before + strings.Repeat(part, (compose.MaxPromptBytes/8-len(before))/len(part))
			if d, err := Decompose(sentence, scenes); err == nil {
				d.Explain()
			} else if fault := (*compose.SyntaxError)(nil); !errors.As(err, &fault) {
				t.Errorf("%q and so on: %v", before+part, err)
			}
		}
	}
}

// TestVocabulary holds what a model may not declare.
func TestVocabulary(t *testing.T) {
	for want, v := range map[string]Vocabulary{
		`"orange" has two meanings`:                         {Things: []string{"orange"}, Attributes: []AttributeKind{{"colour", []string{"orange"}}}},
		`"and" is a word of the grammar`:                    {Things: []string{"and"}},
		`"Cube" is not made of words in lower case`:         {Things: []string{"Cube"}},
		`"a:1" is not made of words in lower case`:          {Things: []string{"a:1"}},
		`"" has no words`:                                   {Things: []string{""}},
		`"the" has no words`:                                {Things: []string{"the"}},
		`the relation "near" has no wording`:                {Relations: []Relation{{Name: "near"}}},
		`the synonym "big" is of "large", which is nothing`: {Synonyms: map[string]string{"big": "large"}},
	} {
		_, err := Decompose("a cube", v)
		if err == nil || err.Error() != "decompose: vocabulary: "+want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

// TestOtherVocabulary has irregular plurals, nouns of two words, no joins, and words
// that the prompt language would read.
func TestOtherVocabulary(t *testing.T) {
	v := Vocabulary{
		Things:    []string{"mouse", "bus", "fire engine", "émeu", "city", "box"},
		Plurals:   map[string]string{"mouse": "mice"},
		Relations: []Relation{{Name: "near", Inverse: "near", Wordings: []string{"near"}}},
		Synonyms:  map[string]string{"truck": "fire engine"},
	}
	for sentence, want := range map[string]string{
		"no mice near a bus, a truck":         `NOT a mouse near a bus AND a fire engine`,
		"fire engines and no cities or boxes": `a fire engine AND NOT a city AND NOT a box`,
		"an Émeu near a bus near the émeu":    `"a émeu near a bus"`,
		"two mice":                            `prompt: column 5: 2 times a mouse is more than a caption of the model names`,
	} {
		d, err := Decompose(sentence, v)
		got := fmt.Sprint(err)
		if err == nil {
			got = d.Prompt
			check(t, d)
		}
		if got != want {
			t.Errorf("%q: %s, want %s", sentence, got, want)
		}
	}
}

// TestVocabularyJSON reads what a manifest declares.
func TestVocabularyJSON(t *testing.T) {
	text, err := json.Marshal(scenes)
	if err != nil {
		t.Fatal(err)
	}
	var v Vocabulary
	if err := json.Unmarshal(text, &v); err != nil {
		t.Fatal(err)
	}
	d, err := Decompose("a big red cube under something metal on sand", v)
	if err != nil || d.Prompt != "a large red cube below something metal AND on sand" {
		t.Errorf("%v, %v", d, err)
	}
}

func TestLevelOf(t *testing.T) {
	for text, want := range map[string]Level{
		"on grass": LevelBackground, "a cube": LevelObjects, "a red cube on grass": LevelAttributes, "a cube left of a red sphere": LevelRelations,
		"a red wug": "", "": "", "not a cube": "",
	} {
		if got, ok := LevelOf(text, scenes); got != want || ok != (want != "") {
			t.Errorf("%q: %q, %v, want %q", text, got, ok, want)
		}
	}
}

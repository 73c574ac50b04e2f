// Package vocab reads the closed vocabulary of the "scenes" model and its list of held-out combinations.
//
// vocabulary.txt is the one place that says which words exist; captions are made of nothing else.
package vocab

import (
	_ "embed"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

//go:embed vocabulary.txt
var vocabularyText string

// Colour is a named linear RGB reflectance.
type Colour struct {
	Name string
	RGB  [3]float64
}

// Size is a named scale; 1 is the size shapes are modelled at.
type Size struct {
	Name  string
	Scale float64
}

// Background is a named surrounding and the phrase that places a scene there ("on grass").
type Background struct {
	Name, Phrase string
}

// Relation is a binary relation, the relation that holds the other way round, and the texts that may stand
// between the two objects.
type Relation struct {
	Name, Inverse string
	Wordings      []string
}

// Vocabulary is the content of vocabulary.txt, each list in the file's order.
type Vocabulary struct {
	Shapes      []string
	Colours     []Colour
	Materials   []string
	Sizes       []Size
	Backgrounds []Background
	Relations   []Relation // each followed by its inverse
	Filler      []string
}

// Default is the embedded vocabulary. The file is part of the program, so a fault in it is a fault of the build.
var Default = must(parse(vocabularyText))

func must[T any](v T, err error) T {
	if err != nil {
		panic("BUG: " + err.Error())
	}
	return v
}

func parse(text string) (*Vocabulary, error) {
	v := new(Vocabulary)
	add := map[string]func(string) error{
		"shapes":      func(s string) error { v.Shapes = append(v.Shapes, s); return nil },
		"colours":     v.addColour,
		"materials":   func(s string) error { v.Materials = append(v.Materials, s); return nil },
		"sizes":       v.addSize,
		"backgrounds": v.addBackground,
		"relations":   v.addRelation,
		"filler":      func(s string) error { v.Filler = append(v.Filler, s); return nil },
	}
	err := sections(text, func(section, entry string) error {
		if add[section] == nil {
			return fmt.Errorf("unknown section [%s]", section)
		}
		return add[section](entry)
	})
	if err != nil {
		return nil, fmt.Errorf("vocabulary.txt: %w", err)
	}
	return v, nil
}

// sections calls entry for each line of text that is neither blank, comment nor section head.
func sections(text string, entry func(section, entry string) error) error {
	section := ""
	number := 0
	for line := range strings.Lines(text) {
		number++
		line, _, _ = strings.Cut(line, "#")
		line = strings.TrimSpace(line)
		switch {
		case line == "":
		case line[0] == '[' && line[len(line)-1] == ']':
			section = line[1 : len(line)-1]
		default:
			if err := entry(section, line); err != nil {
				return fmt.Errorf("line %d: %w", number, err)
			}
		}
	}
	return nil
}

func (v *Vocabulary) addColour(s string) error {
	f := strings.Fields(s)
	if len(f) != 4 {
		return fmt.Errorf("colour %q: want a name and three numbers", s)
	}
	c := Colour{Name: f[0]}
	for i := range c.RGB {
		x, err := strconv.ParseFloat(f[i+1], 64)
		if err != nil {
			return fmt.Errorf("colour %q: %w", f[0], err)
		}
		c.RGB[i] = x
	}
	v.Colours = append(v.Colours, c)
	return nil
}

func (v *Vocabulary) addSize(s string) error {
	name, number, _ := strings.Cut(s, " ")
	scale, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	if err != nil {
		return fmt.Errorf("size %q: %w", name, err)
	}
	v.Sizes = append(v.Sizes, Size{name, scale})
	return nil
}

func (v *Vocabulary) addBackground(s string) error {
	name, phrase, ok := strings.Cut(s, ":")
	if !ok {
		return fmt.Errorf("background %q: want a name, a colon and a phrase", s)
	}
	v.Backgrounds = append(v.Backgrounds, Background{name, strings.TrimSpace(phrase)})
	return nil
}

func (v *Vocabulary) addRelation(s string) error {
	names, wordings, _ := strings.Cut(s, ":")
	name, inverse, ok1 := strings.Cut(names, "/")
	forth, back, ok2 := strings.Cut(wordings, "/")
	if !ok1 || !ok2 {
		return fmt.Errorf("relation %q: want name / inverse : wordings / wordings", s)
	}
	name, inverse = strings.TrimSpace(name), strings.TrimSpace(inverse)
	v.Relations = append(v.Relations,
		Relation{name, inverse, splitTrim(forth)},
		Relation{inverse, name, splitTrim(back)})
	return nil
}

func splitTrim(s string) []string {
	parts := strings.Split(s, "|")
	for i := range parts {
		parts[i] = strings.TrimSpace(parts[i])
	}
	return parts
}

// Words returns every word a caption can hold, sorted, each once.
func (v *Vocabulary) Words() []string {
	var all []string
	add := func(texts ...string) {
		for _, t := range texts {
			all = append(all, Split(t)...)
		}
	}
	add(v.Shapes...)
	add(v.Materials...)
	add(v.Filler...)
	for _, c := range v.Colours {
		add(c.Name)
	}
	for _, s := range v.Sizes {
		add(s.Name)
	}
	for _, b := range v.Backgrounds {
		add(b.Name, b.Phrase)
	}
	for _, r := range v.Relations {
		add(r.Name)
		add(r.Wordings...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// Split cuts a caption into words; a comma is a word.
func Split(caption string) []string {
	return strings.Fields(strings.ReplaceAll(caption, ",", " , "))
}

// Colour returns the reflectance of the colour called name.
func (v *Vocabulary) Colour(name string) ([3]float64, bool) {
	for _, c := range v.Colours {
		if c.Name == name {
			return c.RGB, true
		}
	}
	return [3]float64{}, false
}

// Background returns the background called name.
func (v *Vocabulary) Background(name string) (Background, bool) {
	for _, b := range v.Backgrounds {
		if b.Name == name {
			return b, true
		}
	}
	return Background{}, false
}

// Relation returns the relation called name.
func (v *Vocabulary) Relation(name string) (Relation, bool) {
	for _, r := range v.Relations {
		if r.Name == name {
			return r, true
		}
	}
	return Relation{}, false
}

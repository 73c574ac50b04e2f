// Package dataset writes scenes as training data: pictures in raw chunks, and beside each chunk the truth of its
// scenes, a JSON object a line.
//
// A chunk is images-NNNNN.bin, ChunkScenes pictures of size×size×3 bytes (sRGB, rows from the top, no header), and
// truth-NNNNN.jsonl, as many [Truth] lines in the same order. Places are in units of the picture's side, from its
// top left corner. index.json is written last.
package dataset

import (
	"encoding/json"
	"math"

	"github.com/counterpoint/counterpoint/tools/scenes/scene"
)

// Truth is what is true of one picture.
type Truth struct {
	ID         int        `json:"id"`
	Seed       uint64     `json:"seed"`
	Background string     `json:"background"`
	Objects    []Object   `json:"objects"`
	Relations  []Relation `json:"relations"`
	Captions   []Caption  `json:"captions"`
}

// Object is one object of a picture.
type Object struct {
	Shape    string     `json:"shape"`
	Colour   string     `json:"colour"`
	Material string     `json:"material"`
	Size     string     `json:"size"`
	Ground   [2]float64 `json:"ground"`  // x, z in world units
	Centre   [2]float64 `json:"centre"`  // of the box
	Box      [4]float64 `json:"box"`     // left, top, right, bottom, as if nothing hid the object
	On       int        `json:"on"`      // index of the object it stands on, or -1
	Visible  float64    `json:"visible"` // share of its pixels
}

// Relation is the JSON triple [subject's index, name, object's index].
type Relation struct {
	A    int
	Name string
	B    int
}

// MarshalJSON implements [json.Marshaler].
func (r Relation) MarshalJSON() ([]byte, error) { return json.Marshal([]any{r.A, r.Name, r.B}) }

// Caption is one partial caption of a picture.
type Caption struct {
	Text    string      `json:"text"`
	Kind    scene.Kind  `json:"kind"`
	Place   *[2]float64 `json:"place,omitempty"`
	Objects []int       `json:"objects"`
}

// NewTruth returns the truth of s.
func NewTruth(s *scene.Scene) *Truth {
	t := &Truth{ID: s.Index, Seed: s.Seed, Background: s.Background,
		Objects: []Object{}, Relations: []Relation{}}
	for i := range s.Objects {
		o := &s.Objects[i]
		u, v := o.Centre()
		t.Objects = append(t.Objects, Object{
			Shape: o.Shape, Colour: o.Colour, Material: o.Material, Size: o.Size,
			Ground: [2]float64{round(o.Pos.X), round(o.Pos.Z)},
			Centre: [2]float64{round(u), round(v)},
			Box:    [4]float64{round(o.Box[0]), round(o.Box[1]), round(o.Box[2]), round(o.Box[3])},
			On:     o.On, Visible: round(o.Visible),
		})
	}
	for _, r := range s.Relations() {
		t.Relations = append(t.Relations, Relation(r))
	}
	for _, c := range s.Captions() {
		out := Caption{Text: c.Text, Kind: c.Kind, Objects: c.Objects}
		if c.Objects == nil {
			out.Objects = []int{}
		}
		if c.Place != nil {
			out.Place = &[2]float64{round(c.Place[0]), round(c.Place[1])}
		}
		t.Captions = append(t.Captions, out)
	}
	return t
}

// round keeps five decimals.
func round(x float64) float64 { return math.Round(x*1e5) / 1e5 }

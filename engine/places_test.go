package engine

import (
	"context"
	"math"
	"reflect"
	"slices"
	"testing"

	"github.com/counterpoint/counterpoint/engine/compose"
)

// shapes is what a model of simple things declares.
func shapesOnly(string) *placeSpec { return &shapes }

var shapes = placeSpec{
	Channels: 8, Sigma: 1, Things: []string{"cube", "sphere", "object"}, Region: [4]float64{0.2, 0.5, 0.8, 0.9}, Spacing: 0.3,
	Joins: []string{",", "and"}, Grounds: []string{"on grass", "at night"},
	Relations: []relationSpec{
		{Wordings: []string{"left of", "is left of"}, Offset: [4]float64{-0.5, -0.1, -0.3, 0.1}},
		{Wordings: []string{"right of"}, Offset: [4]float64{0.3, -0.1, 0.5, 0.1}},
		{Wordings: []string{"in front of"}, Offset: [4]float64{-0.3, 0.15, 0.3, 0.2}},
		{Wordings: []string{"above", "on top of"}, Offset: [4]float64{0, -0.2, 0, -0.15}, Stacked: true},
		{Wordings: []string{"below"}, Offset: [4]float64{0, 0.15, 0, 0.2}, Stacked: true},
	},
}

func TestMentions(t *testing.T) {
	relation := func(i int) *relationSpec { return &shapes.Relations[i] }
	for text, want := range map[string][]mention{
		"a red Cube":                             {{"a red cube", nil}},
		"a red cube on grass":                    {{"a red cube", nil}},
		"a cube is left of a blue sphere":        {{"a cube", relation(0)}, {"a blue sphere", nil}},
		"cube on top of sphere at night":         {{"cube", relation(3)}, {"sphere", nil}},
		"a cube, a sphere and something cube":    {{"a cube", nil}, {"a sphere", nil}, {"something cube", nil}},
		"a cube in front of a sphere, an object": {{"a cube", relation(2)}, {"a sphere", nil}, {"an object", nil}},
		"":                                       nil,
		"on grass":                               nil,
		"left of":                                nil,
		"a cube left of":                         nil,
		"a cube and":                             nil,
		"a cube sphere":                          nil, // two things, not told apart
		"a cube left of grass":                   nil, // grass has no place
		"a cube left of and a sphere":            nil,
	} {
		if got := shapes.mentions(text); !slices.Equal(got, want) {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
}

func TestAssignPlaces(t *testing.T) {
	given := &compose.Place{X: 0.5, Y: 0.7}
	rows := []compose.Row{
		{Coef: -8, Unconditional: true},
		{Text: "a red Cube", Coef: 4},
		{Text: "a blue sphere on grass", Coef: 4},
		{Text: "on grass", Coef: 4},  // no thing
		{Text: "a sphere", Coef: -4}, // not wanted
		{Text: "a cube", Coef: 1, Place: given},
	}
	drawn := map[int]bool{1: true, 2: true}
	for seed := range uint64(200) {
		placed := assign(shapesOnly, rows, PlacesDrawn, seed)
		if !reflect.DeepEqual(placed, assign(shapesOnly, rows, PlacesDrawn, seed)) {
			t.Fatalf("seed %d gave two answers", seed)
		}
		for i, row := range placed {
			if want := rows[i].Place != nil || drawn[i]; want != (len(row) == 1) {
				t.Fatalf("row %d (%q) is placed %v", i, rows[i].Text, row)
			}
			if len(row) == 0 {
				continue
			}
			p := row[0]
			switch {
			case p.Text != rows[i].Text:
				t.Errorf("row %d: %q is placed, want all of the text", i, p.Text)
			case rows[i].Place != nil && p.Place != *rows[i].Place:
				t.Errorf("row %d lost its own place", i)
			case p.X < 0.2 || p.X > 0.8 || p.Y < 0.5 || p.Y > 0.9:
				t.Errorf("seed %d: place %v is outside the region", seed, p)
			}
			for k, other := range placed[:i] {
				// The place given in the middle leaves little room, so some arrangements are the best of those tried.
				if len(other) == 1 && math.Hypot(p.X-other[0].X, p.Y-other[0].Y) < 0.25 {
					t.Errorf("seed %d: rows %d and %d are too close", seed, k, i)
				}
			}
		}
	}
	if a, b := assign(shapesOnly, rows, PlacesDrawn, 1), assign(shapesOnly, rows, PlacesDrawn, 2); reflect.DeepEqual(a, b) {
		t.Error("two seeds gave the same places")
	}
	for i, row := range assign(shapesOnly, rows, PlacesGiven, 1) {
		if (len(row) == 1) != (rows[i].Place != nil) {
			t.Errorf("row %d got a place that was not given", i)
		}
	}
}

// TestRelationsHold checks drawn places against what relations say, in rows that share things and in one text of several.
func TestRelationsHold(t *testing.T) {
	rows := []compose.Row{
		{Text: "a blue cube in front of a red cube", Coef: 1},
		{Text: "a green sphere above a blue cube", Coef: 1},
		{Text: "a red cube left of a sphere, a white object", Coef: 1},
		{Text: "the sphere", Coef: 1},
	}
	for seed := range uint64(300) {
		placed := assign(shapesOnly, rows, PlacesDrawn, seed)
		blue, red := placed[0][0], placed[0][1]
		green, below := placed[1][0], placed[1][1]
		redAgain, sphere, white := placed[2][0], placed[2][1], placed[2][2]
		if blue.Place != below.Place || red.Place != redAgain.Place || sphere.Place != placed[3][0].Place {
			t.Fatalf("seed %d: a thing named twice is at two places: %v", seed, placed)
		}
		if blue.Text != "a blue cube" || placed[3][0].Text != "the sphere" {
			t.Fatalf("placed %v, want each by the words of its row", placed)
		}
		if blue.Y-red.Y < 0.15-1e-9 {
			t.Errorf("seed %d: blue %v is not in front of red %v", seed, blue, red)
		}
		if dy := green.Y - blue.Y; green.X != blue.X || dy < -0.2-1e-9 || dy > -0.15+1e-9 {
			t.Errorf("seed %d: green %v is not above blue %v", seed, green, blue)
		}
		if red.X-sphere.X > -0.3+1e-9 {
			t.Errorf("seed %d: red %v is not left of the sphere %v", seed, red, sphere)
		}
		if d := math.Hypot(white.X-sphere.X, white.Y-sphere.Y); d < 0.2 {
			t.Errorf("seed %d: white is %.2f from the sphere", seed, d)
		}
	}
}

// TestRelationOfGivenThings checks that a relation's things are where the prompt has them, and that one thing alone is not.
func TestRelationOfGivenThings(t *testing.T) {
	rows := []compose.Row{
		{Text: "a red cube", Coef: 1, Place: &compose.Place{X: 0.7, Y: 0.6}},
		{Text: "a red cube left of a red cube", Coef: 1},
		{Text: "the red cube right of a sphere", Coef: 1},
		{Text: "a sphere", Coef: 1, Place: &compose.Place{X: 0.2, Y: 0.6}},
	}
	for _, mode := range []Places{PlacesDrawn, PlacesGiven} {
		placed := assign(shapesOnly, rows, mode, 7)
		want := []Placed{{"the red cube", *rows[0].Place}, {"a sphere", *rows[3].Place}}
		if !slices.Equal(placed[2], want) {
			t.Errorf("%s: placed %v, want %v", mode, placed[2], want)
		}
		switch several := placed[1]; mode {
		case PlacesGiven:
			if several != nil {
				t.Errorf("placed %v, of which one was given no place", several)
			}
		default:
			if len(several) != 2 || several[0].Place != *rows[0].Place || several[1].Place == several[0].Place {
				t.Errorf("placed %v, want the cube that is there and another", several)
			}
		}
	}
}

// TestPlacesInRegions checks that what counts in a region alone is put there.
func TestPlacesInRegions(t *testing.T) {
	half := &compose.Region{X0: 0.5, X1: 1, Y0: 0, Y1: 1}
	sky := &compose.Region{X0: 0, X1: 1, Y0: 0, Y1: 0.2} // above where things are
	rows := []compose.Row{{Text: "a red cube", Coef: 1, Region: half}, {Text: "a sphere", Coef: 1, Region: sky}}
	for seed := range uint64(100) {
		placed := assign(shapesOnly, rows, PlacesDrawn, seed)
		if x := placed[0][0].X; x < 0.5 || x > 0.8 {
			t.Errorf("seed %d: x %v of a thing in the right half", seed, x)
		}
		if y := placed[1][0].Y; y != 0.1 {
			t.Errorf("seed %d: y %v of a thing in the sky", seed, y)
		}
	}
}

// FuzzAssign checks that any text is placed wholly or not at all, at places that are numbers.
func FuzzAssign(f *testing.F) {
	for _, text := range []string{"a cube left of a cube", "cube, cube and cube, cube", "left of left of", "cube above sphere below cube on grass"} {
		f.Add(text, text, uint64(3))
	}
	f.Fuzz(func(t *testing.T, a, b string, seed uint64) {
		rows := []compose.Row{{Text: a, Coef: 1}, {Text: b, Coef: 1}}
		for i, row := range assign(shapesOnly, rows, PlacesDrawn, seed) {
			if n := len(shapes.mentions(rows[i].Text)); len(row) != 0 && len(row) != n {
				t.Errorf("%q: %d of %d things placed", rows[i].Text, len(row), n)
			}
			for _, p := range row {
				if math.IsNaN(p.X) || math.IsNaN(p.Y) || math.Abs(p.X) > 64 || math.Abs(p.Y) > 64 {
					t.Errorf("%q: %v", rows[i].Text, p)
				}
			}
		}
	})
}

// TestDrawnPlacesAreTold checks that a picture tells where its concepts were put, and that giving those places is the same.
func TestDrawnPlacesAreTold(t *testing.T) {
	e := openTiny(t)
	e.pipeline.extra.Place.Things = []string{"cube", "sphere"}
	e.pipeline.extra.Place.Region = [4]float64{0.1, 0.1, 0.9, 0.9}
	r := small("a red cube AND a blue sphere")
	result := generate(t, e, r)
	again := result.Rows
	for i, row := range result.Pictures[0].Places {
		for _, p := range row {
			again[i].Place = &p.Place
		}
	}
	p, err := e.plan(r)
	must(t, err)
	p.rows, p.placed = again, [][][]Placed{assign(e.placeSpec, again, PlacesGiven, 0)}
	g := generation{Engine: e, runs: []*plan{p}, yield: func(Event, error) bool { return true }}
	pictures, err := g.runAll(context.Background())
	must(t, err)
	if !reflect.DeepEqual(pictures[0].Image, result.Pictures[0].Image) {
		t.Error("the places told do not give the same picture")
	}
}

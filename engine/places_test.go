package engine

import (
	"context"
	"math"
	"reflect"
	"testing"

	"github.com/counterpoint/counterpoint/engine/compose"
)

func TestAssignPlaces(t *testing.T) {
	spec := placeSpec{Channels: 8, Sigma: 1, Things: []string{"cube", "sphere", "object"}, Region: [4]float64{0.2, 0.5, 0.8, 0.9}, Spacing: 0.3}
	given := &compose.Place{X: 0.5, Y: 0.7}
	rows := []compose.Row{
		{Coef: -8, Unconditional: true},
		{Text: "a red Cube", Coef: 4},
		{Text: "a blue sphere", Coef: 4},
		{Text: "a cube left of a sphere", Coef: 4}, // two things
		{Text: "on grass", Coef: 4},                // none
		{Text: "a sphere", Coef: -4},               // not wanted
		{Text: "a cube", Coef: 1, Place: given},
	}
	drawn := map[int]bool{1: true, 2: true}
	for seed := range uint64(200) {
		places := spec.assign(rows, PlacesDrawn, seed)
		if !reflect.DeepEqual(places, spec.assign(rows, PlacesDrawn, seed)) {
			t.Fatalf("seed %d gave two answers", seed)
		}
		for i, p := range places {
			switch {
			case rows[i].Place != nil:
				if p != rows[i].Place {
					t.Errorf("row %d lost its own place", i)
				}
			case (p != nil) != drawn[i]:
				t.Errorf("row %d (%q): place %v", i, rows[i].Text, p)
			case p != nil:
				if p.X < 0.2 || p.X > 0.8 || p.Y < 0.5 || p.Y > 0.9 {
					t.Errorf("seed %d: place %v is outside the region", seed, p)
				}
			}
		}
		for i, a := range places {
			for _, b := range places[:i] {
				// The place given in the middle leaves little room, so some draws are the best of those tried.
				if a != nil && b != nil && math.Hypot(a.X-b.X, a.Y-b.Y) < 0.2 {
					t.Errorf("seed %d: %v and %v are too close", seed, a, b)
				}
			}
		}
	}
	if a, b := spec.assign(rows, PlacesDrawn, 1), spec.assign(rows, PlacesDrawn, 2); reflect.DeepEqual(a, b) {
		t.Error("two seeds gave the same places")
	}
	for i, p := range spec.assign(rows, PlacesGiven, 1) {
		if p != rows[i].Place {
			t.Errorf("row %d got a place that was not given", i)
		}
	}
}

// TestDrawnPlacesAreTold checks that a picture tells where its concepts were put, and that giving those places is the same.
func TestDrawnPlacesAreTold(t *testing.T) {
	e := openTiny(t)
	e.pipeline.extra.Place.Things = []string{"cube", "sphere"}
	e.pipeline.extra.Place.Region = [4]float64{0.1, 0.1, 0.9, 0.9}
	r := small("a red cube AND a blue sphere")
	result := generate(t, e, r)
	again := result.Rows
	for i := range again {
		again[i].Place = result.Pictures[0].Places[i]
	}
	p, err := e.plan(r)
	must(t, err)
	p.rows, p.places = again, [][]*compose.Place{givenPlaces(again)}
	g := generation{Engine: e, plan: p, yield: func(Event, error) bool { return true }}
	pictures, err := g.run(context.Background())
	must(t, err)
	if !reflect.DeepEqual(pictures[0].Image, result.Pictures[0].Image) {
		t.Error("the places told do not give the same picture")
	}
}

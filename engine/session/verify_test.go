package session

import (
	"fmt"
	"testing"
)

// TestVerify sends the lifts of the picture that is kept, and counts the levels that it is looked at.
func TestVerify(t *testing.T) {
	p := visit(t, Options{})
	p.open()
	levels := 0
	p.onHead = func(kind string, head map[string]any, _ [][]byte) {
		if kind == "event" && head["phase"] == "verifying" {
			levels++
		}
	}
	const request = `{"prompt":"a red cube AND NOT a tree","seed":5,"steps":2,"guidance_scale":4,"width":64,"height":40,"verify":"fresh","best_of":2}`
	p.send(`{"type":"generate","id":2,"request":` + request + `}`)
	_, head, _ := p.until("picture", "error")
	lifts, _ := head["lifts"].([]any)
	if seed := head["seed"]; len(lifts) != 2 || seed != 5.0 && seed != 6.0 {
		t.Errorf("picture of seed %v has lifts %v", seed, lifts)
	}
	if levels != 8 {
		t.Errorf("%d levels", levels)
	}
	p.until("done")
}

// TestParticles sends where particles began, and how many were in effect.
func TestParticles(t *testing.T) {
	p := visit(t, Options{})
	p.open()
	p.send(`{"type":"generate","id":2,"request":{"prompt":"a red cube AND a tree","seed":5,"steps":3,"sampler":"ddpm","width":64,"height":40,"batch":3,"particles":true}}`)
	for range 3 {
		_, head, _ := p.until("picture", "error")
		if a, ok := head["ancestor"].(float64); !ok || a < 0 || a > 2 {
			t.Errorf("a particle of ancestor %v", head["ancestor"])
		}
	}
	_, head, _ := p.until("done", "error")
	if n, _ := head["effective"].(float64); n < 1 || n > 3 {
		t.Errorf("%v of 3 particles in effect", head["effective"])
	}
	p.send(`{"type":"generate","id":3,"request":{"prompt":"a red cube AND a tree","width":64,"height":40,"particles":true}}`)
	if failure := p.wantError(BadRequest); failure["field"] != "particles" {
		t.Errorf("particles without noise: %v", failure)
	}
}

// TestHelpersVerify spreads the rows of verification over sessions too; the best is the same one.
func TestHelpersVerify(t *testing.T) {
	r := visitWithHelpers(t, 2)
	best := func(id, peers int) (seed any, lifts string) {
		r.send(fmt.Sprintf(`{"type":"generate","id":%d,"peers":%d,"request":{"prompt":"a red cube AND NOT a tree","seed":5,"steps":2,"guidance_scale":4,"width":64,"height":40,"verify":"fresh","best_of":3}}`, id, peers))
		for {
			switch kind, head, _ := r.next(); kind {
			case "picture":
				seed, lifts = head["seed"], fmt.Sprint(head["lifts"])
			case "done":
				return seed, lifts
			case "error":
				t.Fatal(head)
			}
		}
	}
	seed, lifts := best(2, 0)
	if s, l := best(3, 2); s != seed || l != lifts {
		t.Errorf("with helpers seed %v with lifts %s, want %v with %s", s, l, seed, lifts)
	}
}

package engine

import (
	"bytes"
	"slices"
	"testing"
)

// TestParticles holds a population to what it comes to where nothing is drawn, and to being the same each time.
func TestParticles(t *testing.T) {
	e := openTiny(t)
	r := small("a red cube AND a blue sphere AND NOT the sand")
	r.Sampler, r.Steps = "ddpm", 4
	plain := pixels(t, e, r)
	r.Particles = true
	if !bytes.Equal(pixels(t, e, r), plain) {
		t.Error("one particle is not the picture of its seed")
	}

	r.Batch, r.Places = 9, PlacesGiven // more than one evaluation holds
	drawn := generate(t, e, r)
	var ancestors []int
	for _, p := range drawn.Pictures {
		ancestors = append(ancestors, p.Ancestor)
	}
	if slices.Equal(ancestors, []int{0, 1, 2, 3, 4, 5, 6, 7, 8}) || !slices.IsSorted(ancestors) || slices.Min(ancestors) < 0 || slices.Max(ancestors) > 8 {
		t.Errorf("the particles began as %v: none was drawn twice", ancestors)
	}
	if drawn.Effective < 1 || drawn.Effective > 8.999 {
		t.Errorf("%g of 9 particles in effect", drawn.Effective)
	}
	again := generate(t, e, drawn.Request)
	for k, p := range again.Pictures {
		if !bytes.Equal(p.Image.Pix, drawn.Pictures[k].Image.Pix) {
			t.Errorf("particle %d is another picture the second time", k)
		}
	}

	r.ResampleBelow = 1e-3 // never
	never, batch := generate(t, e, r), r
	batch.Particles, batch.ResampleBelow = false, 0
	for k, p := range generate(t, e, batch).Pictures {
		if !bytes.Equal(p.Image.Pix, never.Pictures[k].Image.Pix) || never.Pictures[k].Ancestor != k {
			t.Errorf("particle %d, drawn never, is not the picture of its seed", k)
		}
	}
}

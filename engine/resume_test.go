package engine

import (
	"bytes"
	"image"
	"reflect"
	"testing"

	"github.com/counterpoint/counterpoint/engine/device/cpu/kernel"
	"github.com/counterpoint/counterpoint/engine/device/testdevices"
	"github.com/counterpoint/counterpoint/weights/pack"
)

// TestResume goes on from the checkpoint after each step, on a model opened anew, and gets what the whole run makes: its
// pictures, their lifts, ancestors and acceptance.
func TestResume(t *testing.T) {
	model := tiny(t, pack.ProfileInt8)
	open := func() *Engine { return openEngine(t, model, testdevices.CPU(t, kernel.Portable, 1)) }
	whole, other := open(), open()
	for name, change := range map[string]func(*Request){
		"plain":         func(*Request) {},
		"noise, batch":  func(r *Request) { r.Sampler, r.Batch = "ddpm", 7 },
		"history":       func(r *Request) { r.Sampler = "dpm++ 2m" },
		"choice":        func(r *Request) { r.Prompt = "a red cube OR a blue sphere @(0-0.5, 0-1)" },
		"gated, cached": func(r *Request) { r.Negation, r.Verify, r.Batch, r.BestOf = "gated", VerifyCached, 2, 3 },
		"particles": func(r *Request) {
			r.Sampler, r.Particles, r.Batch, r.Prompt = "ddpm", true, 3, "a red cube AND the sand @(0-0.5, 0-1)"
		},
		"tests, projected": func(r *Request) { r.Corrector, r.CorrectorMoves, r.APG = "mala", 2, true },
		"picture and a mask": func(r *Request) {
			r.Image, r.Mask, r.Steps = painted(64, 40), boxed(64, 40, image.Rect(0, 0, 32, 40)), 4
		},
		"a smaller one first": func(r *Request) {
			r.Width, r.Height, r.Hires, r.Batch, r.Sampler, r.Prompt = 32, 32, 2, 2, "ddpm", "a red cube OR a blue sphere @0-0.8"
		},
		"looked at again": func(r *Request) { r.Verify, r.GuidanceStart = VerifyFresh, 0.5 },
	} {
		t.Run(name, func(t *testing.T) {
			r := small("a red cube @(0.2, 0.7) AND a blue sphere:1.5 AND NOT the sand")
			change(&r)
			var points []*Checkpoint
			var want *Result
			for ev, err := range whole.Generate(t.Context(), r) {
				must(t, err)
				if ev.Phase == Denoising {
					c, err := ev.Checkpoint()
					must(t, err)
					points = append(points, c)
				}
				want = ev.Result
			}
			for _, c := range points {
				var got *Result
				steps := 0
				for ev, err := range other.Resume(t.Context(), r, c) {
					must(t, err)
					if ev.Phase == Denoising {
						steps++
					}
					got = ev.Result
				}
				if steps != len(points)-c.Step {
					t.Errorf("from step %d of %d it made %d steps", c.Step, len(points), steps)
				}
				for k, p := range want.Pictures {
					if !bytes.Equal(got.Pictures[k].Image.Pix, p.Image.Pix) {
						t.Errorf("from step %d picture %d is another", c.Step, k)
					}
					if g := got.Pictures[k]; !reflect.DeepEqual(g.Lifts, p.Lifts) || g.Ancestor != p.Ancestor || g.Seed != p.Seed {
						t.Errorf("from step %d picture %d has lifts %v, ancestor %d, seed %d; want %v, %d, %d", c.Step, k, g.Lifts, g.Ancestor, g.Seed, p.Lifts, p.Ancestor, p.Seed)
					}
				}
				if got.Acceptance != want.Acceptance || got.Effective != want.Effective {
					t.Errorf("from step %d: acceptance %g, effective %g; want %g, %g", c.Step, got.Acceptance, got.Effective, want.Acceptance, want.Effective)
				}
			}
			r.Seed++
			for _, err := range other.Resume(t.Context(), r, points[0]) {
				if err == nil {
					t.Fatal("another request goes on from the checkpoint")
				}
			}
		})
	}
}

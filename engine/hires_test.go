package engine

import (
	"bytes"
	"image"
	"strings"
	"testing"

	"github.com/counterpoint/counterpoint/engine/device/null"
)

// larger is a request for pictures that begin with smaller ones of their own.
func larger(prompt string) Request {
	r := small(prompt)
	r.Steps, r.Width, r.Height, r.Hires = 4, 64, 48, 2
	return r
}

// TestHires: the pictures are those that two requests would make, the second of which begins with what the first one makes.
func TestHires(t *testing.T) {
	e := openTiny(t)
	for name, change := range map[string]func(*Request){
		"plain":               func(*Request) {},
		"more of it anew":     func(r *Request) { r.Strength = 0.75 },
		"noise, moves":        func(r *Request) { r.Sampler, r.Corrector, r.CorrectorMoves = "ddpm", "ula", 1 },
		"a choice, windows":   func(r *Request) { r.Prompt, r.Reach = "a red cube @(0.2, 0.7) OR a blue sphere", 0.2 },
		"verified, cut short": func(r *Request) { r.Verify, r.StopAfter = VerifyCached, 1 },
	} {
		t.Run(name, func(t *testing.T) {
			r := larger("a red cube AND a blue sphere @0-0.4")
			r.Batch = 2
			change(&r)
			got := generate(t, e, r)
			first := got.Request
			first.Width, first.Height, first.Hires, first.Strength, first.StopAfter = 32, 24, 1, 0, 0
			drafts := generate(t, e, first)
			for k, p := range got.Pictures {
				second := got.Request
				second.Image, second.Hires, second.Seed, second.Batch = drafts.Pictures[k].Image, 1, r.Seed+uint64(k), 1
				if want := generate(t, e, second).Pictures[0]; !bytes.Equal(p.Image.Pix, want.Image.Pix) || len(p.Lifts) != len(want.Lifts) {
					t.Errorf("picture %d is another", k)
				}
			}
			if again := generate(t, e, got.Request); !bytes.Equal(again.Pictures[1].Image.Pix, got.Pictures[1].Image.Pix) {
				t.Error("the completed request makes another picture")
			}
			of := func(r Request) int {
				x, err := e.Explain(r)
				must(t, err)
				return x.Evaluations
			}
			second := got.Request
			second.Hires, second.Image = 1, drafts.Pictures[0].Image
			if n, want := of(r), of(first)+of(second); n != want {
				t.Errorf("explained as %d evaluations, want %d", n, want)
			}
		})
	}
}

// TestHiresProgress counts the steps of both runs, and the work ahead by their pixels.
func TestHiresProgress(t *testing.T) {
	r := larger("a red cube")
	r.Strength, r.BestOf = 0.5, 2
	var phases []Phase
	ahead := 4*0.25 + 2.0
	for ev, err := range openTiny(t).Generate(t.Context(), r) {
		must(t, err)
		phases = append(phases, ev.Phase)
		if ev.Phase != Denoising {
			continue
		}
		if ahead -= ev.Work; ev.Step != len(phases)-1 || ev.Steps != 6 || ev.Ahead != ahead {
			t.Errorf("event %d: step %d of %d, work %v, %v ahead; want %v ahead", len(phases), ev.Step, ev.Steps, ev.Work, ev.Ahead, ahead)
		}
	}
	if len(phases) != 9 || ahead != 0 { // encoding, six steps, a picture, the end
		t.Errorf("phases %v, %v ahead at the end", phases, ahead)
	}
}

// TestHiresStopped: a run that is stopped at the smaller picture makes that, with the request that makes it again.
func TestHiresStopped(t *testing.T) {
	e := openTiny(t)
	for at, after := range map[int]int{2: 2, 4: 0} { // 4 are all that the smaller one has
		var got *Result
		for ev, err := range e.Generate(t.Context(), larger("a red cube AND a blue sphere")) {
			must(t, err)
			if ev.Phase == Denoising && ev.Step == at {
				ev.Stop()
			}
			got = ev.Result
		}
		q, img := got.Request, got.Pictures[0].Image
		if q.Width != 32 || q.Height != 24 || q.Hires != 1 || q.StopAfter != after || img.Rect.Size() != image.Pt(32, 24) {
			t.Errorf("stopped at step %d: a picture of %v, of %+v", at, img.Rect.Size(), q)
		}
		if !bytes.Equal(pixels(t, e, q), img.Pix) {
			t.Errorf("stopped at step %d: its request makes another picture", at)
		}
	}
}

// TestDefaultHires shows when a model's own way is taken.
func TestDefaultHires(t *testing.T) {
	declared := `"default": {"width": 32, "height": 32, "hires": 2}, "kind"`
	e := openEngine(t, variant(t, "larger", "counterpoint.json", replace(`"kind"`, declared)), null.New())
	for _, c := range []struct {
		name            string
		r               Request
		hires, strength float64
	}{
		{"the model's size", Request{}, 0, 0},
		{"twice that", Request{Width: 64, Height: 64}, 2, 0.5},
		{"less strength", Request{Width: 64, Height: 64, Strength: 0.3}, 2, 0.3},
		{"three times", Request{Width: 96, Height: 96}, 2, 0.5},
		{"one side too short", Request{Width: 128, Height: 48}, 0, 0},
		{"no multiple", Request{Width: 64, Height: 72}, 0, 0},
		{"none", Request{Width: 64, Height: 64, Hires: 1}, 1, 0},
		{"another scale", Request{Width: 96, Height: 96, Hires: 3}, 3, 0.5},
		{"half as large", Request{Hires: 1.5, Width: 48, Height: 48}, 1.5, 0.5},
		{"a picture is given", Request{Width: 64, Height: 64, Image: painted(64, 64)}, 0, 0.8},
		{"particles", Request{Width: 64, Height: 64, Particles: true, Sampler: "ddpm"}, 0, 0},
		{"one step", Request{Width: 64, Height: 64, Steps: 1}, 0, 0},
	} {
		r := completed(t, e, c.name, c.r)
		if r.Hires != c.hires || r.Strength != c.strength {
			t.Errorf("%s: %v with strength %v, want %v, %v", c.name, r.Hires, r.Strength, c.hires, c.strength)
		}
	}
}

func TestHiresRefused(t *testing.T) {
	e := openTiny(t)
	for want, change := range map[string]func(*Request){
		"want 1 to 8":      func(r *Request) { r.Hires = 0.5 },
		"multiples of 8":   func(r *Request) { r.Hires = 1.5 },
		"is given":         func(r *Request) { r.Image = painted(64, 48) },
		"particles":        func(r *Request) { r.Particles, r.Sampler = true, "ddpm" },
		"64x48 is not 3.1": func(r *Request) { r.Hires = 3.1 },
	} {
		r := larger("a red cube")
		change(&r)
		if got := refused(t, e, r, "hires"); !strings.Contains(got, want) {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

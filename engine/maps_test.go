package engine

import (
	"bytes"
	"context"
	"math"
	"slices"
	"testing"

	"github.com/counterpoint/counterpoint/engine/device"
	"github.com/counterpoint/counterpoint/engine/device/cpu/kernel"
	"github.com/counterpoint/counterpoint/engine/device/testdevices"
	"github.com/counterpoint/counterpoint/engine/sample"
	"github.com/counterpoint/counterpoint/weights/pack"
)

// mapsOf are the maps of each step, and the result.
func mapsOf(t *testing.T, e *Engine, r Request) (steps [][][]TermMap, result *Result) {
	t.Helper()
	r.Maps = true
	for ev, err := range e.Generate(context.Background(), r) {
		must(t, err)
		if ev.Maps != nil {
			maps, err := ev.Maps()
			must(t, err)
			steps = append(steps, maps)
		}
		result = ev.Result
	}
	return steps, result
}

// TestMaps holds the maps of each step to what the network's rows come to on the CPU, and the picture to that without maps.
func TestMaps(t *testing.T) {
	model := tiny(t, pack.ProfileInt8)
	open := func(d device.Device) *Engine {
		e := openEngine(t, model, d)
		e.pipeline.extra.LatentRGB = latentRGB{Weight: slices.Repeat([][3]float32{{0.1, 0, 0.2}, {0, 0.3, 0}}, e.pipeline.vae.Channels/2)}
		return e
	}
	plain := small("a red cube AND the sand :0.5 AND NOT a blue sphere")
	heun := plain
	heun.Sampler, heun.Steps = "heun", 4
	onCPU := open(testdevices.CPU(t, kernel.Portable, 1))
	testdevices.Each(t, kernel.Portable, func(t *testing.T, d device.Device, exact bool) {
		e := open(d)
		judge, off := e, 1e-5 // of a map's largest value
		if !exact {
			judge, off = onCPU, 1e-3
		}
		check := func(r Request, share func(step, x int) float64) {
			t.Helper()
			got, result := mapsOf(t, e, r)
			if without := generate(t, e, r); !bytes.Equal(without.Pictures[0].Image.Pix, result.Pictures[0].Image.Pix) {
				t.Errorf("%q: the picture is another with maps", r.Prompt)
			}
			want := judge.referenceMaps(t, r)
			if len(got) != len(want) {
				t.Fatalf("%q: maps of %d steps, want %d", r.Prompt, len(got), len(want))
			}
			for step := range want {
				if len(got[step][0]) != len(result.Rows)-1 {
					t.Fatalf("%q: step %d: %d maps for %d rows", r.Prompt, step, len(got[step][0]), len(result.Rows))
				}
				for _, m := range got[step][0] {
					text, pull := result.Rows[m.Row].Text, want[step].pull[m.Row]
					worst, on := 0.0, false
					for cell, v := range m.Pull {
						of := 1.0
						if text == "a red cube" {
							of = share(step, cell%8)
						}
						on = on || v != 0
						worst = max(worst, math.Abs(float64(v)-of*pull[cell]))
					}
					if !(worst <= off*slices.Max(pull)) {
						t.Errorf("%q: step %d: the pull of %q is off by %g, the largest is %g", r.Prompt, step, text, worst, slices.Max(pull))
					}
					switch {
					case on != (m.Preview != nil):
						t.Errorf("%q: step %d: %q pulls: %v, and has a preview: %v", r.Prompt, step, text, on, m.Preview != nil)
					case r.Prompt == plain.Prompt:
						if near, most := likeness(m.Preview.Pix, want[step].preview[m.Row]); near < 0.995 {
							t.Errorf("%q: step %d: %.1f%% of the preview of %q are near, the worst %d off", r.Prompt, step, 100*near, text, most)
						}
					}
				}
			}
		}
		whole := func(int, int) float64 { return 1 }
		check(plain, whole)
		check(heun, whole)
		left := []float64{1, 1, 1, 1, 0, 0, 0, 0}
		check(small("a red cube @(0-0.5, 0-1) AND the sand"), func(_, x int) float64 { return left[x] })
		check(small("a red cube @0.3-1 AND the sand"), func(step, _ int) float64 { return min(float64(step), 1) })
	})
}

// reference is what is known of a step's maps, of each row.
type reference struct {
	pull    map[int][]float64
	preview map[int][]byte
}

// referenceMaps follows a run of one picture and works the maps out on the host from what the network says of every row, as if
// each counted in all of the picture and the run.
func (e *Engine) referenceMaps(t *testing.T, r Request) (steps []reference) {
	t.Helper()
	ctx := t.Context()
	p, err := e.plan(r)
	must(t, err)
	g := &generation{Engine: e, plan: p}
	conditions, err := e.encode(ctx, p.texts, p.placed, p.shape.H, p.shape.W)
	must(t, err)
	defer conditions.Close()
	b, err := newBank(ctx, e.device, sample.Registers(p.steps), p.shape.Len())
	must(t, err)
	defer b.Close()
	all, err := e.newScorer(b, p.rows, conditions, 1, p.shape.H, p.shape.W)
	must(t, err)
	defer all.Close()
	composed, err := g.newComposed(b, every(p.rows), nil, conditions)
	must(t, err)
	defer composed.Close()
	follow := func(ctx context.Context, step sample.Step, in, out sample.Reg) error {
		must(t, all.Score(ctx, step, in, out))
		if !step.Partial {
			x := make([]float32, p.shape.Len())
			must(t, b.Read(in, x))
			steps = append(steps, e.reference(t, p, step, x, read(t, all.unet.outputs["score"], len(p.rows)*len(x))))
		}
		return composed.Score(ctx, step, in, out)
	}
	for _, err := range sample.RunFrom(ctx, b, sample.ScorerFunc(follow), p.steps, p.seeds, p.shape, sample.Start{}) {
		must(t, err)
	}
	return steps
}

// reference works out one step's from the latents and the rows' scores.
func (e *Engine) reference(t *testing.T, p *plan, step sample.Step, x, scores []float32) reference {
	t.Helper()
	cleanX, cleanOut, err := e.pipeline.schedule.Clean(sample.Level{T: step.T, AlphaBar: step.AlphaBar})
	must(t, err)
	n, channels := len(x), p.shape.C
	of := reference{map[int][]float64{}, map[int][]byte{}}
	for row := 1; row < len(p.rows); row++ {
		pull, clean := make([]float64, n/channels), make([]float32, n)
		for i := range x {
			null := float64(scores[i])
			moved := p.rows[row].Coef * (float64(scores[row*n+i]) - null)
			pull[i/channels] += moved * moved
			clean[i] = float32(cleanX*float64(x[i]) + cleanOut*(null+math.Copysign(1, p.rows[row].Coef)*moved))
		}
		for i, square := range pull {
			pull[i] = math.Sqrt(square)
		}
		pixels := make([]float32, 3*len(pull))
		e.pipeline.extra.LatentRGB.apply(pixels, clean)
		of.pull[row], of.preview[row] = pull, toImage(pixels, p.shape.W, p.shape.H).Pix
	}
	return of
}

// TestMapsOfBatch makes the maps of more pictures than one evaluation holds: each has those of its seed alone. Where nothing is
// measured from an unconditional score, and where nobody asks, there are none.
func TestMapsOfBatch(t *testing.T) {
	e := openTiny(t)
	r := small("(a red cube OR a blue sphere) AND NOT the sand @(0-0.5, 0-1)")
	r.Negation, r.Batch = "gated", 6
	batch, result := mapsOf(t, e, r)
	for _, k := range []int{0, 5} {
		alone := r
		alone.Seed, alone.Batch = result.Pictures[k].Seed, 1
		maps, _ := mapsOf(t, e, alone)
		for step := range maps {
			for i, m := range maps[step][0] {
				if got := batch[step][k][i]; got.Row != m.Row || !slices.Equal(got.Pull, m.Pull) {
					t.Errorf("picture %d: step %d: the maps of row %d are not those of its seed", k, step, m.Row)
				}
			}
		}
	}
	r = small("a red cube")
	r.GuidanceScale = 1
	if maps, _ := mapsOf(t, e, r); len(maps) > 0 {
		t.Errorf("%d maps of one term that is nowhere measured from", len(maps))
	}
	r = small("a red cube")
	r.GuidanceStart = 0.5 // the mean of the terms alone, until then
	maps, _ := mapsOf(t, e, r)
	for step, want := range []int{0, 0, 1} {
		if len(maps) != 3 || len(maps[step][0]) != want {
			t.Errorf("of steps that are guided from the third on: %v", maps)
		}
	}
	for ev, err := range e.Generate(t.Context(), r) {
		if must(t, err); ev.Maps != nil {
			t.Error("nobody asked for maps")
		}
	}
}

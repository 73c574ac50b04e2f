package engine

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"math"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/counterpoint/counterpoint/engine/device"
	"github.com/counterpoint/counterpoint/engine/device/cpu/kernel"
	"github.com/counterpoint/counterpoint/engine/device/testdevices"
	"github.com/counterpoint/counterpoint/engine/sample"
	"github.com/counterpoint/counterpoint/weights/pack"
)

// variant is the tiny model with one file of its folder changed.
func variant(t *testing.T, name, file string, change func(data []byte) []byte) fstest.MapFS {
	t.Helper()
	folder := inMemory(t, os.DirFS("testdata/goldens/scenesish/model"))
	if file != "" {
		folder[file] = &fstest.MapFile{Data: change(bytes.Clone(folder[file].Data))}
	}
	return packedInMemory(t, folder, pack.Options{Profile: pack.ProfileInt8, Name: name})
}

// flipSigns flips those of some of a safetensors file's weights.
func flipSigns(data []byte) []byte {
	at := 8 + int(binary.LittleEndian.Uint64(data))
	for i := at + 1; i < len(data); i += 10 { // the upper bytes of every fifth f16
		data[i] ^= 0x80
	}
	return data
}

func replace(old, with string) func([]byte) []byte {
	return func(data []byte) []byte { return bytes.Replace(data, []byte(old), []byte(with), 1) }
}

const (
	unetFile      = "unet/diffusion_pytorch_model.safetensors"
	vaeFile       = "vae/diffusion_pytorch_model.safetensors"
	schedulerFile = "scheduler/scheduler_config.json"
)

// openWith opens the tiny model, and another that prompts call m.
func openWith(t *testing.T, d device.Device, m fstest.MapFS) (e, other *Engine) {
	t.Helper()
	e, other = openEngine(t, tiny(t, pack.ProfileInt8), d), openEngine(t, m, d)
	must(t, e.With("m", other))
	return e, other
}

// guestPrompts name a model m.
var guestPrompts = []string{
	"a red cube AND m: a blue sphere :1.5 AND NOT m: the sand",
	"m: a red cube @(0.2, 0.7) AND m: a blue sphere @(0.7, 0.3)",
	"a red cube @(0-0.5, 0-1) AND m: a blue sphere @(0.5-1, 0-1)",
	"a red cube OR m: a blue sphere",
	"(m: a red cube OR the sand) AND NOT m: a blue sphere AND m: a tree @0-0.5",
}

// TestSameModelTwice names a model that is open already: by the same manifest, which is the plain composition, and by
// another one with the same weights, whose rows are evaluated on their own and come to the same.
func TestSameModelTwice(t *testing.T) {
	d := testdevices.CPU(t, kernel.Portable, 1)
	e, twin := openWith(t, d, variant(t, "twin", "", nil))
	must(t, e.With("self", openEngine(t, tiny(t, pack.ProfileInt8), d)))
	must(t, e.With("again", twin))
	for _, prompt := range guestPrompts {
		r := small(prompt)
		r.Negation = "gated"
		plain := func(name string) []byte {
			r := r
			r.Prompt = strings.ReplaceAll(prompt, "m: ", name)
			return pixels(t, e, r)
		}
		want := plain("")
		if !bytes.Equal(plain("self: "), want) {
			t.Errorf("%q: the model under a name gives another picture", prompt)
		}
		got := pixels(t, e, r)
		if !bytes.Equal(got, plain("again: ")) {
			t.Errorf("%q: a second name gives another picture", prompt)
		}
		r.Prompt = strings.ReplaceAll(prompt, "m: ", "") // the same sums, in another order
		near(t, prompt, got, want, 1)
	}
	rows := func(prompt string, models ...string) {
		t.Helper()
		x, err := e.Explain(small(prompt))
		must(t, err)
		var of []string
		for _, r := range x.Rows {
			of = append(of, r.Model)
		}
		if !slices.Equal(of, models) {
			t.Errorf("%q: rows %+v, want them of models %q", prompt, x.Rows, models)
		}
	}
	rows("self: a red cube AND a red cube AND again: a tree AND m: a tree", "", "", "again", "again")
	result := generate(t, e, small("self: a red cube AND m: a tree"))
	if m := result.Models; len(m) != 2 || m[0].As != "m" || m[1].As != "self" || m[1].Hash != result.Model.Hash {
		t.Errorf("models %+v, want all that the prompt names", m)
	}
	e.Without("again")
	e.Without("again")
	rows("self: a red cube AND again: a tree AND m: a tree", "", "", "", "m", "m")
	must(t, e.With("again", e))
	rows("again: a tree AND m: a tree", "", "", "m", "m")
}

// TestBesideWhileOpening refuses a model that does not fit before its weights are read.
func TestBesideWhileOpening(t *testing.T) {
	d := testdevices.CPU(t, kernel.Portable, 1)
	e := openEngine(t, tiny(t, pack.ProfileInt8), d)
	progress := func(int64, int64) { t.Error("weights are read") }
	for name, m := range map[string]fstest.MapFS{"decoder": variant(t, "decoder", vaeFile, flipSigns), "noise": variant(t, "noise", schedulerFile, replace(`"squaredcos_cap_v2"`, `"linear"`))} {
		var mismatch *MismatchError
		if _, err := Open(t.Context(), m, Options{Device: d, Beside: e, Progress: progress}); !errors.As(err, &mismatch) || mismatch.Model != name {
			t.Errorf("%s: %v", name, err)
		}
	}
	other, err := Open(t.Context(), variant(t, "other", unetFile, flipSigns), Options{Device: d, Beside: e})
	must(t, err)
	other.Close()
}

// near fails if values of two pictures differ by more than most.
func near(t *testing.T, what string, a, b []byte, most int) {
	t.Helper()
	for i := range a {
		if d := int(a[i]) - int(b[i]); d > most || -d > most {
			t.Errorf("%s: values %d and %d", what, a[i], b[i])
			return
		}
	}
}

// TestTwoModels compares one combined score with what the host makes of each row's own.
func TestTwoModels(t *testing.T) {
	testdevices.Each(t, kernel.Portable, func(t *testing.T, d device.Device, _ bool) {
		for _, other := range []fstest.MapFS{
			variant(t, "other", unetFile, flipSigns),
			variant(t, "epsilon", schedulerFile, replace(`"v_prediction"`, `"epsilon"`)),
		} {
			e, m := openWith(t, d, other)
			r := small("a red cube AND m: a blue sphere :1.5 AND NOT m: the sand AND the sand")
			r.Batch = 2
			p, err := e.plan(r)
			must(t, err)
			g := &generation{Engine: e, plan: p}
			ctx, n := context.Background(), p.shape.Len()
			bank, err := newBank(ctx, d, int(sample.RegScore)+1, 2*n)
			must(t, err)
			defer bank.Close()
			x := make([]float32, 2*n)
			sample.NoiseNHWC(1, 0, p.shape, x[:n])
			sample.NoiseNHWC(2, 0, p.shape, x[n:])
			must(t, bank.Fill(sample.RegX, x))
			step := sample.Step{T: 400, AlphaBar: e.pipeline.schedule.AlphaBar(400)}

			want := make([]float64, 2*n)
			for i, row := range p.rows {
				of := e.model(row.Model)
				c, err := of.encode(ctx, p.texts[i:i+1], pickPlaced(p.placed, []int{i}), p.shape.H, p.shape.W)
				must(t, err)
				defer c.Close()
				v, err := of.newEvaluator(1, c, 2, p.shape.H, p.shape.W)
				must(t, err)
				defer v.Close()
				must(t, v.evaluate(ctx, step.T, bank.registers[sample.RegX], []int{0}, func(first, count int) error {
					for k, s := range read(t, v.unet.outputs["score"], count*n) {
						s := float64(s)
						if at := first*n + k; of.pipeline.schedule.Config.PredictionType == sample.PredictEpsilon {
							// v = √ᾱ·ε − √(1−ᾱ)·x₀ with x₀ = (x − √(1−ᾱ)·ε)/√ᾱ
							signal, noise := math.Sqrt(step.AlphaBar), math.Sqrt(1-step.AlphaBar)
							s = signal*s - noise*(float64(x[at])-noise*s)/signal
						}
						want[first*n+k] += row.Coef * s
					}
					return nil
				}))
			}

			local, help, err := g.share(ctx, []Peer{nil}) // which is not asked
			must(t, err)
			c, err := e.encode(ctx, pick(g.texts, local), pickPlaced(g.placed, local), p.shape.H, p.shape.W)
			must(t, err)
			defer c.Close()
			s, err := g.newComposed(bank, local, help, c)
			must(t, err)
			defer s.Close()
			s.guests, err = g.newGuests(ctx)
			must(t, err)
			defer closeGuests(s.guests)
			must(t, s.Score(ctx, step, sample.RegX, sample.RegScore))
			got := make([]float32, 2*n)
			must(t, bank.Read(sample.RegScore, got))
			for i := range want {
				if math.Abs(float64(got[i])-want[i]) > 2e-4*(1+math.Abs(want[i])) {
					t.Fatalf("model %s: value %d is %v, want %v", m.info.Name, i, got[i], want[i])
				}
			}
		}
	})
}

// TestGuests generates with another model, in a batch and alone, on each device.
func TestGuests(t *testing.T) {
	first, other := map[string][]byte{}, variant(t, "other", unetFile, flipSigns)
	testdevices.Each(t, kernel.Portable, func(t *testing.T, d device.Device, exact bool) {
		e, _ := openWith(t, d, other)
		for _, prompt := range guestPrompts {
			r := small(prompt)
			r.Batch = 2
			result := generate(t, e, r)
			if len(result.Models) != 1 || result.Models[0].As != "m" || result.Models[0].Name != "other" {
				t.Errorf("models %+v", result.Models)
			}
			got := result.Pictures[1].Image.Pix
			if first[prompt] == nil {
				first[prompt] = got
			}
			near(t, prompt, got, first[prompt], 2)
			if !exact {
				continue // one run on each device tells
			}
			r.Seed, r.Batch = r.Seed+1, 1
			if !bytes.Equal(got, pixels(t, e, r)) {
				t.Errorf("%q: a picture of a batch is not that of its seed", prompt)
			}
			r.Prompt = strings.ReplaceAll(prompt, "m: ", "")
			if bytes.Equal(got, pixels(t, e, r)) {
				t.Errorf("%q: another model gives the same picture", prompt)
			}
		}
	})
}

func TestModelsThatDoNotFit(t *testing.T) {
	d := testdevices.CPU(t, kernel.Portable, 1)
	e := openEngine(t, tiny(t, pack.ProfileInt8), d)
	for _, c := range []struct {
		name  string
		other *Engine
		want  string
	}{
		{"Upper", e, `"Upper" is no name`},
		{"m", openTiny(t), "different devices"},
		{"m", openEngine(t, packed(t, "testdata/goldens/sdlike/model"), d), "latents have 4 channels, not 8"},
		{"m", openEngine(t, variant(t, "decoder", vaeFile, flipSigns), d), "model decoder can't be combined with those of model"},
		{"m", openEngine(t, variant(t, "decoder", vaeFile, flipSigns), d), "autoencoder has other weights"},
		{"m", openEngine(t, variant(t, "noise", schedulerFile, replace(`"squaredcos_cap_v2"`, `"linear"`)), d), "other noise levels"},
	} {
		if err := e.With(c.name, c.other); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
	must(t, e.With("m", openEngine(t, tiny(t, pack.ProfileInt8), d)))
	if err := e.With("m", e); err == nil {
		t.Error("two models of one name")
	}
	unplaced := openEngine(t, variant(t, "other", unetFile, flipSigns), d)
	must(t, e.With("other", unplaced))
	x, err := e.Explain(small("other: a red cube AND ohter: a tree"))
	must(t, err)
	found := false
	for _, w := range x.Warnings {
		found = found || strings.Contains(w.Hint, `"other:"`)
	}
	if !found {
		t.Errorf("warnings %v, want a suggestion", x.Warnings)
	}
	var bad *RequestError
	unplaced.pipeline.unet.InChannels = unplaced.pipeline.unet.OutChannels
	if _, err := e.Explain(small("other: a red cube @(0.2, 0.2)")); !errors.As(err, &bad) || !strings.Contains(bad.Msg, "model other knows no places") {
		t.Errorf("a place where the model has none: %v", err)
	}
}

package engine

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"math"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/counterpoint/counterpoint/engine/compose"
	"github.com/counterpoint/counterpoint/engine/device/cpu"
	"github.com/counterpoint/counterpoint/engine/device/cpu/kernel"
	"github.com/counterpoint/counterpoint/engine/device/null"
	"github.com/counterpoint/counterpoint/engine/device/testdevices"
	"github.com/counterpoint/counterpoint/weights"
	"github.com/counterpoint/counterpoint/weights/pack"
	"github.com/counterpoint/counterpoint/weights/scenes"
)

// tiny is a small random model with our own architecture, packed in memory.
func tiny(t *testing.T, profile pack.Profile) fstest.MapFS {
	t.Helper()
	return packedInMemory(t, os.DirFS("testdata/goldens/scenesish/model"), pack.Options{Profile: profile})
}

func packedInMemory(t *testing.T, folder fs.FS, o pack.Options) fstest.MapFS {
	t.Helper()
	dir := t.TempDir()
	_, err := pack.Pack(context.Background(), folder, dir, o)
	must(t, err)
	return inMemory(t, os.DirFS(dir))
}

func inMemory(t *testing.T, folder fs.FS) fstest.MapFS {
	t.Helper()
	files := fstest.MapFS{}
	must(t, fs.WalkDir(folder, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := fs.ReadFile(folder, name)
		files[name] = &fstest.MapFile{Data: data}
		return err
	}))
	return files
}

// openTiny opens it on the CPU's portable level, which every machine has.
func openTiny(t *testing.T) *Engine {
	t.Helper()
	return openEngine(t, tiny(t, pack.ProfileInt8), testdevices.CPU(t, kernel.Portable, 1))
}

// small is a request that takes little time.
func small(prompt string) Request {
	return Request{Prompt: prompt, Seed: 5, Steps: 3, GuidanceScale: 4, Width: 64, Height: 40}
}

// generate runs a request to its end.
func generate(t *testing.T, e *Engine, r Request) *Result {
	t.Helper()
	for ev, err := range e.Generate(context.Background(), r) {
		must(t, err)
		if ev.Phase == Done {
			return ev.Result
		}
	}
	t.Fatal("no result")
	return nil
}

func TestSameRequestSamePicture(t *testing.T) {
	e := openTiny(t)
	r := small("a red cube @(0.2, 0.7) AND a blue sphere:1.5 AND NOT the sand")
	first := generate(t, e, r)
	if got := first.Pictures[0].Image.Bounds().Size(); got.X != r.Width || got.Y != r.Height {
		t.Fatalf("picture is %v, want %dx%d", got, r.Width, r.Height)
	}
	pix := first.Pictures[0].Image.Pix
	if again := generate(t, e, r).Pictures[0].Image.Pix; !bytes.Equal(pix, again) {
		t.Error("the same request gave another picture")
	}
	if again := generate(t, e, first.Request).Pictures[0].Image.Pix; !bytes.Equal(pix, again) {
		t.Error("the completed request gave another picture")
	}
	r.Prompt = "NOT the sand AND a blue  sphere:1.5 AND a red cube @(0.2, 0.7)"
	if again := generate(t, e, r).Pictures[0].Image.Pix; !bytes.Equal(pix, again) {
		t.Error("the terms in another order gave another picture")
	}
	r.Seed++
	if other := generate(t, e, r).Pictures[0].Image.Pix; bytes.Equal(pix, other) {
		t.Error("another seed gave the same picture")
	}
}

// TestBatch checks that a picture does not depend on those beside it, with a sampler that draws noise, and with more rows
// than one evaluation holds.
func TestBatch(t *testing.T) {
	e := openTiny(t)
	r := small("a red cube AND a blue sphere")
	r.Sampler, r.Batch = "ddpm", maxRows/3+2
	batch := generate(t, e, r)
	for i, p := range batch.Pictures {
		one := r
		one.Seed, one.Batch = p.Seed, 1
		if p.Seed != r.Seed+uint64(i) {
			t.Errorf("picture %d has seed %d, want %d", i, p.Seed, r.Seed+uint64(i))
		}
		if i%3 == 0 && !bytes.Equal(p.Image.Pix, generate(t, e, one).Pictures[0].Image.Pix) {
			t.Errorf("picture %d differs from the same seed alone", i)
		}
	}
}

func TestPlaceMatters(t *testing.T) {
	e := openTiny(t)
	left := generate(t, e, small("a red cube @(0.2, 0.5)")).Pictures[0].Image.Pix
	right := generate(t, e, small("a red cube @(0.8, 0.5)")).Pictures[0].Image.Pix
	anywhere := generate(t, e, small("a red cube")).Pictures[0].Image.Pix
	if bytes.Equal(left, right) || bytes.Equal(left, anywhere) {
		t.Error("a place made no difference")
	}
}

func TestEvents(t *testing.T) {
	e := openTiny(t)
	r := small("a red cube")
	r.Batch = 2
	var phases []Phase
	for ev, err := range e.Generate(context.Background(), r) {
		must(t, err)
		phases = append(phases, ev.Phase)
		if pictures := ev.Phase == Decoding || ev.Phase == Done; (ev.Result != nil) != pictures || pictures && len(ev.Result.Pictures) == 0 {
			t.Errorf("phase %v with result %v", ev.Phase, ev.Result)
		}
	}
	want := []Phase{Encoding, Denoising, Denoising, Denoising, Decoding, Decoding, Done}
	if !slices.Equal(phases, want) {
		t.Errorf("phases %v, want %v", phases, want)
	}
}

func TestCancel(t *testing.T) {
	e := openTiny(t)
	r := small("a red cube")
	r.Steps = 50
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	steps := 0
	var last error
	for ev, err := range e.Generate(ctx, r) {
		if last = err; err != nil {
			continue
		}
		if ev.Phase == Denoising {
			if steps++; steps == 2 {
				cancel()
			}
		}
	}
	if !errors.Is(last, context.Canceled) || steps != 2 {
		t.Errorf("after %d steps: %v; want a stop after 2 with context.Canceled", steps, last)
	}
	// Leaving the loop is no error, and the engine goes on.
	for range e.Generate(context.Background(), r) {
		break
	}
	generate(t, e, small("a red cube"))
}

func TestRequestErrors(t *testing.T) {
	e := openTiny(t)
	for _, c := range []struct {
		field  string
		change func(*Request)
	}{
		{"seed", func(r *Request) { r.Seed = MaxSeed + 1 }},
		{"steps", func(r *Request) { r.Steps = -1 }},
		{"steps", func(r *Request) { r.Steps = MaxSteps + 1 }},
		{"eta", func(r *Request) { r.Eta = 2 }},
		{"reach", func(r *Request) { r.Reach = MaxReach + 1 }},
		{"reach", func(r *Request) { r.Reach = math.NaN() }},
		{"guidance_rescale", func(r *Request) { r.Rescale = 2 }},
		{"guidance_start", func(r *Request) { r.GuidanceStart = -1 }},
		{"guidance_stop", func(r *Request) { r.GuidanceStart, r.GuidanceStop = 0.5, 0.4 }},
		{"apg", func(r *Request) { r.APG, r.Rescale = true, 0.5 }},
		{"apg_eta", func(r *Request) { r.APG, r.APGEta = true, 2 }},
		{"apg_norm_threshold", func(r *Request) { r.APG, r.APGNormThreshold = true, -1 }},
		{"negation_prior", func(r *Request) { r.NegationPrior = 1 }},
		{"negation_max_gate", func(r *Request) { r.NegationMaxGate = -1 }},
		{"verify", func(r *Request) { r.Verify = "twice" }},
		{"verify", func(r *Request) { r.Verify, r.GuidanceScale = VerifyFresh, 1 }},
		{"best_of", func(r *Request) { r.BestOf = -1 }},
		{"best_of", func(r *Request) { r.Batch, r.BestOf = 2, MaxBatch/2+1 }},
		{"best_of", func(r *Request) { r.Sampler, r.Particles, r.BestOf = "ddpm", true, 2 }},
		{"particles", func(r *Request) { r.Particles = true }}, // by ddim
		{"particles", func(r *Request) { r.Sampler, r.Particles, r.GuidanceScale = "ddpm", true, 1 }},
		{"particles", func(r *Request) { r.Sampler, r.Particles, r.Rescale = "ddpm", true, 0.5 }},
		{"particles", func(r *Request) { r.Sampler, r.Particles, r.GuidanceStop = "ddpm", true, 0.5 }},
		{"particles", func(r *Request) { r.Sampler, r.Particles, r.Prompt = "ddpm", true, "a red cube OR a blue sphere" }},
		{"particles_clamp", func(r *Request) { r.ParticlesClamp = 41 }},
		{"resample_below", func(r *Request) { r.ResampleBelow = 2 }},
		{"width", func(r *Request) { r.Width = 100 }},
		{"height", func(r *Request) { r.Height = MaxSide + 8 }},
		{"batch", func(r *Request) { r.Batch = MaxBatch + 1 }},
		{"sampler", func(r *Request) { r.Sampler = "euler?" }},
		{"scheduler", func(r *Request) { r.Scheduler = "steep" }},
		{"corrector", func(r *Request) { r.Corrector = "hope" }},
		{"corrector", func(r *Request) { r.Corrector, r.CorrectorMoves = "ula", -1 }},
	} {
		r := small("a red cube")
		c.change(&r)
		var bad *RequestError
		if _, err := e.plan(r); !errors.As(err, &bad) || bad.Field != c.field {
			t.Errorf("%s: got %v", c.field, err)
		}
	}
	var syntax *compose.SyntaxError
	if _, err := e.plan(small("a red cube AND")); !errors.As(err, &syntax) || syntax.Column == 0 {
		t.Errorf("an unfinished prompt: %v, want a syntax error with a column", err)
	}
}

// TestOpenErrors damages a packed model; every damage is an error that names what is wrong, before any picture.
func TestOpenErrors(t *testing.T) {
	good := tiny(t, pack.ProfileInt8)
	var shards []string
	for name := range good {
		if name != weights.ManifestName {
			shards = append(shards, name)
		}
	}
	slices.Sort(shards)
	for i, name := range shards {
		short := name[:8]
		flipped := bytes.Clone(good[name].Data)
		flipped[(i*7919)%len(flipped)] ^= 0x10
		openDamaged(t, good, "flipped byte in "+short, short, name, flipped)
		openDamaged(t, good, "truncated "+short, short, name, good[name].Data[:len(flipped)-1])
		openDamaged(t, good, "missing "+short, short, name, nil)
	}
	manifest := string(good[weights.ManifestName].Data)
	for _, c := range []struct{ what, old, new, want string }{
		{"tensor under another name", `"unet/conv_in.bias"`, `"unet/conv_in.bios"`, "conv_in.bi"},
		{"tensor that no network has", `"unet/conv_in.bias"`, `"unet/zzz.bias"`, "bias"},
		{"config of other widths", `"cross_attention_dim":`, `"cross_attention_dim":1,"was":`, "attends to 1 channels"},
		{"places without a projection", `"text_encoder/text_projection.weight"`, `"text_encoder/text_rejection.weight"`, "text_projection.weight gives 0 channels"},
		{"fewer channels in than out", `"in_channels":16`, `"in_channels":4`, "4 input and 8 output channels"},
		{"text encoder of another length", `"max_position_embeddings":16`, `"max_position_embeddings":12`, "the text encoder reads 12"},
		{"unknown class", `"AutoencoderPatch"`, `"AutoencoderPitch"`, "AutoencoderPitch"},
	} {
		text := strings.ReplaceAll(manifest, c.old, c.new)
		if text == manifest {
			text = strings.ReplaceAll(manifest, strings.Replace(c.old, ":", ": ", 1), strings.Replace(c.new, ":", ": ", 1))
		}
		if text == manifest {
			t.Errorf("%s: the manifest has no %s", c.what, c.old)
			continue
		}
		openDamaged(t, good, c.what, c.want, weights.ManifestName, []byte(text))
	}
}

// openDamaged opens the model with one file replaced, or removed if data is nil, and wants an error that holds want.
func openDamaged(t *testing.T, good fstest.MapFS, what, want, name string, data []byte) {
	t.Helper()
	bad := fstest.MapFS{}
	for k, v := range good {
		bad[k] = v
	}
	if delete(bad, name); data != nil {
		bad[name] = &fstest.MapFile{Data: data}
	}
	e, err := Open(context.Background(), bad, Options{Device: null.New()})
	if err == nil {
		e.Close()
		t.Errorf("%s: opened without an error", what)
	} else if !strings.Contains(err.Error(), want) {
		t.Errorf("%s: error %q does not name %s", what, err, want)
	}
}

// TestNullDevice plans a whole generation without computing it.
func TestNullDevice(t *testing.T) {
	d := null.New()
	e, err := Open(context.Background(), tiny(t, pack.ProfileInt4), Options{Device: d})
	must(t, err)
	defer e.Close()
	generate(t, e, small("a red cube AND a blue sphere"))
	// Text encoder, what depends on the texts alone, three steps, decoder.
	if d.Runs != 6 {
		t.Errorf("%d programs were run, want 6", d.Runs)
	}
}

// TestWeightBytes holds the device to the packed size, on the model that is shipped: weights stay packed there.
func TestWeightBytes(t *testing.T) {
	for _, level := range kernel.Supported() {
		e := openEngine(t, scenes.Model, testdevices.CPU(t, level, 0))
		before := e.WeightBytes()
		r := small("a red cube")
		r.Steps = 1
		generate(t, e, r)
		if after := e.WeightBytes(); float64(after) > 1.1*float64(before) {
			t.Errorf("%v: %d bytes of packed weights take %d on the device", level, before, after)
		}
	}
}

func TestCompare(t *testing.T) {
	d, err := cpu.New(cpu.Options{})
	must(t, err)
	defer d.Close()
	var engines []*Engine
	for _, profile := range []pack.Profile{pack.ProfileF16, pack.ProfileInt8, pack.ProfileInt4} {
		e, err := Open(context.Background(), tiny(t, profile), Options{Device: d})
		must(t, err)
		defer e.Close()
		engines = append(engines, e)
	}
	int8, err := Compare(context.Background(), engines[0], engines[1], small("a red cube AND NOT the sand"))
	must(t, err)
	int4, err := Compare(context.Background(), engines[0], engines[2], small("a red cube AND NOT the sand"))
	must(t, err)
	for i := range int8.Steps {
		if int8.Steps[i] < 25 || int8.Steps[i] < int4.Steps[i]+6 {
			t.Errorf("step %d: int8 %.1f dB, int4 %.1f dB; want int8 above 25 and well above int4", i, int8.Steps[i], int4.Steps[i])
		}
	}
}

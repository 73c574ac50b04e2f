package engine

import (
	"bytes"
	"context"
	"encoding/json"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/counterpoint/counterpoint/engine/compose"
	"github.com/counterpoint/counterpoint/engine/device"
	"github.com/counterpoint/counterpoint/engine/device/cpu/kernel"
	"github.com/counterpoint/counterpoint/engine/device/testdevices"
	"github.com/counterpoint/counterpoint/engine/graph"
	"github.com/counterpoint/counterpoint/engine/nn"
	"github.com/counterpoint/counterpoint/engine/sample"
	"github.com/counterpoint/counterpoint/engine/tokenizer"
	"github.com/counterpoint/counterpoint/weights/pack"
	"github.com/counterpoint/counterpoint/weights/scenes"
)

// golden is what PyTorch computed for a model (tools/train/goldens.py).
type golden struct {
	*pack.Safetensors
	t         *testing.T
	tolerance float64 // times what the CPU may be off
	Prompts   []string
	Placed    [][]Placed // in each prompt
	Run       struct {
		Steps    int
		Guidance float64
		Weights  []float64
	}
}

func openGolden(t *testing.T, dir string, tolerance float64) *golden {
	t.Helper()
	g := &golden{t: t, tolerance: tolerance}
	meta, err := os.ReadFile(filepath.Join(dir, "golden.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(meta, g); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join(dir, "golden.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	if g.Safetensors, err = pack.OpenSafetensors(bytes.NewReader(data), int64(len(data))); err != nil {
		t.Fatal(err)
	}
	return g
}

// values reads a tensor as it is stored.
func (g *golden) values(name string) ([]int, []float32) {
	g.t.Helper()
	info, ok := g.Lookup(name)
	if !ok {
		g.t.Fatalf("golden has no tensor %s", name)
	}
	v, err := g.Float32s(name)
	if err != nil {
		g.t.Fatal(err)
	}
	return info.Shape, v
}

// nhwc reads a tensor [N,C,H,W] and transposes it to [N,H,W,C]; others are read as they are.
func (g *golden) nhwc(name string) ([]int, []float32) {
	g.t.Helper()
	s, v := g.values(name)
	if len(s) != 4 {
		return s, v
	}
	out := make([]float32, 0, len(v))
	for n := range s[0] {
		for p := range s[2] * s[3] {
			for c := range s[1] {
				out = append(out, v[(n*s[1]+c)*s[2]*s[3]+p])
			}
		}
	}
	return []int{s[0], s[2], s[3], s[1]}, out
}

func (g *golden) ints(name string) []int32 {
	g.t.Helper()
	_, v := g.values(name)
	out := make([]int32, len(v))
	for i, f := range v {
		out[i] = int32(f)
	}
	return out
}

// check compares with a golden tensor: on the CPU 99.9% of values within 1e-3 of its standard deviation, none beyond 1e-2, and
// the squared error at most 1e-9 of the variance, which one bias left out exceeds.
func (g *golden) check(name string, got []float32) {
	g.t.Helper()
	_, want := g.nhwc(name)
	if len(got) != len(want) {
		g.t.Fatalf("%s: %d values, want %d", name, len(got), len(want))
	}
	var sum, squares float64
	for _, v := range want {
		sum += float64(v)
		squares += float64(v) * float64(v)
	}
	n := float64(len(want))
	near, most, error2 := 1e-3*g.tolerance, 1e-2*g.tolerance, 1e-9*g.tolerance*g.tolerance
	std := math.Sqrt(squares/n - sum/n*sum/n)
	beyond, worst, total := 0, 0.0, 0.0
	for i := range want {
		d := math.Abs(float64(got[i])-float64(want[i])) / std
		if !(d <= near) {
			beyond++
		}
		total += d * d
		if !(d <= worst) { // NaN as well
			worst = d
		}
	}
	if worst > most || math.IsNaN(worst) || float64(beyond) > n/1000 {
		g.t.Errorf("%s: %d of %d values differ by more than %g standard deviations, the worst by %.2g", name, beyond, len(want), near, worst)
	}
	if total/n > error2 {
		g.t.Errorf("%s: squared error %.2g of the variance, want at most %.2g", name, total/n, error2)
	}
}

// read returns the first n elements of a buffer.
func read(t *testing.T, b device.Buffer, n int) []float32 {
	t.Helper()
	v := make([]float32, n)
	if err := b.ReadFloats(context.Background(), 0, v); err != nil {
		t.Fatal(err)
	}
	return v
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// openEngine opens a packed model on a device.
func openEngine(t *testing.T, model fs.FS, d device.Device) *Engine {
	t.Helper()
	e, err := Open(context.Background(), model, Options{Device: d})
	must(t, err)
	t.Cleanup(func() { e.Close() })
	return e
}

// packed packs a diffusers folder, keeping its float16 weights as they are.
func packed(t *testing.T, folder string) fs.FS {
	t.Helper()
	dir := t.TempDir()
	_, err := pack.Pack(context.Background(), os.DirFS(folder), dir, pack.Options{Profile: pack.ProfileF16, Name: filepath.Base(filepath.Dir(folder))})
	must(t, err)
	return os.DirFS(dir)
}

// onGPU is how much further off than the CPU a GPU may be.
const onGPU = 5

// onEach compares a model with its goldens on every device.
func onEach(t *testing.T, from kernel.Level, model fs.FS, goldens string) {
	testdevices.Each(t, from, func(t *testing.T, d device.Device, exact bool) {
		tolerance := 1.0
		if !exact {
			tolerance = onGPU
		}
		checkGolden(t, openEngine(t, model, d), openGolden(t, goldens, tolerance))
	})
}

// TestGoldens runs tiny random pipelines made by diffusers' own classes.
func TestGoldens(t *testing.T) {
	dirs, err := filepath.Glob("testdata/goldens/*/model")
	must(t, err)
	if len(dirs) < 4 {
		t.Fatalf("%d golden models, want at least 4", len(dirs))
	}
	for _, dir := range dirs {
		t.Run(filepath.Base(filepath.Dir(dir)), func(t *testing.T) { onEach(t, kernel.Portable, packed(t, dir), filepath.Dir(dir)) })
	}
}

// TestShippedModel runs the model that is built in against PyTorch on the weights as dequantized from its shards. The
// portable level, a hundred times slower, is left to the tiny models where there is a faster one.
func TestShippedModel(t *testing.T) {
	levels := kernel.Supported()
	onEach(t, levels[min(1, len(levels)-1)], scenes.Model, "testdata/goldens/scenes")
}

func checkGolden(t *testing.T, e *Engine, g *golden) {
	ctx := context.Background()
	rows := make([]compose.Row, len(g.Prompts))
	rows[0] = compose.Row{Coef: 1, Unconditional: true}
	for i, text := range g.Prompts {
		rows[i].Text = text
		if i > 0 && i <= len(g.Run.Weights) {
			rows[i].Coef = g.Run.Guidance * g.Run.Weights[i-1]
			rows[0].Coef -= rows[i].Coef
		}
	}
	texts, err := e.readTexts(rows)
	must(t, err)
	checkText(t, e, g, chunksOf(texts))
	checkUNet(t, e, g, texts)
	checkCoder(t, e, g, true)
	checkCoder(t, e, g, false)

	// The whole way: a run of the sampler from recorded noise, and its picture.
	shape, noise := g.nhwc("run.noise")
	conditions, err := e.encode(ctx, texts, [][][]Placed{g.Placed}, shape[1], shape[2])
	must(t, err)
	defer conditions.Close()
	ddim, err := sample.Lookup("ddim")
	must(t, err)
	steps, err := ddim.Steps(e.pipeline.schedule, g.Run.Steps, sample.Options{})
	must(t, err)
	for i, want := range g.ints("schedule.timesteps") {
		if steps[i].T != float64(want) {
			t.Fatalf("timestep %d is %v, want %d", i, steps[i].T, want)
		}
	}
	b, err := newBank(ctx, e.device, sample.Registers(steps), len(noise))
	must(t, err)
	defer b.Close()
	s, err := e.newScorer(b, rows, conditions, 1, shape[1], shape[2])
	must(t, err)
	defer s.Close()
	must(t, b.Fill(sample.RegX, noise))
	for i, step := range steps {
		must(t, s.Score(ctx, step, step.At, sample.RegScore))
		for _, m := range step.Moves {
			must(t, b.Apply(m))
		}
		if i == 0 {
			g.check("run.first", read(t, b.registers[sample.RegX], len(noise)))
		}
	}
	g.check("run.latent", read(t, b.registers[sample.RegX], len(noise)))
	build, err := e.pipeline.vae.Decoder(e.pipeline.params, 1, shape[1], shape[2])
	must(t, err)
	image := execute(t, e, build, map[string][]float32{"latent": read(t, b.registers[sample.RegX], len(noise))})["image"]
	stored, _ := g.nhwc("run.image")
	g.check("run.image", crop(image, shape[2]*e.pipeline.vae.Factor, stored[1], stored[2]))
}

// crop keeps the first h rows and w columns of an image [H,width,3].
func crop(image []float32, width, h, w int) []float32 {
	out := make([]float32, 0, h*w*3)
	for y := range h {
		out = append(out, image[y*width*3:][:w*3]...)
	}
	return out
}

// execute runs a network of one row domain once and returns its outputs.
func execute(t *testing.T, e *Engine, g *graph.Graph, in map[string][]float32) map[string][]float32 {
	t.Helper()
	ctx := context.Background()
	p, err := e.compile(g)
	must(t, err)
	defer p.Close()
	for name, v := range in {
		must(t, p.writeFloats(ctx, name, v))
	}
	must(t, p.exe.Run(ctx, p.plan.MaxRows))
	out := map[string][]float32{}
	for _, port := range p.plan.Outputs {
		out[port.Name] = read(t, p.outputs[port.Name], port.Shape.Elems(p.plan.MaxRows))
	}
	return out
}

func checkText(t *testing.T, e *Engine, g *golden, chunks []tokenizer.Chunk) {
	ctx := context.Background()
	var ids []int32
	for _, c := range chunks {
		ids = append(ids, c.IDs...)
	}
	if want := g.ints("text.ids"); !slices.Equal(ids, want) {
		t.Fatalf("tokens are %d, want %d", ids, want)
	}
	p, err := e.encodeChunks(ctx, chunks)
	must(t, err)
	defer p.Close()
	for _, port := range p.plan.Outputs {
		g.check("text."+port.Name, read(t, p.outputs[port.Name], port.Shape.Elems(len(chunks))))
	}
	if _, stored := g.Lookup("text.context"); stored {
		must(t, e.emphasise(ctx, p.outputs["hidden"], chunks))
		g.check("text.context", read(t, p.outputs["hidden"], len(chunks)*e.pipeline.text.MaxPositions*e.pipeline.text.HiddenSize))
	}
}

// checkUNet evaluates the network once on rows of different conditions and timesteps.
func checkUNet(t *testing.T, e *Engine, g *golden, texts []rowText) {
	ctx := context.Background()
	shape, x := g.nhwc("unet.sample")
	conditions, err := e.encode(ctx, texts, [][][]Placed{g.Placed}, shape[1], shape[2])
	must(t, err)
	defer conditions.Close()
	if place, ok := conditions.buffers["place"]; ok {
		_, want := g.nhwc("place")
		g.check("place", read(t, place, len(want)))
	}
	build, err := nn.UNet(e.pipeline.unet, e.pipeline.params, nn.Sizes{Rows: shape[0], Latents: shape[0], Conditions: len(texts), Maps: len(texts),
		Tokens: conditions.tokens, Height: shape[1], Width: shape[2]})
	must(t, err)
	p, err := e.compile(build)
	must(t, err)
	defer p.Close()
	for name, b := range conditions.buffers {
		must(t, p.bind(name, b))
	}
	width := e.pipeline.unet.BlockOut[0]
	time := make([]float32, shape[0]*width)
	latent := make([]int32, shape[0])
	for i, at := range g.ints("unet.timestep") {
		e.pipeline.unet.TimeFeatures(time[i*width:][:width], float64(at))
		latent[i] = int32(i)
	}
	must(t, p.writeFloats(ctx, "sample", x))
	must(t, p.writeFloats(ctx, "time", time))
	must(t, p.writeInts(ctx, "latent", latent))
	must(t, p.writeInts(ctx, "condition", g.ints("unet.condition")))
	if p.inputs["map"] != nil {
		must(t, p.writeInts(ctx, "map", g.ints("unet.condition")))
	}
	must(t, p.exe.Run(ctx, shape[0]))
	_, want := g.values("unet.output")
	g.check("unet.output", read(t, p.outputs["score"], len(want)))
}

// checkCoder runs the autoencoder one way.
func checkCoder(t *testing.T, e *Engine, g *golden, encode bool) {
	from, to, in, out := "vae.sample", "vae.decoded", "latent", "image"
	make := e.pipeline.vae.Decoder
	if encode {
		from, to, in, out = "vae.image", "vae.latent", "image", "latent"
		make = e.pipeline.vae.Encoder
	}
	if _, stored := g.Lookup(from); !stored {
		if encode {
			t.Errorf("golden has no tensor %s", from)
		}
		return // the shipped model's decoder is checked at the end of its run, to keep the file small
	}
	shape, x := g.nhwc(from)
	build, err := make(e.pipeline.params, shape[0], shape[1], shape[2])
	must(t, err)
	g.check(to, execute(t, e, build, map[string][]float32{in: x})[out])
}

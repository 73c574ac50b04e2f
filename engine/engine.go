package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"image"
	"io/fs"
	"iter"
	"time"

	"github.com/counterpoint/counterpoint/engine/compose"
	"github.com/counterpoint/counterpoint/engine/device"
	"github.com/counterpoint/counterpoint/engine/operator"
	"github.com/counterpoint/counterpoint/engine/sample"
	"github.com/counterpoint/counterpoint/weights"
)

// Options say how a model is opened.
type Options struct {
	Device   device.Device           // required; stays the caller's to close
	Progress func(done, total int64) // bytes of weights loaded so far; may be nil
	// Beside is a model that is to score with this one, see [Engine.With]; may be nil. Opening one that does not fit fails with a
	// [MismatchError] before its weights are read.
	Beside *Engine
}

// Engine is a model on a device. Its methods must not be called at the same time.
type Engine struct {
	device   device.Device
	weights  device.Weights
	pipeline *pipeline
	info     ModelInfo
	models   map[string]*Engine // that prompts may name
	same     map[string]string  // names of models that have another one already, see compose.Options
}

// Open reads and verifies the packed model in the root of model, manifest first, and loads its weights onto the device.
// Errors name the file, tensor or field at fault.
func Open(ctx context.Context, model fs.FS, o Options) (*Engine, error) {
	return OpenSource(ctx, weights.FS(model), o)
}

// OpenSource is Open for a model whose files come from anywhere.
func OpenSource(ctx context.Context, model weights.Source, o Options) (*Engine, error) {
	m, err := weights.OpenSource(ctx, model)
	if err != nil {
		return nil, err
	}
	p, err := readPipeline(ctx, m)
	if err != nil {
		return nil, fmt.Errorf("model %s: %w", m.Manifest().Name, err)
	}
	e := &Engine{device: o.Device, weights: o.Device.NewWeights(), pipeline: p, info: ModelInfo{
		Name: m.Manifest().Name, Hash: m.Hash()[:10], Profile: m.Manifest().Profile,
		License: m.Manifest().License, Attribution: m.Manifest().Attribution,
	}}
	if o.Beside != nil {
		if err := o.Beside.combines(e); err != nil {
			e.Close()
			return nil, err
		}
	}
	e.prepare()
	if err := load(ctx, m, e.weights, o.Progress); err != nil {
		e.Close()
		return nil, fmt.Errorf("model %s: %w", m.Manifest().Name, err)
	}
	return e, nil
}

// Close frees the model's weights.
func (e *Engine) Close() error { return e.weights.Close() }

// Model names the model.
func (e *Engine) Model() ModelInfo { return e.info }

// WeightBytes returns the device memory that the model's weights take.
func (e *Engine) WeightBytes() int64 { return e.weights.Bytes() }

// Vocabulary lists the words that the model knows, nil if it takes any.
func (e *Engine) Vocabulary() []string { return e.pipeline.extra.Vocabulary }

// Defaults is the request that zero fields are filled from: the model's own settings, else Stable Diffusion's.
func (e *Engine) Defaults() Request {
	d := e.pipeline.extra.Default
	r := Request{Steps: 20, GuidanceScale: 7.5, Sampler: "ddim", Width: 512, Height: 512, Batch: 1, MaxGuidance: d.MaxGuidance, Reach: d.Reach, Weights: d.Weights, Places: PlacesDrawn,
		Corrector: d.Corrector, CorrectorMoves: d.Moves}
	if n := len(e.pipeline.unet.SampleSize); n > 0 {
		r.Height, r.Width = e.pipeline.unet.SampleSize[0]*e.pipeline.vae.Factor, e.pipeline.unet.SampleSize[n-1]*e.pipeline.vae.Factor
	}
	fill(&r.Width, d.Width)
	fill(&r.Height, d.Height)
	fill(&r.Steps, d.Steps)
	fill(&r.GuidanceScale, d.Guidance)
	fill(&r.Sampler, d.Sampler)
	return r
}

// fill sets *dst to v unless v is zero.
func fill[T comparable](dst *T, v T) {
	var zero T
	if v != zero {
		*dst = v
	}
}

// Complete fills the zero fields of a request from the defaults and checks all of them.
func (e *Engine) Complete(r Request) (Request, error) {
	d := e.Defaults()
	if r.CFGPlusPlus {
		d.GuidanceScale = 0.6
	}
	if r.BestOf > 1 {
		d.Verify = VerifyCached
	}
	if err := r.begin(&d, e.pipeline.vae.Factor); err != nil {
		return r, err
	}
	r.Steps = cmp.Or(r.Steps, d.Steps)
	r.GuidanceScale = cmp.Or(r.GuidanceScale, d.GuidanceScale)
	r.MaxGuidance = cmp.Or(r.MaxGuidance, d.MaxGuidance)
	r.Reach = cmp.Or(r.Reach, d.Reach)
	r.Sampler = cmp.Or(r.Sampler, d.Sampler)
	if r.Corrector == "" && r.Sampler == d.Sampler && !r.CFGPlusPlus && !r.Particles { // elsewhere no one has measured it
		r.Corrector = d.Corrector
	}
	if r.Corrector == d.Corrector {
		r.CorrectorMoves = cmp.Or(r.CorrectorMoves, d.CorrectorMoves)
	}
	r.Width = cmp.Or(r.Width, d.Width)
	r.Height = cmp.Or(r.Height, d.Height)
	r.Batch = cmp.Or(r.Batch, d.Batch)
	r.Weights = cmp.Or(r.Weights, d.Weights)
	r.Places = cmp.Or(r.Places, d.Places)
	r.Verify = cmp.Or(r.Verify, d.Verify)
	if r.Hires = cmp.Or(r.Hires, e.hires(&r)); r.Hires > 1 {
		d.Strength = hiresStrength
	}
	r.Strength = cmp.Or(r.Strength, d.Strength)
	r.MaskBlur = cmp.Or(r.MaskBlur, d.MaskBlur)
	return r, r.check(e.pipeline.vae.Factor)
}

// plan is a request worked out as far as the host alone can.
type plan struct {
	request     Request
	prompt      *compose.Prompt
	composition *compose.Plan
	rows        []compose.Row // of the composition, with their nominal coefficients
	texts       []rowText     // of the rows
	guidance    float64       // the positive terms' total, as applied
	asked       float64       // the same before Request.MaxGuidance capped it
	placed      [][][]Placed  // of each row of each picture
	grounded    []bool        // of the rows: those that say the ground, too
	warnings    []compose.Warning
	steps       []sample.Step
	seeds       []uint64
	shape       sample.Shape
	operators   operator.Options
	evaluated   [][]int // rows, by each whole step
}

// plan parses and checks everything of a request. Errors are *compose.SyntaxError, *RequestError, or say what can't be.
func (e *Engine) plan(r Request) (*plan, error) {
	r, err := e.Complete(r)
	if err != nil {
		return nil, err
	}
	prompt, err := compose.Parse(r.Prompt, e.names()...)
	if err != nil {
		return nil, err
	}
	p := &plan{request: r, prompt: prompt, warnings: prompt.Warnings, seeds: sample.Seeds(r.Seed, r.Batch*r.candidates())}
	for _, name := range append([]string{""}, e.names()...) {
		m := e.model(name).pipeline
		if !m.emphatic() {
			p.warnings = append(p.warnings, compose.EmphasisAsText(prompt, name)...)
		}
		p.warnings = append(p.warnings, compose.UnknownWords(prompt, name, m.known, m.extra.Vocabulary)...)
	}
	options := compose.Options{Scale: r.GuidanceScale, MaxTotal: max(r.MaxGuidance, 0), Unconditional: r.NegativePrompt, Same: e.same, Unguided: r.CFGPlusPlus,
		Emphatic: func(model string) bool { return e.model(model).pipeline.emphatic() }}
	if err := options.Negation.UnmarshalText([]byte(cmp.Or(r.Negation, options.Negation.String()))); err != nil {
		return nil, &RequestError{"negation", err.Error()}
	}
	if r.Weights == WeightsLearnt {
		if x := e.pipeline.extra; len(x.LevelWeights) == 0 || x.Grammar == nil {
			return nil, &RequestError{"weights", fmt.Sprintf("model %s has no learnt weights", e.info.Name)}
		}
		options.Multipliers = e.multipliers(prompt)
	}
	if p.composition, err = prompt.Compile(options); err != nil {
		return nil, err
	}
	nominal := p.composition.Nominal()
	p.rows, p.guidance, p.asked = nominal.Rows, nominal.Total, nominal.Total/nominal.Factor
	for _, row := range p.rows {
		m := e.model(row.Model)
		if row.Place != nil && !m.HasPlaces() {
			return nil, &RequestError{"prompt", fmt.Sprintf("model %s knows no places, so %q can't be put at %v", m.info.Name, row.Text, row.Place)}
		}
		p.grounded = append(p.grounded, e.placeSpec(row.Model).grounded(row.Text))
	}
	if p.texts, err = e.readTexts(p.rows); err != nil {
		return nil, err
	}
	for _, seed := range p.seeds {
		if r.Particles {
			seed = r.Seed // of one population, all are after the same picture
		}
		p.placed = append(p.placed, assign(e.placeSpec, p.rows, r.Places, seed))
	}
	if err := p.schedule(e.pipeline.schedule); err != nil {
		return nil, err
	}
	factor := e.pipeline.vae.Factor
	p.shape = sample.Shape{C: e.pipeline.vae.Channels, H: r.Height / factor, W: r.Width / factor}
	if err := p.operate(); err != nil {
		return nil, err
	}
	return p, nil
}

// schedule chooses the sampler and its steps.
func (p *plan) schedule(s *sample.Schedule) error {
	r := &p.request
	sampler, err := sample.Lookup(r.Sampler)
	if err != nil {
		return &RequestError{"sampler", err.Error()}
	}
	r.Sampler = sampler.Name
	spacing, err := sample.ParseSpacing(r.Scheduler)
	if err != nil {
		return &RequestError{"scheduler", err.Error()}
	}
	r.Scheduler = string(spacing)
	o := sample.Options{Eta: r.Eta, Spacing: spacing, CFGPlusPlus: r.CFGPlusPlus, Strength: r.Strength}
	if r.Corrector != NoCorrector {
		o.Corrector = sample.Corrector{Kind: r.Corrector, Moves: r.CorrectorMoves, Step: r.CorrectorStep, Until: r.CorrectorUntil}
	}
	p.steps, err = sampler.Steps(s, r.Steps, o)
	switch {
	case err != nil && r.Corrector != "":
		return &RequestError{"corrector", err.Error()}
	case err != nil:
		return &RequestError{"sampler", err.Error()}
	}
	return r.checkNoise(sampler, s, o)
}

// Generate runs a request. It yields an event when the texts are encoded, after each step and each decoded picture, and
// last one of phase Done with the result; or one error, and nothing after it. Cancelling ctx stops it within a step with
// the context's error; so does leaving the loop, with none. Peers, if any are given, take their shares of the rows.
func (e *Engine) Generate(ctx context.Context, r Request, peers ...Peer) iter.Seq2[Event, error] {
	return e.Resume(ctx, r, nil, peers...)
}

// Resume is Generate from a checkpoint of an earlier run of the same request, whose steps are not made again; nil is from the
// beginning.
func (e *Engine) Resume(ctx context.Context, r Request, from *Checkpoint, peers ...Peer) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		start := time.Now()
		runs, err := e.runs(r)
		if err == nil && from != nil && from.request != runs[len(runs)-1].request.words() {
			err = errors.New("the checkpoint is another request's")
		}
		if err != nil {
			yield(Event{}, err)
			return
		}
		g := generation{Engine: e, runs: runs, from: from, peers: peers, yield: yield}
		pictures, err := g.runAll(ctx)
		switch {
		case g.left:
		case err != nil:
			yield(Event{}, err)
		default:
			r := g.result(pictures)
			r.Elapsed = time.Since(start)
			yield(Event{Phase: Done, Result: r}, nil)
		}
	}
}

// generation is what Generate does.
type generation struct {
	*Engine
	*plan                  // of the run that is made
	runs       []*plan     // all of them, see Request.Hires
	at         int         // which it is
	clean      []float32   // latents of each picture that it begins with, of the run before; nil for none
	from       *Checkpoint // nil for the beginning
	peers      []Peer
	population operator.Population // of particles, once they are made
	acceptance float64             // of the corrector's tests
	yield      func(Event, error) bool
	left       bool // the caller has left the loop
	canvas     *canvas
}

// tell yields an event and reports whether the caller wants more.
func (g *generation) tell(ev Event) bool {
	g.left = !g.yield(ev, nil)
	return !g.left
}

// result is what has come of the generation so far.
func (g *generation) result(pictures []Picture) *Result {
	r := &Result{Request: g.request, Model: g.info, Pictures: pictures, Rows: g.rows, Warnings: g.warnings,
		Effective: g.population.Effective, Acceptance: g.acceptance}
	for _, name := range g.named() {
		r.Models = append(r.Models, NamedModel{name, g.models[name].info})
	}
	return r
}

func (g *generation) run(ctx context.Context) ([]Picture, error) {
	local, help, err := g.share(ctx, g.peers)
	if err != nil {
		return nil, err
	}
	defer release(help)
	conditions, err := g.encode(ctx, pick(g.texts, local), pickPlaced(g.placed, local), g.shape.H, g.shape.W)
	if err != nil {
		return nil, err
	}
	defer conditions.Close()
	guests, err := g.newGuests(ctx)
	if err != nil {
		return nil, err
	}
	defer closeGuests(guests)
	if g.canvas, err = g.newCanvas(ctx, &g.request); err != nil {
		return nil, err
	}
	if g.clean == nil {
		if !g.tell(Event{Phase: Encoding, Step: 1, Steps: 1}) {
			return nil, nil
		}
	} else {
		g.canvas.Clean = g.clean
	}
	latents, err := newBank(ctx, g.device, g.canvas.Registers(g.steps)+1, len(g.seeds)*g.shape.Len()) // one for previews
	if err != nil {
		return nil, err
	}
	defer latents.Close()
	s, err := g.newComposed(latents, local, help, conditions)
	if err != nil {
		return nil, err
	}
	defer s.Close()
	s.guests = guests
	if g.from != nil {
		g.canvas.State = g.from.run
		if err := g.from.restore(ctx, latents, s, len(g.seeds)); err != nil {
			return nil, err
		}
		g.from = nil
	}
	if s.mapper, err = g.newMapper(s); err != nil {
		return nil, err
	}
	if err := g.denoise(ctx, latents, s); err != nil || g.left {
		return nil, err
	}
	if !g.last() {
		return nil, g.enlarge(ctx, latents.registers[sample.RegX])
	}
	lifts, err := g.verify(ctx, latents, s)
	if err != nil || g.left {
		return nil, err
	}
	if g.population, err = g.readPopulation(ctx, s); err != nil {
		return nil, err
	}
	if g.acceptance, err = latents.acceptance(ctx); err != nil {
		return nil, err
	}
	return g.decode(ctx, latents.registers[sample.RegX], lifts)
}

// denoise runs the sampler; the final latents are in the bank's RegX.
func (g *generation) denoise(ctx context.Context, latents *bank, s *scorer) error {
	stop, stopped := g.lastStep(), false
	for progress, err := range sample.RunFrom(ctx, latents, s, g.steps, g.seeds, g.shape, g.canvas.Start) {
		if err != nil {
			return err
		}
		if progress.Partial {
			continue
		}
		ev := g.stepped(progress.Done, stop)
		ev.Stop = func() { stop, stopped = progress.Done, true }
		ev.Checkpoint = func() (*Checkpoint, error) { return g.checkpoint(ctx, latents, s, progress) }
		if g.HasPreviews() {
			ev.Preview = func() ([]*image.NRGBA, error) { return g.preview(latents, progress) }
		}
		if s.mapper != nil {
			ev.Maps = func() ([][]TermMap, error) { return s.mapper.read(ctx) }
		}
		if !g.tell(ev) {
			return nil
		}
		if stopped {
			g.runs = g.runs[:g.at+1]
		}
		if progress.Done >= stop && progress.Done < progress.Steps {
			g.request.StopAfter = progress.Done
			return latents.applyAll(progress.Estimate(sample.RegX))
		}
	}
	return nil
}

// decode turns the latents that are kept into pictures.
func (g *generation) decode(ctx context.Context, latents device.Buffer, lifts [][]operator.Lift) ([]Picture, error) {
	var pictures []Picture
	kept := g.keep(lifts)
	for img, err := range g.decoded(ctx, latents, kept) {
		if err != nil {
			return nil, err
		}
		k := kept[len(pictures)]
		picture := Picture{Seed: g.seeds[k], Image: img, Places: g.placed[k]}
		g.canvas.restore(picture.Image)
		if lifts != nil {
			picture.Lifts = g.lifts(lifts[k])
		}
		if g.request.Particles {
			picture.Ancestor = g.population.Ancestors[k]
		}
		pictures = append(pictures, picture)
		if !g.tell(Event{Phase: Decoding, Step: len(pictures), Steps: len(kept), Result: g.result(pictures)}) {
			return nil, nil
		}
	}
	return pictures, nil
}

// decoded are the pictures of some of the latents, one at a time: the decoder's activations at full resolution are the peak
// of memory.
func (g *generation) decoded(ctx context.Context, latents device.Buffer, numbers []int) iter.Seq2[*image.NRGBA, error] {
	return func(yield func(*image.NRGBA, error) bool) {
		fail := func(err error) { yield(nil, err) }
		build, err := g.pipeline.vae.Decoder(g.pipeline.params, 1, g.shape.H, g.shape.W)
		if err != nil {
			fail(err)
			return
		}
		decoder, err := g.compile(build)
		if err != nil {
			fail(err)
			return
		}
		defer decoder.Close()
		size := g.shape.Len()
		pixels := make([]float32, 3*g.request.Width*g.request.Height)
		for _, k := range numbers {
			in := device.View{Buffer: decoder.inputs["latent"], Len: size}
			err := g.device.Combine(in, []device.Term{{View: device.View{Buffer: latents, Offset: k * size, Len: size}, Coef: 1}})
			if err == nil {
				err = decoder.exe.Run(ctx, 1)
			}
			if err == nil {
				err = decoder.outputs["image"].ReadFloats(ctx, 0, pixels)
			}
			if err != nil {
				fail(err)
				return
			}
			if !yield(toImage(pixels, g.request.Width, g.request.Height), nil) {
				return
			}
		}
	}
}

// toImage maps values in [-1,1] to bytes, values beyond to the nearest.
func toImage(pixels []float32, width, height int) *image.NRGBA {
	img := image.NewNRGBA(image.Rect(0, 0, width, height))
	for i := range width * height {
		for c := range 3 {
			img.Pix[4*i+c] = uint8(min(max(pixels[3*i+c]*127.5+127.5, 0), 255) + 0.5)
		}
		img.Pix[4*i+3] = 255
	}
	return img
}

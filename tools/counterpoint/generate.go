package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/counterpoint/counterpoint/engine"
	"github.com/counterpoint/counterpoint/engine/compose"
	"github.com/counterpoint/counterpoint/engine/recipe"
	"github.com/counterpoint/counterpoint/engine/sample"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// generation holds generate's flags.
type generation struct {
	request    engine.Request // of the first prompt
	prompts    []string       // one, or --prompts' many
	source     promptSource
	inputs     inputs
	seed       int64
	output     string
	model      string
	with       beside
	device     deviceOptions
	json       bool
	noMetadata bool
	decompose  bool
}

func newGenerate(c *console) *cobra.Command {
	g := &generation{}
	cmd := &cobra.Command{
		Use:     "generate PROMPT",
		Aliases: []string{"gen"},
		Short:   "Compose a picture",
		Long: `Compose a picture from a prompt, given as an argument, with --prompt or
--prompt-file, or on standard input as "-"; or one from each line of the file
--prompts, with seeds counting up.

  a red cube AND a blue sphere         both, each scored on its own
  a park AND NOT a tree                away from the second
  a house :1.5 AND snow                a weight, which multiplies the guidance
  a red cube @(0.25, 0.6) AND a tree   a place: x to the right, y down, 0 to 1

With --image it changes a picture, the more the higher the strength, and with
--mask only where the mask is white; what is kept is kept to the bit.

The file's name goes to standard output, all else to standard error.`,
		Example: `  counterpoint generate "a red cube AND a blue sphere" -o cubes.png
  counterpoint generate "a car AND NOT a tree" -s 7 --steps 40 -b 4 -o out/
  counterpoint generate "a green tree" --image house.png --strength 0.6
  echo "a house AND night" | counterpoint generate - -o - > house.png`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) < 2 {
				return nil
			}
			return withHint(usagef("more than one prompt"), "quotes hold one together: counterpoint generate %q", strings.Join(args, " "))
		},
		RunE: func(cmd *cobra.Command, args []string) error { return g.run(cmd.Context(), c, cmd.Flags(), args) },
	}
	g.flags(cmd.Flags())
	modelFlag(cmd, &g.model)
	withFlag(cmd, &g.with)
	deviceFlags(cmd, &g.device)
	return cmd
}

func (g *generation) flags(f *pflag.FlagSet) {
	f.SortFlags = false
	r := &g.request
	g.source.flags(f)
	f.BoolVar(&g.decompose, "decompose", false, "take the prompt for a sentence, and show the composition that is made of it")
	f.StringVarP(&g.output, "output", "o", "", "a file, a folder, a pattern as out/%03d.png, or - for standard output")
	f.Int64VarP(&g.seed, "seed", "s", -1, "seed of the first picture; below 0 for a random one")
	compositionFlags(f, r)
	populationFlags(f, r)
	samplingFlags(f, r)
	g.inputs.flags(f, r)
	f.IntVarP(&r.Width, "width", "W", 0, "pixels (default the model's)")
	f.IntVarP(&r.Height, "height", "H", 0, "pixels (default the model's)")
	f.Float64Var(&r.Hires, "hires", 0, "make the picture so many times smaller first, and begin with that, enlarged; 1 for not so (default the model's)")
	f.IntVarP(&r.Batch, "batch-count", "b", 1, "number of pictures, with seeds counting up")
	f.BoolVar(&g.noMetadata, "no-metadata", false, "leave the recipe out of the file")
	f.BoolVar(&g.json, "json", false, "print one JSON object a picture")
	f.SetNormalizeFunc(func(_ *pflag.FlagSet, name string) pflag.NormalizedName {
		if ours, ok := foreignFlags[name]; ok {
			name = ours
		}
		return pflag.NormalizedName(name)
	})
}

// foreignFlags are those that sd-cli and diffusers call otherwise.
var foreignFlags = map[string]string{"sampling-method": "sampler", "init-img": "image", "mask-image": "mask"}

// check looks at the flags on their own, before a model is read.
func (g *generation) check(flags *pflag.FlagSet, args []string, stdin io.Reader) error {
	for _, name := range []string{"steps", "cfg-scale", "max-guidance", "reach", "guidance-stop", "strength", "hires", "width", "height", "batch-count", "best-of"} {
		if f := flags.Lookup(name); f.Changed && f.Value.String() == "0" {
			return withHint(usagef("--%s: 0 is no value", name), "leave it out for the default")
		}
	}
	if err := g.inputs.read(flags, &g.request); err != nil {
		return err
	}
	if g.seed > engine.MaxSeed {
		return usagef("--seed: %d is above %d", g.seed, int64(engine.MaxSeed))
	}
	if g.json && g.output == "-" {
		return usagef("--json and -o - both write to standard output")
	}
	if g.request.Sampler != "" {
		if _, err := sample.Lookup(g.request.Sampler); err != nil {
			return usagef("--sampler: %w", err)
		}
	}
	if _, err := sample.ParseSpacing(g.request.Scheduler); err != nil {
		return usagef("--scheduler: %w", err)
	}
	if kind := g.request.Corrector; kind != "" && kind != engine.NoCorrector && !slices.Contains(sample.Correctors(), kind) {
		return usagef("--corrector: unknown corrector %q; want %s or %s", kind, strings.Join(sample.Correctors(), ", "), engine.NoCorrector)
	}
	names, err := g.with.names()
	if err != nil {
		return err
	}
	prompts, err := g.source.read(flags, args, stdin)
	if err != nil {
		return err
	}
	for _, prompt := range prompts {
		if g.decompose {
			break // a sentence is parsed by the model's own words, once it is open
		}
		if _, err := compose.Parse(prompt, names...); err != nil {
			return inPrompt(prompt, err)
		}
	}
	g.prompts = prompts
	return nil
}

func (g *generation) run(ctx context.Context, c *console, flags *pflag.FlagSet, args []string) (err error) {
	if err := g.check(flags, args, c.in); err != nil {
		return err
	}
	out, err := parseOutput(g.output, g.request.Batch*len(g.prompts), c.out)
	if err != nil {
		return err
	}
	g.request.Seed = uint64(g.seed)
	if g.seed < 0 {
		g.request.Seed = uint64(rand.Uint32()) // as short as other programs' random seeds, to be typed again
	}
	if last := g.request.Seed + uint64(max(g.request.Batch, 1)*max(g.request.BestOf, 1)*len(g.prompts)-1); last > engine.MaxSeed {
		return usagef("--seed: the last picture's would be %d, above %d", last, int64(engine.MaxSeed))
	}
	d, err := g.device.open(ctx, c)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	e, closeModels, err := openBeside(ctx, c, g.model, g.with, d)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeModels()) }()
	for i, prompt := range g.prompts {
		if g.decompose {
			if prompt, err = decomposed(c, e, prompt); err != nil {
				return err
			}
		}
		r := g.request
		r.Prompt = prompt
		r.Seed += uint64(i * r.Batch * max(r.BestOf, 1))
		result, err := generate(ctx, c, e, r)
		if err != nil {
			return inPrompt(prompt, err)
		}
		c.warnings(result.Warnings)
		if err := g.write(ctx, c, out, i*r.Batch, result); err != nil {
			return err
		}
		c.notef("%s, on %s (%s)", summary(result), d.Info().Name, d.Info().Adapter)
	}
	return nil
}

// decomposed turns a sentence into a prompt and shows how.
func decomposed(c *console, e *engine.Engine, sentence string) (string, error) {
	d, err := e.Decompose(sentence)
	if err != nil {
		return "", inPrompt(sentence, err)
	}
	c.notef("%s", d.Explain())
	return d.Prompt, nil
}

// generate runs a request and shows how far it is.
func generate(ctx context.Context, c *console, e *engine.Engine, r engine.Request) (*engine.Result, error) {
	defer c.erase()
	for event, err := range e.Generate(ctx, r) {
		if err != nil {
			return nil, err
		}
		switch event.Phase {
		case engine.Done:
			return event.Result, nil
		case engine.Denoising:
			c.progress(event.Phase.String(), "steps", int64(event.Step), int64(event.Steps))
		default:
			c.progress(event.Phase.String(), "", int64(event.Step), int64(event.Steps))
		}
	}
	return nil, errors.New("the engine ended without a result")
}

// made is what --json prints of a picture.
type made struct {
	File    string        `json:"file"`
	Seed    uint64        `json:"seed"`
	Elapsed float64       `json:"elapsed"` // seconds, of the whole batch
	Lifts   []engine.Lift `json:"lifts,omitempty"`
	Recipe  recipe.Recipe `json:"recipe"`
}

// write writes the pictures, numbered from first, each with its recipe, and reports each once it is there.
func (g *generation) write(ctx context.Context, c *console, out *output, first int, result *engine.Result) error {
	for i, picture := range result.Pictures {
		if err := ctx.Err(); err != nil {
			return err
		}
		r := recipe.Of(result, i, readBuild().program())
		inside := &r
		if g.noMetadata {
			inside = nil
		}
		file, err := out.write(first+i, func(w io.Writer) error { return recipe.Encode(w, picture.Image, inside) })
		if err != nil {
			return err
		}
		switch {
		case g.json:
			err = c.object(made{file, picture.Seed, result.Elapsed.Seconds(), picture.Lifts, r})
		case file != "":
			_, err = fmt.Fprintln(c.out, file)
		}
		if err != nil {
			return err
		}
		if picture.Lifts != nil {
			c.notef("%s", verdicts(result.Rows, picture.Lifts))
		}
	}
	return nil
}

// summary tells in one line what was made: enough to make it again.
func summary(r *engine.Result) string {
	q := &r.Request
	seeds := fmt.Sprintf("seed %d", q.Seed)
	n := len(r.Pictures)
	switch {
	case q.BestOf > 1:
		seeds = fmt.Sprintf("best of %d each of seeds %d to %d", q.BestOf, q.Seed, q.Seed+uint64(n*q.BestOf)-1)
	case q.Particles:
		began := map[int]bool{}
		for _, p := range r.Pictures {
			began[p.Ancestor] = true
		}
		seeds = fmt.Sprintf("seed %d, %s of %s, at least %.1f in effect", q.Seed, plural(n, "particle"), plural(len(began), "beginning"), r.Effective)
	case n > 1:
		seeds = fmt.Sprintf("seeds %d to %d", q.Seed, r.Pictures[n-1].Seed)
	}
	accepted := ""
	if sample.Metropolis(q.Corrector) {
		accepted = fmt.Sprintf(", %.0f%% of the corrector's moves accepted", 100*r.Acceptance)
	}
	sampler := q.Sampler
	if q.Corrector != "" && q.Corrector != engine.NoCorrector {
		sampler += " with " + q.Corrector
	}
	return fmt.Sprintf("%s, %dx%d, %s of %s, %s each, guidance %g%s: %.2f s",
		seeds, q.Width, q.Height, steps(q), sampler, plural(len(r.Rows), "row"), q.GuidanceScale, accepted, r.Elapsed.Seconds())
}

// steps says how many steps were made, and of how many if some were left out.
func steps(q *engine.Request) string {
	if q.Hires > 1 {
		return fmt.Sprintf("%d steps at %gx%g and %d", q.Steps, float64(q.Width)/q.Hires, float64(q.Height)/q.Hires, q.Made())
	}
	if made := q.Made(); made != q.Steps {
		return fmt.Sprintf("%d of %d steps", made, q.Steps)
	}
	return fmt.Sprintf("%d steps", q.Steps)
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// spacings names the spacings of noise levels.
func spacings() string {
	var names []string
	for _, s := range sample.Spacings() {
		names = append(names, string(s))
	}
	return strings.Join(names, ", ")
}

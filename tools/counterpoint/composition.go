package main

import (
	"fmt"
	"strings"

	"github.com/counterpoint/counterpoint/engine"
	"github.com/counterpoint/counterpoint/engine/compose"
	"github.com/counterpoint/counterpoint/engine/sample"
	"github.com/spf13/pflag"
)

// compositionFlags are those that say how concepts are combined, and so what a step evaluates.
func compositionFlags(f *pflag.FlagSet, r *engine.Request) {
	f.StringVarP(&r.NegativePrompt, "negative-prompt", "n", "", "what scores are measured against (default nothing)")
	f.IntVar(&r.Steps, "steps", 0, "sampling steps (default the model's)")
	f.Float64Var(&r.GuidanceScale, "cfg-scale", 0, "guidance scale (default the model's)")
	f.Float64Var(&r.MaxGuidance, "max-guidance", 0, "cap of all terms' guidance together; below 0 for none (default the model's)")
	f.Float64Var(&r.Reach, "reach", 0, "how far around its place a thing is heard beside other concepts, grounds say, as a standard deviation in shorter sides; below 0 for everywhere (default the model's)")
	f.BoolVar(&r.CFGPlusPlus, "cfg-plus-plus", false, "CFG++: put noise back as predicted without the prompt; with --cfg-scale from 0 to 1 (default 0.6)")
	f.Float64Var(&r.GuidanceStart, "guidance-start", 0, "share of the steps before guidance begins, 0 to 1; steps without evaluate less")
	f.Float64Var(&r.GuidanceStop, "guidance-stop", 0, "share of the steps after which guidance ends (default 1)")
	f.Float64Var(&r.Rescale, "guidance-rescale", 0, "share of the result brought back to the contrast of unguided pictures, 0 to 1")
	f.BoolVar(&r.APG, "apg", false, "adaptive projected guidance: strong guidance without its glare")
	f.Float64Var(&r.APGEta, "apg-eta", 0, "what apg keeps of the glare, 0 to 1")
	f.Float64Var(&r.APGNormThreshold, "apg-norm-threshold", 0, "what apg bounds the guidance's norm to (default no bound)")
	f.StringVar(&r.Negation, "negation", "", "kind of NOT: signed, perp (keeps the subject) or gated (stops when it is gone) (default signed)")
	f.Float64Var(&r.NegationPrior, "negation-prior", 0, "gated: share of all pictures that show what is negated (default 0.5)")
	f.StringVar((*string)(&r.Weights), "weights", "", "how terms count along the run: constant, or learnt, as the model declares (default the model's)")
	f.Float64Var(&r.NegationMaxGate, "negation-max-gate", 0, "gated: largest weight of what is negated (default 4)")
	verificationFlags(f, r)
}

// verificationFlags are those that ask for verdicts.
func verificationFlags(f *pflag.FlagSet, r *engine.Request) {
	f.StringVar((*string)(&r.Verify), "verify", "", "tell which terms a picture shows: fresh looks at it again, cached costs nothing (alone: fresh)")
	f.Lookup("verify").NoOptDefVal = string(engine.VerifyFresh)
	f.IntVar(&r.BestOf, "best-of", 0, "make so many for each picture, and keep the one that shows its terms most clearly")
}

// verdicts tells which terms a picture shows: "✓ a red cube 0.93  ✗ a blue sphere -0.12".
func verdicts(rows []compose.Row, lifts []engine.Lift) string {
	var parts []string
	for _, l := range lifts {
		mark, not := "✗", ""
		if l.Holds {
			mark = "✓"
		}
		if rows[l.Row].Coef < 0 {
			not = "NOT "
		}
		parts = append(parts, fmt.Sprintf("%s %s%s %.2f", mark, not, rows[l.Row].Text, l.Score))
	}
	return strings.Join(parts, "  ")
}

// populationFlags are those of particles.
func populationFlags(f *pflag.FlagSet, r *engine.Request) {
	f.BoolVar(&r.Particles, "particles", false, "draw the pictures of a batch anew by how well their terms agree; wants ddpm or ddim with --eta 1")
	f.Float64Var(&r.ParticlesClamp, "particles-clamp", 0, "bound of the particles' log-weights (default 1)")
	f.Float64Var(&r.ResampleBelow, "resample-below", 0, "draw only below this share of effective particles (default at each step)")
}

// samplingFlags are those of the way from noise to picture.
func samplingFlags(f *pflag.FlagSet, r *engine.Request) {
	f.StringVar((*string)(&r.Places), "places", "", "of concepts that have none in the prompt: drawn from the seed, or given ones only (default drawn)")
	f.StringVar(&r.Sampler, "sampler", "", "one of "+strings.Join(sample.Names(), ", ")+" (default the model's)")
	f.StringVar(&r.Scheduler, "scheduler", "", "spacing of noise levels: "+spacings()+" (default the model's)")
	f.StringVar(&r.Corrector, "corrector", "", "moves at each noise level: "+strings.Join(sample.Correctors(), ", ")+" or none (default the model's, with its own sampler)")
	f.IntVar(&r.CorrectorMoves, "corrector-moves", 0, "how many at a level (default the model's, else 5)")
	f.Float64Var(&r.CorrectorStep, "corrector-step", 0, "their step size, as a share of the next step's noise (default 0.5)")
	f.Float64Var(&r.Eta, "eta", 0, "ddim: share of fresh noise a step, 0 to 1")
}

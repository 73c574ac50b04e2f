package main

import (
	"github.com/counterpoint/counterpoint/engine"
	"github.com/spf13/pflag"
)

// compositionFlags are those that say how concepts are combined, and so what a step evaluates.
func compositionFlags(f *pflag.FlagSet, r *engine.Request) {
	f.StringVarP(&r.NegativePrompt, "negative-prompt", "n", "", "what scores are measured against (default nothing)")
	f.IntVar(&r.Steps, "steps", 0, "sampling steps (default the model's)")
	f.Float64Var(&r.GuidanceScale, "cfg-scale", 0, "guidance scale (default the model's)")
	f.Float64Var(&r.MaxGuidance, "max-guidance", 0, "cap of all terms' guidance together; below 0 for none (default the model's)")
	f.BoolVar(&r.CFGPlusPlus, "cfg-plus-plus", false, "CFG++: put noise back as predicted without the prompt; with --cfg-scale from 0 to 1 (default 0.6)")
	f.Float64Var(&r.GuidanceStart, "guidance-start", 0, "share of the steps before guidance begins, 0 to 1; steps without evaluate less")
	f.Float64Var(&r.GuidanceStop, "guidance-stop", 0, "share of the steps after which guidance ends (default 1)")
	f.Float64Var(&r.Rescale, "guidance-rescale", 0, "share of the result brought back to the contrast of unguided pictures, 0 to 1")
	f.BoolVar(&r.APG, "apg", false, "adaptive projected guidance: strong guidance without its glare")
	f.Float64Var(&r.APGEta, "apg-eta", 0, "what apg keeps of the glare, 0 to 1")
	f.Float64Var(&r.APGNormThreshold, "apg-norm-threshold", 0, "what apg bounds the guidance's norm to (default no bound)")
	f.StringVar(&r.Negation, "negation", "", "kind of NOT: signed, perp (keeps the subject) or gated (stops when it is gone) (default signed)")
	f.Float64Var(&r.NegationPrior, "negation-prior", 0, "gated: share of all pictures that show what is negated (default 0.5)")
	f.Float64Var(&r.NegationMaxGate, "negation-max-gate", 0, "gated: largest weight of what is negated (default 4)")
}

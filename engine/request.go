package engine

import (
	"cmp"
	"fmt"
	"image"
	"math"
	"time"

	"github.com/counterpoint/counterpoint/engine/compose"
)

// Request says what to generate. It is also the recipe that pictures carry: with the same model, the same request gives
// the same picture. Zero fields take the model's defaults; Generate's result holds the request with all filled in.
type Request struct {
	Prompt         string  `json:"prompt"`                    // in the language of package compose
	NegativePrompt string  `json:"negative_prompt,omitempty"` // the text of the unconditional row, "" for the model's own; read as a term's is
	Seed           uint64  `json:"seed"`                      // of the first picture; picture i has Seed+i, but see BestOf. At most MaxSeed
	Steps          int     `json:"steps"`
	StopAfter      int     `json:"stop_after,omitempty"`       // decode what the network makes of the picture after so many steps; 0 after all
	GuidanceScale  float64 `json:"guidance_scale"`             // multiplies every term's weight
	MaxGuidance    float64 `json:"max_guidance"`               // cap of the positive terms' total, see compose.Options; negative for none
	Negation       string  `json:"negation,omitempty"`         // kind of NOT: "signed", "perp", "gated" (compose.Negation); empty is signed
	Rescale        float64 `json:"guidance_rescale,omitempty"` // share of the result brought back to the spread of unguided pictures, see operator.Options; 0 to 1
	CFGPlusPlus    bool    `json:"cfg_plus_plus,omitempty"`    // noise as predicted without the prompt, see sample.Options; GuidanceScale is then from 0 to 1, by default 0.6
	Weights        Weights `json:"weights,omitempty"`          // how terms count along the run; the model's default if empty
	Places         Places  `json:"places"`                     // of concepts that the prompt gives none
	Reach          float64 `json:"reach,omitempty"`            // σ of the window that a term of placed things is heard in beside terms that are heard everywhere (operator.Windows), in shorter sides, up to MaxReach; negative for everywhere
	Sampler        string  `json:"sampler"`                    // a name that sample.Lookup knows
	Scheduler      string  `json:"scheduler,omitempty"`        // spacing of noise levels, as sample.ParseSpacing knows it; the model's own if empty
	Eta            float64 `json:"eta,omitempty"`              // DDIM's: 0 deterministic, 1 as DDPM

	// The guided part of the steps, in fractions of them. A step outside evaluates the positive terms alone and follows their
	// mean (operator.Options.Guided).
	GuidanceStart float64 `json:"guidance_start,omitempty"`
	GuidanceStop  float64 `json:"guidance_stop,omitempty"` // 0 for the end

	// Adaptive projected guidance, see operator.Projection.
	APG              bool    `json:"apg,omitempty"`
	APGEta           float64 `json:"apg_eta,omitempty"`            // what is kept of the part along the prediction, 0 to 1
	APGNormThreshold float64 `json:"apg_norm_threshold,omitempty"` // bound of the direction's norm; 0 for none

	// Particles makes the batch one population, drawn anew by Feynman–Kac weights as it is made (operator.Combiner.Resample), with
	// the places of its first seed. A picture then depends on the others: its recipe is that of the batch and its index.
	Particles      bool    `json:"particles,omitempty"`
	ParticlesClamp float64 `json:"particles_clamp,omitempty"` // bound of the log-weights' distance from their mean, up to 40; 0 for 1
	ResampleBelow  float64 `json:"resample_below,omitempty"`  // draw only where the effective sample size is below this share of the batch; 0 for at each step

	// Verify asks for the lifts of the pictures' terms. BestOf makes so many candidates for each picture and keeps the one whose
	// terms hold most clearly: picture i is the best of seeds Seed+i·BestOf to Seed+i·BestOf+BestOf−1. 0 is 1.
	Verify Verification `json:"verify,omitempty"`
	BestOf int          `json:"best_of,omitempty"`

	// Of a gated NOT, see operator.Options.
	NegationPrior   float64 `json:"negation_prior,omitempty"`    // share of all pictures that show what is negated; 0 for ½
	NegationMaxGate float64 `json:"negation_max_gate,omitempty"` // bound of the weight that the posterior gives it; 0 for 4

	// Moves at each noise level, see sample.Corrector. Without a name it is the model's own with the model's own sampler, unless
	// CFGPlusPlus or Particles change what that does, and else none.
	Corrector      string  `json:"corrector,omitempty"`       // a name that sample.Correctors lists, or NoCorrector
	CorrectorMoves int     `json:"corrector_moves,omitempty"` // at a level; 0 for the model's with its own corrector, else 5
	CorrectorStep  float64 `json:"corrector_step,omitempty"`  // of β; 0 for ½
	CorrectorUntil float64 `json:"corrector_until,omitempty"` // share of the steps; 0 for all

	// A picture to begin with, and which part of it is made anew. Pictures are no part of the JSON form, digests of them are.
	Image       image.Image `json:"-"`                           // brought to Width×Height; nil for none
	Mask        image.Image `json:"-"`                           // white is made anew, black kept, grey partly; nil for all. Needs Image
	ImageSHA256 string      `json:"image_sha256,omitempty"`      // of Image, see [Digest]; without Image it says which is missing
	MaskSHA256  string      `json:"mask_image_sha256,omitempty"` // of Mask
	Strength    float64     `json:"strength,omitempty"`          // share of the steps that are made, the last ones, rounded down; 0 for 0.8, with Mask for 1
	MaskBlur    int         `json:"mask_blur,omitempty"`         // pixels in which the mask's edge fades, inwards; 0 for 1/128 of the shorter side, negative for none

	// Hires has the picture made so many times smaller first, from all steps, and begin with that, enlarged; Strength is then of the
	// second run, 0 for ½. That is A1111's "Hires. fix". 1 is for no such run; 0 for the model's own way, as it declares for
	// pictures twice its size, say, or none. StopAfter is of the second run.
	Hires float64 `json:"hires,omitempty"`

	// If both are 0 and there is an Image, they are its sides, cut to multiples, and scaled down together where it has more
	// than four times the pixels of the model's default.
	Width  int `json:"width"`  // pixels
	Height int `json:"height"` // pixels
	Batch  int `json:"batch"`  // number of pictures

	// Maps asks for Event.Maps. It is no part of the recipe: the picture is the same to the bit.
	Maps bool `json:"-"`
}

// NoCorrector is the name that has no moves made.
const NoCorrector = "none"

// The limits of a request. MaxSeed is the largest integer that every JSON reader keeps exactly.
const (
	MaxSeed  = 1<<53 - 1
	MaxSteps = 1000
	MaxBatch = 64
	MaxSide  = 4096
	MaxReach = 4
	MaxHires = 8
)

// RequestError reports a request that can't be run. Field is the JSON name of the field at fault.
type RequestError struct {
	Field string
	Msg   string
}

// requestError is the error of a field.
func requestError(field, format string, args ...any) error {
	return &RequestError{field, fmt.Sprintf(format, args...)}
}

func (e *RequestError) Error() string { return fmt.Sprintf("%s: %s", e.Field, e.Msg) }

// check reports the first field out of range of a request whose defaults are filled in; multiple is the number of pixels
// that sides are multiples of.
func (r *Request) check(multiple int) error {
	bad := requestError
	switch {
	case r.Seed > MaxSeed:
		return bad("seed", "%d is above %d", r.Seed, uint64(MaxSeed))
	case r.Steps < 1 || r.Steps > MaxSteps:
		return bad("steps", "%d, want 1 to %d", r.Steps, MaxSteps)
	case r.Strength != 0 && !(r.Strength > 0 && r.Strength <= 1):
		return bad("strength", "%v, want more than 0, at most 1", r.Strength)
	case r.Made() == 0:
		return bad("strength", "%v leaves none of %d steps, want at least %.2g", r.Strength, r.Steps, 1/float64(r.Steps))
	case r.StopAfter < 0 || r.StopAfter > r.Made():
		return bad("stop_after", "%d, want 0 to the %d steps", r.StopAfter, r.Made())
	case math.IsNaN(r.GuidanceScale) || math.IsInf(r.GuidanceScale, 0):
		return bad("guidance_scale", "%v is not a finite number", r.GuidanceScale)
	case r.CFGPlusPlus && !(r.GuidanceScale >= 0 && r.GuidanceScale <= 1):
		return bad("guidance_scale", "%v, want 0 to 1 with CFG++", r.GuidanceScale)
	case math.IsNaN(r.MaxGuidance) || math.IsInf(r.MaxGuidance, 0):
		return bad("max_guidance", "%v is not a finite number", r.MaxGuidance)
	case r.Weights != "" && r.Weights != WeightsConstant && r.Weights != WeightsLearnt:
		return bad("weights", "%q, want %q or %q", r.Weights, WeightsConstant, WeightsLearnt)
	case r.Places != PlacesDrawn && r.Places != PlacesGiven:
		return bad("places", "%q, want %q or %q", r.Places, PlacesDrawn, PlacesGiven)
	case !(r.Reach <= MaxReach) || math.IsInf(r.Reach, 0):
		return bad("reach", "%v, want at most %d, or below 0 for everywhere", r.Reach, MaxReach)
	case !(r.Eta >= 0 && r.Eta <= 1):
		return bad("eta", "%v, want 0 to 1", r.Eta)
	case r.MaskBlur > MaxSide:
		return bad("mask_blur", "%d, want at most %d", r.MaskBlur, MaxSide)
	case r.Batch < 1 || r.Batch > MaxBatch:
		return bad("batch", "%d, want 1 to %d", r.Batch, MaxBatch)
	case r.Hires != 0 && !(r.Hires >= 1 && r.Hires <= MaxHires):
		return bad("hires", "%v, want 1 to %d", r.Hires, MaxHires)
	}
	for _, side := range []struct {
		field string
		n     int
	}{{"width", r.Width}, {"height", r.Height}} {
		if side.n < multiple || side.n > MaxSide || side.n%multiple != 0 {
			return bad(side.field, "%d, want a multiple of %d from %d to %d", side.n, multiple, multiple, MaxSide)
		}
	}
	return cmp.Or(r.checkHires(multiple), r.checkOperators())
}

// Phase is what a generation is busy with.
type Phase int

// The phases of a generation, in order.
const (
	Encoding  Phase = iota // the terms' texts
	Denoising              // one event after each step
	Verifying              // one event after each level at which finished pictures are looked at again, see VerifyFresh
	Decoding               // one event after each picture
	Done                   // the last event, with the result
)

func (p Phase) String() string {
	return [...]string{"encoding", "denoising", "verifying", "decoding", "done"}[p]
}

// Event tells how far a generation is. Valid only until the next one is asked for.
type Event struct {
	Phase  Phase
	Step   int     // steps done, of all runs, in Denoising; pictures done, in Decoding
	Steps  int     // of how many
	Work   float64 // of this step, in Denoising: 1, or its share of the pixels where a smaller picture is made first, see Request.Hires
	Ahead  float64 // work of the steps to come
	Result *Result // in Done; in Decoding, with the pictures so far

	// Preview, in Denoising, renders what each picture will be like, a pixel a latent cell. It is nil if the model declares
	// no projection of latents to colours. It waits for the device, so not to be called at every step.
	Preview func() ([]*image.NRGBA, error)
	// Maps, in Denoising with Request.Maps, shows what each term does to each picture, particles as they were before they are drawn
	// anew. Terms that the step evaluates without an unconditional score have none, and it is nil if that is so of all in all
	// steps. It waits for the device, as Preview does.
	Maps func() ([][]TermMap, error)
	// Checkpoint, in Denoising, copies to the host what it takes to go on after this step. It waits for the device likewise.
	Checkpoint func() (*Checkpoint, error)
	// Stop, in Denoising, makes this step the last before decoding, as Request.StopAfter does; the result's request says so. Of a
	// smaller picture that is made first, it makes that the result, and the request that of such a picture.
	Stop func()
}

// Result is what a generation made.
type Result struct {
	Request  Request // with all defaults filled in: the recipe
	Model    ModelInfo
	Models   []NamedModel // others that the prompt names, by name
	Pictures []Picture
	Rows     []compose.Row // what each step evaluated, and with which coefficients
	Warnings []compose.Warning
	// Effective is, with Request.Particles, the least effective sample size (Σw)²/Σw² of the run: of how many pictures the
	// weights were in effect.
	Effective float64
	// Acceptance is the share of a corrector's Metropolis tests that were passed, by all pictures; 0 without tests.
	Acceptance float64
	Elapsed    time.Duration
}

// Picture is one finished picture and the seed that makes it alone.
type Picture struct {
	Seed   uint64
	Image  *image.NRGBA
	Places [][]Placed // what of each of Result.Rows was put where, given or drawn; nothing for anywhere
	Lifts  []Lift     // of all rows but the unconditional one, if Request.Verify asks for them
	// Ancestor is, with Request.Particles, which picture of the batch this one began as.
	Ancestor int
}

// NamedModel is a model by the name that prompts have for it, see [Engine.With].
type NamedModel struct {
	As string `json:"as"`
	ModelInfo
}

// ModelInfo names a model. Hash is the first ten hexadecimal digits of its manifest's SHA-256.
type ModelInfo struct {
	Name        string `json:"name"`
	Hash        string `json:"hash"`
	Profile     string `json:"profile"`
	License     string `json:"license,omitempty"`
	Attribution string `json:"attribution,omitempty"`
}

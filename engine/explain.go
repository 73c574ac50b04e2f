package engine

import (
	"fmt"

	"github.com/counterpoint/counterpoint/engine/compose"
	"github.com/counterpoint/counterpoint/engine/decompose"
	"github.com/counterpoint/counterpoint/engine/tokenizer"
)

// Explanation says what a request means. Nothing has been computed for it.
type Explanation struct {
	Request     Request           // with all defaults filled in
	Prompt      *compose.Prompt   // as it was read
	Rows        []compose.Row     // what each step evaluates, and with which coefficients
	Places      [][]Placed        // what of each row the first picture has where, given or drawn; nothing for anywhere
	Emphasis    [][]tokenizer.Run // what of each row's text has a weight, where its model reads emphasis
	Chunks      []int             // of tokens that each row's text takes, the shorter ones of a model padded: what attention costs grows with them
	Formula     string            // how the rows' scores are combined
	Warnings    []compose.Warning
	Guidance    float64 // the positive terms' total, as applied
	Asked       float64 // the same before Request.MaxGuidance caps it
	Evaluations int     // of the network, for one picture, its candidates', their verification's and those of smaller ones made first (Request.Hires) among them
}

// Explain plans a request, with the errors that Generate would have before it computes. Unlike other methods it may be
// called at any time but during With and Without.
func (e *Engine) Explain(r Request) (*Explanation, error) {
	p, err := e.plan(r)
	if err != nil {
		return nil, err
	}
	runs, err := e.withDraft(p)
	if err != nil {
		return nil, err
	}
	x := &Explanation{Request: p.request, Prompt: p.prompt, Rows: p.rows, Places: p.placed[0], Warnings: p.warnings,
		Formula: p.composition.Formula(), Guidance: p.guidance, Asked: p.asked}
	for _, run := range runs {
		x.Evaluations += run.evaluations()
	}
	if w := p.operators.Windows; w != nil {
		x.Formula += fmt.Sprintf("\n      where c has a place and says no ground, d(c) fades with the distance r from it as exp(−r²/2σ²), σ = %.4g shorter sides", w.Sigma)
	}
	for i, t := range p.texts {
		x.Emphasis = append(x.Emphasis, e.model(p.rows[i].Model).pipeline.emphasised(t.text))
		x.Chunks = append(x.Chunks, len(t.chunks))
	}
	return x, nil
}

// Decompose turns a sentence into a composition over the words that the model declares. Errors are *compose.SyntaxError, with
// columns in the sentence, or a *RequestError if the model declares none. It may be called at any time.
func (e *Engine) Decompose(sentence string) (*decompose.Decomposition, error) {
	if e.pipeline.extra.Grammar == nil {
		return nil, &RequestError{"prompt", fmt.Sprintf("model %s does not say what its words are, so sentences can't be decomposed; join concepts with AND", e.info.Name)}
	}
	return decompose.Decompose(sentence, *e.pipeline.extra.Grammar)
}

// Multiple is the number of pixels that the sides of a picture are multiples of.
func (e *Engine) Multiple() int { return e.pipeline.vae.Factor }

// HasPlaces reports whether the model can be told where a concept goes.
func (e *Engine) HasPlaces() bool { return e.pipeline.unet.PlaceChannels() > 0 }

// HasEncoder reports whether a request may begin with a picture.
func (e *Engine) HasEncoder() bool { return e.pipeline.encodes() }

// HasPreviews reports whether events have previews.
func (e *Engine) HasPreviews() bool { return e.pipeline.extra.LatentRGB.valid(e.pipeline.vae.Channels) }

// Hash is the SHA-256 of the model's manifest, in hexadecimal.
func (e *Engine) Hash() string { return e.pipeline.params.Hash() }

package engine

import (
	"context"
	"math"
	"slices"

	"github.com/counterpoint/counterpoint/engine/compose"
	"github.com/counterpoint/counterpoint/engine/device"
	"github.com/counterpoint/counterpoint/engine/tokenizer"
)

// rowText is a row's text as its model's encoder reads it.
type rowText struct {
	text   string
	chunks []tokenizer.Chunk // as many as the other rows of the model have
}

// emphatic reports whether emphasis and BREAK mean in a model's texts what they do in AUTOMATIC1111's web UI, and long texts go
// on in another chunk: where CLIP's text encoder takes any word and all that comes of a text are the states of its tokens. In
// our own models' texts brackets are text, and what is too long is cut.
func (p *pipeline) emphatic() bool {
	return len(p.extra.Vocabulary) == 0 && p.unet.PlaceChannels() == 0 && !p.unet.Classed()
}

// encode reads a text.
func (p *pipeline) encode(text string) ([]tokenizer.Chunk, error) {
	if !p.emphatic() {
		return []tokenizer.Chunk{{IDs: p.tokens.Encode(text)}}, nil
	}
	runs, err := tokenizer.Emphasis(text)
	if err != nil {
		return nil, err
	}
	return p.tokens.Chunks(runs)
}

// readTexts reads the rows' texts. Where one of a model's takes several chunks, the others go on with those of empty texts.
func (e *Engine) readTexts(rows []compose.Row) ([]rowText, error) {
	texts, most := make([]rowText, len(rows)), map[string]int{}
	for i, r := range rows {
		chunks, err := e.model(r.Model).pipeline.encode(r.Text)
		if err != nil {
			field := "prompt"
			if r.Unconditional {
				field = "negative_prompt"
			}
			return nil, &RequestError{field, err.Error()}
		}
		texts[i] = rowText{r.Text, chunks}
		most[r.Model] = max(most[r.Model], len(chunks))
	}
	for i, r := range rows {
		for len(texts[i].chunks) < most[r.Model] {
			empty := e.model(r.Model).pipeline.tokens.Encode("")
			texts[i].chunks = append(texts[i].chunks, tokenizer.Chunk{IDs: empty})
		}
	}
	return texts, nil
}

// emphasise multiplies the text encoder's states [chunks,T,C] by the weights of their tokens. The mean of all states of a chunk
// stays what it is (EmphasisOriginal of AUTOMATIC1111's modules/sd_emphasis.py). Without weights nothing is touched.
func (e *Engine) emphasise(ctx context.Context, hidden device.Buffer, chunks []tokenizer.Chunk) error {
	size := e.pipeline.text.MaxPositions * e.pipeline.text.HiddenSize
	states := make([]float32, size)
	for i, c := range chunks {
		if c.Weights == nil {
			continue
		}
		if err := hidden.ReadFloats(ctx, i*size, states); err != nil {
			return err
		}
		weigh(states, c.Weights)
		if err := hidden.WriteFloats(ctx, i*size, states); err != nil {
			return err
		}
	}
	return nil
}

// weigh is emphasise on the states of one chunk. Where the weighted ones have no mean to go back from, they stay so.
func weigh(states, weights []float32) {
	width := len(states) / len(weights)
	var before, after float64
	for i, w := range weights {
		for _, v := range states[i*width:][:width] {
			before += float64(v)
			after += float64(float64(v) * float64(w)) // the conversion keeps the product from being fused into the sum
		}
	}
	restore := before / after
	if math.IsNaN(restore) || math.IsInf(restore, 0) {
		restore = 1
	}
	for i, w := range weights {
		for j := range width {
			states[i*width+j] = float32(float64(states[i*width+j]) * float64(w) * restore)
		}
	}
}

// chunksOf are those of some texts, one after the other.
func chunksOf(texts []rowText) []tokenizer.Chunk {
	var all []tokenizer.Chunk
	for _, t := range texts {
		all = append(all, t.chunks...)
	}
	return all
}

// emphasised are the runs of a row's text that have a weight, nil for none.
func (p *pipeline) emphasised(text string) []tokenizer.Run {
	if !p.emphatic() {
		return nil
	}
	runs, _ := tokenizer.Emphasis(text)
	return slices.DeleteFunc(runs, func(r tokenizer.Run) bool { return r.Weight == 1 })
}

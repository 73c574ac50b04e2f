package engine

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/counterpoint/counterpoint/engine/compose"
	"github.com/counterpoint/counterpoint/engine/device"
	"github.com/counterpoint/counterpoint/engine/nn"
	"github.com/counterpoint/counterpoint/engine/operator"
	"github.com/counterpoint/counterpoint/engine/tokenizer"
)

// conditions are a prompt's rows as the UNet reads them, on the device: computed once, used by every step. Pictures of a
// batch share them, but for the maps of where each row's concept is.
type conditions struct {
	buffers map[string]device.Buffer // by the UNet program's input
	tokens  int                      // of each
}

func (c *conditions) Close() error {
	for _, b := range c.buffers {
		b.Close()
	}
	return nil
}

// encode runs the text encoder on rows' texts and what follows from them alone: the keys and values of the UNet's
// cross-attention, the class embedding, and the place maps of h×w cells, for each picture a map a row. placed holds what is
// put where for each row of each picture.
func (e *Engine) encode(ctx context.Context, texts []rowText, placed [][][]Placed, h, w int) (*conditions, error) {
	chunks := chunksOf(texts)
	encoder, err := e.encodeChunks(ctx, chunks)
	if err != nil {
		return nil, err
	}
	defer encoder.Close()
	if err := e.emphasise(ctx, encoder.outputs["hidden"], chunks); err != nil {
		return nil, err
	}
	tokens := len(chunks) / len(texts) * e.pipeline.text.MaxPositions
	build, err := nn.UNetContext(e.pipeline.unet, e.pipeline.params, len(texts), tokens)
	if err != nil {
		return nil, err
	}
	once, err := e.compile(build)
	if err != nil {
		return nil, err
	}
	defer once.Close()
	for _, name := range slices.Sorted(maps.Keys(once.inputs)) {
		if err := once.bind(name, encoder.outputs[name]); err != nil {
			return nil, err
		}
	}
	if err := once.exe.Run(ctx, len(texts)); err != nil {
		return nil, err
	}
	c := &conditions{buffers: once.takeOutputs(), tokens: tokens}
	if e.pipeline.unet.PlaceChannels() > 0 {
		maps, err := e.placeMaps(ctx, texts, encoder, placed, h, w)
		if err != nil {
			c.Close()
			return nil, err
		}
		c.buffers["place"] = maps
	}
	return c, nil
}

// encodeChunks runs the text encoder. The caller closes the program, whose outputs hold what it made of the chunks.
func (e *Engine) encodeChunks(ctx context.Context, chunks []tokenizer.Chunk) (*program, error) {
	n := len(chunks)
	ids, eos := make([]int32, 0, n*e.pipeline.text.MaxPositions), make([]int32, n)
	for i, c := range chunks {
		eos[i] = e.pipeline.text.EOS(c.IDs)
		ids = append(ids, c.IDs...)
	}
	build, err := nn.TextEncoder(e.pipeline.text, e.pipeline.params, n)
	if err != nil {
		return nil, err
	}
	encoder, err := e.compile(build)
	if err != nil {
		return nil, err
	}
	if err = encoder.writeInts(ctx, "ids", ids); err == nil {
		err = encoder.writeInts(ctx, "eos", eos)
	}
	if err == nil {
		err = encoder.exe.Run(ctx, n)
	}
	if err != nil {
		encoder.Close()
		return nil, err
	}
	return encoder, nil
}

// placeMaps lays projected texts on the latent, each as a Gaussian bump of height 1 at its place, [pictures·rows,h,w,P]; a
// row of which nothing is placed has zeros. So "what" arrives at "where", and the network need not learn to carry it there.
// A row's own text is among the texts that the encoder holds; the nouns of a text that names several things are encoded here.
func (e *Engine) placeMaps(ctx context.Context, rows []rowText, encoder *program, placed [][][]Placed, h, w int) (device.Buffer, error) {
	channels := e.pipeline.unet.PlaceChannels()
	what := map[string][]float32{} // projections by text
	texts := make([]string, len(rows))
	for i, r := range rows {
		texts[i] = r.text
	}
	read := func(texts []string, encoder *program) error {
		all := make([]float32, len(texts)*channels)
		if err := encoder.outputs["projected"].ReadFloats(ctx, 0, all); err != nil {
			return err
		}
		for i, text := range texts {
			what[text] = all[i*channels:][:channels]
		}
		return nil
	}
	if err := read(texts, encoder); err != nil {
		return nil, err
	}
	if more := unencoded(placed, texts); len(more) > 0 {
		chunks := make([]tokenizer.Chunk, len(more))
		for i, text := range more {
			chunks[i].IDs = e.pipeline.tokens.Encode(text)
		}
		nouns, err := e.encodeChunks(ctx, chunks)
		if err != nil {
			return nil, err
		}
		defer nouns.Close()
		if err := read(more, nouns); err != nil {
			return nil, err
		}
	}
	size := h * w * channels
	maps := make([]float32, len(placed)*len(texts)*size)
	sigma := e.pipeline.extra.Place.Sigma * float64(min(h, w))
	for k, picture := range placed {
		for i, row := range picture {
			for _, p := range row {
				bump(maps[(k*len(picture)+i)*size:][:size], what[p.Text], p.Place, h, w, sigma)
			}
		}
	}
	b, err := e.device.NewBuffer(len(maps))
	if err != nil {
		return nil, err
	}
	return b, b.WriteFloats(ctx, 0, maps)
}

// unencoded lists the texts that are placed in some picture and are not among those already encoded, each once, in order.
func unencoded(placed [][][]Placed, encoded []string) []string {
	var more []string
	for _, picture := range placed {
		for _, row := range picture {
			for _, p := range row {
				if !slices.Contains(encoded, p.Text) && !slices.Contains(more, p.Text) {
					more = append(more, p.Text)
				}
			}
		}
	}
	return more
}

// bump adds what times exp(-d²/2σ²) to each cell of dst [h,w,len(what)], d the distance from its middle to the place and σ
// being in cells.
func bump(dst, what []float32, p compose.Place, h, w int, sigma float64) {
	down, along := operator.Bump(p.Y, sigma, h), operator.Bump(p.X, sigma, w)
	for y := range h {
		for x := range w {
			g := float32(down[y] * along[x])
			cell := dst[(y*w+x)*len(what):][:len(what)]
			for c, v := range what {
				cell[c] += float32(g * v) // the conversion keeps the product from being fused into the sum
			}
		}
	}
}

// known reports whether a model with a closed vocabulary has the word; other models know every word.
func (p *pipeline) known(word string) bool {
	if len(p.extra.Vocabulary) == 0 {
		return true
	}
	return p.tokens.Known(strings.ToLower(word))
}

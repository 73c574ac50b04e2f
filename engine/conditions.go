package engine

import (
	"context"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/counterpoint/counterpoint/engine/compose"
	"github.com/counterpoint/counterpoint/engine/device"
	"github.com/counterpoint/counterpoint/engine/nn"
)

// conditions are a prompt's rows as the UNet reads them, on the device: computed once, used by every step. Pictures of a
// batch share them, but for the maps of where each row's concept is.
type conditions struct {
	buffers map[string]device.Buffer // by the UNet program's input
}

func (c *conditions) Close() error {
	for _, b := range c.buffers {
		b.Close()
	}
	return nil
}

// encode runs the text encoder on the rows' texts and what follows from them alone: the keys and values of the UNet's
// cross-attention, the class embedding, and the place maps of h×w cells, for each picture a map a row. places holds a place
// for each row of each picture, nil for anywhere.
func (e *Engine) encode(ctx context.Context, rows []compose.Row, places [][]*compose.Place, h, w int) (*conditions, error) {
	n := len(rows)
	tokens := e.pipeline.text.MaxPositions
	ids, eos := make([]int32, 0, n*tokens), make([]int32, n)
	for i, r := range rows {
		row := e.pipeline.tokens.Encode(r.Text)
		eos[i] = e.pipeline.text.EOS(row)
		ids = append(ids, row...)
	}
	text, err := nn.TextEncoder(e.pipeline.text, e.pipeline.params, n)
	if err != nil {
		return nil, err
	}
	encoder, err := e.compile(text)
	if err != nil {
		return nil, err
	}
	defer encoder.Close()
	if err := encoder.writeInts(ctx, "ids", ids); err != nil {
		return nil, err
	}
	if err := encoder.writeInts(ctx, "eos", eos); err != nil {
		return nil, err
	}
	if err := encoder.exe.Run(ctx, n); err != nil {
		return nil, err
	}

	build, err := nn.UNetContext(e.pipeline.unet, e.pipeline.params, n, tokens)
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
	if err := once.exe.Run(ctx, n); err != nil {
		return nil, err
	}
	c := &conditions{buffers: once.takeOutputs()}
	if e.pipeline.unet.PlaceChannels() > 0 {
		maps, err := e.placeMaps(ctx, places, encoder.outputs["projected"], h, w)
		if err != nil {
			c.Close()
			return nil, err
		}
		c.buffers["place"] = maps
	}
	return c, nil
}

// placeMaps lays each row's projected text on the latent as a Gaussian bump of height 1 at the row's place,
// [pictures·rows,h,w,P]; a row without a place has zeros. So "what" arrives at "where", and the network need not learn to
// carry it there.
func (e *Engine) placeMaps(ctx context.Context, places [][]*compose.Place, projected device.Buffer, h, w int) (device.Buffer, error) {
	channels := e.pipeline.unet.PlaceChannels()
	what := make([]float32, len(places[0])*channels)
	if err := projected.ReadFloats(ctx, 0, what); err != nil {
		return nil, err
	}
	size := h * w * channels
	maps := make([]float32, len(places)*len(places[0])*size)
	for k, picture := range places {
		for i, place := range picture {
			if place != nil {
				bump(maps[(k*len(picture)+i)*size:][:size], what[i*channels:][:channels], *place, h, w, e.pipeline.extra.Place.Sigma*float64(min(h, w)))
			}
		}
	}
	b, err := e.device.NewBuffer(len(maps))
	if err != nil {
		return nil, err
	}
	return b, b.WriteFloats(ctx, 0, maps)
}

// bump writes what times exp(-d²/2σ²) to each cell of dst [h,w,len(what)], d the distance from its middle to the place and σ
// being in cells.
func bump(dst, what []float32, p compose.Place, h, w int, sigma float64) {
	gauss := func(cell int, at float64, n int) float64 {
		d := (float64(cell) + 0.5 - float64(at*float64(n))) / sigma
		return math.Exp(-0.5 * d * d)
	}
	for y := range h {
		gy := gauss(y, p.Y, h)
		for x := range w {
			g := float32(gy * gauss(x, p.X, w))
			cell := dst[(y*w+x)*len(what):][:len(what)]
			for c, v := range what {
				cell[c] = g * v
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

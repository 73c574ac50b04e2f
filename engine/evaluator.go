package engine

import (
	"context"

	"github.com/counterpoint/counterpoint/engine/device"
	"github.com/counterpoint/counterpoint/engine/nn"
)

// maxRows bounds the rows of one evaluation, and so the memory of its activations. More pictures are evaluated in turn.
const maxRows = 16

// evaluator evaluates the UNet on some rows, for every picture of a batch.
type evaluator struct {
	engine *Engine
	rows   int
	batch  int
	size   int // elements of one latent
	unet   *program
	at     device.Buffer // the latents that the UNet is bound to
	group  int           // pictures one evaluation holds
	time   []float32     // one row's features, for each row of an evaluation
}

// newEvaluator builds the UNet for the batch, over conditions that must stay open as long as the evaluator.
func (e *Engine) newEvaluator(rows int, c *conditions, batch, h, w int) (*evaluator, error) {
	cfg := e.pipeline.unet
	v := &evaluator{engine: e, rows: rows, batch: batch, size: h * w * cfg.OutChannels}
	v.group = min(batch, max(1, maxRows/rows))
	g, err := nn.UNet(cfg, e.pipeline.params, nn.Sizes{
		Rows: v.group * rows, Latents: batch, Conditions: rows, Maps: batch * rows,
		Tokens: c.tokens, Height: h, Width: w,
	})
	if err != nil {
		return nil, err
	}
	if v.unet, err = e.compile(g); err != nil {
		return nil, err
	}
	for name, buf := range c.buffers {
		if err := v.unet.bind(name, buf); err != nil {
			v.Close()
			return nil, err
		}
	}
	v.time = make([]float32, v.group*rows*cfg.BlockOut[0])
	return v, nil
}

// evaluate runs the network at timestep t on some rows, ascending, of every picture's latents, a group of pictures after the
// other. After each it calls done with the number of the group's first picture and how many it holds; the network's output
// then has the scores [picture,row,h,w,channel].
func (v *evaluator) evaluate(ctx context.Context, t float64, latents device.Buffer, rows []int, done func(first, count int) error) error {
	if latents != v.at {
		if err := v.unet.bind("sample", latents); err != nil {
			return err
		}
		v.at = latents
	}
	width := v.engine.pipeline.unet.BlockOut[0]
	v.engine.pipeline.unet.TimeFeatures(v.time[:width], t)
	for i := width; i < len(v.time); i += width {
		copy(v.time[i:i+width], v.time[:width])
	}
	if err := v.unet.writeFloats(ctx, "time", v.time); err != nil {
		return err
	}
	for first := 0; first < v.batch; first += v.group {
		count := min(v.group, v.batch-first)
		if len(rows) > 0 {
			if err := v.writeIndices(ctx, rows, first, count); err != nil {
				return err
			}
			if err := v.unet.exe.Run(ctx, count*len(rows)); err != nil {
				return err
			}
		}
		if err := done(first, count); err != nil {
			return err
		}
	}
	return nil
}

// writeIndices tells the network which latent, condition and place map each of its rows reads.
func (v *evaluator) writeIndices(ctx context.Context, rows []int, first, count int) error {
	n := len(rows)
	index := map[string][]int32{"latent": make([]int32, count*n), "condition": make([]int32, count*n)}
	if v.engine.pipeline.unet.PlaceChannels() > 0 {
		index["map"] = make([]int32, count*n)
	}
	for i := range count * n {
		index["latent"][i], index["condition"][i] = int32(first+i/n), int32(rows[i%n])
		if m, ok := index["map"]; ok {
			m[i] = int32((first+i/n)*v.rows + rows[i%n])
		}
	}
	for name, values := range index {
		if err := v.unet.writeInts(ctx, name, values); err != nil {
			return err
		}
	}
	return nil
}

// all numbers every row.
func (v *evaluator) all() []int { return numbers(v.rows) }

// numbers are those of n things, from 0.
func numbers(n int) []int {
	all := make([]int, n)
	for i := range all {
		all[i] = i
	}
	return all
}

// Close frees the network's memory; latents and conditions are the caller's.
func (v *evaluator) Close() error { return v.unet.Close() }

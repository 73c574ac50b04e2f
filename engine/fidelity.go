package engine

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/counterpoint/counterpoint/engine/sample"
)

// Fidelity tells how close a model's copy, packed in fewer bits, comes to the original. All figures are in decibels.
type Fidelity struct {
	// Steps holds, for each step of the original's run, the signal-to-noise ratio of one evaluation of the copy's networks
	// at the original's latents (teacher-forced), over all rows.
	Steps []float64 `json:"steps_db"`
	// Composed is the same of the composed score, in which the difference of nearly equal rows is multiplied.
	Composed []float64 `json:"composed_db"`
	// Picture is the peak signal-to-noise ratio of the copy's own picture against the original's.
	Picture float64 `json:"picture_db"`
}

// Compare runs a request for one picture on both models. They must have the same architecture.
func Compare(ctx context.Context, original, copied *Engine, r Request) (*Fidelity, error) {
	r.Batch = 1
	f := &Fidelity{}
	if err := f.compareSteps(ctx, original, copied, r); err != nil {
		return nil, err
	}
	var pictures [2]Picture
	for i, e := range []*Engine{original, copied} {
		for ev, err := range e.Generate(ctx, r) {
			if err != nil {
				return nil, err
			}
			if ev.Phase == Done {
				pictures[i] = ev.Result.Pictures[0]
			}
		}
	}
	var squares float64
	a, b := pictures[0].Image.Pix, pictures[1].Image.Pix
	if len(a) != len(b) {
		return nil, errors.New("compare: pictures differ in size")
	}
	for i := range a {
		d := float64(a[i]) - float64(b[i]) // alpha is equal and counts as nothing below
		squares += d * d
	}
	f.Picture = 10 * math.Log10(255*255*float64(len(a)/4*3)/squares)
	return f, nil
}

// compareSteps follows the original's run and evaluates the copy beside it.
func (f *Fidelity) compareSteps(ctx context.Context, original, copied *Engine, r Request) error {
	p, err := original.plan(r)
	if err != nil {
		return err
	}
	if err := original.checkInput(&p.request); err != nil {
		return err
	}
	canvas, err := original.newCanvas(ctx, &p.request)
	if err != nil {
		return err
	}
	var scorers [2]*scorer
	for i, e := range []*Engine{original, copied} {
		if e.pipeline.unet.OutChannels != p.shape.C || e.pipeline.vae.Factor != original.pipeline.vae.Factor {
			return fmt.Errorf("compare: models %s and %s differ in architecture", original.info.Name, copied.info.Name)
		}
		texts, err := e.readTexts(p.rows)
		if err != nil {
			return err
		}
		c, err := e.encode(ctx, texts, p.placed, p.shape.H, p.shape.W)
		if err != nil {
			return err
		}
		defer c.Close()
		b, err := newBank(ctx, e.device, canvas.Registers(p.steps), p.shape.Len())
		if err != nil {
			return err
		}
		defer b.Close()
		if scorers[i], err = e.newScorer(b, p.rows, c, 1, p.shape.H, p.shape.W); err != nil {
			return err
		}
		defer scorers[i].Close()
	}
	x := make([]float32, p.shape.Len())
	shadow := func(ctx context.Context, step sample.Step, in, out sample.Reg) error {
		if err := scorers[0].bank.Read(in, x); err != nil {
			return err
		}
		if err := scorers[1].bank.Fill(in, x); err != nil {
			return err
		}
		var rows, composed [2][]float32
		for i, s := range scorers {
			if err := s.Score(ctx, step, in, out); err != nil {
				return err
			}
			rows[i], composed[i] = make([]float32, len(p.rows)*len(x)), make([]float32, len(x))
			err := errors.Join(s.unet.outputs["score"].ReadFloats(ctx, 0, rows[i]), s.bank.Read(out, composed[i]))
			if err != nil {
				return err
			}
		}
		f.Steps = append(f.Steps, snr(rows[0], rows[1]))
		f.Composed = append(f.Composed, snr(composed[0], composed[1]))
		return nil
	}
	for _, err := range sample.RunFrom(ctx, scorers[0].bank, sample.ScorerFunc(shadow), p.steps, p.seeds, p.shape, canvas.Start) {
		if err != nil {
			return err
		}
	}
	return nil
}

// snr is the ratio of the reference's power to that of the difference.
func snr(want, got []float32) float64 {
	var signal, noise float64
	for i, w := range want {
		d := float64(got[i]) - float64(w)
		signal += float64(w) * float64(w)
		noise += d * d
	}
	return 10 * math.Log10(signal/noise)
}

// Median returns the middle of the values, the higher of two.
func Median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}

package engine

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/counterpoint/counterpoint/engine/compose"
	"github.com/counterpoint/counterpoint/engine/device"
	"github.com/counterpoint/counterpoint/engine/sample"
)

// BenchOptions say what Bench measures.
type BenchOptions struct {
	Rows          int // rows of an evaluation: the terms of a prompt and the unconditional
	Width, Height int // of the picture, in pixels; 0 for the model's own
	Repeat        int // evaluations timed, after one that is not
}

// BenchReport is what one evaluation of the UNet costs.
type BenchReport struct {
	Model     ModelInfo     `json:"model"`
	Device    device.Info   `json:"device"`
	Rows      int           `json:"rows"`
	Width     int           `json:"width"`
	Height    int           `json:"height"`
	Times     []float64     `json:"times_ms"`  // of each evaluation, in order
	Median    float64       `json:"median_ms"` // of the times
	GFLOP     float64       `json:"gflop"`     // multiplications and additions of one evaluation, counted apart
	Operators []OperatorUse `json:"operators"` // most time first; empty where the device can't tell
}

// OperatorUse is one operator's share of an evaluation.
type OperatorUse struct {
	Name  string  `json:"name"`
	Count int     `json:"count"` // instructions
	Time  float64 `json:"ms"`
	GFLOP float64 `json:"gflop"` // 0 for operators that only move or map
}

// Rate returns the operator's GFLOP a second.
func (o OperatorUse) Rate() float64 { return o.GFLOP / o.Time * 1e3 }

// Bench times evaluations of the UNet on rows of empty text.
func (e *Engine) Bench(ctx context.Context, o BenchOptions) (*BenchReport, error) {
	if o.Rows < 1 || o.Repeat < 1 {
		return nil, errors.New("bench: rows and repeat must be at least 1")
	}
	r, err := e.Complete(Request{Width: o.Width, Height: o.Height})
	if err != nil {
		return nil, err
	}
	factor := e.pipeline.vae.Factor
	h, w := r.Height/factor, r.Width/factor
	rows := make([]compose.Row, o.Rows)
	texts, err := e.readTexts(rows)
	if err != nil {
		return nil, err
	}
	conditions, err := e.encode(ctx, texts, [][][]Placed{make([][]Placed, o.Rows)}, h, w)
	if err != nil {
		return nil, err
	}
	defer conditions.Close()
	shape := sample.Shape{C: e.pipeline.vae.Channels, H: h, W: w}
	latents, err := newBank(ctx, e.device, int(sample.RegScore)+1, shape.Len())
	if err != nil {
		return nil, err
	}
	defer latents.Close()
	noise := make([]float32, shape.Len())
	sample.NoiseNHWC(0, 0, shape, noise)
	if err := latents.Fill(sample.RegX, noise); err != nil {
		return nil, err
	}
	s, err := e.newScorer(latents, rows, conditions, 1, h, w)
	if err != nil {
		return nil, err
	}
	defer s.Close()

	report := &BenchReport{Model: e.info, Device: e.device.Info(), Rows: o.Rows, Width: r.Width, Height: r.Height,
		GFLOP: float64(s.unet.plan.FLOPs(o.Rows)) / 1e9}
	for i := range o.Repeat + 1 {
		start := time.Now()
		if err := s.Score(ctx, sample.Step{T: 500}, sample.RegX, sample.RegScore); err != nil {
			return nil, err
		}
		// Reading waits for devices that run behind.
		if err := latents.Read(sample.RegScore, noise); err != nil {
			return nil, err
		}
		if i > 0 { // the first finds caches cold and scratch memory not yet made
			report.Times = append(report.Times, float64(time.Since(start))/1e6)
		}
	}
	report.Median = Median(report.Times)
	report.Operators, err = profile(ctx, s.unet, o.Rows, o.Repeat)
	return report, err
}

// profile times each operator over repeated runs.
func profile(ctx context.Context, p *program, rows, repeat int) ([]OperatorUse, error) {
	exe, ok := p.exe.(device.Profiler)
	if !ok {
		return nil, nil
	}
	spent := make([]time.Duration, len(p.plan.Instrs))
	for range repeat {
		if err := exe.Profile(ctx, rows, spent); err != nil {
			return nil, err
		}
	}
	uses := map[string]*OperatorUse{}
	for i, in := range p.plan.Instrs {
		u := uses[in.Op.Name()]
		if u == nil {
			u = &OperatorUse{Name: in.Op.Name()}
			uses[u.Name] = u
		}
		u.Count++
		u.Time += float64(spent[i]) / 1e6 / float64(repeat)
		u.GFLOP += float64(in.FLOPs(rows)) / 1e9
	}
	list := make([]OperatorUse, 0, len(uses))
	for _, u := range uses {
		list = append(list, *u)
	}
	slices.SortFunc(list, func(a, b OperatorUse) int { return cmp.Compare(b.Time, a.Time) })
	return list, nil
}

package webgpu

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/counterpoint/counterpoint/engine/device"
	"github.com/counterpoint/counterpoint/engine/graph"
)

// Tuning is what Tune measured. It can be stored as JSON and given back in Options when the same adapter is opened again;
// another adapter, other products or tiles that no longer exist make it void, never wrong.
type Tuning struct {
	Adapter string      `json:"adapter"`        // Adapter.String
	Half    bool        `json:"half,omitempty"` // products are in f16
	Tiles   []TileSpeed `json:"tiles"`
}

// TileSpeed is the speed of a tile in GFLOP/s, were its positions and outputs all needed.
type TileSpeed struct {
	Tile Tile    `json:"tile"`
	Few  float64 `json:"few"`  // products of hundreds of positions
	Many float64 `json:"many"` // of thousands
}

// holds reports whether a tuning is of this adapter and kind of products.
func (t *Tuning) holds(a Adapter, half bool) bool {
	return t != nil && t.Adapter == a.String() && t.Half == half
}

// tuneShape is a 3×3 convolution with int8 weights.
type tuneShape struct{ rows, size, channels int }

var tuneShapes = [sizeClasses]tuneShape{few: {3, 16, 128}, many: {1, 64, 64}}

// tuneTime is the least time of a measurement; the best of tuneRepeats counts.
const (
	tuneTime    = 4 * time.Millisecond
	tuneRepeats = 3
)

// Tune measures the tiles that the adapter's limits allow, in about a second on a GPU, and uses the result for the programs
// compiled from then on. Progress, if not nil, is told before each tile how many are done.
func (d *Device) Tune(ctx context.Context, progress func(done, total int)) (Tuning, error) {
	if err := d.ready(); err != nil {
		return Tuning{}, err
	}
	return d.tune(ctx, newTiling(d.adapter, d.half(), nil).candidates, progress)
}

func (d *Device) tune(ctx context.Context, candidates []candidate, progress func(done, total int)) (Tuning, error) {
	before := d.tiling
	t := Tuning{Adapter: d.adapter.String(), Half: d.half()}
	for i, c := range candidates {
		if progress != nil {
			progress(i, len(candidates))
		}
		d.tiling = tiling{candidates: []candidate{c}}
		var speeds [sizeClasses]float64
		for class, s := range tuneShapes {
			speed, err := d.speed(ctx, s)
			if err != nil {
				d.tiling = before
				return Tuning{}, fmt.Errorf("webgpu: tuning: tile %v: %w", c.Tile, err)
			}
			speeds[class] = speed / d.tiling.used(c.Tile, s.rows*s.size*s.size, s.channels)
		}
		t.Tiles = append(t.Tiles, TileSpeed{c.Tile, speeds[few], speeds[many]})
	}
	d.tiling = newTiling(d.adapter, d.half(), &t)
	return t, nil
}

// speed measures a convolution in the device's tiling, in GFLOP/s.
func (d *Device) speed(ctx context.Context, s tuneShape) (_ float64, err error) {
	g := graph.New("tuning", s.rows)
	x := g.Input("x", graph.F32, graph.Rows, s.size, s.size, s.channels)
	w := g.Weight("w", graph.Encoding{Kind: graph.EncInt8, Group: 32}, s.channels, 3, 3, s.channels)
	g.Output("y", g.Apply(graph.Conv2D{Stride: 1, Pad: graph.Pad(1)}, x, w))
	p, err := graph.Compile(g, d.Info().Options)
	if err != nil {
		return 0, err
	}
	weights := d.NewWeights()
	defer func() { err = errors.Join(err, weights.Close()) }()
	n := w.Shape.Elems(1)
	zeros := graph.Weight{Name: w.Name, Shape: w.Shape, Encoding: w.Encoding, Data: make([]byte, n), Scales: make([]byte, 2*n/w.Encoding.Group)}
	if err := weights.Put(zeros); err != nil {
		return 0, err
	}
	e, err := d.Compile(p, weights)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, e.Close()) }()
	for _, port := range append(p.Inputs, p.Outputs...) {
		var b device.Buffer
		if b, err = d.NewBuffer(port.Shape.Elems(s.rows)); err != nil {
			return 0, err
		}
		defer func() { err = errors.Join(err, b.Close()) }()
		if err = e.Bind(port.Name, b); err != nil {
			return 0, err
		}
	}
	run := func(times int) (time.Duration, error) {
		start := time.Now()
		for range times {
			if err := e.Run(ctx, s.rows); err != nil {
				return 0, err
			}
		}
		err := d.queue.drain(ctx)
		return time.Since(start), err
	}
	if _, err := run(1); err != nil {
		return 0, err
	}
	best := time.Duration(0) // of one run
	for times, measured := 1, 0; measured < tuneRepeats; {
		took, err := run(times)
		if err != nil {
			return 0, err
		}
		if took < tuneTime {
			times *= 2
			continue
		}
		if took /= time.Duration(times); measured == 0 || took < best {
			best = took
		}
		measured++
	}
	return float64(p.FLOPs(s.rows)) / float64(best), nil // operations a nanosecond
}

package trial

import (
	"context"
	"errors"
	"math"

	"github.com/counterpoint/counterpoint/engine/device"
)

// What Composition works on: some pictures' scores of the background and of concepts, over a latent [cells,channels].
const (
	pictures = 3
	concepts = 3
)

// Slots of the composition's scalars.
const (
	slotMain    = iota // |d₀|², d the guidance directions
	slotAlong          // dᵢ·d₀ of the others
	slotSum     = slotAlong + concepts - 1
	slotSquare  = slotSum + 1
	slotWeight  = slotSquare + 1 // a logarithm
	slotUniform = slotWeight + 1
	slotRow     = slotUniform + 1
	slotScale   = slotRow + 1 // of everything
	slotParts   = slotScale + 1
	slots       = slotParts + concepts - 1
)

// Composition puts made-up scores together with each of a device's operations: the perpendicular parts of the concepts'
// directions, masked, rescaled by their deviation, of pictures that are drawn. It returns all the scalars, then the results.
func Composition(ctx context.Context, d device.Device, cells, channels int) (result []float32, err error) {
	var buffers []device.Buffer
	defer func() {
		for _, b := range buffers {
			err = errors.Join(err, b.Close())
		}
	}()
	n := cells * channels
	upload := func(name string, size int) (device.Buffer, error) {
		b, err := d.NewBuffer(size)
		if err != nil {
			return nil, err
		}
		buffers = append(buffers, b)
		v, rng := make([]float32, size), source(name)
		for i := range v {
			v[i] = float32(rng.NormFloat64())
		}
		return b, b.WriteFloats(ctx, 0, v)
	}
	scores, err := upload("scores", pictures*(1+concepts)*n)
	if err != nil {
		return nil, err
	}
	masks, err := upload("masks", cells)
	if err != nil {
		return nil, err
	}
	out, err := upload("out", pictures*n)
	if err != nil {
		return nil, err
	}
	numbers, err := upload("numbers", pictures*slots)
	if err != nil {
		return nil, err
	}
	if err := numbers.WriteFloats(ctx, slotUniform, []float32{0.4}); err != nil {
		return nil, err
	}
	row := func(i int) device.Batch {
		return device.Batch{Buffer: scores, Offset: i * n, Stride: (1 + concepts) * n}
	}
	if err := compose(d, row, device.Batch{Buffer: masks}, device.Batch{Buffer: out, Stride: n}, device.Scalars{Buffer: numbers, Slots: slots}, n, channels); err != nil {
		return nil, err
	}
	result = make([]float32, pictures*(slots+n))
	return result, errors.Join(numbers.ReadFloats(ctx, 0, result[:pictures*slots]), out.ReadFloats(ctx, 0, result[pictures*slots:]))
}

// compose enqueues the operations. Row 0 is the background's.
func compose(d device.Device, row func(int) device.Batch, mask, out device.Batch, s device.Scalars, n, channels int) error {
	direction := func(i, j int) device.Pair {
		return device.Pair{A: row(1 + i), MinusA: row(0), B: row(1 + j), MinusB: row(0)}
	}
	pairs := []device.Pair{direction(0, 0)}
	for i := 1; i < concepts; i++ {
		pairs = append(pairs, direction(i, 0))
	}
	pairs = append(pairs, device.Pair{A: row(1)}, device.Pair{A: row(1), B: row(1)})
	if err := d.Dots(device.Dots{Pictures: pictures, Len: n, Dst: s, First: slotMain, Pairs: pairs}); err != nil {
		return err
	}
	var e device.Expr
	for i := range concepts - 1 {
		e.Store(slotParts+i, e.Div(e.Load(slotAlong+i), e.Load(slotMain)))
	}
	mean := e.Mul(e.Load(slotSum), e.Const(1/float64(n)))
	variance := e.Sub(e.Mul(e.Load(slotSquare), e.Const(1/float64(n))), e.Mul(mean, mean))
	e.Store(slotScale, e.Div(e.Const(1), e.Sqrt(e.Max(variance, e.Const(1e-6)))))
	weight := e.Mul(e.Load(slotSum), e.Const(2/math.Sqrt(float64(n))))
	e.Store(slotWeight, e.Min(e.Max(weight, e.Const(-2)), e.Const(2)))
	program, err := e.Program()
	if err != nil {
		return err
	}
	if err := d.Eval(device.Eval{Pictures: pictures, Scalars: s, Program: program}); err != nil {
		return err
	}
	if err := d.Resample(device.Resample{Pictures: pictures, Scalars: s, Weight: slotWeight, Uniform: slotUniform, Row: slotRow}); err != nil {
		return err
	}
	term := func(i int, coef float64, factor int) device.MixTerm {
		return device.MixTerm{Of: row(i), Coef: coef, Factor: device.At(factor), Row: device.At(slotRow), Rows: pictures}
	}
	terms := []device.MixTerm{term(0, 1, slotScale), term(1, 3, slotScale)}
	for i := 1; i < concepts; i++ {
		masked := term(1+i, 0.5, slotScale)
		masked.Mask = mask
		terms = append(terms, masked, term(1, -0.5, slotParts+i-1))
	}
	return d.Mix(device.Mix{Pictures: pictures, Len: n, Dst: out, Terms: terms, Scalars: s, Channels: channels})
}

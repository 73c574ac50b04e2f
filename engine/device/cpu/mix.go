package cpu

import (
	"fmt"

	"github.com/counterpoint/counterpoint/engine/device"
)

// owns is a device.Owner.
func owns(b device.Buffer) error {
	own, ok := b.(*buffer)
	if !ok {
		return fmt.Errorf("buffer is a %T, not one of this device", b)
	}
	if own.data == nil {
		return device.ErrClosed
	}
	return nil
}

// elements are n elements of a picture's view, from the first-th on.
func elements(b device.Batch, picture, first, n int) []float32 {
	return b.Buffer.(*buffer).data[b.Offset+picture*b.Stride+first:][:n]
}

// slots are a picture's scalars.
func slots(s device.Scalars, picture int) []float32 {
	return elements(device.Batch{Buffer: s.Buffer, Offset: s.Offset, Stride: s.Slots}, picture, 0, s.Slots)
}

// Combine sums in float64 and rounds once, so the result does not depend on the level.
func (d *Device) Combine(dst device.View, terms []device.Term) error {
	m, err := device.Combination(dst, terms)
	if err != nil {
		return fmt.Errorf("cpu: combine: %w", err)
	}
	return d.Mix(m)
}

// mixPiece is how many elements of a sum are kept in float64 at a time.
const mixPiece = 1024

// Mix sums in float64 and rounds once, as Combine does.
func (d *Device) Mix(m device.Mix) error {
	if d.closed {
		return device.ErrClosed
	}
	if err := m.Check(owns); err != nil {
		return fmt.Errorf("cpu: mix: %w", err)
	}
	pieces := (m.Len + mixPiece - 1) / mixPiece
	d.spread(m.Pictures*pieces, grain/mixPiece, func(_, first, end int) {
		var sums [mixPiece]float64
		for task := first; task < end; task++ {
			from := task % pieces * mixPiece
			mixPart(m, task/pieces, from, sums[:min(mixPiece, m.Len-from)])
		}
	})
	return nil
}

// mixPart sets the elements of a picture from the first-th on, as many as there are sums.
func mixPart(m device.Mix, picture, first int, sums []float64) {
	clear(sums)
	for _, t := range m.Terms {
		coef, row := t.Coef, picture
		if t.Factor != 0 {
			coef *= float64(slots(m.Scalars, picture)[t.Factor.Index()])
		}
		if t.Row != 0 {
			row = nearest(slots(m.Scalars, picture)[t.Row.Index()], t.Rows)
		}
		if coef == 0 {
			continue
		}
		src := elements(t.Of, row, first, len(sums))
		if t.Mask.Buffer == nil {
			for i, v := range src {
				sums[i] += float64(coef * float64(v)) // the conversion forbids fusing, so every machine rounds alike
			}
			continue
		}
		mask := elements(t.Mask, picture, 0, m.Len/m.Channels)
		for i := 0; i < len(src); {
			cell := (first + i) / m.Channels
			c := float64(coef * float64(mask[cell]))
			for end := min((cell+1)*m.Channels-first, len(src)); i < end; i++ {
				sums[i] += float64(c * float64(src[i]))
			}
		}
	}
	for i, dst := 0, elements(m.Dst, picture, first, len(sums)); i < len(dst); i++ {
		dst[i] = float32(sums[i])
	}
}

// nearest is the index within a table of n that a scalar stands for.
func nearest(x float32, n int) int {
	if !(x > 0) {
		return 0
	}
	return int(min(x, float32(n-1)) + 0.5)
}

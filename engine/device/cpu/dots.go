package cpu

import (
	"fmt"

	"github.com/counterpoint/counterpoint/engine/device"
)

// dotPiece is how many differences are formed before they are multiplied, and dotGrain the work, in such pieces, below which
// no other worker is woken.
const (
	dotPiece = 512
	dotGrain = grain / dotPiece
)

// Dots sums in float64, each pair of a picture on one worker, so the result depends on neither level nor threads.
func (d *Device) Dots(o device.Dots) error {
	if d.closed {
		return device.ErrClosed
	}
	if err := o.Check(owns); err != nil {
		return fmt.Errorf("cpu: dots: %w", err)
	}
	pieces := max((o.Len+dotPiece-1)/dotPiece, 1)
	d.spread(o.Pictures*len(o.Pairs), dotGrain/pieces, func(_, first, end int) {
		var a, b [dotPiece]float64
		for task := first; task < end; task++ {
			picture, pair := task/len(o.Pairs), task%len(o.Pairs)
			slots(o.Dst, picture)[o.First+pair] = float32(dotPair(&a, &b, o.Pairs[pair], picture, o.Len))
		}
	})
	return nil
}

// dotPair sums one pair over n elements of a picture, by way of a and b.
func dotPair(a, b *[dotPiece]float64, p device.Pair, picture, n int) float64 {
	var sum float64
	for first := 0; first < n; first += dotPiece {
		size := min(dotPiece, n-first)
		difference(a[:size], p.A, p.MinusA, picture, first)
		if p.B.Buffer == nil {
			for i := range size {
				b[i] = 1
			}
		} else {
			difference(b[:size], p.B, p.MinusB, picture, first)
		}
		sum += dot(a[:size], b[:size])
	}
	return sum
}

// difference sets dst to elements of a picture's view from the first-th on, less those of minus, if there is one.
func difference(dst []float64, of, minus device.Batch, picture, first int) {
	src := elements(of, picture, first, len(dst))
	if minus.Buffer == nil {
		for i, v := range src {
			dst[i] = float64(v)
		}
		return
	}
	less := elements(minus, picture, first, len(dst))[:len(src)]
	for i, v := range src {
		dst[i] = float64(v) - float64(less[i])
	}
}

// dot returns Σ a·b in four interleaved sums, so that additions need not wait for each other.
func dot(a, b []float64) float64 {
	var s0, s1, s2, s3 float64
	b = b[:len(a)]
	for ; len(a) >= 4 && len(b) >= 4; a, b = a[4:], b[4:] {
		s0 += float64(a[0] * b[0]) // the conversions forbid fusing, so every machine rounds alike
		s1 += float64(a[1] * b[1])
		s2 += float64(a[2] * b[2])
		s3 += float64(a[3] * b[3])
	}
	for i, v := range a {
		s0 += float64(v * b[i])
	}
	return (s0 + s1) + (s2 + s3)
}

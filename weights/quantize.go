package weights

import (
	"encoding/binary"
	"fmt"
	"math"
	"runtime"
	"sync"
)

// NewTensor packs values, given in PyTorch's order for the shape, in an
// encoding. The group is the number of input channels that share a scale, a
// power of two from 8 to 1024, and 0 for F32 and F16. Values that are not
// finite, or that overflow float16 where the encoding has it, are refused.
//
// The result does not depend on the machine or on how many cores it has.
func NewTensor(name string, shape []int, values []float32, e Encoding, group int) (Tensor, error) {
	t := Tensor{Name: name, Shape: shape, Encoding: e, Group: group}
	if err := CheckShape(shape); err != nil {
		return Tensor{}, fmt.Errorf("tensor %s: %w", name, err)
	}
	if err := checkEncoding(e, group, len(shape)); err != nil {
		return Tensor{}, fmt.Errorf("tensor %s: %w", name, err)
	}
	l := t.Layout()
	if len(values) != l.Len() {
		return Tensor{}, fmt.Errorf("tensor %s: %d values for shape %v, want %d", name, len(values), shape, l.Len())
	}
	limit := e.Max()
	for i, v := range values {
		if !(v >= -limit && v <= limit) {
			return Tensor{}, fmt.Errorf("tensor %s: value %v at %d cannot be stored as %v", name, v, i, e)
		}
	}
	dataBytes, scaleBytes := l.RowBytes(e, group)
	t.Rows = l.Out
	t.Data = make([]byte, dataBytes*int64(l.Out))
	t.Scales = make([]byte, scaleBytes*int64(l.Out))
	parallel(l.Out, func(first, end int) {
		n := l.Row()
		stored := make([]float32, n)
		for r := first; r < end; r++ {
			l.toStored(stored, values[r*n:(r+1)*n])
			encodeRow(&t, r, stored)
		}
	})
	return t, nil
}

// parallel calls f for ranges that together are [0, n), on all cores.
func parallel(n int, f func(first, end int)) {
	workers := min(n, runtime.GOMAXPROCS(0))
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() { f(n*w/workers, n*(w+1)/workers) })
	}
	wg.Wait()
}

// encodeRow writes row r of the whole tensor t from values in stored order.
func encodeRow(t *Tensor, r int, stored []float32) {
	l := t.Layout()
	dataBytes, scaleBytes := l.RowBytes(t.Encoding, t.Group)
	data := t.Data[int64(r)*dataBytes:][:dataBytes]
	switch t.Encoding {
	case F32:
		for i, v := range stored {
			binary.LittleEndian.PutUint32(data[4*i:], math.Float32bits(v))
		}
	case F16:
		for i, v := range stored {
			binary.LittleEndian.PutUint16(data[2*i:], Float32ToHalf(v))
		}
	default:
		scales := t.Scales[int64(r)*scaleBytes:][:scaleBytes]
		run := int(t.Encoding.runBytes(int64(l.In)))
		for k := range l.Kernel {
			quantizeRun(data[k*run:][:run], scales, stored[k*l.In:][:l.In], t.Encoding, t.Group)
			scales = scales[2*l.Groups(t.Group):]
		}
	}
}

// grid is the integers of a quantized encoding, and where in them a scale
// search puts a group's value of largest magnitude.
type grid struct {
	low, high float64
	peaks     []float64
}

// Int8 is fine enough that nothing is won by clipping. Int4 has 16 steps: the
// usual way of mapping the peak to an end wastes up to a tenth of a group's
// range, so a few scales are tried, of both signs, since -8 has no counterpart.
var grids = map[Encoding]grid{
	Int8: {-127, 127, []float64{127}},
	Int4: {-8, 7, []float64{-9, -8.5, -8, -7.5, -7, -6.5, -6, 6, 6.5, 7, 7.5, 8}},
}

// maxQuantized is the largest magnitude a group may hold in either encoding:
// at the smallest peak that is tried, its scale is still a finite float16.
const maxQuantized = 6 * maxHalf

// Max is the largest magnitude that NewTensor packs in an encoding.
func (e Encoding) Max() float32 {
	switch e {
	case F16:
		return maxHalf
	case Int8, Int4:
		return maxQuantized
	}
	return math.MaxFloat32
}

// quantizeRun packs a run of values, a scale for each group of them.
func quantizeRun(data, scales []byte, run []float32, e Encoding, group int) {
	g := grids[e]
	for first := 0; first < len(run); first += group {
		values := run[first:min(first+group, len(run))]
		h := g.scale(values)
		binary.LittleEndian.PutUint16(scales[first/group*2:], h)
		s := float64(HalfToFloat32(h))
		for i, v := range values {
			q := int(g.nearest(v, s))
			if e == Int8 {
				data[first+i] = byte(int8(q))
				continue
			}
			// Groups are of even size, so a byte never straddles two of them.
			if at := (first + i) / 2; i%2 == 0 {
				data[at] = byte(q+8) | 8<<4
			} else {
				data[at] = data[at]&0x0f | byte(q+8)<<4
			}
		}
	}
}

// dequantizeRun is the inverse of quantizeRun, up to rounding.
func dequantizeRun(dst []float32, data, scales []byte, e Encoding, group int) {
	for first := 0; first < len(dst); first += group {
		values := dst[first:min(first+group, len(dst))]
		s := HalfToFloat32(binary.LittleEndian.Uint16(scales[first/group*2:]))
		for i := range values {
			var q int
			if e == Int8 {
				q = int(int8(data[first+i]))
			} else {
				q = int(data[(first+i)/2]>>(4*(i&1))&0x0f) - 8
			}
			values[i] = float32(q) * s
		}
	}
}

// nearest gives the integer of the grid that times s is nearest to v.
func (g grid) nearest(v float32, s float64) float64 {
	if s == 0 {
		return 0
	}
	return min(max(math.RoundToEven(float64(v)/s), g.low), g.high)
}

// scale gives the float16 scale with the least squared error among those that
// map the peak to one of g.peaks, each also refined: for the integers it leads
// to, the best scale is Σvq / Σq².
func (g grid) scale(values []float32) uint16 {
	var peak float64
	for _, v := range values {
		if math.Abs(float64(v)) > math.Abs(peak) {
			peak = float64(v)
		}
	}
	if peak == 0 {
		return 0
	}
	best, least := uint16(0), math.Inf(1)
	try := func(s float64) (refined float64) {
		h := Float32ToHalf(float32(s))
		if h&0x7fff == 0 {
			h |= 1 // where the scale underflows, the smallest subnormal still serves
		}
		if h&0x7c00 == 0x7c00 {
			return s
		}
		rounded := float64(HalfToFloat32(h))
		var squared, vq, qq float64
		for _, v := range values {
			q := g.nearest(v, rounded)
			// Products are rounded before they are added: a fused
			// multiply-add, which Go may use on arm64, would choose differently.
			d := float64(v) - float64(q*rounded)
			squared += float64(d * d)
			vq += float64(float64(v) * q)
			qq += float64(q * q)
		}
		if squared < least {
			best, least = h, squared
		}
		if qq == 0 {
			return s
		}
		return vq / qq
	}
	for _, p := range g.peaks {
		try(try(peak / p))
	}
	return best
}

// Noise measures how far values are from those they stand for.
type Noise struct {
	Signal float64 // sum of squares of the wanted values
	Error  float64 // sum of squares of the differences
	Max    float64 // largest difference
}

// Add counts in a slice of values; both have the same length.
func (n *Noise) Add(want, got []float32) {
	for i, w := range want {
		d := math.Abs(float64(w) - float64(got[i]))
		n.Signal += float64(w) * float64(w)
		n.Error += d * d
		n.Max = max(n.Max, d)
	}
}

// SNR is the signal-to-noise ratio in decibels, 10·log₁₀(Signal/Error);
// infinite when there is no error.
func (n Noise) SNR() float64 {
	if n.Error == 0 {
		return math.Inf(1)
	}
	return 10 * math.Log10(n.Signal/n.Error)
}

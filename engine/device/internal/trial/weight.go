package trial

import (
	"encoding/binary"
	"math"
	"math/rand/v2"

	"github.com/counterpoint/counterpoint/engine/graph"
)

// Weight makes up the bytes of a weight in its encoding: every code occurs, scales differ and may be negative, padding
// holds garbage. A product with it keeps the size of values near 1.
func Weight(t *graph.Tensor) graph.Weight {
	rng := source(t.Name)
	w := graph.Weight{Name: t.Name, Shape: t.Shape, Encoding: t.Encoding}
	n, in := t.Shape.Elems(1), t.Shape.Last()
	deviation := 1.0
	if len(t.Shape) > 1 {
		deviation = 1 / math.Sqrt(float64(n/t.Shape[0]))
	}
	switch t.Encoding.Kind {
	case graph.EncF32:
		for range n {
			w.Data = binary.LittleEndian.AppendUint32(w.Data, math.Float32bits(float32(deviation*rng.NormFloat64())))
		}
	case graph.EncF16:
		for range n {
			w.Data = binary.LittleEndian.AppendUint16(w.Data, half(deviation*rng.NormFloat64()))
		}
	case graph.EncInt8:
		w.Data = noise(rng, n)
		w.Scales = scales(rng, n/in, in, t.Encoding.Group, deviation/74)
	case graph.EncInt4:
		w.Data = noise(rng, n/in*((in+1)/2))
		w.Scales = scales(rng, n/in, in, t.Encoding.Group, deviation/4.6)
	}
	return w
}

// noise returns n bytes, all of whose values are equally likely.
func noise(rng *rand.Rand, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(rng.Uint32())
	}
	return b
}

// scales returns the scales of runs of in channels, of the given size on average.
func scales(rng *rand.Rand, runs, in, group int, size float64) []byte {
	var b []byte
	for range runs * ((in + group - 1) / group) {
		s := size * (0.5 + rng.Float64())
		if rng.IntN(8) == 0 {
			s = -s
		}
		b = binary.LittleEndian.AppendUint16(b, half(s))
	}
	return b
}

// half returns a float16 next to f: toward zero, and zero below the normal numbers.
func half(f float64) uint16 {
	bits := math.Float64bits(f)
	exponent := int(bits>>52&0x7ff) - 1023 + 15
	if exponent < 1 {
		return 0
	}
	return uint16(bits>>48&0x8000) | uint16(min(exponent, 30))<<10 | uint16(bits>>42&0x3ff)
}

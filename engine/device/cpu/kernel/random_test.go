package kernel

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
)

// random makes the operands of tests.
type random struct{ *rand.Rand }

func newRandom(seed uint64) random { return random{rand.New(rand.NewPCG(seed, 7))} }

// floats returns n normally distributed values.
func (r random) floats(n int) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(r.NormFloat64())
	}
	return x
}

// weights returns a random matrix in canonical order.
func (r random) weights(outputs, positions, inputs int, e Encoding, group int) Weights {
	w := Weights{Outputs: outputs, Positions: positions, Inputs: inputs, Encoding: e, Group: group}
	size := outputs * positions * inputs
	switch e {
	case Float32:
		for range size {
			w.Data = binary.LittleEndian.AppendUint32(w.Data, math.Float32bits(float32(r.NormFloat64())))
		}
	case Float16:
		for range size {
			w.Data = binary.LittleEndian.AppendUint16(w.Data, r.half())
		}
	case Int8:
		w.Data = r.bytes(size)
	case Int4:
		w.Data = r.bytes(outputs * positions * ceilDiv(inputs, 2))
	}
	if e.quantized() {
		for range outputs * w.groups() {
			w.Scales = binary.LittleEndian.AppendUint16(w.Scales, r.half())
		}
	}
	return w
}

// half returns a float16 between 2⁻⁸ and 2⁻³, of either sign.
func (r random) half() uint16 {
	return uint16(r.IntN(2)<<15 | (15-8+r.IntN(5))<<10 | r.IntN(1<<10))
}

func (r random) bytes(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

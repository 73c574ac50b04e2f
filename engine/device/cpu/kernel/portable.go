package kernel

import (
	"encoding/binary"
	"math"
)

// portableKernels returns the kernels in plain Go, which define what the others compute. They
// round like those do: once an operation or less, never in a lower precision.
func portableKernels() *Kernels {
	return &Kernels{
		level: Portable, rows: 4, width: 8,
		tile:       [2][]tileFunc{portableTiles(8), portableTiles(4)},
		expand8:    [2]expandInt8Func{expandInt8Portable(8), expandInt8Portable(4)},
		expand4:    [2]expandInt4Func{expandInt4Portable(8), expandInt4Portable(4)},
		expandHalf: expandHalfPortable,
		transpose:  transposePortable,

		unary:      [activations]unaryFunc{copyPortable, reluPortable, siluPortable, geluPortable, quickGELUPortable, tanhPortable},
		exp:        expPortable,
		add:        addPortable,
		mul:        mulPortable,
		scale:      scalePortable,
		scaleAdd:   scaleAddPortable,
		scaleShift: scaleShiftPortable,
		normalize:  normalizePortable,
		expSum:     expSumPortable,
		max:        maxPortable,
		dot:        dotPortable,
		moments:    momentsPortable,
		columns:    columnsPortable,
	}
}

// portableTiles returns the tiles of 1 to 4 rows and a width that is a multiple of 4.
func portableTiles(width int) []tileFunc {
	tiles := make([]tileFunc, 4)
	for i := range tiles {
		rows := i + 1
		tiles[i] = func(c []float32, ldc int, a []float32, lda int, b []float32, k int, accumulate bool) {
			r := 0
			for ; r+2 <= rows; r += 2 {
				for j := 0; j < width; j += 4 {
					tile2x4(c[r*ldc+j:], ldc, a[r*lda:], lda, b[j:], width, k, accumulate)
				}
			}
			if r < rows {
				for j := 0; j < width; j += 4 {
					tile1x4(c[r*ldc+j:], a[r*lda:], b[j:], width, k, accumulate)
				}
			}
		}
	}
	return tiles
}

// tile2x4 keeps eight accumulators, as many as fit the registers of a small processor
// beside the operands.
func tile2x4(c []float32, ldc int, a []float32, lda int, b []float32, ldb, k int, accumulate bool) {
	var c00, c01, c02, c03, c10, c11, c12, c13 float32
	p, q := a[:k], a[lda:][:k]
	for t, x := range p {
		y := q[t]
		v := b[t*ldb:][:4:4]
		c00 += x * v[0]
		c01 += x * v[1]
		c02 += x * v[2]
		c03 += x * v[3]
		c10 += y * v[0]
		c11 += y * v[1]
		c12 += y * v[2]
		c13 += y * v[3]
	}
	u, w := c[:4:4], c[ldc:][:4:4]
	if accumulate {
		c00, c01, c02, c03 = c00+u[0], c01+u[1], c02+u[2], c03+u[3]
		c10, c11, c12, c13 = c10+w[0], c11+w[1], c12+w[2], c13+w[3]
	}
	u[0], u[1], u[2], u[3] = c00, c01, c02, c03
	w[0], w[1], w[2], w[3] = c10, c11, c12, c13
}

// tile1x4 is tile2x4 of one row, with the same rounding.
func tile1x4(c []float32, a []float32, b []float32, ldb, k int, accumulate bool) {
	var c0, c1, c2, c3 float32
	for t, x := range a[:k] {
		v := b[t*ldb:][:4:4]
		c0 += x * v[0]
		c1 += x * v[1]
		c2 += x * v[2]
		c3 += x * v[3]
	}
	u := c[:4:4]
	if accumulate {
		c0, c1, c2, c3 = c0+u[0], c1+u[1], c2+u[2], c3+u[3]
	}
	u[0], u[1], u[2], u[3] = c0, c1, c2, c3
}

func expandInt8Portable(width int) expandInt8Func {
	return func(dst []float32, src []int8, scale []uint16, k int) {
		for j := range width {
			s := halfToFloat(scale[j])
			for t := j; t < k*width; t += width {
				dst[t] = float32(src[t]) * s
			}
		}
	}
}

func expandInt4Portable(width int) expandInt4Func {
	half := width / 2
	return func(dst []float32, src []byte, scale []uint16, k int) {
		for j := range half {
			low, high := halfToFloat(scale[j]), halfToFloat(scale[j+half])
			for t := range k {
				b := int8(src[t*half+j])
				dst[t*width+j] = float32(b<<4>>4) * low
				dst[t*width+j+half] = float32(b>>4) * high
			}
		}
	}
}

func expandHalfPortable(dst []float32, src []byte) {
	for i := range dst {
		dst[i] = halfToFloat(binary.LittleEndian.Uint16(src[2*i:]))
	}
}

// halfToFloat converts an IEEE 754 binary16, exactly.
func halfToFloat(h uint16) float32 {
	sign := uint32(h&0x8000) << 16
	magnitude := uint32(h & 0x7fff)
	switch {
	case magnitude >= 0x7c00: // infinite or NaN
		return math.Float32frombits(sign | 0x7f800000 | magnitude<<13)
	case magnitude < 0x0400: // subnormal: a multiple of 2⁻²⁴
		return math.Float32frombits(sign | math.Float32bits(float32(magnitude)*0x1p-24))
	}
	return math.Float32frombits(sign | (magnitude<<13 + (127-15)<<23))
}

func transposePortable(dst []float32, ldd int, src []float32, lds, rows, cols int) {
	for i := range rows {
		for j, v := range src[i*lds:][:cols] {
			dst[j*ldd+i] = v
		}
	}
}

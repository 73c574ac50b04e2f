//go:build goexperiment.simd && (wasm || arm64)

package kernel

import (
	"simd/archsimd"
	"unsafe"
)

// spread holds, for each quarter of a vector of bytes, the index that LookupOrZero needs to put a
// quarter's bytes on top of four 32-bit lanes, with zeros below: sign extension, but for a
// factor of 2²⁴ that scales take back exactly.
var spread = [4][16]int8{
	{-1, -1, -1, 0, -1, -1, -1, 1, -1, -1, -1, 2, -1, -1, -1, 3},
	{-1, -1, -1, 4, -1, -1, -1, 5, -1, -1, -1, 6, -1, -1, -1, 7},
	{-1, -1, -1, 8, -1, -1, -1, 9, -1, -1, -1, 10, -1, -1, -1, 11},
	{-1, -1, -1, 12, -1, -1, -1, 13, -1, -1, -1, 14, -1, -1, -1, 15},
}

// top puts the bytes of x that index names on top of four lanes.
func top(x archsimd.Int8x16, index *[16]int8) archsimd.Int32x4 {
	return x.LookupOrZero(archsimd.LoadInt8x16Array(index)).ToBits().ReshapeToUint32s().BitsToInt32()
}

// loadBytes reads sixteen bytes, offset bytes after p.
func loadBytes(p unsafe.Pointer, offset int) archsimd.Int8x16 {
	return archsimd.LoadInt8x16Array((*[16]int8)(unsafe.Add(p, offset)))
}

// pairs is spread for the two halves of a vector of 16-bit values.
var pairs = [2][16]int8{
	{-1, -1, 0, 1, -1, -1, 2, 3, -1, -1, 4, 5, -1, -1, 6, 7},
	{-1, -1, 8, 9, -1, -1, 10, 11, -1, -1, 12, 13, -1, -1, 14, 15},
}

// half4 converts the float16 on top of each lane, exactly: its exponent and fraction, moved to those of
// a float32, are too small by 2¹¹², subnormal numbers included.
func half4(h archsimd.Int32x4) vec {
	magnitude := h.And(archsimd.BroadcastInt32x4(0x7fff0000))
	special := archsimd.BroadcastInt32x4(0x7f800000).Masked(magnitude.GreaterEqual(archsimd.BroadcastInt32x4(0x7c000000)))
	sign := h.And(archsimd.BroadcastInt32x4(-1 << 31))
	finite := magnitude.ShiftAllRight(3).ToBits().BitsToFloat32().Mul(splat(0x1p112))
	return finite.ToBits().BitsToInt32().Or(special).Or(sign).ToBits().BitsToFloat32()
}

// expandHalfSIMD128 converts a multiple of eight values.
func expandHalfSIMD128(dst []float32, src []byte) {
	d, p := pointer(dst), pointer(src[:2*len(dst)])
	for i := 0; i < 2*len(dst); i += 16 {
		h := loadBytes(p, i)
		store(d, 2*i, half4(top(h, &pairs[0])))
		store(d, 2*i+16, half4(top(h, &pairs[1])))
	}
}

// scales8 converts scales i to i+7 of a group, times unit.
func scales8(scale []uint16, i int, unit float32) (low, high vec) {
	h, u := loadBytes(pointer(scale), 2*i), splat(unit)
	return half4(top(h, &pairs[0])).Mul(u), half4(top(h, &pairs[1])).Mul(u)
}

func expandInt8x16SIMD128(dst []float32, src []int8, scale []uint16, k int) {
	expandInt8SIMD128(dst, src, scale, k, 16)
}

func expandInt8x8SIMD128(dst []float32, src []int8, scale []uint16, k int) {
	expandInt8SIMD128(dst, src, scale, k, 8)
}

// expandInt8SIMD128 takes sixteen values at once, of one row or two.
func expandInt8SIMD128(dst []float32, src []int8, scale []uint16, k, width int) {
	n := k * width
	whole := n &^ 15
	scale = scale[:width]
	d, p := pointer(dst[:n]), pointer(src[:n])
	s0, s1 := scales8(scale, 0, 0x1p-24)
	s2, s3 := scales8(scale, 8%width, 0x1p-24)
	for i := 0; i < whole; i += 16 {
		x := loadBytes(p, i)
		store(d, 4*i, top(x, &spread[0]).ConvertToFloat32().Mul(s0))
		store(d, 4*i+16, top(x, &spread[1]).ConvertToFloat32().Mul(s1))
		store(d, 4*i+32, top(x, &spread[2]).ConvertToFloat32().Mul(s2))
		store(d, 4*i+48, top(x, &spread[3]).ConvertToFloat32().Mul(s3))
	}
	if whole < n {
		expandInt8Portable(width)(dst[whole:], src[whole:], scale, 1)
	}
}

// nibbles returns the low and the high nibbles of the bytes that index names, each times 2²⁸.
func nibbles(x archsimd.Int8x16, index *[16]int8) (low, high vec) {
	b := top(x, index)
	return b.ShiftAllLeft(4).ConvertToFloat32(), b.And(archsimd.BroadcastInt32x4(-1 << 28)).ConvertToFloat32()
}

// expandInt4x16SIMD128 takes two rows of eight bytes at once.
func expandInt4x16SIMD128(dst []float32, src []byte, scale []uint16, k int) {
	const width, rows = 16, 2
	whole := k &^ (rows - 1)
	scale = scale[:width]
	d, p := pointer(dst[:k*width]), pointer(src[:k*width/2])
	s0, s1 := scales8(scale, 0, 0x1p-28)
	s2, s3 := scales8(scale, 8, 0x1p-28)
	for i := 0; i < whole*width/2; i += 16 {
		x, out := loadBytes(p, i), unsafe.Add(d, 8*i)
		for r := 0; r < rows; r++ {
			low, high := nibbles(x, &spread[2*r])
			store(out, 64*r, low.Mul(s0))
			store(out, 64*r+32, high.Mul(s2))
			low, high = nibbles(x, &spread[2*r+1])
			store(out, 64*r+16, low.Mul(s1))
			store(out, 64*r+48, high.Mul(s3))
		}
	}
	if whole < k {
		expandInt4Portable(width)(dst[whole*width:], src[whole*width/2:], scale, k-whole)
	}
}

// expandInt4x8SIMD128 takes four rows of four bytes at once.
func expandInt4x8SIMD128(dst []float32, src []byte, scale []uint16, k int) {
	const width, rows = 8, 4
	whole := k &^ (rows - 1)
	scale = scale[:width]
	d, p := pointer(dst[:k*width]), pointer(src[:k*width/2])
	s0, s1 := scales8(scale, 0, 0x1p-28)
	for i := 0; i < whole*width/2; i += 16 {
		x, out := loadBytes(p, i), unsafe.Add(d, 8*i)
		for r := 0; r < rows; r++ {
			low, high := nibbles(x, &spread[r])
			store(out, 32*r, low.Mul(s0))
			store(out, 32*r+16, high.Mul(s1))
		}
	}
	if whole < k {
		expandInt4Portable(width)(dst[whole*width:], src[whole*width/2:], scale, k-whole)
	}
}

// transposeSIMD128 moves scalars, since package archsimd has no shuffle of two vectors that both
// instruction sets know, but writes four neighbours at a time.
func transposeSIMD128(dst []float32, ldd int, src []float32, lds, rows, cols int) {
	whole := wholeVectors(rows)
	for i := 0; i < whole; i += 4 {
		p0, p1 := pointer(src[i*lds:][:cols]), pointer(src[(i+1)*lds:][:cols])
		p2, p3 := pointer(src[(i+2)*lds:][:cols]), pointer(src[(i+3)*lds:][:cols])
		d := pointer(dst[i:][:(cols-1)*ldd+4])
		for j := 0; j < cols; j++ {
			out := (*[4]float32)(unsafe.Add(d, 4*j*ldd))
			out[0], out[1], out[2], out[3] = scalar(p0, 4*j), scalar(p1, 4*j), scalar(p2, 4*j), scalar(p3, 4*j)
		}
	}
	if whole < rows {
		transposePortable(dst[whole:], ldd, src[whole*lds:], lds, rows-whole, cols)
	}
}

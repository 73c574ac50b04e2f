package weights

import (
	"encoding/binary"
	"fmt"
	"math"
)

// Tensor is a tensor's weights, or a slab of its rows, as they are stored:
// packed, in canonical order (see [Layout]).
//
// A tensor larger than a shard is stored, and streamed by [Model.Each], as
// several slabs of consecutive rows; every other one as a single slab.
type Tensor struct {
	Name     string   // component/name, as "unet/conv_in.weight"
	Shape    []int    // PyTorch's shape of the whole tensor
	Encoding Encoding //
	Group    int      // input channels a scale is for; 0 unless quantized
	First    int      // first row of this slab
	Rows     int      // rows in this slab; Shape[0] when it is the whole tensor

	// Data holds Rows rows of Layout().Kernel runs of Layout().In elements. F32
	// and F16 are little-endian; Int8 is one byte an element; Int4 is two
	// elements a byte, low nibble first, value nibble-8, each run padded to a
	// whole byte with the nibble 8.
	Data []byte
	// Scales holds, for each run in order, its groups' scales as little-endian
	// float16. Empty unless quantized. A scale may be negative.
	Scales []byte
}

// Layout gives the layout of the whole tensor.
func (t *Tensor) Layout() Layout { return LayoutOf(t.Shape) }

// Whole tells whether the slab is all of the tensor.
func (t *Tensor) Whole() bool { return t.First == 0 && t.Rows == t.Layout().Out }

// Len is the number of elements in the slab.
func (t *Tensor) Len() int { return t.Rows * t.Layout().Row() }

// Float32s dequantizes the slab into PyTorch's order ([O, I, kh, kw] for a
// convolution). It writes to dst, grown when it is too small, and returns it at
// length t.Len(). The tensor must be valid, as those a [Model] hands out are.
func (t *Tensor) Float32s(dst []float32) []float32 {
	l := t.Layout()
	n := l.Row()
	if cap(dst) < t.Len() {
		dst = make([]float32, t.Len())
	}
	dst = dst[:t.Len()]
	if l.Kernel == 1 {
		for r := range t.Rows {
			t.Row(dst[r*n:(r+1)*n], r)
		}
		return dst
	}
	stored := make([]float32, n)
	for r := range t.Rows {
		t.Row(stored, r)
		l.toTorch(dst[r*n:(r+1)*n], stored)
	}
	return dst
}

// Row dequantizes row r of the slab (row First+r of the tensor) into
// dst[:Layout().Row()], in stored order: [kh·kw, I] for a convolution.
func (t *Tensor) Row(dst []float32, r int) {
	l := t.Layout()
	dataBytes, scaleBytes := l.RowBytes(t.Encoding, t.Group)
	data := t.Data[int64(r)*dataBytes:][:dataBytes]
	switch t.Encoding {
	case F32:
		for i := range dst[:l.Row()] {
			dst[i] = math.Float32frombits(binary.LittleEndian.Uint32(data[4*i:]))
		}
	case F16:
		for i := range dst[:l.Row()] {
			dst[i] = HalfToFloat32(binary.LittleEndian.Uint16(data[2*i:]))
		}
	default:
		scales := t.Scales[int64(r)*scaleBytes:][:scaleBytes]
		run := int(t.Encoding.runBytes(int64(l.In)))
		for k := range l.Kernel {
			dequantizeRun(dst[k*l.In:][:l.In], data[k*run:][:run], scales, t.Encoding, t.Group)
			scales = scales[2*l.Groups(t.Group):]
		}
	}
}

// Validate checks that the planes have the lengths that shape, encoding and
// group call for, and that every float in them is finite.
func (t *Tensor) Validate() error {
	where := "tensor " + t.Name
	if err := CheckShape(t.Shape); err != nil {
		return malformed(where, "%v", err)
	}
	if err := checkEncoding(t.Encoding, t.Group, len(t.Shape)); err != nil {
		return malformed(where, "%v", err)
	}
	l := t.Layout()
	if t.First < 0 || t.Rows < 1 || t.Rows > l.Out-t.First {
		return malformed(where, "rows %d+%d of %d", t.First, t.Rows, l.Out)
	}
	data, scales := l.RowBytes(t.Encoding, t.Group)
	if want := data * int64(t.Rows); int64(len(t.Data)) != want {
		return malformed(where, "data plane of %d bytes, want %d", len(t.Data), want)
	}
	if want := scales * int64(t.Rows); int64(len(t.Scales)) != want {
		return malformed(where, "scale plane of %d bytes, want %d", len(t.Scales), want)
	}
	return t.checkFinite()
}

// checkFinite refuses infinities and NaNs: one of them in a weight turns the
// whole picture into NaN, far from its cause.
func (t *Tensor) checkFinite() error {
	where := "tensor " + t.Name
	switch t.Encoding {
	case F32:
		for i := 0; i < len(t.Data); i += 4 {
			if binary.LittleEndian.Uint32(t.Data[i:])&0x7f800000 == 0x7f800000 {
				return malformed(where, "element %d is not finite", i/4)
			}
		}
	case F16:
		if i := nonFiniteHalf(t.Data); i >= 0 {
			return malformed(where, "element %d is not finite", i)
		}
	}
	if i := nonFiniteHalf(t.Scales); i >= 0 {
		return malformed(where, "scale %d is not finite", i)
	}
	return nil
}

// nonFiniteHalf gives the index of the first infinity or NaN in a plane of
// float16, or -1.
func nonFiniteHalf(plane []byte) int {
	for i := 0; i < len(plane); i += 2 {
		if binary.LittleEndian.Uint16(plane[i:])&0x7c00 == 0x7c00 {
			return i / 2
		}
	}
	return -1
}

// Limits on shapes, so that no product of sizes overflows an int64.
const (
	maxRank     = 8
	maxElements = 1 << 40
)

// CheckShape checks that a shape is of few dimensions, all positive, with a
// product that is far from overflowing.
func CheckShape(shape []int) error {
	if len(shape) > maxRank {
		return fmt.Errorf("rank %d, at most %d is supported", len(shape), maxRank)
	}
	n := int64(1)
	for _, d := range shape {
		if d < 1 || int64(d) > maxElements/n {
			return fmt.Errorf("shape %v is out of range", shape)
		}
		n *= int64(d)
	}
	return nil
}

// Limits on the quantization group, a power of two.
const (
	minGroup = 8
	maxGroup = 1024
)

func checkEncoding(e Encoding, group, rank int) error {
	switch {
	case !e.valid():
		return fmt.Errorf("unknown encoding %d", uint8(e))
	case !e.Quantized() && group != 0:
		return fmt.Errorf("group %d on encoding %v, which has none", group, e)
	case !e.Quantized():
		return nil
	case rank != 2 && rank != 4:
		return fmt.Errorf("encoding %v on rank %d, want 2 or 4", e, rank)
	}
	return CheckGroup(group)
}

// CheckGroup checks the number of input channels that share a scale: a power of
// two from 8 to 1024.
func CheckGroup(group int) error {
	if group < minGroup || group > maxGroup || group&(group-1) != 0 {
		return fmt.Errorf("group %d, want a power of two from %d to %d", group, minGroup, maxGroup)
	}
	return nil
}

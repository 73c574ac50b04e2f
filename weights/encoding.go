package weights

import (
	"fmt"
	"slices"
)

// Encoding is how a tensor's elements are stored.
type Encoding uint8

// The encodings of format version 1.
const (
	F32  Encoding = iota + 1 // IEEE 754 binary32, little-endian
	F16                      // IEEE 754 binary16, little-endian
	Int8                     // two's complement byte times the group's scale
	Int4                     // nibble minus 8, times the group's scale; low nibble first
)

var encodingNames = []string{F32: "f32", F16: "f16", Int8: "int8", Int4: "int4"}

// String gives the name manifests use: f32, f16, int8, int4.
func (e Encoding) String() string {
	if !e.valid() {
		return fmt.Sprintf("encoding(%d)", uint8(e))
	}
	return encodingNames[e]
}

// MarshalText gives the encoding's name.
func (e Encoding) MarshalText() ([]byte, error) {
	if !e.valid() {
		return nil, fmt.Errorf("unknown encoding %d", uint8(e))
	}
	return []byte(encodingNames[e]), nil
}

// UnmarshalText accepts the names that String gives.
func (e *Encoding) UnmarshalText(text []byte) error {
	i := slices.Index(encodingNames, string(text))
	if i < int(F32) {
		return fmt.Errorf("unknown encoding %q (want f32, f16, int8 or int4)", text)
	}
	*e = Encoding(i)
	return nil
}

func (e Encoding) valid() bool { return e >= F32 && int(e) < len(encodingNames) }

// Quantized tells whether the encoding has groups and scales.
func (e Encoding) Quantized() bool { return e == Int8 || e == Int4 }

// ElementSize is the bytes of one element of the data plane; nibbles count as
// whole bytes, since no byte order applies to them.
func (e Encoding) ElementSize() int {
	switch e {
	case F32:
		return 4
	case F16:
		return 2
	}
	return 1
}

// runBytes is the size of a run of n elements in the data plane. A run is n
// contiguous input channels at one output channel and kernel position, and
// starts on a whole byte.
func (e Encoding) runBytes(n int64) int64 {
	if e == Int4 {
		return (n + 1) / 2
	}
	return n * int64(e.ElementSize())
}

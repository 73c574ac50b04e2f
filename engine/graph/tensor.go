package graph

import (
	"fmt"
	"strconv"
	"strings"
)

// Rows as the first dimension of a shape stands for the rows of a step: as many as a run asks for, at most the
// graph's MaxRows. A row is one evaluation of the network: one latent under one condition.
const Rows = -1

// Shape lists dimensions outermost first. Images are NHWC: rows, height, width, channels.
type Shape []int

// Elems returns the number of elements with the Rows dimension counted as rows.
func (s Shape) Elems(rows int) int {
	n := 1
	for _, d := range s {
		if d == Rows {
			d = rows
		}
		n *= d
	}
	return n
}

// Equal reports whether both shapes have the same dimensions.
func (s Shape) Equal(t Shape) bool {
	if len(s) != len(t) {
		return false
	}
	for i := range s {
		if s[i] != t[i] {
			return false
		}
	}
	return true
}

// Last returns the innermost dimension: the channels of an activation.
func (s Shape) Last() int { return s[len(s)-1] }

// String prints a shape as [Rows,16,16,96].
func (s Shape) String() string {
	var b strings.Builder
	b.WriteByte('[')
	for i, d := range s {
		if i > 0 {
			b.WriteByte(',')
		}
		if d == Rows {
			b.WriteString("Rows")
		} else {
			b.WriteString(strconv.Itoa(d))
		}
	}
	b.WriteByte(']')
	return b.String()
}

// DType is the type of a tensor's elements on a device. Both kinds are four bytes wide.
type DType uint8

// The element types of activations and inputs.
const (
	F32 DType = iota
	I32
)

func (d DType) String() string {
	if d == I32 {
		return "i32"
	}
	return "f32"
}

// EncodingKind tells how the numbers of a weight are stored.
type EncodingKind uint8

// The encodings a weight may arrive in.
const (
	EncF32 EncodingKind = iota
	EncF16
	EncInt8 // signed byte times a f16 scale per group of input channels
	EncInt4 // signed nibble times a f16 scale per group of input channels
)

// Encoding is a weight's storage: its kind and, for the quantized kinds, the number of input channels that share a scale.
type Encoding struct {
	Kind  EncodingKind
	Group int
}

func (e Encoding) String() string {
	switch e.Kind {
	case EncF16:
		return "f16"
	case EncInt8:
		return fmt.Sprintf("int8/g%d", e.Group)
	case EncInt4:
		return fmt.Sprintf("int4/g%d", e.Group)
	}
	return "f32"
}

// Quantized reports whether the encoding carries a plane of scales.
func (e Encoding) Quantized() bool { return e.Kind == EncInt8 || e.Kind == EncInt4 }

// Role tells where a tensor's contents come from.
type Role uint8

// The roles a tensor may have in a graph.
const (
	RoleActivation Role = iota // computed by a node
	RoleInput                  // written by the caller before a run
	RoleWeight                 // resident on the device
)

// Tensor is a value of a graph. Activations and inputs have no name of their own to be looked up by except inputs';
// a weight's name is the one it has in the model's manifest.
type Tensor struct {
	Name     string
	Role     Role
	DType    DType
	Shape    Shape
	Encoding Encoding // weights only

	id int // position in the graph's order of creation, for printing
}

func (t *Tensor) String() string {
	switch t.Role {
	case RoleInput, RoleWeight:
		return t.Name
	}
	return "%" + strconv.Itoa(t.id)
}

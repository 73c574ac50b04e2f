package graph

import "fmt"

// Weight is a weight with its bytes, as a model hands it to a device. Layout is canonical: output channel outermost,
// then kernel position (height, width), input channel innermost, so [O,KH,KW,I] for a convolution, [O,I] for a linear
// layer and [N] for a vector. Scales has one little-endian f16 per group of input channels, in the same order. An int4
// row (all input channels of one output and kernel position) starts on a whole byte, low nibble first, two's complement.
type Weight struct {
	Name     string
	Shape    Shape
	Encoding Encoding
	Data     []byte
	Scales   []byte
}

// Check compares the lengths of the planes with what shape and encoding call for.
func (w Weight) Check() error {
	if err := checkShape(w.Shape, -1); err != nil { // a weight has no Rows
		return fmt.Errorf("weight %s: %w", w.Name, err)
	}
	data, scales, err := w.Encoding.planes(w.Shape)
	if err != nil {
		return fmt.Errorf("weight %s: %w", w.Name, err)
	}
	if len(w.Data) != data || len(w.Scales) != scales {
		return fmt.Errorf("weight %s %v%v has planes of %d and %d bytes, want %d and %d",
			w.Name, w.Encoding, w.Shape, len(w.Data), len(w.Scales), data, scales)
	}
	return nil
}

// planes returns the bytes of data and of scales that a weight of shape s takes.
func (e Encoding) planes(s Shape) (data, scales int, err error) {
	in := s.Last()
	runs := s.Elems(1) / in
	if e.Quantized() {
		if e.Group < 1 {
			return 0, 0, fmt.Errorf("group of %d channels, want at least 1", e.Group)
		}
		scales = 2 * runs * ((in-1)/e.Group + 1)
	}
	switch e.Kind {
	case EncF32:
		return 4 * runs * in, 0, nil
	case EncF16:
		return 2 * runs * in, 0, nil
	case EncInt8:
		return runs * in, scales, nil
	case EncInt4:
		return runs * ((in + 1) / 2), scales, nil
	}
	return 0, 0, fmt.Errorf("encoding %d is not known", e.Kind)
}

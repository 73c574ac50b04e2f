package webgpu

import (
	"context"
	"encoding/binary"
	"fmt"
	"math/bits"

	"github.com/counterpoint/counterpoint/engine/device"
	"github.com/counterpoint/counterpoint/engine/device/webgpu/internal/gpu"
	"github.com/counterpoint/counterpoint/engine/graph"
)

// store holds weights as shaders/weights.wgsl reads them. A weight of one dimension (biases, norms) is a vector of f32. Any
// other is rows of quads, four neighbouring input channels of one output and kernel position, a row padded to whole quads
// with zeros: 16 bytes a quad in f32, 8 in f16, 4 in int8, 2 in int4. Scales follow in the same buffer, as they came.
type store struct {
	device  *Device
	entries map[string]*weight // nil once closed
	bytes   int64
}

// weight is a weight on the device.
type weight struct {
	shape    graph.Shape
	encoding graph.Encoding
	buffer   gpu.Buffer
	data     int // bytes of the data plane
	scales   int // where the scales are, 0 if there are none
	size     int // bytes of all
}

var _ device.Weights = (*store)(nil)

// NewWeights makes an empty store.
func (d *Device) NewWeights() device.Weights { return &store{device: d, entries: map[string]*weight{}} }

func (s *store) Put(w graph.Weight) error {
	if s.entries == nil || s.device.closed {
		return device.ErrClosed
	}
	if _, ok := s.entries[w.Name]; ok {
		return fmt.Errorf("webgpu: weight %s is there already", w.Name)
	}
	if err := w.Check(); err != nil {
		return fmt.Errorf("webgpu: %w", err)
	}
	if g := w.Encoding.Group; w.Encoding.Quantized() && (g < 4 || bits.OnesCount(uint(g)) != 1) {
		return fmt.Errorf("webgpu: weight %s: groups of %d channels, want a power of two from 4", w.Name, g)
	}
	e := &weight{shape: w.Shape, encoding: w.Encoding}
	var plane []byte
	if len(w.Shape) == 1 {
		if w.Encoding.Quantized() {
			return fmt.Errorf("webgpu: weight %s: a vector in %v", w.Name, w.Encoding)
		}
		plane = vector(w)
	} else {
		plane = quads(w)
	}
	e.data = len(plane)
	e.size = e.data
	if len(w.Scales) > 0 {
		align := int(s.device.adapter.Limits.StorageAlign)
		e.scales = (e.data + align - 1) / align * align
		e.size = e.scales + (len(w.Scales)+3)/4*4
	}
	var err error
	if e.buffer, err = s.device.storage(e.size); err != nil {
		return fmt.Errorf("weight %s: %w", w.Name, err)
	}
	if err = s.device.queue.write(context.Background(), e.buffer, 0, plane); err == nil && e.scales > 0 {
		scales := w.Scales
		if len(scales)%4 != 0 {
			scales = append(scales[:len(scales):len(scales)], 0, 0)
		}
		err = s.device.queue.write(context.Background(), e.buffer, e.scales, scales)
	}
	if err != nil {
		s.device.gpu.FreeBuffer(e.buffer)
		return fmt.Errorf("webgpu: weight %s: %w", w.Name, err)
	}
	s.entries[w.Name] = e
	s.bytes += int64(e.size)
	return nil
}

// vector returns a float weight as f32.
func vector(w graph.Weight) []byte {
	if w.Encoding.Kind == graph.EncF32 {
		return w.Data
	}
	b := make([]byte, 0, 2*len(w.Data))
	for i := 0; i < len(w.Data); i += 2 {
		b = binary.LittleEndian.AppendUint32(b, halfBits(binary.LittleEndian.Uint16(w.Data[i:])))
	}
	return b
}

// halfBits returns the bits of a f16 number as a f32 one.
func halfBits(h uint16) uint32 {
	sign, exponent, fraction := uint32(h>>15)<<31, uint32(h>>10&31), uint32(h&1023)
	switch {
	case exponent == 31:
		return sign | 255<<23 | fraction<<13
	case exponent > 0:
		return sign | (exponent+112)<<23 | fraction<<13
	case fraction == 0:
		return sign
	}
	shift := uint32(bits.LeadingZeros16(uint16(fraction))) - 5 // a number below the normal ones: bring its first bit to place 10
	return sign | (113-shift)<<23 | fraction<<shift&1023<<13
}

// quadBytes is the size of a quad.
var quadBytes = [...]int{graph.EncF32: 16, graph.EncF16: 8, graph.EncInt8: 4, graph.EncInt4: 2}

// quads returns the data of a weight with each row padded to whole quads and the whole to whole words.
func quads(w graph.Weight) []byte {
	in := w.Shape.Last()
	rows := w.Shape.Elems(1) / in
	from, to := len(w.Data)/rows, (in+3)/4*quadBytes[w.Encoding.Kind]
	if from == to && in%4 == 0 && len(w.Data)%4 == 0 {
		return w.Data
	}
	b := make([]byte, (rows*to+3)/4*4)
	for r := range rows {
		row := b[r*to:]
		copy(row, w.Data[r*from:(r+1)*from])
		if w.Encoding.Kind == graph.EncInt4 && in%2 != 0 {
			row[in/2] &= 15 // the nibble beyond the row may hold anything
		}
	}
	return b
}

func (s *store) Bytes() int64 { return s.bytes }

func (s *store) Close() error {
	if s.entries != nil && !s.device.closed {
		if err := s.device.queue.flush(context.Background()); err != nil {
			return err
		}
		for _, e := range s.entries {
			s.device.gpu.FreeBuffer(e.buffer)
		}
	}
	s.entries, s.bytes = nil, 0
	return nil
}

// lookup finds the weight a program means and checks that it is the one the program was built for.
func (s *store) lookup(t *graph.Tensor) (*weight, error) {
	e, ok := s.entries[t.Name]
	if !ok {
		return nil, fmt.Errorf("weight %s is not on the device", t.Name)
	}
	if !e.shape.Equal(t.Shape) || e.encoding != t.Encoding {
		return nil, fmt.Errorf("weight %s is %v%v, the program wants %v%v", t.Name, e.encoding, e.shape, t.Encoding, t.Shape)
	}
	return e, nil
}

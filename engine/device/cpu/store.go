package cpu

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/counterpoint/counterpoint/engine/device"
	"github.com/counterpoint/counterpoint/engine/device/cpu/kernel"
	"github.com/counterpoint/counterpoint/engine/graph"
)

// store holds weights as they came until an instruction first needs them, then in the form it needs alone: a panel for
// matrix products, float32 for vectors.
type store struct {
	kernels *kernel.Kernels
	entries map[string]*entry
}

type entry struct {
	graph.Weight
	form   form
	panel  *kernel.Panel
	vector []float32
}

// form is how instructions read a weight. All must read one weight in the same form, or it would be kept twice.
type form uint8

const (
	unread   form = iota
	panels        // a factor of matrix products
	floats32      // element by element
	rows16        // rows of f16 looked up in the bytes as they came
)

var formNames = [...]string{"not at all", "as a matrix", "element by element", "row by row"}

var _ device.Weights = (*store)(nil)

// NewWeights makes an empty store.
func (d *Device) NewWeights() device.Weights {
	return &store{d.kernels, map[string]*entry{}}
}

func (s *store) Put(w graph.Weight) error {
	if s.entries == nil {
		return device.ErrClosed
	}
	if _, ok := s.entries[w.Name]; ok {
		return fmt.Errorf("cpu: weight %s is there already", w.Name)
	}
	if err := w.Check(); err != nil {
		return fmt.Errorf("cpu: %w", err)
	}
	w.Data, w.Scales = append([]byte(nil), w.Data...), append([]byte(nil), w.Scales...)
	s.entries[w.Name] = &entry{Weight: w}
	return nil
}

func (s *store) Bytes() int64 {
	var n int64
	for _, e := range s.entries {
		n += int64(len(e.Data)+len(e.Scales)) + 4*int64(len(e.vector))
		if e.panel != nil {
			n += int64(e.panel.Bytes())
		}
	}
	return n
}

func (s *store) Close() error { s.entries = nil; return nil }

// lookup finds the weight a program means and checks that it is the one the program was built for.
func (s *store) lookup(t *graph.Tensor) (*entry, error) {
	e, ok := s.entries[t.Name]
	if !ok {
		return nil, fmt.Errorf("weight %s is not on the device", t.Name)
	}
	if !e.Shape.Equal(t.Shape) || e.Encoding != t.Encoding {
		return nil, fmt.Errorf("weight %s is %v%v, the program wants %v%v", t.Name, e.Encoding, e.Shape, t.Encoding, t.Shape)
	}
	return e, nil
}

// read finds the weight an operand means, for an instruction that reads it in the given form.
func (s *store) read(t *graph.Tensor, f form) (*entry, error) {
	e, err := s.lookup(t)
	if err != nil {
		return nil, err
	}
	if e.form != unread && e.form != f {
		return nil, fmt.Errorf("weight %s is read %s and %s", t.Name, formNames[e.form], formNames[f])
	}
	e.form = f
	return e, nil
}

var encodings = [...]kernel.Encoding{graph.EncF32: kernel.Float32, graph.EncF16: kernel.Float16, graph.EncInt8: kernel.Int8, graph.EncInt4: kernel.Int4}

// matrix returns the weight as a panel: [O, positions·I] for a product over patches of positions pixels.
func (s *store) matrix(t *graph.Tensor) (*kernel.Panel, error) {
	e, err := s.read(t, panels)
	if err != nil {
		return nil, err
	}
	if e.panel == nil {
		outputs, inputs := t.Shape[0], t.Shape.Last()
		e.panel, err = s.kernels.Pack(kernel.Weights{
			Outputs: outputs, Positions: t.Shape.Elems(1) / (outputs * inputs), Inputs: inputs,
			Encoding: encodings[t.Encoding.Kind], Data: e.Data, Group: t.Encoding.Group, Scales: e.Scales,
		})
		if err != nil {
			return nil, fmt.Errorf("weight %s: %w", t.Name, err)
		}
		e.Data, e.Scales = nil, nil
	}
	return e.panel, nil
}

// floats returns the weight as float32. Only float encodings have this form: what an instruction reads element by element
// (norms, biases, position embeddings) is never quantized.
func (s *store) floats(t *graph.Tensor) ([]float32, error) {
	e, err := s.read(t, floats32)
	if err != nil {
		return nil, err
	}
	if e.vector == nil {
		switch t.Encoding.Kind {
		case graph.EncF32:
			e.vector = make([]float32, len(e.Data)/4)
			for i := range e.vector {
				e.vector[i] = math.Float32frombits(binary.LittleEndian.Uint32(e.Data[4*i:]))
			}
		case graph.EncF16:
			e.vector = make([]float32, len(e.Data)/2)
			s.kernels.ExpandHalf(e.vector, e.Data)
		default:
			return nil, fmt.Errorf("weight %s: %v where a float encoding is needed", t.Name, t.Encoding)
		}
		e.Data = nil
	}
	return e.vector, nil
}

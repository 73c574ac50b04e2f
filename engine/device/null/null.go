// Package null is a device that plans everything and computes nothing: it checks what a real device would check, keeps
// count of what it is asked to run, and leaves every buffer zero. Tests and cost estimates use it.
package null

import (
	"context"
	"fmt"

	"github.com/counterpoint/counterpoint/engine/device"
	"github.com/counterpoint/counterpoint/engine/graph"
)

// Device counts the work it is given.
type Device struct {
	Runs         int   // executions of programs
	Instructions int64 // instructions in them
	FLOPs        int64 // multiplications and additions in them, see graph.Program.FLOPs
}

var _ device.Device = (*Device)(nil)

// New makes a null device.
func New() *Device { return &Device{} }

// Info tells the name; programs are laid out as for a device without limits.
func (*Device) Info() device.Info {
	return device.Info{Name: "null", Adapter: "computes nothing", Options: graph.Options{Align: 1}}
}

// Close does nothing.
func (*Device) Close() error { return nil }

// NewWeights makes a store that remembers only what weights there are.
func (*Device) NewWeights() device.Weights { return &store{known: map[string]graph.Weight{}} }

type store struct {
	known map[string]graph.Weight
	bytes int64
}

func (s *store) Put(w graph.Weight) error {
	if _, ok := s.known[w.Name]; ok {
		return fmt.Errorf("null: weight %s is there already", w.Name)
	}
	s.bytes += int64(len(w.Data) + len(w.Scales))
	w.Data, w.Scales = nil, nil
	s.known[w.Name] = w
	return nil
}

func (s *store) Bytes() int64 { return s.bytes }
func (s *store) Close() error { s.known = nil; return nil }

// buffer is a size, always zero.
type buffer int

// NewBuffer makes a buffer of n elements that takes no memory.
func (*Device) NewBuffer(n int) (device.Buffer, error) {
	if n < 0 {
		return nil, fmt.Errorf("null: buffer of %d elements", n)
	}
	return buffer(n), nil
}

func (b buffer) Len() int     { return int(b) }
func (b buffer) Close() error { return nil }

func (b buffer) WriteFloats(_ context.Context, offset int, src []float32) error {
	return b.check(offset, len(src))
}

func (b buffer) WriteInts(_ context.Context, offset int, src []int32) error {
	return b.check(offset, len(src))
}

func (b buffer) ReadFloats(_ context.Context, offset int, dst []float32) error {
	clear(dst)
	return b.check(offset, len(dst))
}

func (b buffer) check(offset, n int) error {
	if offset < 0 || offset > int(b)-n {
		return fmt.Errorf("null: elements %d to %d are outside a buffer of %d", offset, offset+n, int(b))
	}
	return nil
}

// Combine checks the views.
func (*Device) Combine(dst device.View, terms []device.Term) error {
	for _, v := range append([]device.Term{{View: dst}}, terms...) {
		b, ok := v.View.Buffer.(buffer)
		if !ok || v.View.Len != dst.Len {
			return fmt.Errorf("null: combine: view of %d elements of a %T, want %d of this device's", v.View.Len, v.View.Buffer, dst.Len)
		}
		if err := b.check(v.View.Offset, v.View.Len); err != nil {
			return fmt.Errorf("combine: %w", err)
		}
	}
	return nil
}

// executable is a program whose ports are bound.
type executable struct {
	device  *Device
	program *graph.Program
	bound   map[string]bool
}

// Compile checks that the weights a program needs are there as it needs them.
func (d *Device) Compile(p *graph.Program, w device.Weights) (device.Executable, error) {
	s, ok := w.(*store)
	if !ok {
		return nil, fmt.Errorf("null: weights are a %T, not this device's", w)
	}
	for _, t := range p.Weights {
		have, ok := s.known[t.Name]
		if !ok {
			return nil, fmt.Errorf("null: program %s: weight %s is not on the device", p.Name, t.Name)
		}
		if !have.Shape.Equal(t.Shape) || have.Encoding != t.Encoding {
			return nil, fmt.Errorf("null: program %s: weight %s is %v%v, want %v%v", p.Name, t.Name, have.Encoding, have.Shape, t.Encoding, t.Shape)
		}
	}
	return &executable{d, p, map[string]bool{}}, nil
}

func (e *executable) Bind(name string, b device.Buffer) error {
	for _, ports := range [][]graph.Port{e.program.Inputs, e.program.Outputs} {
		for _, p := range ports {
			if p.Name != name {
				continue
			}
			if need := p.Shape.Elems(e.program.MaxRows); b.Len() < need {
				return fmt.Errorf("null: bind %s: buffer of %d elements, want %d", name, b.Len(), need)
			}
			e.bound[name] = true
			return nil
		}
	}
	return fmt.Errorf("null: program %s has no input or output %s", e.program.Name, name)
}

func (e *executable) Run(ctx context.Context, rows int) error {
	if rows < 1 || rows > e.program.MaxRows {
		return fmt.Errorf("null: program %s: %d rows, want 1 to %d", e.program.Name, rows, e.program.MaxRows)
	}
	if n := len(e.program.Inputs) + len(e.program.Outputs); len(e.bound) != n {
		return fmt.Errorf("null: program %s: %d of %d inputs and outputs are bound", e.program.Name, len(e.bound), n)
	}
	e.device.Runs++
	e.device.Instructions += int64(len(e.program.Instrs))
	e.device.FLOPs += e.program.FLOPs(rows)
	return ctx.Err()
}

func (e *executable) Close() error { return nil }

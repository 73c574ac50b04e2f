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

	closed bool
}

var _ device.Device = (*Device)(nil)

// New makes a null device.
func New() *Device { return &Device{} }

// Info tells the name; programs are laid out as for a device without limits.
func (*Device) Info() device.Info {
	return device.Info{Name: "null", Adapter: "computes nothing", Options: graph.Options{Align: 1}}
}

// Close ends the device's use.
func (d *Device) Close() error { d.closed = true; return nil }

// NewWeights makes a store that remembers only what weights there are.
func (*Device) NewWeights() device.Weights { return &store{known: map[string]graph.Weight{}} }

type store struct {
	known map[string]graph.Weight // nil once closed
	bytes int64
}

func (s *store) Put(w graph.Weight) error {
	if s.known == nil {
		return device.ErrClosed
	}
	if _, ok := s.known[w.Name]; ok {
		return fmt.Errorf("null: weight %s is there already", w.Name)
	}
	if err := w.Check(); err != nil {
		return fmt.Errorf("null: %w", err)
	}
	s.bytes += int64(len(w.Data) + len(w.Scales))
	w.Data, w.Scales = nil, nil
	s.known[w.Name] = w
	return nil
}

func (s *store) Bytes() int64 { return s.bytes }
func (s *store) Close() error { s.known, s.bytes = nil, 0; return nil }

// buffer is a size; its elements are always zero.
type buffer struct {
	size   int
	closed bool
}

// NewBuffer makes a buffer of n elements that takes no memory.
func (d *Device) NewBuffer(n int) (device.Buffer, error) {
	if d.closed {
		return nil, device.ErrClosed
	}
	if n < 0 {
		return nil, fmt.Errorf("null: buffer of %d elements", n)
	}
	return &buffer{size: n}, nil
}

func (b *buffer) Len() int     { return b.size }
func (b *buffer) Close() error { b.size, b.closed = 0, true; return nil }

func (b *buffer) WriteFloats(_ context.Context, offset int, src []float32) error {
	return b.check(offset, len(src))
}

func (b *buffer) WriteInts(_ context.Context, offset int, src []int32) error {
	return b.check(offset, len(src))
}

func (b *buffer) ReadFloats(_ context.Context, offset int, dst []float32) error {
	if err := b.check(offset, len(dst)); err != nil {
		return err
	}
	clear(dst)
	return nil
}

func (b *buffer) check(offset, n int) error {
	if b.closed {
		return device.ErrClosed
	}
	if offset < 0 || n < 0 || offset > b.size-n {
		return fmt.Errorf("null: elements %d to %d are outside a buffer of %d", offset, offset+n, b.size)
	}
	return nil
}

// executable is a program and what is bound to its ports.
type executable struct {
	device  *Device
	program *graph.Program
	bound   map[string]*buffer // nil once closed
}

// Compile checks that the weights a program needs are there as it needs them.
func (d *Device) Compile(p *graph.Program, w device.Weights) (device.Executable, error) {
	s, ok := w.(*store)
	if !ok {
		return nil, fmt.Errorf("null: weights are a %T, not this device's", w)
	}
	if d.closed || s.known == nil {
		return nil, device.ErrClosed
	}
	for _, t := range p.Weights {
		have, ok := s.known[t.Name]
		if !ok {
			return nil, fmt.Errorf("null: program %s: weight %s is not on the device", p.Name, t.Name)
		}
		if !have.Shape.Equal(t.Shape) || have.Encoding != t.Encoding {
			return nil, fmt.Errorf("null: program %s: weight %s is %v%v, the program wants %v%v",
				p.Name, t.Name, have.Encoding, have.Shape, t.Encoding, t.Shape)
		}
	}
	return &executable{d, p, map[string]*buffer{}}, nil
}

func (e *executable) Bind(name string, b device.Buffer) error {
	buf, ok := b.(*buffer)
	if !ok {
		return fmt.Errorf("null: bind %s: buffer is a %T, not this device's", name, b)
	}
	if e.bound == nil || buf.closed {
		return device.ErrClosed
	}
	for _, ports := range [][]graph.Port{e.program.Inputs, e.program.Outputs} {
		for _, p := range ports {
			if p.Name != name {
				continue
			}
			if need := p.Shape.Elems(e.program.MaxRows); buf.Len() < need {
				return fmt.Errorf("null: bind %s: buffer of %d elements, want %d", name, buf.Len(), need)
			}
			e.bound[name] = buf
			return nil
		}
	}
	return fmt.Errorf("null: program %s has no input or output %s", e.program.Name, name)
}

func (e *executable) Run(ctx context.Context, rows int) error {
	if e.bound == nil || e.device.closed {
		return device.ErrClosed
	}
	if rows < 1 || rows > e.program.MaxRows {
		return fmt.Errorf("null: program %s: %d rows, want 1 to %d", e.program.Name, rows, e.program.MaxRows)
	}
	for _, ports := range [][]graph.Port{e.program.Inputs, e.program.Outputs} {
		for _, p := range ports {
			b := e.bound[p.Name]
			if b == nil {
				return fmt.Errorf("null: program %s: nothing is bound to %s", e.program.Name, p.Name)
			}
			if b.closed {
				return fmt.Errorf("null: program %s: buffer of %s: %w", e.program.Name, p.Name, device.ErrClosed)
			}
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	e.device.Runs++
	e.device.Instructions += int64(len(e.program.Instrs))
	e.device.FLOPs += e.program.FLOPs(rows)
	return nil
}

func (e *executable) Close() error { e.bound = nil; return nil }

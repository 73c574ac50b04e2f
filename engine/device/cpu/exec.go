package cpu

import (
	"context"
	"fmt"
	"time"

	"github.com/counterpoint/counterpoint/engine/device"
	"github.com/counterpoint/counterpoint/engine/device/cpu/kernel"
	"github.com/counterpoint/counterpoint/engine/graph"
)

// A step runs one instruction over the given number of rows.
type step func(rows int) error

// An emitter prepares an instruction of one operator. Each operator's file registers its own.
type emitter func(c *compiler, in graph.Instr) (step, error)

var emitters = map[string]emitter{}

// register makes an operator known by its name. It is called from the init functions of the operators' files.
func register(op graph.Op, e emitter) { emitters[op.Name()] = e }

// executable is a compiled program with its arena and bound buffers.
type executable struct {
	device  *Device
	program *graph.Program
	blocks  [][]float32 // the arena
	inputs  []*buffer
	outputs []*buffer
	steps   []step
	closed  bool
}

// compiler prepares the instructions of one program.
type compiler struct {
	*Device
	exe     *executable
	weights *store
}

// Compile prepares every instruction and packs the weights it needs.
func (d *Device) Compile(p *graph.Program, w device.Weights) (device.Executable, error) {
	s, ok := w.(*store)
	if !ok {
		return nil, fmt.Errorf("cpu: weights are a %T, not this device's", w)
	}
	if d.closed || s.entries == nil {
		return nil, device.ErrClosed
	}
	for _, t := range p.Weights {
		if _, err := s.lookup(t); err != nil {
			return nil, fmt.Errorf("cpu: program %s: %w", p.Name, err)
		}
	}
	if p.Arena() > maxBuffer {
		return nil, fmt.Errorf("cpu: program %s needs %d elements of memory, at most %d", p.Name, p.Arena(), maxBuffer)
	}
	exe := &executable{device: d, program: p,
		inputs: make([]*buffer, len(p.Inputs)), outputs: make([]*buffer, len(p.Outputs))}
	for _, size := range p.Blocks {
		exe.blocks = append(exe.blocks, make([]float32, size))
	}
	c := &compiler{d, exe, s}
	for i, in := range p.Instrs {
		emit, ok := emitters[in.Op.Name()]
		if !ok {
			return nil, fmt.Errorf("cpu: program %s: instruction %d: operator %s is not known", p.Name, i, in.Op.Name())
		}
		st, err := emit(c, in)
		if err != nil {
			return nil, fmt.Errorf("cpu: program %s: instruction %d (%s): %w", p.Name, i, in.Op.Name(), err)
		}
		exe.steps = append(exe.steps, st)
	}
	return exe, nil
}

func (e *executable) Bind(name string, b device.Buffer) error {
	buf, ok := b.(*buffer)
	if !ok {
		return fmt.Errorf("cpu: bind %s: buffer is a %T, not this device's", name, b)
	}
	if e.closed || buf.data == nil {
		return device.ErrClosed
	}
	for _, side := range e.sides() {
		for i, p := range side.ports {
			if p.Name != name {
				continue
			}
			if need := p.Shape.Elems(e.program.MaxRows); buf.Len() < need {
				return fmt.Errorf("cpu: bind %s: buffer of %d elements, want %d", name, buf.Len(), need)
			}
			side.bound[i] = buf
			return nil
		}
	}
	return fmt.Errorf("cpu: program %s has no input or output %s", e.program.Name, name)
}

func (e *executable) Run(ctx context.Context, rows int) error { return e.run(ctx, rows, nil) }

// Profile runs the program as Run does and adds each instruction's time to spent, which has one entry an instruction.
func (e *executable) Profile(ctx context.Context, rows int, spent []time.Duration) error {
	return e.run(ctx, rows, spent)
}

func (e *executable) run(ctx context.Context, rows int, spent []time.Duration) error {
	if e.closed || e.device.closed {
		return device.ErrClosed
	}
	if rows < 1 || rows > e.program.MaxRows {
		return fmt.Errorf("cpu: program %s: %d rows, want 1 to %d", e.program.Name, rows, e.program.MaxRows)
	}
	for _, side := range e.sides() {
		for i, b := range side.bound {
			if b == nil {
				return fmt.Errorf("cpu: program %s: nothing is bound to %s", e.program.Name, side.ports[i].Name)
			}
			if b.data == nil {
				return fmt.Errorf("cpu: program %s: buffer of %s: %w", e.program.Name, side.ports[i].Name, device.ErrClosed)
			}
		}
	}
	for i, st := range e.steps {
		if err := ctx.Err(); err != nil {
			return err
		}
		var start time.Time
		if spent != nil {
			start = time.Now() // a call out of the module in a browser, so only where it is asked for
		}
		if err := st(rows); err != nil {
			return fmt.Errorf("cpu: program %s: instruction %d (%s): %w", e.program.Name, i, e.program.Instrs[i].Op.Name(), err)
		}
		if spent != nil {
			spent[i] += time.Since(start)
		}
	}
	return nil
}

func (e *executable) Close() error {
	e.closed = true
	e.blocks, e.steps, e.inputs, e.outputs = nil, nil, nil, nil
	return nil
}

// side is a program's inputs or outputs and what is bound to them.
type side struct {
	ports []graph.Port
	bound []*buffer
}

func (e *executable) sides() [2]side {
	return [2]side{{e.program.Inputs, e.inputs}, {e.program.Outputs, e.outputs}}
}

// ref is an operand as an instruction reads or writes it; the zero ref is an absent one.
type ref struct {
	exe    *executable
	op     graph.Operand
	weight []float32 // of a weight operand
}

// ref resolves an operand of float32 or int32 elements; a weight is expanded to float32.
func (c *compiler) ref(o graph.Operand) (ref, error) {
	r := ref{exe: c.exe, op: o}
	var err error
	if o.Space == graph.SpaceWeight {
		r.weight, err = c.weights.floats(c.exe.program.Weights[o.Index])
	}
	return r, err
}

// refs resolves several operands at once.
func (c *compiler) refs(ops ...graph.Operand) ([]ref, error) {
	list := make([]ref, len(ops))
	for i, o := range ops {
		var err error
		if list[i], err = c.ref(o); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// matrix resolves a weight operand for products.
func (c *compiler) matrix(o graph.Operand) (*kernel.Panel, error) {
	if o.Space != graph.SpaceWeight {
		return nil, fmt.Errorf("operand in space %d where a weight is needed", o.Space)
	}
	return c.weights.matrix(c.exe.program.Weights[o.Index])
}

// absent reports an optional operand that was left out.
func (r ref) absent() bool { return r.op.Space == graph.None }

// f32 returns the operand's elements for the given number of rows, nil if absent.
func (r ref) f32(rows int) []float32 {
	n := 0
	if !r.absent() {
		n = r.op.Shape.Elems(rows)
	}
	switch r.op.Space {
	case graph.SpaceArena:
		return r.exe.blocks[r.op.Index][r.op.Offset : r.op.Offset+n]
	case graph.SpaceInput:
		return r.exe.inputs[r.op.Index].data[:n]
	case graph.SpaceOutput:
		return r.exe.outputs[r.op.Index].data[:n]
	case graph.SpaceWeight:
		return r.weight
	}
	return nil
}

func (r ref) i32(rows int) []int32 { return asInts(r.f32(rows)) }

// spread calls fn on pieces of [0, n) of at most size each, on all workers. Pieces do not depend on the number of workers.
func (d *Device) spread(n, size int, fn func(worker, first, end int)) {
	size = max(size, 1)
	if n <= size {
		if n > 0 {
			fn(0, 0, n)
		}
		return
	}
	d.pool.Do((n+size-1)/size, func(worker, task int) {
		fn(worker, task*size, min((task+1)*size, n))
	})
}

// grain is the number of elements a worker takes at once in loops over elements: small enough for the nearest cache.
const grain = 8192

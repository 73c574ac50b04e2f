package webgpu

import (
	"context"
	"fmt"
	"time"

	"github.com/counterpoint/counterpoint/engine/device"
	"github.com/counterpoint/counterpoint/engine/device/webgpu/internal/gpu"
	"github.com/counterpoint/counterpoint/engine/graph"
	"github.com/counterpoint/counterpoint/shaders"
)

// executable is a program on the GPU: its arena, one dispatch or a few an instruction, and what is bound to its ports.
type executable struct {
	device     *Device
	program    *graph.Program
	weights    *store
	blocks     []gpu.Buffer // the arena
	scratch    []gpu.Buffer
	params     gpu.Buffer // of all dispatches, paramsBytes apart
	run        gpu.Buffer // struct Run
	bound      map[graph.Space][]*buffer
	dispatches []*dispatch
	rows       int                   // that run holds
	commands   map[int][]gpu.Command // by rows; nil once a bind group has changed
	closed     bool
}

// paramsBytes is the room for a dispatch's parameters; offsets of uniforms are multiples of it.
const paramsBytes = 256

// runBytes is the size of struct Run, which a uniform's binding rounds up.
const runBytes = 16

// dispatch is a shader over operands.
type dispatch struct {
	instr     int // which instruction it belongs to
	pipeline  *pipeline
	ranges    []operand // in order of the bindings that are storage
	params    int       // bytes of its parameters
	group     gpu.Group
	workgroup func(rows int) (x, y, z uint32)
}

// operand is a range of bytes: of a fixed buffer, or of what is bound to a port.
type operand struct {
	gpu.Range
	space graph.Space // graph.SpaceInput or graph.SpaceOutput of a port's, otherwise None
	port  int
}

// Compile makes the program's pipelines, buffers and parameters. Pipelines of a program are compiled at the same time.
func (d *Device) Compile(p *graph.Program, w device.Weights) (device.Executable, error) {
	s, ok := w.(*store)
	if !ok || s.device != d {
		return nil, fmt.Errorf("webgpu: weights are a %T, not this device's", w)
	}
	if d.closed || s.entries == nil {
		return nil, device.ErrClosed
	}
	for _, t := range p.Weights {
		if _, err := s.lookup(t); err != nil {
			return nil, fmt.Errorf("webgpu: program %s: %w", p.Name, err)
		}
	}
	e := &executable{device: d, program: p, weights: s, bound: map[graph.Space][]*buffer{
		graph.SpaceInput: make([]*buffer, len(p.Inputs)), graph.SpaceOutput: make([]*buffer, len(p.Outputs)),
	}}
	if err := e.build(); err != nil {
		e.Close()
		return nil, fmt.Errorf("webgpu: program %s: %w", p.Name, err)
	}
	return e, nil
}

// build emits every instruction, then waits for the pipelines.
func (e *executable) build() error {
	for _, n := range e.program.Blocks {
		b, err := e.device.storage(4 * n)
		if err != nil {
			return err
		}
		e.blocks = append(e.blocks, b)
	}
	c := &compiler{executable: e}
	if err := c.emit(); err != nil {
		return err
	}
	ctx := context.Background()
	var err error
	if e.run, err = e.device.gpu.NewBuffer(runBytes, gpu.Uniform); err != nil {
		return err
	}
	if e.params, err = e.device.gpu.NewBuffer(max(len(c.params), 1)*paramsBytes, gpu.Uniform); err != nil {
		return err
	}
	block := make([]uint32, len(c.params)*paramsBytes/4)
	for i, words := range c.params {
		copy(block[i*paramsBytes/4:], words)
	}
	if err := e.device.queue.write(ctx, e.params, 0, bytesOf(block)); err != nil {
		return err
	}
	for _, d := range e.dispatches {
		if err := d.pipeline.wait(); err != nil {
			return err
		}
	}
	return nil
}

func (e *executable) Bind(name string, b device.Buffer) error {
	buf, ok := b.(*buffer)
	if !ok || buf.device != e.device {
		return fmt.Errorf("webgpu: bind %s: buffer is a %T, not this device's", name, b)
	}
	if e.closed || buf.closed || e.device.closed {
		return device.ErrClosed
	}
	for space, ports := range e.ports() {
		for i, p := range ports {
			if p.Name != name {
				continue
			}
			if need := p.Shape.Elems(e.program.MaxRows); buf.n < need {
				return fmt.Errorf("webgpu: bind %s: buffer of %d elements, want %d", name, buf.n, need)
			}
			if e.bound[space][i] != buf {
				e.bound[space][i] = buf
				return e.unbind(space, i)
			}
			return nil
		}
	}
	return fmt.Errorf("webgpu: program %s has no input or output %s", e.program.Name, name)
}

func (e *executable) ports() map[graph.Space][]graph.Port {
	return map[graph.Space][]graph.Port{graph.SpaceInput: e.program.Inputs, graph.SpaceOutput: e.program.Outputs}
}

// unbind frees the bind groups that hold what was bound to a port.
func (e *executable) unbind(space graph.Space, port int) error {
	for _, d := range e.dispatches {
		for _, r := range d.ranges {
			if d.group == 0 || r.space != space || r.port != port {
				continue
			}
			if err := e.device.queue.flush(context.Background()); err != nil {
				return err
			}
			e.device.gpu.FreeGroup(d.group)
			d.group, e.commands = 0, nil
		}
	}
	return nil
}

func (e *executable) Run(ctx context.Context, rows int) error {
	commands, err := e.prepare(ctx, rows)
	if err != nil {
		return err
	}
	return e.device.queue.run(ctx, commands)
}

// Profile runs the program instruction by instruction, each alone and repeatedly, and adds the time of one execution to
// spent: the host's part and that of waiting included, shared by the repetitions.
func (e *executable) Profile(ctx context.Context, rows int, spent []time.Duration) error {
	commands, err := e.prepare(ctx, rows)
	if err != nil {
		return err
	}
	const repeat = 4
	q := e.device.queue
	for first := 0; first < len(commands); {
		instr, last := e.dispatches[first].instr, first
		for last < len(commands) && e.dispatches[last].instr == instr {
			last++
		}
		var again []gpu.Command
		for range repeat {
			again = append(again, commands[first:last]...)
		}
		if err := q.drain(ctx); err != nil {
			return err
		}
		start := time.Now()
		fence, err := q.gpu.Submit(again)
		if err != nil {
			return err
		}
		if err := q.gpu.Wait(ctx, fence); err != nil {
			return err
		}
		spent[instr] += time.Since(start) / repeat
		first = last
	}
	return nil
}

// prepare returns the commands for a number of rows, with all bind groups made.
func (e *executable) prepare(ctx context.Context, rows int) ([]gpu.Command, error) {
	if e.closed || e.device.closed || e.weights.entries == nil {
		return nil, device.ErrClosed
	}
	if rows < 1 || rows > e.program.MaxRows {
		return nil, fmt.Errorf("webgpu: program %s: %d rows, want 1 to %d", e.program.Name, rows, e.program.MaxRows)
	}
	for space, ports := range e.ports() {
		for i, b := range e.bound[space] {
			if b == nil {
				return nil, fmt.Errorf("webgpu: program %s: nothing is bound to %s", e.program.Name, ports[i].Name)
			}
			if b.closed {
				return nil, fmt.Errorf("webgpu: program %s: buffer of %s: %w", e.program.Name, ports[i].Name, device.ErrClosed)
			}
		}
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if rows != e.rows {
		if err := e.device.queue.write(ctx, e.run, 0, bytesOf([]uint32{uint32(rows), 0, 0, 0})); err != nil {
			return nil, err
		}
		e.rows = rows
	}
	if commands, ok := e.commands[rows]; ok {
		return commands, nil
	}
	commands := make([]gpu.Command, len(e.dispatches))
	for i, d := range e.dispatches {
		if d.group == 0 {
			if err := e.bindGroup(i, d); err != nil {
				return nil, fmt.Errorf("webgpu: program %s: instruction %d: %s: %w", e.program.Name, d.instr, d.pipeline.shader.Label, err)
			}
		}
		x, y, z := d.workgroup(rows)
		commands[i] = gpu.Command{Pipeline: d.pipeline.gpu, Group: d.group, X: x, Y: y, Z: z}
	}
	if e.commands == nil {
		e.commands = map[int][]gpu.Command{}
	}
	e.commands[rows] = commands
	return commands, nil
}

// bindGroup makes the bind group of the i-th dispatch.
func (e *executable) bindGroup(i int, d *dispatch) error {
	var ranges []gpu.Range
	storage := d.ranges
	for _, b := range d.pipeline.shader.Bindings {
		switch {
		case b.Access == shaders.Uniform && b.Name == "run":
			ranges = append(ranges, gpu.Range{Buffer: e.run, Size: runBytes})
		case b.Access == shaders.Uniform:
			ranges = append(ranges, gpu.Range{Buffer: e.params, Offset: i * paramsBytes, Size: d.params})
		default:
			r := storage[0].Range
			if bound := e.bound[storage[0].space]; bound != nil {
				r = bound[storage[0].port].whole()
			}
			ranges, storage = append(ranges, r), storage[1:]
		}
	}
	var err error
	d.group, err = e.device.gpu.NewGroup(d.pipeline.gpu, ranges)
	return err
}

func (e *executable) Close() error {
	if e.closed || e.device.closed {
		e.closed = true
		return nil
	}
	e.closed = true
	err := e.device.queue.flush(context.Background())
	g := e.device.gpu
	for _, d := range e.dispatches {
		if d.group != 0 {
			g.FreeGroup(d.group)
		}
	}
	for _, b := range append(append(e.blocks, e.scratch...), e.run, e.params) {
		if b != 0 {
			g.FreeBuffer(b)
		}
	}
	return err
}

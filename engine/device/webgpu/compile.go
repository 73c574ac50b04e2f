package webgpu

import (
	"fmt"
	"math"
	"slices"

	"github.com/counterpoint/counterpoint/engine/device/webgpu/internal/gpu"
	"github.com/counterpoint/counterpoint/engine/graph"
	"github.com/counterpoint/counterpoint/shaders"
)

// An emitter appends the dispatches of one instruction. Each operator's file registers its own.
type emitter func(c *compiler, in graph.Instr) error

var emitters = map[string]emitter{}

// register makes an operator known by its name. It is called from the init functions of the operators' files.
func register(op graph.Op, e emitter) { emitters[op.Name()] = e }

// compiler turns the instructions of one program into dispatches.
type compiler struct {
	*executable
	instr  int
	params [][]uint32 // of each dispatch
	dry    bool       // for the pipelines alone: nothing takes memory
}

// emit appends the dispatches of every instruction.
func (c *compiler) emit() error {
	for i, in := range c.program.Instrs {
		emit, ok := emitters[in.Op.Name()]
		if !ok {
			return fmt.Errorf("instruction %d: operator %s is not known", i, in.Op.Name())
		}
		c.instr = i
		if err := emit(c, in); err != nil {
			return fmt.Errorf("instruction %d (%s): %w", i, in.Op.Name(), err)
		}
	}
	return nil
}

// params are the values of struct Params by the names of its fields: ints, uint32s or float32s.
type params map[string]any

// buffers are what the storage bindings hold, by their names.
type buffers map[string]operand

// dispatch appends a dispatch of a shader's variant. Params and buffers must be exactly what the variant declares.
func (c *compiler) dispatch(shader string, v shaders.Variant, p params, b buffers, workgroups func(rows int) (x, y, z uint32)) error {
	pipe, err := c.device.pipeline(shader, v)
	if err != nil {
		return err
	}
	s := pipe.shader
	words := make([]uint32, len(s.Params))
	for i, field := range s.Params {
		switch value := p[field.Name].(type) {
		case int:
			words[i] = uint32(value)
		case uint32:
			words[i] = value
		case float32:
			words[i] = math.Float32bits(value)
		default:
			return fmt.Errorf("shader %s: parameter %s is a %T", s.Label, field.Name, value)
		}
		if _, float := p[field.Name].(float32); float != field.Float {
			return fmt.Errorf("shader %s: parameter %s is a %T", s.Label, field.Name, p[field.Name])
		}
	}
	for name := range p {
		if !slices.ContainsFunc(s.Params, func(f shaders.Param) bool { return f.Name == name }) {
			return fmt.Errorf("shader %s has no parameter %s", s.Label, name)
		}
	}
	d := &dispatch{instr: c.instr, pipeline: pipe, params: (4*len(words) + 15) / 16 * 16, workgroup: workgroups}
	if d.params > paramsBytes {
		return fmt.Errorf("shader %s: parameters of %d bytes, at most %d", s.Label, d.params, paramsBytes)
	}
	storage := 0
	for _, binding := range s.Bindings {
		if binding.Access == shaders.Uniform {
			continue
		}
		o, ok := b[binding.Name]
		if !ok || o == (operand{}) {
			return fmt.Errorf("shader %s: nothing for its binding %s", s.Label, binding.Name)
		}
		d.ranges = append(d.ranges, o)
		storage++
	}
	for name, o := range b {
		if o != (operand{}) && !slices.ContainsFunc(s.Bindings, func(b shaders.Binding) bool { return b.Name == name }) {
			return fmt.Errorf("shader %s has no binding %s", s.Label, name)
		}
	}
	if storage > maxStorageBuffers {
		return fmt.Errorf("shader %s: %d storage buffers, at most %d", s.Label, storage, maxStorageBuffers)
	}
	c.dispatches, c.params = append(c.dispatches, d), append(c.params, words)
	return nil
}

// operand resolves an operand that is not a weight; the zero operand is an absent one.
func (c *compiler) operand(o graph.Operand) operand {
	switch o.Space {
	case graph.SpaceInput, graph.SpaceOutput:
		return operand{space: o.Space, port: o.Index}
	case graph.SpaceArena:
		return operand{Range: gpu.Range{Buffer: c.blocks[o.Index], Size: 4 * c.program.Blocks[o.Index]}}
	case graph.SpaceWeight:
		data, _ := c.weight(o)
		return data
	}
	return operand{}
}

// weight resolves a weight's planes; scales is the zero operand where there are none.
func (c *compiler) weight(o graph.Operand) (data, scales operand) {
	w := c.weights.entries[c.program.Weights[o.Index].Name]
	data = operand{Range: gpu.Range{Buffer: w.buffer, Size: w.data}}
	if w.scales > 0 {
		scales = operand{Range: gpu.Range{Buffer: w.buffer, Offset: w.scales, Size: w.size - w.scales}}
	}
	return data, scales
}

// memory makes a buffer of n elements for an operator's intermediate results.
func (c *compiler) memory(n int) (operand, error) {
	if c.dry {
		return operand{Range: gpu.Range{Size: 4 * n}}, nil
	}
	b, err := c.device.storage(4 * n)
	if err != nil {
		return operand{}, err
	}
	c.scratch = append(c.scratch, b)
	return operand{Range: gpu.Range{Buffer: b, Size: 4 * n}}, nil
}

// input returns the i-th input of an instruction, the zero Operand if it is absent.
func input(in graph.Instr, i int) graph.Operand {
	if i < len(in.In) {
		return in.In[i]
	}
	return graph.Operand{}
}

// imageParams are the fields by which shaders know the images of a shape: their number, 0 for the rows of the run, and the
// elements of one.
func imageParams(s graph.Shape) (images, size int) {
	return max(s[0], 0), s[1:].Elems(1)
}

// flat is the grid of one invocation an element of s, or a group of each neighbouring elements.
func (c *compiler) flat(s graph.Shape, each, workgroup int) func(rows int) (x, y, z uint32) {
	return func(rows int) (x, y, z uint32) {
		x, y = c.device.grid((s.Elems(rows)+each-1)/each, workgroup)
		return x, y, 1
	}
}

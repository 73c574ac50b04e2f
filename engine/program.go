package engine

import (
	"context"
	"fmt"

	"github.com/counterpoint/counterpoint/engine/device"
	"github.com/counterpoint/counterpoint/engine/graph"
)

// program is an executable with a buffer of its own bound to each input and output, until bind puts another in its place.
type program struct {
	exe             device.Executable
	plan            *graph.Program
	inputs, outputs map[string]device.Buffer
}

// compile plans a network for the engine's device and compiles it with the model's weights.
func (e *Engine) compile(g *graph.Graph) (*program, error) {
	plan, err := graph.Compile(g, e.device.Info().Options)
	if err != nil {
		return nil, err
	}
	exe, err := e.device.Compile(plan, e.weights)
	if err != nil {
		return nil, err
	}
	p := &program{exe: exe, plan: plan}
	if p.inputs, err = e.bindAll(p, plan.Inputs); err == nil {
		p.outputs, err = e.bindAll(p, plan.Outputs)
	}
	if err != nil {
		p.Close()
		return nil, err
	}
	return p, nil
}

// usualRows are those of a prompt of two concepts.
const usualRows = 3

// prepare lets the device begin what a picture of the model's own size will wait for, pipelines to compile say, while the
// weights are on their way. What fails here fails again, and is told, where it is needed.
func (e *Engine) prepare() {
	d, ok := e.device.(device.Preparer)
	if !ok {
		return
	}
	r := e.Defaults()
	networks, err := e.pipeline.networks(usualRows, r.Height/e.pipeline.vae.Factor, r.Width/e.pipeline.vae.Factor)
	if err != nil {
		return
	}
	for _, g := range networks {
		if plan, err := graph.Compile(g, e.device.Info().Options); err == nil {
			_ = d.Prepare(plan)
		}
	}
}

// bindAll makes and binds a buffer for each port.
func (e *Engine) bindAll(p *program, ports []graph.Port) (map[string]device.Buffer, error) {
	bound := make(map[string]device.Buffer, len(ports))
	for _, port := range ports {
		b, err := e.device.NewBuffer(port.Shape.Elems(p.plan.MaxRows))
		if err != nil {
			return bound, fmt.Errorf("program %s: %s: %w", p.plan.Name, port.Name, err)
		}
		bound[port.Name] = b
		if err := p.exe.Bind(port.Name, b); err != nil {
			return bound, err
		}
	}
	return bound, nil
}

// bind makes the named input read b, which stays the caller's, instead of the program's own buffer.
func (p *program) bind(name string, b device.Buffer) error {
	if b == nil {
		return fmt.Errorf("program %s: nothing computes input %s", p.plan.Name, name)
	}
	if own := p.inputs[name]; own != nil {
		own.Close()
	}
	delete(p.inputs, name)
	return p.exe.Bind(name, b)
}

func (p *program) writeInts(ctx context.Context, name string, v []int32) error {
	return p.inputs[name].WriteInts(ctx, 0, v)
}

func (p *program) writeFloats(ctx context.Context, name string, v []float32) error {
	return p.inputs[name].WriteFloats(ctx, 0, v)
}

// takeOutputs hands the outputs' buffers over to the caller.
func (p *program) takeOutputs() map[string]device.Buffer {
	taken := p.outputs
	p.outputs = nil
	return taken
}

// Close frees the program and the buffers that are its own.
func (p *program) Close() error {
	for _, own := range []map[string]device.Buffer{p.inputs, p.outputs} {
		for _, b := range own {
			b.Close()
		}
	}
	return p.exe.Close()
}

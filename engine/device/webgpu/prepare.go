package webgpu

import (
	"fmt"

	"github.com/counterpoint/counterpoint/engine/device"
	"github.com/counterpoint/counterpoint/engine/device/webgpu/internal/gpu"
	"github.com/counterpoint/counterpoint/engine/graph"
)

var _ device.Preparer = (*Device)(nil)

// Prepare starts to compile the program's pipelines, which its weights' shapes and encodings decide, as their values don't:
// it emits the program over memory that is not there.
func (d *Device) Prepare(p *graph.Program) error {
	if err := d.ready(); err != nil {
		return err
	}
	w := &store{device: d, entries: map[string]*weight{}}
	for _, t := range p.Weights {
		e := &weight{shape: t.Shape, encoding: t.Encoding, data: 4, size: 4}
		if t.Encoding.Quantized() {
			e.scales, e.size = 4, 8
		}
		w.entries[t.Name] = e
	}
	c := &compiler{executable: &executable{device: d, program: p, weights: w, blocks: make([]gpu.Buffer, len(p.Blocks))}, dry: true}
	if err := c.emit(); err != nil {
		return fmt.Errorf("webgpu: program %s: %w", p.Name, err)
	}
	return nil
}

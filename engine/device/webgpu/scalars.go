package webgpu

import (
	"fmt"
	"math"

	"github.com/counterpoint/counterpoint/engine/device"
	"github.com/counterpoint/counterpoint/shaders"
)

// Eval enqueues a program, which one shader interprets: nothing is compiled when a program or a constant in it is new. On
// Mesa's lavapipe 75 instructions take 31 µs, and as a shader of their own 25, as much as any dispatch; but compiling that
// takes 1 to 18 ms, and a browser longer.
func (d *Device) Eval(o device.Eval) error {
	if err := d.ready(); err != nil {
		return err
	}
	if err := o.Check(d.owns); err != nil {
		return fmt.Errorf("webgpu: eval: %w", err)
	}
	const workgroup = 64
	code := o.Program.Instrs()
	words := []uint32{uint32(len(code)), uint32(o.Scalars.Offset), uint32(o.Scalars.Slots), uint32(o.Pictures)}
	for _, in := range code {
		data := uint32(in.Slot)
		if in.Op == device.OpConst {
			data = math.Float32bits(in.Float)
		}
		words = append(words, uint32(in.Op)|uint32(in.To)<<8, uint32(in.A), uint32(in.B)|uint32(in.C)<<8, data)
	}
	v := shaders.Variant{shaders.Workgroup: workgroup, "REGISTERS": device.MaxRegisters}
	if err := d.direct("eval", v, words, []*buffer{o.Scalars.Buffer.(*buffer)}, (o.Pictures+workgroup-1)/workgroup, 1, 1); err != nil {
		return fmt.Errorf("webgpu: eval: %w", err)
	}
	return nil
}

// Resample enqueues a draw, by one invocation.
func (d *Device) Resample(r device.Resample) error {
	if err := d.ready(); err != nil {
		return err
	}
	if err := r.Check(d.owns); err != nil {
		return fmt.Errorf("webgpu: resample: %w", err)
	}
	words := []uint32{
		uint32(r.Pictures), uint32(r.Scalars.Offset), uint32(r.Scalars.Slots), uint32(r.Weight),
		uint32(r.Uniform), uint32(r.Row), 0, 0,
	}
	if err := d.direct("resample", nil, words, []*buffer{r.Scalars.Buffer.(*buffer)}, 1, 1, 1); err != nil {
		return fmt.Errorf("webgpu: resample: %w", err)
	}
	return nil
}

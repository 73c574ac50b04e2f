//go:build cgo && !js

package wgpunative

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync"

	"github.com/cogentcore/webgpu/wgpu"

	"github.com/counterpoint/counterpoint/engine/device/webgpu/internal/gpu"
)

// device is an opened adapter. Its objects are named by their place in a table, from 1.
type device struct {
	adapter gpu.Adapter
	d       *wgpu.Device
	queue   *wgpu.Queue
	closed  bool

	buffers   gpu.Table[*wgpu.Buffer]
	groups    gpu.Table[*wgpu.BindGroup]
	compiling sync.Mutex // the error scopes that the binding opens and closes belong to the device, not to a goroutine
	pipelines gpu.Table[pipeline]

	staging     *wgpu.Buffer // where reads land
	stagingSize int
	fence       gpu.Fence
	submitted   []wgpu.SubmissionIndex // of fences done+1 to fence
	done        gpu.Fence
}

type pipeline struct {
	*wgpu.ComputePipeline
	layout *wgpu.BindGroupLayout
}

func (d *device) Adapter() gpu.Adapter { return d.adapter }

var usages = [...]wgpu.BufferUsage{gpu.Storage: wgpu.BufferUsageStorage, gpu.Uniform: wgpu.BufferUsageUniform}

func (d *device) NewBuffer(size int, use gpu.Usage) (gpu.Buffer, error) {
	b, err := d.d.CreateBuffer(&wgpu.BufferDescriptor{Size: uint64(size), Usage: usages[use] | wgpu.BufferUsageCopyDst | wgpu.BufferUsageCopySrc})
	if err != nil {
		return 0, err
	}
	return gpu.Buffer(d.buffers.Add(b)), nil
}

func (d *device) FreeBuffer(b gpu.Buffer) { d.buffers.Remove(uint32(b)).Release() }

func (d *device) Write(b gpu.Buffer, offset int, data []byte) error {
	if len(data) == 0 {
		return nil
	}
	return d.queue.WriteBuffer(d.buffers.Get(uint32(b)), uint64(offset), data)
}

func (d *device) Read(ctx context.Context, b gpu.Buffer, offset int, dst []byte) error {
	if len(dst) == 0 {
		return ctx.Err()
	}
	if err := d.grow(len(dst)); err != nil {
		return err
	}
	encoder, err := d.d.CreateCommandEncoder(nil)
	if err != nil {
		return err
	}
	defer encoder.Release()
	if err := encoder.CopyBufferToBuffer(d.buffers.Get(uint32(b)), uint64(offset), d.staging, 0, uint64(len(dst))); err != nil {
		return err
	}
	fence, err := d.finish(encoder)
	if err != nil {
		return err
	}
	if err := d.Wait(ctx, fence); err != nil {
		return err
	}
	if err := d.mapStaging(len(dst)); err != nil {
		return err
	}
	copy(dst, d.staging.GetMappedRange(0, uint(len(dst))))
	return d.staging.Unmap()
}

// grow makes the staging buffer hold at least size bytes.
func (d *device) grow(size int) error {
	if size <= d.stagingSize {
		return nil
	}
	size = max(size, 2*d.stagingSize, 1<<16)
	b, err := d.d.CreateBuffer(&wgpu.BufferDescriptor{Size: uint64(size), Usage: wgpu.BufferUsageMapRead | wgpu.BufferUsageCopyDst})
	if err != nil {
		return err
	}
	if d.staging != nil {
		d.staging.Release()
	}
	d.staging, d.stagingSize = b, size
	return nil
}

// mapStaging maps what the copy, which is done, has left in the staging buffer.
func (d *device) mapStaging(size int) error {
	// The binding gives C the address of a Go variable that nothing in Go holds any longer, and reads it in the callback, so no
	// collection may begin before that. The callback comes at once.
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	status := wgpu.BufferMapAsyncStatusUnknown
	if err := d.staging.MapAsync(wgpu.MapModeRead, 0, uint64(size), func(s wgpu.BufferMapAsyncStatus) { status = s }); err != nil {
		return err
	}
	d.d.Poll(true, nil)
	if status != wgpu.BufferMapAsyncStatusSuccess {
		return fmt.Errorf("mapping a buffer: %v", status)
	}
	return nil
}

var bindings = [...]wgpu.BufferBindingType{
	gpu.UniformBinding: wgpu.BufferBindingTypeUniform, gpu.ReadBinding: wgpu.BufferBindingTypeReadOnlyStorage, gpu.WriteBinding: wgpu.BufferBindingTypeStorage,
}

func (d *device) NewPipeline(ctx context.Context, label, code string, access []gpu.Access) (gpu.Pipeline, error) {
	d.compiling.Lock()
	defer d.compiling.Unlock()
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	module, err := d.d.CreateShaderModule(&wgpu.ShaderModuleDescriptor{Label: label, WGSLDescriptor: &wgpu.ShaderModuleWGSLDescriptor{Code: code}})
	if err != nil {
		return 0, fmt.Errorf("shader %s: %w", label, err)
	}
	defer module.Release()
	entries := make([]wgpu.BindGroupLayoutEntry, len(access))
	for i, a := range access {
		entries[i] = wgpu.BindGroupLayoutEntry{Binding: uint32(i), Visibility: wgpu.ShaderStageCompute, Buffer: wgpu.BufferBindingLayout{Type: bindings[a]}}
	}
	group, err := d.d.CreateBindGroupLayout(&wgpu.BindGroupLayoutDescriptor{Label: label, Entries: entries})
	if err != nil {
		return 0, fmt.Errorf("shader %s: %w", label, err)
	}
	layout, err := d.d.CreatePipelineLayout(&wgpu.PipelineLayoutDescriptor{Label: label, BindGroupLayouts: []*wgpu.BindGroupLayout{group}})
	if err != nil {
		group.Release()
		return 0, fmt.Errorf("shader %s: %w", label, err)
	}
	defer layout.Release()
	p, err := d.d.CreateComputePipeline(&wgpu.ComputePipelineDescriptor{Label: label, Layout: layout,
		Compute: wgpu.ProgrammableStageDescriptor{Module: module, EntryPoint: "main"}})
	if err != nil {
		group.Release()
		return 0, fmt.Errorf("shader %s: %w", label, err)
	}
	return gpu.Pipeline(d.pipelines.Add(pipeline{p, group})), nil
}

func (d *device) NewGroup(p gpu.Pipeline, ranges []gpu.Range) (gpu.Group, error) {
	entries := make([]wgpu.BindGroupEntry, len(ranges))
	for i, r := range ranges {
		entries[i] = wgpu.BindGroupEntry{Binding: uint32(i), Buffer: d.buffers.Get(uint32(r.Buffer)), Offset: uint64(r.Offset), Size: uint64(r.Size)}
	}
	g, err := d.d.CreateBindGroup(&wgpu.BindGroupDescriptor{Layout: d.pipelines.Get(uint32(p)).layout, Entries: entries})
	if err != nil {
		return 0, err
	}
	return gpu.Group(d.groups.Add(g)), nil
}

func (d *device) FreeGroup(g gpu.Group) { d.groups.Remove(uint32(g)).Release() }

func (d *device) Submit(commands []gpu.Command) (gpu.Fence, error) {
	encoder, err := d.d.CreateCommandEncoder(nil)
	if err != nil {
		return 0, err
	}
	defer encoder.Release()
	pass := encoder.BeginComputePass(nil)
	defer pass.Release()
	var last gpu.Command
	for _, c := range commands {
		if c.Pipeline != last.Pipeline {
			pass.SetPipeline(d.pipelines.Get(uint32(c.Pipeline)).ComputePipeline)
		}
		if c.Group != last.Group {
			pass.SetBindGroup(0, d.groups.Get(uint32(c.Group)), nil)
		}
		pass.DispatchWorkgroups(c.X, c.Y, c.Z)
		last = c
	}
	if err := pass.End(); err != nil {
		return 0, err
	}
	return d.finish(encoder)
}

// finish submits what the encoder holds.
func (d *device) finish(encoder *wgpu.CommandEncoder) (gpu.Fence, error) {
	commands, err := encoder.Finish(nil)
	if err != nil {
		return 0, err
	}
	defer commands.Release()
	d.submitted = append(d.submitted, d.queue.Submit(commands))
	d.fence++
	return d.fence, nil
}

// Wait blocks its thread, since that is what the library offers; a ctx that is done is noticed before and after.
func (d *device) Wait(ctx context.Context, f gpu.Fence) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if f > d.done && f <= d.fence {
		d.d.Poll(true, &wgpu.WrappedSubmissionIndex{Queue: d.queue, SubmissionIndex: d.submitted[f-d.done-1]})
		d.submitted = d.submitted[f-d.done:]
		d.done = f
	}
	return ctx.Err()
}

func (d *device) Close() error {
	if d.closed {
		return nil
	}
	d.closed = true
	d.queue.Submit() // what was written and never submitted would turn up at the next device, which then fails
	d.d.Poll(true, nil)
	for g := range d.groups.All() {
		g.Release()
	}
	for p := range d.pipelines.All() {
		p.Release()
		p.layout.Release()
	}
	for b := range d.buffers.All() {
		b.Release()
	}
	if d.staging != nil {
		d.staging.Release()
	}
	d.queue.Release()
	d.d.Release()
	return nil
}

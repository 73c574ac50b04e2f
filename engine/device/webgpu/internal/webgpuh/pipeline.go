//go:build (linux || darwin || windows) && (amd64 || arm64)

package webgpuh

import (
	"cmp"
	"context"
	"fmt"
	"unsafe"

	"github.com/counterpoint/counterpoint/engine/device/webgpu/internal/gpu"
)

// pipeline is a compute pipeline with the layout of its bind group 0.
type pipeline struct {
	handle
	layout handle
}

// Fields of descriptors that point are pointers also for Go, so what they point to lives as long as the call.

func view(s string) stringView {
	return stringView{data: unsafe.Pointer(unsafe.StringData(s)), length: uint(len(s))}
}

func address[T any](list []T) unsafe.Pointer { return unsafe.Pointer(unsafe.SliceData(list)) }

func (d *device) NewPipeline(ctx context.Context, label, code string, bindings []gpu.Access) (gpu.Pipeline, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	p, err := d.compile(ctx, label, code, bindings)
	if err != nil {
		return 0, fmt.Errorf("shader %s: %w", label, err)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	return gpu.Pipeline(d.pipelines.Add(p)), nil
}

func (d *device) compile(ctx context.Context, label, code string, bindings []gpu.Access) (pipeline, error) {
	module, err := d.newModule(ctx, label, code)
	if err != nil {
		return pipeline{}, err
	}
	defer d.locked(func() { d.ShaderModuleRelease(module) })
	group, err := d.newGroupLayout(ctx, label, bindings)
	if err != nil {
		return pipeline{}, err
	}
	p, err := d.newPipeline(ctx, label, module, group)
	if err != nil {
		d.locked(func() { d.BindGroupLayoutRelease(group) })
		return pipeline{}, err
	}
	return pipeline{p, group}, nil
}

func (d *device) newModule(ctx context.Context, label, code string) (handle, error) {
	source := shaderSourceWGSL{chain: chained{sType: sTypeShaderSourceWGSL}, code: view(code)}
	descriptor := shaderModuleDescriptor{next: unsafe.Pointer(&source), label: view(label)}
	return d.create(ctx, func() handle { return d.DeviceCreateShaderModule(d.handle, &descriptor) }, d.ShaderModuleRelease)
}

var bufferTypes = [...]uint32{gpu.UniformBinding: bufferUniform, gpu.ReadBinding: bufferReadOnlyStorage, gpu.WriteBinding: bufferStorage}

func (d *device) newGroupLayout(ctx context.Context, label string, bindings []gpu.Access) (handle, error) {
	entries := make([]bindGroupLayoutEntry, len(bindings))
	old := make([]bindGroupLayoutEntryOld, len(bindings))
	for i, b := range bindings {
		resource := bindingLayouts{buffer: bufferBindingLayout{kind: bufferTypes[b]}}
		entries[i] = bindGroupLayoutEntry{binding: uint32(i), visibility: stageCompute, resource: resource}
		old[i] = bindGroupLayoutEntryOld{binding: uint32(i), visibility: stageCompute, resource: resource}
	}
	descriptor := bindGroupLayoutDescriptor{label: view(label), entryCount: uint(len(entries)), entries: address(entries)}
	if d.oldEntries {
		descriptor.entries = address(old)
	}
	return d.create(ctx, func() handle { return d.DeviceCreateBindGroupLayout(d.handle, &descriptor) }, d.BindGroupLayoutRelease)
}

func (d *device) newPipeline(ctx context.Context, label string, module, group handle) (handle, error) {
	groups := []handle{group}
	layout, err := d.create(ctx, func() handle {
		return d.DeviceCreatePipelineLayout(d.handle, &pipelineLayoutDescriptor{label: view(label), groupCount: 1, groups: address(groups)})
	}, d.PipelineLayoutRelease)
	if err != nil {
		return 0, err
	}
	defer d.locked(func() { d.PipelineLayoutRelease(layout) })
	descriptor := computePipelineDescriptor{label: view(label), layout: layout, compute: computeState{module: module, entryPoint: view("main")}}
	if !d.async {
		return d.create(ctx, func() handle { return d.DeviceCreateComputePipeline(d.handle, &descriptor) }, d.ComputePipelineRelease)
	}
	// The library compiles on threads of its own, several pipelines at once.
	r := newRequest(answerPair())
	d.locked(func() { d.DeviceCreateComputePipelineAsync(d.handle, &descriptor, r.info) })
	a, err := d.wait(ctx, r, func(a answer) {
		if a.second != 0 {
			d.ComputePipelineRelease(handle(a.second))
		}
	})
	if err != nil {
		return 0, err
	}
	if a.status() != statusSuccess || a.second == 0 {
		if err := d.faults.take(); err != nil {
			return 0, err
		}
		return 0, newError(errorValidation, a.message)
	}
	return handle(a.second), nil
}

func (d *device) NewGroup(p gpu.Pipeline, ranges []gpu.Range) (gpu.Group, error) {
	entries := make([]bindGroupEntry, len(ranges))
	for i, r := range ranges {
		entries[i] = bindGroupEntry{binding: uint32(i), buffer: d.buffers.Get(uint32(r.Buffer)), offset: uint64(r.Offset), size: uint64(r.Size)}
	}
	descriptor := bindGroupDescriptor{layout: d.pipelines.Get(uint32(p)).layout, entryCount: uint(len(entries)), entries: address(entries)}
	g, err := d.create(context.Background(), func() handle { return d.DeviceCreateBindGroup(d.handle, &descriptor) }, d.BindGroupRelease)
	if err != nil {
		return 0, fmt.Errorf("a bind group: %w", err)
	}
	return gpu.Group(d.groups.Add(g)), nil
}

// probe leaves out the features that a shader cannot use after all: libraries list some that their compilers do not know
// yet, and the numbers of features are not the same in all releases.
func (d *device) probe(ctx context.Context) error {
	directive := ""
	if d.directive {
		directive = "enable subgroups;"
	}
	for _, feature := range []struct {
		has  *bool
		code string
	}{
		{&d.adapter.F16, "enable f16; @compute @workgroup_size(1) fn main() { var x = 1h; x += x; }"},
		{&d.adapter.Subgroups, directive + "@compute @workgroup_size(1) fn main() { let x = subgroupAdd(1u); }"},
	} {
		if !*feature.has {
			continue
		}
		module, err := d.newModule(ctx, "probe", feature.code)
		if err == nil {
			d.locked(func() { d.ShaderModuleRelease(module) })
		} else if gone := cmp.Or(ctx.Err(), d.faults.loss()); gone != nil {
			return gone
		}
		*feature.has = err == nil
	}
	return nil
}

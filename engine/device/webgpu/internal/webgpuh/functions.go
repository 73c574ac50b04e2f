//go:build (linux || darwin || windows) && (amd64 || arm64)

package webgpuh

import (
	"fmt"
	"reflect"
	"unsafe"

	"github.com/ebitengine/purego"
)

// procs are the functions of a library: field F is its wgpuF. All must be there, but for those tagged optional.
//
// Asynchronous ones, which take a callbackInfo, return the number of a future. It is not used: callbacks come from
// InstanceProcessEvents.
type procs struct {
	CreateInstance         func(descriptor unsafe.Pointer) handle
	InstanceRequestAdapter func(instance handle, options *requestAdapterOptions, info callbackInfo) uint64
	InstanceProcessEvents  func(instance handle)

	AdapterGetInfo               func(adapter handle, info *adapterInfo) uint32
	AdapterInfoFreeMembers       func(info adapterInfo)
	AdapterGetLimits             func(adapter handle, limits *limits) uint32
	AdapterGetFeatures           func(adapter handle, features *supportedFeatures)
	SupportedFeaturesFreeMembers func(features supportedFeatures)
	AdapterRequestDevice         func(adapter handle, descriptor *deviceDescriptor, info callbackInfo) uint64
	AdapterRelease               func(adapter handle)

	DeviceGetQueue                   func(device handle) handle
	DevicePushErrorScope             func(device handle, filter uint32)
	DevicePopErrorScope              func(device handle, info callbackInfo) uint64
	DeviceCreateBuffer               func(device handle, descriptor *bufferDescriptor) handle
	DeviceCreateShaderModule         func(device handle, descriptor *shaderModuleDescriptor) handle
	DeviceCreateBindGroupLayout      func(device handle, descriptor *bindGroupLayoutDescriptor) handle
	DeviceCreatePipelineLayout       func(device handle, descriptor *pipelineLayoutDescriptor) handle
	DeviceCreateComputePipeline      func(device handle, descriptor *computePipelineDescriptor) handle
	DeviceCreateComputePipelineAsync func(device handle, descriptor *computePipelineDescriptor, info callbackInfo) uint64
	DeviceCreateBindGroup            func(device handle, descriptor *bindGroupDescriptor) handle
	DeviceCreateCommandEncoder       func(device handle, descriptor unsafe.Pointer) handle
	DeviceDestroy                    func(device handle)
	DeviceRelease                    func(device handle)

	CommandEncoderBeginComputePass   func(encoder handle, descriptor unsafe.Pointer) handle
	CommandEncoderCopyBufferToBuffer func(encoder, source handle, sourceOffset uint64, destination handle, destinationOffset, size uint64)
	CommandEncoderFinish             func(encoder handle, descriptor unsafe.Pointer) handle
	CommandEncoderRelease            func(encoder handle)
	CommandBufferRelease             func(commands handle)

	// A pass has thousands of these calls, so they go without reflection.
	ComputePassEncoderSetPipeline        proc // pass, pipeline
	ComputePassEncoderSetBindGroup       proc // pass, index, group, count and address of dynamic offsets
	ComputePassEncoderDispatchWorkgroups proc // pass, x, y, z

	ComputePassEncoderEnd     func(pass handle)
	ComputePassEncoderRelease func(pass handle)

	QueueSubmit              func(queue handle, count uint, commands *handle)
	QueueWriteBuffer         func(queue, buffer handle, offset uint64, data unsafe.Pointer, size uint)
	QueueOnSubmittedWorkDone func(queue handle, info callbackInfo) uint64
	QueueRelease             func(queue handle)

	BufferMapAsync            func(buffer handle, mode uint64, offset, size uint, info callbackInfo) uint64
	BufferGetConstMappedRange func(buffer handle, offset, size uint) unsafe.Pointer
	BufferUnmap               func(buffer handle)
	BufferRelease             func(buffer handle)

	ShaderModuleRelease    func(module handle)
	BindGroupLayoutRelease func(layout handle)
	PipelineLayoutRelease  func(layout handle)
	ComputePipelineRelease func(pipeline handle)
	BindGroupRelease       func(group handle)

	GetVersion          func() uint32 `optional:"wgpu-native"`
	DeviceTick          proc          `optional:"Dawn"`
	GetInstanceFeatures proc          `optional:"since 2025-05"`
}

// proc is the address of a function of integers.
type proc uintptr

func (p proc) call(args ...uintptr) { purego.SyscallN(uintptr(p), args...) }

// resolve finds the functions in a library.
func resolve(path string, library uintptr) (procs, error) {
	var p procs
	v := reflect.ValueOf(&p).Elem()
	for i := range v.NumField() {
		field := v.Type().Field(i)
		name := "wgpu" + field.Name
		address, err := symbol(library, name)
		if err != nil {
			if _, optional := field.Tag.Lookup("optional"); optional {
				continue
			}
			if i == 0 {
				return p, fmt.Errorf("%s is not a WebGPU library: it has no %s", path, name)
			}
			return p, fmt.Errorf("%s has a WebGPU interface older than this program's: it has no %s; wgpu-native from release 24 on and Dawn from 2025 on will do", path, name)
		}
		if field.Type.Kind() == reflect.Func {
			purego.RegisterFunc(v.Field(i).Addr().Interface(), address)
		} else {
			v.Field(i).SetUint(uint64(address))
		}
	}
	return p, nil
}

// dialect is what differs from library to library.
type dialect struct {
	library string // its name and version
	// The numbers of features. The first that an adapter has is the one.
	f16, subgroups []uint32
	// oldEntries: bindGroupLayoutEntryOld is in use.
	oldEntries bool
	// directive: WGSL needs "enable subgroups;".
	directive bool
	// filters of the error scopes there are, the innermost last.
	filters []uint32
	// async: DeviceCreateComputePipelineAsync is implemented.
	async bool
}

// dialect tells which library p is of, and from when.
func (p *procs) dialect() dialect {
	d := dialect{
		library: "webgpu.h", f16: []uint32{0x0b}, subgroups: []uint32{0x12}, directive: true, async: true,
		filters: []uint32{filterInternal, filterOutOfMemory, filterValidation},
	}
	if p.GetInstanceFeatures == 0 { // from before CoreFeaturesAndLimits became the first feature
		d.f16, d.subgroups = []uint32{0x0a}, []uint32{0x11}
	}
	switch {
	case p.GetVersion != nil:
		v := p.GetVersion()
		d.library = fmt.Sprintf("wgpu-native %d.%d.%d.%d", v>>24, v>>16&0xff, v>>8&0xff, v&0xff)
		d.subgroups = append(d.subgroups, 0x00030021) // WGPUNativeFeature_Subgroup
		d.oldEntries = p.GetInstanceFeatures == 0
		d.directive, d.async, d.filters = false, false, []uint32{filterOutOfMemory, filterValidation} // the rest aborts the program
	case p.DeviceTick != 0:
		d.library = "Dawn"
	}
	return d
}

//go:build cgo && !js

// Package wgpunative is package gpu over wgpu-native, linked in by github.com/cogentcore/webgpu.
package wgpunative

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"slices"

	"github.com/cogentcore/webgpu/wgpu"

	"github.com/counterpoint/counterpoint/engine/device/webgpu/internal/gpu"
)

func init() { wgpu.SetLogLevel(wgpu.LogLevelOff) } // what it would log comes back as errors too

// library names what the binding links. It has no call that tells.
const library = "wgpu-native 22.1"

type provider struct{ instance *wgpu.Instance }

// New makes a provider.
func New() gpu.Provider {
	const sessions = "XDG_RUNTIME_DIR"
	if os.Getenv(sessions) == "" { // who looks for a Wayland session, as Mesa does, would print that there is no place for one
		os.Setenv(sessions, os.DevNull)
	}
	return &provider{wgpu.CreateInstance(nil)} // the binding leaves fields of a descriptor, paths among them, as memory happens to be
}

// backends leave out OpenGL: its adapters are the same ones, with fewer features.
const backends = wgpu.InstanceBackendVulkan | wgpu.InstanceBackendMetal | wgpu.InstanceBackendDX12

// adapters lists the adapters anew, since each can be opened only once.
func (p *provider) adapters() []*wgpu.Adapter {
	list := p.instance.EnumerateAdapters(&wgpu.InstanceEnumerateAdapterOptons{Backends: backends})
	slices.SortStableFunc(list, func(a, b *wgpu.Adapter) int { return cmp.Compare(rank(a), rank(b)) })
	return list
}

// Adapters lists the adapters of Vulkan, Metal and D3D12.
func (p *provider) Adapters(context.Context) ([]gpu.Adapter, error) {
	var list []gpu.Adapter
	for _, a := range p.adapters() {
		list = append(list, describe(a))
		a.Release()
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("%w: %s finds none under Vulkan, Metal or D3D12", gpu.ErrNone, library)
	}
	return list, nil
}

// rank orders adapters by what is usually the faster kind.
func rank(a *wgpu.Adapter) int {
	return slices.Index([]wgpu.AdapterType{wgpu.AdapterTypeDiscreteGPU, wgpu.AdapterTypeIntegratedGPU, wgpu.AdapterTypeUnknown, wgpu.AdapterTypeCPU}, a.GetInfo().AdapterType)
}

var backendNames = map[wgpu.BackendType]string{wgpu.BackendTypeVulkan: "Vulkan", wgpu.BackendTypeMetal: "Metal", wgpu.BackendTypeD3D12: "D3D12"}

// vendors by their PCI or Khronos numbers, in the words browsers use.
var vendors = map[uint32]string{0x1002: "amd", 0x106b: "apple", 0x10de: "nvidia", 0x13b5: "arm", 0x5143: "qualcomm", 0x8086: "intel", 0x10005: "mesa"}

func describe(a *wgpu.Adapter) gpu.Adapter {
	info, l := a.GetInfo(), a.GetLimits().Limits
	return gpu.Adapter{
		Name: info.DriverDescription, Vendor: vendors[info.VendorId], // this release's other names are these numbers again
		Backend: backendNames[info.BackendType], Library: library, Software: info.AdapterType == wgpu.AdapterTypeCPU,
		Limits: gpu.Limits{
			MaxBufferSize: l.MaxBufferSize, MaxStorageBufferBindingSize: l.MaxStorageBufferBindingSize, MaxStorageBuffers: l.MaxStorageBuffersPerShaderStage,
			MaxWorkgroupStorage: l.MaxComputeWorkgroupStorageSize, MaxInvocations: l.MaxComputeInvocationsPerWorkgroup,
			MaxWorkgroupSizeX: l.MaxComputeWorkgroupSizeX, MaxWorkgroups: l.MaxComputeWorkgroupsPerDimension,
			StorageAlign: l.MinStorageBufferOffsetAlignment, UniformAlign: l.MinUniformBufferOffsetAlignment,
		},
		// This release's naga has neither "enable f16" nor subgroups.
	}
}

// Open opens an adapter with all its limits.
func (p *provider) Open(_ context.Context, i int) (gpu.Device, error) {
	list := p.adapters()
	for _, a := range list {
		defer a.Release()
	}
	if i < 0 || i >= len(list) {
		return nil, fmt.Errorf("adapter %d of %d", i, len(list))
	}
	adapter := describe(list[i])
	limits := list[i].GetLimits().Limits
	limits.MaxPushConstantSize = 0 // none are used, and the binding reads it from memory that nothing has set: more than there is, now and then
	d, err := list[i].RequestDevice(&wgpu.DeviceDescriptor{RequiredLimits: &wgpu.RequiredLimits{Limits: limits}})
	if err != nil {
		return nil, fmt.Errorf("%v: %w", adapter, err)
	}
	return &device{adapter: adapter, d: d, queue: d.GetQueue()}, nil
}

// Package gpu is the little of WebGPU that package webgpu needs, as an interface: wgpu-native under cgo (package
// wgpunative), any library with webgpu.h's C interface without it (package webgpuh), and the browser's own (package
// browser) stand behind it. Objects are named by small integers, so that a stream of commands is plain numbers wherever
// it is replayed.
package gpu

import (
	"context"
	"errors"
	"fmt"

	"github.com/counterpoint/counterpoint/engine/device"
)

// ErrLost is wrapped by the errors of a device that is gone: unplugged, reset by its driver, destroyed. What it held is
// gone too; opening a device again may well succeed.
var ErrLost = fmt.Errorf("GPU %w", device.ErrLost)

// ErrNone reports that no adapter was found. Errors that wrap it say where was looked.
var ErrNone = errors.New("no WebGPU adapter")

// Adapter describes a GPU, or a program that plays one.
type Adapter struct {
	Name         string `json:"name"`                   // of the device: "Radeon 780M", "llvmpipe (LLVM 15.0.6, 256 bits)"; may be empty in a browser
	Vendor       string `json:"vendor,omitempty"`       // "nvidia"
	Architecture string `json:"architecture,omitempty"` // "ampere"
	Driver       string `json:"driver,omitempty"`       // and its version
	Backend      string `json:"backend"`                // the interface below WebGPU: "Vulkan", "Metal", "D3D12", "OpenGL"
	Library      string `json:"library"`                // what implements WebGPU: "wgpu-native 22.1.0.1", "Dawn", "the browser"
	Software     bool   `json:"software"`               // it computes on the CPU
	Limits       Limits `json:"limits"`
	Features     `json:"features"`
}

// String names the adapter as a person would, and says if it is software.
func (a Adapter) String() string {
	name := a.Name
	for _, s := range []string{a.Architecture, a.Vendor, "unnamed GPU"} {
		if name == "" {
			name = s
		}
	}
	kind := ""
	if a.Software {
		kind = ", software"
	}
	return fmt.Sprintf("%s (%s, %s%s)", name, a.Backend, a.Library, kind)
}

// Limits are those of WebGPU's limits that kernels meet. A device is opened with all that its adapter has.
type Limits struct {
	MaxBufferSize               uint64 `json:"maxBufferSize"`               // bytes
	MaxStorageBufferBindingSize uint64 `json:"maxStorageBufferBindingSize"` // bytes
	MaxStorageBuffers           uint32 `json:"maxStorageBuffersPerShaderStage"`
	MaxWorkgroupStorage         uint32 `json:"maxComputeWorkgroupStorageSize"` // bytes
	MaxInvocations              uint32 `json:"maxComputeInvocationsPerWorkgroup"`
	MaxWorkgroupSizeX           uint32 `json:"maxComputeWorkgroupSizeX"`
	MaxWorkgroups               uint32 `json:"maxComputeWorkgroupsPerDimension"`
	StorageAlign                uint32 `json:"minStorageBufferOffsetAlignment"` // bytes
	UniformAlign                uint32 `json:"minUniformBufferOffsetAlignment"` // bytes
}

// Features are the optional ones that kernels have variants for. A device is opened with all that its adapter has.
type Features struct {
	F16       bool `json:"shader-f16"`
	Subgroups bool `json:"subgroups"`
	// SubgroupMin and SubgroupMax are the fewest and most invocations of a subgroup, 0 where not known.
	SubgroupMin uint32 `json:"subgroupMinSize,omitempty"`
	SubgroupMax uint32 `json:"subgroupMaxSize,omitempty"`
	// SubgroupsDirective tells whether WGSL needs "enable subgroups;": naga refuses the line, Tint demands it.
	SubgroupsDirective bool `json:"-"`
}

// Usage says what a buffer is for.
type Usage uint8

// The usages. All buffers can be written by Write and read by Read.
const (
	Storage Usage = iota // read and written by shaders
	Uniform              // read by all invocations alike
)

// Access says how a pipeline uses a binding.
type Access uint8

// The kinds of bindings.
const (
	UniformBinding Access = iota // var<uniform>
	ReadBinding                  // var<storage, read>
	WriteBinding                 // var<storage, read_write>
)

// Objects of a device. 0 is none of them.
type (
	Buffer   uint32
	Pipeline uint32
	Group    uint32 // a bind group
)

// Range is a part of a buffer that a bind group binds. Offset is a multiple of the limit for its kind.
type Range struct {
	Buffer Buffer
	Offset int // bytes
	Size   int // bytes, a multiple of 4
}

// Command is a dispatch. Commands see what those before them wrote, in the same Submit and in earlier ones.
type Command struct {
	Pipeline Pipeline
	Group    Group
	X, Y, Z  uint32 // workgroups
}

// Fence is the number of a Submit, from 1.
type Fence uint64

// Device is an opened GPU. NewPipeline may be called by several goroutines at once, nothing else may meanwhile.
// Names of objects that do not exist are a mistake of the caller's and may panic. What fails because the device is lost
// wraps ErrLost.
type Device interface {
	Adapter() Adapter
	// NewBuffer makes a buffer of size bytes, a multiple of 4, all zero.
	NewBuffer(size int, use Usage) (Buffer, error)
	FreeBuffer(Buffer)
	// Write sets bytes of a buffer, after all that was submitted before; data may be reused at once. Offset and the length
	// of data are multiples of 4.
	Write(b Buffer, offset int, data []byte) error
	// Read copies bytes of a buffer into dst, after all that was submitted before. Offset and length are multiples of 4.
	Read(ctx context.Context, b Buffer, offset int, dst []byte) error
	// NewPipeline compiles WGSL whose entry point is main, with bind group 0 laid out as bindings say, in order from 0. The
	// error of a shader that does not compile holds the compiler's message.
	NewPipeline(ctx context.Context, label, code string, bindings []Access) (Pipeline, error)
	// NewGroup makes bind group 0 for a pipeline. Ranges are in the order of its bindings.
	NewGroup(p Pipeline, ranges []Range) (Group, error)
	FreeGroup(Group)
	// Submit enqueues commands in one compute pass and returns without waiting for them.
	Submit(commands []Command) (Fence, error)
	// Wait returns when the submit with the number, and all before it, are done.
	Wait(ctx context.Context, f Fence) error
	// Close frees all objects.
	Close() error
}

// Provider finds adapters in one implementation of WebGPU.
type Provider interface {
	// Adapters lists what there is, best first. The error wraps ErrNone if there is none.
	Adapters(ctx context.Context) ([]Adapter, error)
	// Open opens the i-th of the adapters that Adapters lists.
	Open(ctx context.Context, i int) (Device, error)
}

//go:build (linux || darwin || windows) && (amd64 || arm64)

package webgpuh

import (
	"structs"
	"unsafe"
)

// The structs of webgpu.h that are used, in its order and named after it. All have the same layout on all 64-bit systems.
// Padding is spelt out where purego passes the struct by value. A nil next ends the chain of extensions at once.

// handle is an object of the library's; 0 is none.
type handle uintptr

// stringView is text, not ended by a zero; or, with length math.MaxUint, ended by one. The zero value is empty.
type stringView struct {
	_      structs.HostLayout
	data   unsafe.Pointer
	length uint
}

type chained struct {
	_     structs.HostLayout
	next  unsafe.Pointer
	sType uint32
}

const sTypeShaderSourceWGSL = 2

// callbackInfo goes with an asynchronous call, by value, whatever the call.
type callbackInfo struct {
	_         structs.HostLayout
	next      uintptr
	mode      uint32
	_         uint32
	callback  uintptr
	userdata1 uintptr
	userdata2 uintptr
}

// modeProcessEvents has callbacks called by wgpuInstanceProcessEvents, or at once.
const modeProcessEvents = 2

// statusSuccess is in all of the enums of statuses.
const statusSuccess = 1

type requestAdapterOptions struct {
	_                 structs.HostLayout
	next              unsafe.Pointer
	featureLevel      uint32
	powerPreference   uint32
	forceFallback     uint32
	backendType       uint32
	compatibleSurface handle
}

const featureLevelCore = 2

const (
	powerLow  = 1
	powerHigh = 2
)

const (
	backendD3D11    = 3
	backendD3D12    = 4
	backendMetal    = 5
	backendVulkan   = 6
	backendOpenGL   = 7
	backendOpenGLES = 8
)

// The types of adapters, best first.
const (
	adapterDiscrete   = 1
	adapterIntegrated = 2
	adapterCPU        = 3
	adapterUnknown    = 4
)

// adapterInfo as of 2025. The library allocates what the strings point to.
type adapterInfo struct {
	_               structs.HostLayout
	next            unsafe.Pointer
	vendor          stringView
	architecture    stringView
	device          stringView
	description     stringView
	backendType     uint32
	adapterType     uint32
	vendorID        uint32
	deviceID        uint32
	subgroupMinSize uint32 // 0 in releases before 2025
	subgroupMaxSize uint32
}

// limits has room for those that releases put at the end.
type limits struct {
	_                                         structs.HostLayout
	next                                      unsafe.Pointer
	maxTextureDimension1D                     uint32
	maxTextureDimension2D                     uint32
	maxTextureDimension3D                     uint32
	maxTextureArrayLayers                     uint32
	maxBindGroups                             uint32
	maxBindGroupsPlusVertexBuffers            uint32
	maxBindingsPerBindGroup                   uint32
	maxDynamicUniformBuffersPerPipelineLayout uint32
	maxDynamicStorageBuffersPerPipelineLayout uint32
	maxSampledTexturesPerShaderStage          uint32
	maxSamplersPerShaderStage                 uint32
	maxStorageBuffersPerShaderStage           uint32
	maxStorageTexturesPerShaderStage          uint32
	maxUniformBuffersPerShaderStage           uint32
	maxUniformBufferBindingSize               uint64
	maxStorageBufferBindingSize               uint64
	minUniformBufferOffsetAlignment           uint32
	minStorageBufferOffsetAlignment           uint32
	maxVertexBuffers                          uint32
	maxBufferSize                             uint64
	maxVertexAttributes                       uint32
	maxVertexBufferArrayStride                uint32
	maxInterStageShaderVariables              uint32
	maxColorAttachments                       uint32
	maxColorAttachmentBytesPerSample          uint32
	maxComputeWorkgroupStorageSize            uint32
	maxComputeInvocationsPerWorkgroup         uint32
	maxComputeWorkgroupSizeX                  uint32
	maxComputeWorkgroupSizeY                  uint32
	maxComputeWorkgroupSizeZ                  uint32
	maxComputeWorkgroupsPerDimension          uint32
	more                                      [26]uint32
}

// supportedFeatures is an array that the library allocates.
type supportedFeatures struct {
	_        structs.HostLayout
	count    uint
	features unsafe.Pointer // *uint32
}

type deviceDescriptor struct {
	_               structs.HostLayout
	next            unsafe.Pointer
	label           stringView
	featureCount    uint
	features        unsafe.Pointer // *uint32
	limits          unsafe.Pointer // *limits
	defaultQueue    queueDescriptor
	lost            callbackInfo
	uncapturedError uncapturedErrorCallbackInfo
}

type queueDescriptor struct {
	_     structs.HostLayout
	next  unsafe.Pointer
	label stringView
}

// uncapturedErrorCallbackInfo has no mode: such a callback is called at any time.
type uncapturedErrorCallbackInfo struct {
	_         structs.HostLayout
	next      uintptr
	callback  uintptr
	userdata1 uintptr
	userdata2 uintptr
}

// The types of errors, and the scopes that catch them.
const (
	errorNone        = 1
	errorValidation  = 2
	errorOutOfMemory = 3
	errorInternal    = 4
)

const (
	filterValidation  = 1
	filterOutOfMemory = 2
	filterInternal    = 3
)

type bufferDescriptor struct {
	_                structs.HostLayout
	next             unsafe.Pointer
	label            stringView
	usage            uint64
	size             uint64
	mappedAtCreation uint32
}

const (
	usageMapRead = 0x01
	usageCopySrc = 0x04
	usageCopyDst = 0x08
	usageUniform = 0x40
	usageStorage = 0x80
)

const mapModeRead = 1

type shaderModuleDescriptor struct {
	_     structs.HostLayout
	next  unsafe.Pointer // *shaderSourceWGSL
	label stringView
}

type shaderSourceWGSL struct {
	_     structs.HostLayout
	chain chained
	code  stringView
}

type bindGroupLayoutDescriptor struct {
	_          structs.HostLayout
	next       unsafe.Pointer
	label      stringView
	entryCount uint
	entries    unsafe.Pointer // *bindGroupLayoutEntry or *bindGroupLayoutEntryOld
}

// bindGroupLayoutEntry is one binding: here always a buffer, so the kinds before and after it are zero, "not used".
type bindGroupLayoutEntry struct {
	_                structs.HostLayout
	next             unsafe.Pointer
	binding          uint32
	visibility       uint64
	bindingArraySize uint32
	resource         bindingLayouts
}

// bindGroupLayoutEntryOld is bindGroupLayoutEntry from before arrays of bindings.
type bindGroupLayoutEntryOld struct {
	_          structs.HostLayout
	next       unsafe.Pointer
	binding    uint32
	visibility uint64
	resource   bindingLayouts
}

// bindingLayouts are the kinds of bindings: one of them is used.
type bindingLayouts struct {
	_              structs.HostLayout
	buffer         bufferBindingLayout
	sampler        [2]uint64
	texture        [3]uint64
	storageTexture [3]uint64
}

type bufferBindingLayout struct {
	_                structs.HostLayout
	next             unsafe.Pointer
	kind             uint32
	hasDynamicOffset uint32
	minBindingSize   uint64
}

const (
	bufferUniform         = 2
	bufferStorage         = 3
	bufferReadOnlyStorage = 4
)

const stageCompute = 4

type pipelineLayoutDescriptor struct {
	_             structs.HostLayout
	next          unsafe.Pointer
	label         stringView
	groupCount    uint
	groups        unsafe.Pointer // *handle
	immediateSize uint32
}

type computePipelineDescriptor struct {
	_       structs.HostLayout
	next    unsafe.Pointer
	label   stringView
	layout  handle
	compute computeState
}

type computeState struct {
	_             structs.HostLayout
	next          unsafe.Pointer
	module        handle
	entryPoint    stringView
	constantCount uint
	constants     unsafe.Pointer
}

type bindGroupDescriptor struct {
	_          structs.HostLayout
	next       unsafe.Pointer
	label      stringView
	layout     handle
	entryCount uint
	entries    unsafe.Pointer // *bindGroupEntry
}

type bindGroupEntry struct {
	_           structs.HostLayout
	next        unsafe.Pointer
	binding     uint32
	buffer      handle
	offset      uint64
	size        uint64
	sampler     handle
	textureView handle
}

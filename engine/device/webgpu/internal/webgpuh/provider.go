//go:build (linux || darwin || windows) && (amd64 || arm64)

package webgpuh

import (
	"cmp"
	"context"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"
	"unsafe"

	"github.com/counterpoint/counterpoint/engine/device/webgpu/internal/gpu"
)

// provider is a library and an instance of WebGPU, which lives as long as the process.
type provider struct {
	procs
	dialect
	instance handle
	mu       sync.Mutex // held around calls into the library, and not while waiting
}

// backends are asked for adapters, in this order. OpenGL's are left out: they are the same ones, with fewer features.
var backends = map[string][]uint32{
	"linux":   {backendVulkan},
	"darwin":  {backendMetal},
	"windows": {backendD3D12, backendVulkan},
}[runtime.GOOS]

var backendNames = map[uint32]string{
	backendD3D11: "D3D11", backendD3D12: "D3D12", backendMetal: "Metal", backendVulkan: "Vulkan", backendOpenGL: "OpenGL", backendOpenGLES: "OpenGL ES",
}

// adapter is an adapter of the library's, which can be opened once, and what it says of itself.
type adapter struct {
	handle
	gpu.Adapter
	kind           uint32
	id             [2]uint32 // of vendor and device
	limits         *limits
	f16, subgroups uint32 // the numbers of these features, 0 if it does not have them
}

// adapters asks for one adapter of each kind that can be asked for. The caller releases them.
func (p *provider) adapters(ctx context.Context) (list []adapter, err error) {
	defer func() {
		if err != nil {
			p.release(list)
		}
	}()
	for _, backend := range backends {
		for _, o := range []requestAdapterOptions{{powerPreference: powerHigh}, {powerPreference: powerLow}, {forceFallback: 1}} {
			o.featureLevel, o.backendType = featureLevelCore, backend
			a, err := p.request(ctx, &o)
			if err != nil {
				return list, err
			}
			if a.handle == 0 {
				continue
			}
			same := func(b adapter) bool { return a.Name == b.Name && a.Backend == b.Backend && a.id == b.id }
			if a.Backend == "" || slices.ContainsFunc(list, same) { // Dawn's "Null backend" computes nothing
				p.release([]adapter{a})
				continue
			}
			list = append(list, a)
		}
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("%w: %s finds none under %s", gpu.ErrNone, p.library, backendList())
	}
	slices.SortStableFunc(list, func(a, b adapter) int { return cmp.Compare(rank(a.kind), rank(b.kind)) })
	return list, nil
}

// rank orders types of adapters by what is usually the faster kind.
func rank(kind uint32) int {
	return slices.Index([]uint32{adapterDiscrete, adapterIntegrated, adapterUnknown, adapterCPU}, kind)
}

func backendList() string {
	list := backendNames[backends[0]]
	for _, b := range backends[1:] {
		list += " or " + backendNames[b]
	}
	return list
}

// request asks for an adapter. Its handle is 0 if there is none.
func (p *provider) request(ctx context.Context, options *requestAdapterOptions) (adapter, error) {
	r := newRequest(answerPair())
	p.locked(func() { p.InstanceRequestAdapter(p.instance, options, r.info) })
	a, err := p.wait(ctx, r, func(a answer) { p.AdapterRelease(handle(a.second)) })
	if err != nil || a.status() != statusSuccess || a.second == 0 {
		return adapter{}, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.describe(handle(a.second)), nil
}

func (p *provider) release(list []adapter) {
	p.locked(func() {
		for _, a := range list {
			p.AdapterRelease(a.handle)
		}
	})
}

func (p *provider) describe(h handle) adapter {
	var info adapterInfo
	p.AdapterGetInfo(h, &info)
	l := new(limits)
	p.AdapterGetLimits(h, l)
	var features supportedFeatures
	p.AdapterGetFeatures(h, &features)
	has := unsafe.Slice((*uint32)(features.features), features.count)
	a := adapter{
		handle: h, kind: info.adapterType, id: [2]uint32{info.vendorID, info.deviceID}, limits: l,
		f16: first(p.f16, has), subgroups: first(p.subgroups, has),
		Adapter: gpu.Adapter{
			Name: info.device.text(), Vendor: info.vendor.text(), Architecture: info.architecture.text(), Driver: info.description.text(),
			Backend: backendNames[info.backendType], Library: p.library, Software: info.adapterType == adapterCPU,
			Limits: gpu.Limits{
				MaxBufferSize: l.maxBufferSize, MaxStorageBufferBindingSize: l.maxStorageBufferBindingSize, MaxStorageBuffers: l.maxStorageBuffersPerShaderStage,
				MaxWorkgroupStorage: l.maxComputeWorkgroupStorageSize, MaxInvocations: l.maxComputeInvocationsPerWorkgroup,
				MaxWorkgroupSizeX: l.maxComputeWorkgroupSizeX, MaxWorkgroups: l.maxComputeWorkgroupsPerDimension,
				StorageAlign: l.minStorageBufferOffsetAlignment, UniformAlign: l.minUniformBufferOffsetAlignment,
			},
			Features: gpu.Features{
				SubgroupMin: info.subgroupMinSize, SubgroupMax: info.subgroupMaxSize, SubgroupsDirective: p.directive,
			},
		},
	}
	a.F16, a.Subgroups = a.f16 != 0, a.subgroups != 0
	if p.GetVersion != nil { // wgpu-native's vendor is the driver's name, and its description the driver's version
		a.Driver, a.Vendor = strings.TrimSpace(a.Vendor+" "+a.Driver), ""
	}
	p.SupportedFeaturesFreeMembers(features)
	p.AdapterInfoFreeMembers(info)
	return a
}

// Adapters lists the adapters of the system's own interfaces.
func (p *provider) Adapters(ctx context.Context) ([]gpu.Adapter, error) {
	found, err := p.adapters(ctx)
	if err != nil {
		return nil, err
	}
	defer p.release(found)
	list := make([]gpu.Adapter, len(found))
	for i, a := range found {
		list[i] = a.Adapter
	}
	return list, nil
}

// first returns the first of the numbers that is in the list, or 0.
func first(numbers, list []uint32) uint32 {
	for _, n := range numbers {
		if slices.Contains(list, n) {
			return n
		}
	}
	return 0
}

// Open opens an adapter with all its limits, and those of its features that a shader can use.
func (p *provider) Open(ctx context.Context, i int) (gpu.Device, error) {
	list, err := p.adapters(ctx)
	if err != nil {
		return nil, err
	}
	defer p.release(list)
	if i < 0 || i >= len(list) {
		return nil, fmt.Errorf("adapter %d of %d", i, len(list))
	}
	d, err := p.open(ctx, &list[i])
	if err != nil {
		return nil, fmt.Errorf("%v: %w", list[i].Adapter, err)
	}
	return d, nil
}

func (p *provider) open(ctx context.Context, a *adapter) (*device, error) {
	d := &device{provider: p, adapter: a.Adapter}
	d.onLost = handlers.add(handler{f: d.faults.lose})
	d.onError = handlers.add(handler{f: d.faults.record, stays: true})
	features := slices.DeleteFunc([]uint32{a.f16, a.subgroups}, func(n uint32) bool { return n == 0 })
	descriptor := deviceDescriptor{
		featureCount: uint(len(features)), features: address(features), limits: unsafe.Pointer(a.limits),
		lost:            newInfo(answerPair(), d.onLost),
		uncapturedError: uncapturedErrorCallbackInfo{callback: answerPair(), userdata1: d.onError},
	}
	r := newRequest(answerPair())
	p.locked(func() { p.AdapterRequestDevice(a.handle, &descriptor, r.info) })
	got, err := p.wait(ctx, r, func(a answer) { p.DeviceRelease(handle(a.second)) })
	if err == nil && (got.status() != statusSuccess || got.second == 0) {
		err = fmt.Errorf("it cannot be opened: %s", got.message)
	}
	if err != nil {
		d.forget()
		return nil, err
	}
	d.handle = handle(got.second)
	p.locked(func() { d.queue = p.DeviceGetQueue(d.handle) })
	if err := d.probe(ctx); err != nil {
		d.Close()
		return nil, err
	}
	return d, nil
}

func (p *provider) locked(f func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f()
}

// wait returns the answer to a request. If ctx ends first, late gets it, if it comes.
func (p *provider) wait(ctx context.Context, r request, late func(answer)) (answer, error) {
	var a answer
	err := p.poll(ctx, func() bool {
		select {
		case a = <-r.answers:
			return true
		default:
			return false
		}
	})
	if err != nil && !handlers.replace(r.id, late) {
		return <-r.answers, nil // it came in between
	}
	return a, err
}

// poll processes events until done reports true, more and more seldom.
func (p *provider) poll(ctx context.Context, done func() bool) error {
	const longest = time.Millisecond
	for pause := time.Duration(0); ; pause = min(2*pause+10*time.Microsecond, longest) {
		p.locked(func() { p.InstanceProcessEvents(p.instance) })
		if done() {
			return nil
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		time.Sleep(pause)
	}
}

// Package webgpu runs programs on a GPU through WebGPU: natively over wgpu-native or any library with webgpu.h's interface,
// in a browser over the browser's own. All compute is WGSL of package shaders; weights stay packed and are dequantized while
// a tile is loaded. A program becomes a stream of dispatches with bind groups made once; a run replays it.
package webgpu

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/counterpoint/counterpoint/engine/device"
	"github.com/counterpoint/counterpoint/engine/device/webgpu/internal/gpu"
	"github.com/counterpoint/counterpoint/engine/graph"
	"github.com/counterpoint/counterpoint/shaders"
)

// ErrLost is wrapped by errors of a device that is gone, with all it held. Opening it again may succeed.
var ErrLost = gpu.ErrLost

// ErrNone is wrapped by the error of a machine on which no adapter is found.
var ErrNone = gpu.ErrNone

// Adapter describes a GPU.
type Adapter = gpu.Adapter

// Options say where adapters are looked for and how one is used.
type Options struct {
	Library string   // a shared library with webgpu.h's interface; "" for the built-in one or, without it, the usual places
	F16     bool     // use f16 variants where the adapter has them
	Tunings []Tuning // what Tune measured, on any adapters; on others tiles are chosen by experience
}

// tuning is the one for an adapter, nil if there is none.
func (o Options) tuning(a Adapter) *Tuning {
	for i := range o.Tunings {
		if o.Tunings[i].holds(a, o.F16 && a.F16) {
			return &o.Tunings[i]
		}
	}
	return nil
}

// Device is an opened GPU.
type Device struct {
	gpu     gpu.Device
	adapter gpu.Adapter
	options Options
	tiling  tiling
	sizes   kernelSizes
	queue   *queue
	closed  bool

	pipelines map[string]*pipeline // by shader label
	compiling sync.WaitGroup

	directs map[directKey][]*direct
	lists   map[int][]gpu.Buffer // unused ones, by their size
	nothing gpu.Buffer           // stands where a binding is unused
}

var _ device.Device = (*Device)(nil)

// Adapters lists the adapters there are, best first. The error wraps ErrNone if there is none.
func Adapters(ctx context.Context, o Options) ([]Adapter, error) {
	p, err := find(o.Library)
	if err != nil {
		return nil, err
	}
	return p.Adapters(ctx)
}

// Open opens the i-th of the adapters that Adapters lists.
func Open(ctx context.Context, i int, o Options) (*Device, error) {
	p, err := find(o.Library)
	if err != nil {
		return nil, err
	}
	g, err := p.Open(ctx, i)
	if err != nil {
		return nil, err
	}
	return newDevice(g, o)
}

// providers holds one provider a library, so that adapters keep their numbers.
var providers = struct {
	sync.Mutex
	of map[string]gpu.Provider
}{of: map[string]gpu.Provider{}}

func find(library string) (gpu.Provider, error) {
	providers.Lock()
	defer providers.Unlock()
	if p, ok := providers.of[library]; ok {
		return p, nil
	}
	p, err := provider(library)
	if err == nil {
		providers.of[library] = p
	}
	return p, err
}

// nothingBytes is the size of the buffer that stands where a binding is unused.
const nothingBytes = 16

// maxStorageBuffers is how many storage buffers the widest shader binds.
const maxStorageBuffers = 7

func newDevice(g gpu.Device, o Options) (*Device, error) {
	a := g.Adapter()
	if a.Limits.MaxStorageBuffers < maxStorageBuffers {
		return nil, errors.Join(fmt.Errorf("%v: %d storage buffers a shader, want %d", a, a.Limits.MaxStorageBuffers, maxStorageBuffers), g.Close())
	}
	d := &Device{gpu: g, adapter: a, options: o, tiling: newTiling(a, o.F16 && a.F16, o.tuning(a)), sizes: defaultSizes(a), queue: newQueue(g),
		pipelines: map[string]*pipeline{}, directs: map[directKey][]*direct{}, lists: map[int][]gpu.Buffer{}}
	var err error
	if d.nothing, err = g.NewBuffer(nothingBytes, gpu.Storage); err != nil {
		return nil, errors.Join(err, g.Close())
	}
	return d, nil
}

// Info tells the adapter. Operands lie apart: a dispatch may not read and write one buffer.
func (d *Device) Info() device.Info {
	return device.Info{Name: "webgpu", Adapter: d.adapter.String(), Half: d.half(), Options: graph.Options{Apart: true}}
}

// half reports whether f16 variants are used.
func (d *Device) half() bool { return d.options.F16 && d.adapter.F16 }

// Adapter describes the GPU.
func (d *Device) Adapter() Adapter { return d.adapter }

// Stats counts what was sent to the GPU since the device was opened.
type Stats struct {
	Submits    int
	Dispatches int
	Pipelines  int // compiled or being compiled
}

// Stats tells what was sent so far.
func (d *Device) Stats() Stats {
	s := d.queue.stats
	s.Pipelines = len(d.pipelines)
	return s
}

// Close frees everything the device made.
func (d *Device) Close() error {
	if d.closed {
		return nil
	}
	d.closed = true
	d.compiling.Wait()
	return d.gpu.Close()
}

// ready reports why the device can't be used.
func (d *Device) ready() error {
	if d.closed {
		return device.ErrClosed
	}
	return nil
}

// pipeline is a shader's variant, being compiled or compiled.
type pipeline struct {
	shader *shaders.Shader
	gpu    gpu.Pipeline
	done   chan struct{} // closed once gpu or err is set
	err    error
}

var accesses = [...]gpu.Access{shaders.Uniform: gpu.UniformBinding, shaders.Read: gpu.ReadBinding, shaders.ReadWrite: gpu.WriteBinding}

// pipeline starts compiling a shader's variant, once. All of a program's are compiled at the same time.
func (d *Device) pipeline(name string, v shaders.Variant) (*pipeline, error) {
	label := shaders.Label(name, v)
	if p, ok := d.pipelines[label]; ok { // its text is built once, though every program and combination asks for it
		return p, nil
	}
	s, err := shaders.Build(name, v, shaders.Target{SubgroupsDirective: d.adapter.SubgroupsDirective})
	if err != nil {
		return nil, err
	}
	p := &pipeline{shader: s, done: make(chan struct{})}
	d.pipelines[label] = p
	access := make([]gpu.Access, len(s.Bindings))
	for i, b := range s.Bindings {
		access[i] = accesses[b.Access]
	}
	d.compiling.Go(func() {
		defer close(p.done)
		p.gpu, p.err = d.gpu.NewPipeline(context.Background(), s.Label, s.Code, access)
	})
	return p, nil
}

// wait returns when the pipeline is compiled.
func (p *pipeline) wait() error {
	<-p.done
	return p.err
}

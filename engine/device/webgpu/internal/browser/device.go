//go:build js

package browser

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"syscall/js"
	"time"
	"unsafe"

	"github.com/counterpoint/counterpoint/engine/device/webgpu/internal/gpu"
)

// Device is an opened adapter. What goes wrong on the GPU is told later than the call that caused it returns, so it is the
// error of a later call: at the latest, of the Wait or Read for what came of it.
type Device struct {
	adapter gpu.Adapter
	object  js.Value // gpu.js's Device
	methods

	exchange js.Value // a Uint8Array that gpu.js takes bytes from
	size     int      // its length
}

var _ gpu.Device = (*Device)(nil)

// methods are those of gpu.js's Device, bound once: to look a method up by its name at every call takes four times as long.
type methods struct {
	reserve, createBuffer, freeBuffer, write, read, createPipeline, createGroup, freeGroup, submit, wait js.Value
}

func newDevice(object js.Value) (*Device, error) {
	bind := func(name string) js.Value { return object.Get(name).Call("bind", object) }
	d := &Device{object: object, methods: methods{
		reserve: bind("reserve"), createBuffer: bind("createBuffer"), freeBuffer: bind("freeBuffer"), write: bind("write"), read: bind("read"),
		createPipeline: bind("createPipeline"), createGroup: bind("createGroup"), freeGroup: bind("freeGroup"), submit: bind("submit"), wait: bind("wait"),
	}}
	if err := json.Unmarshal([]byte(object.Get("adapter").String()), &d.adapter); err != nil {
		return nil, fmt.Errorf("what gpu.js tells of an adapter: %w", err)
	}
	complete(&d.adapter)
	return d, nil
}

// Adapter describes the GPU.
func (d *Device) Adapter() gpu.Adapter { return d.adapter }

// The exchange is grown by doubling, from minExchange. No more than maxExchange bytes of data are in it at once, for which
// it is as fast as if it held all.
const (
	minExchange = 64 << 10
	maxExchange = 4 << 20
)

// send puts bytes into the exchange.
func (d *Device) send(data []byte) {
	if len(data) > d.size || d.size == 0 {
		d.size = max(minExchange, d.size)
		for d.size < len(data) {
			d.size *= 2
		}
		d.exchange = d.reserve.Invoke(d.size)
	}
	js.CopyBytesToJS(d.exchange, data)
}

var usages = [...]string{gpu.Storage: "storage", gpu.Uniform: "uniform"}

// NewBuffer makes a buffer. That memory is short is the error of a later call.
func (d *Device) NewBuffer(size int, use gpu.Usage) (gpu.Buffer, error) {
	if uint64(size) > d.adapter.Limits.MaxBufferSize {
		return 0, fmt.Errorf("a buffer of %d bytes: at most %d", size, d.adapter.Limits.MaxBufferSize)
	}
	b, err := invoke(d.createBuffer, size, usages[use])
	if err != nil {
		return 0, fmt.Errorf("a buffer of %d bytes: %w", size, err)
	}
	return gpu.Buffer(b.Int()), nil
}

// FreeBuffer frees a buffer's memory.
func (d *Device) FreeBuffer(b gpu.Buffer) { d.freeBuffer.Invoke(uint32(b)) }

// Write sets bytes of a buffer.
func (d *Device) Write(b gpu.Buffer, offset int, data []byte) error {
	for piece := range slices.Chunk(data, maxExchange) {
		d.send(piece)
		if _, err := invoke(d.write, uint32(b), offset, len(piece)); err != nil {
			return err
		}
		offset += len(piece)
	}
	return nil
}

// Read copies bytes of a buffer.
func (d *Device) Read(ctx context.Context, b gpu.Buffer, offset int, dst []byte) error {
	if len(dst) == 0 {
		return ctx.Err()
	}
	bytes, err := call(ctx, d.read, uint32(b), offset, len(dst))
	if err != nil {
		return err
	}
	js.CopyBytesToGo(dst, bytes)
	return nil
}

// letters name the kinds of bindings to gpu.js.
var letters = [...]byte{gpu.UniformBinding: 'u', gpu.ReadBinding: 'r', gpu.WriteBinding: 'w'}

// NewPipeline compiles WGSL.
func (d *Device) NewPipeline(ctx context.Context, label, code string, bindings []gpu.Access) (gpu.Pipeline, error) {
	word := make([]byte, len(bindings))
	for i, a := range bindings {
		word[i] = letters[a]
	}
	p, err := call(ctx, d.createPipeline, label, code, string(word))
	if err != nil {
		return 0, fmt.Errorf("shader %s: %w", label, err)
	}
	return gpu.Pipeline(p.Int()), nil
}

// NewGroup makes a bind group.
func (d *Device) NewGroup(p gpu.Pipeline, ranges []gpu.Range) (gpu.Group, error) {
	args := make([]any, 0, 1+3*len(ranges))
	args = append(args, uint32(p))
	for _, r := range ranges {
		args = append(args, uint32(r.Buffer), r.Offset, r.Size)
	}
	g, err := invoke(d.createGroup, args...)
	if err != nil {
		return 0, err
	}
	return gpu.Group(g.Int()), nil
}

// FreeGroup frees a bind group.
func (d *Device) FreeGroup(g gpu.Group) { d.freeGroup.Invoke(uint32(g)) }

// Submit sends commands as they lie in memory: five little-endian words each, which is what gpu.js reads.
func (d *Device) Submit(commands []gpu.Command) (gpu.Fence, error) {
	size := len(commands) * int(unsafe.Sizeof(gpu.Command{}))
	d.send(unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(commands))), size))
	f, err := invoke(d.submit, len(commands))
	if err != nil {
		return 0, err
	}
	return gpu.Fence(f.Int()), nil
}

// Wait returns when a submit is done.
func (d *Device) Wait(ctx context.Context, f gpu.Fence) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	promise, err := invoke(d.wait, uint64(f))
	if err != nil || promise.IsUndefined() {
		return err
	}
	_, err = await(ctx, promise)
	return err
}

// Stats counts what JavaScript encoded, and the time that took the thread on which all of Go runs too.
type Stats struct {
	Submits, Commands int
	Encode            time.Duration
}

// Stats tells what was encoded so far.
func (d *Device) Stats() Stats {
	s := d.object.Get("stats")
	return Stats{
		Submits: s.Get("submits").Int(), Commands: s.Get("commands").Int(),
		Encode: time.Duration(s.Get("encodeMs").Float() * float64(time.Millisecond)),
	}
}

// Close frees all objects.
func (d *Device) Close() error {
	_, err := invoke(d.object.Get("destroy").Call("bind", d.object))
	return err
}

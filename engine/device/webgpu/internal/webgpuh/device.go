//go:build (linux || darwin || windows) && (amd64 || arm64)

package webgpuh

import (
	"cmp"
	"context"
	"fmt"
	"runtime"
	"sync/atomic"
	"time"
	"unsafe"

	"github.com/counterpoint/counterpoint/engine/device/webgpu/internal/gpu"
)

// device is an opened adapter.
type device struct {
	*provider
	adapter         gpu.Adapter
	handle, queue   handle
	onLost, onError uintptr // handlers
	faults          faults

	buffers   gpu.Table[handle]
	groups    gpu.Table[handle]
	pipelines gpu.Table[pipeline]

	staging     handle // where reads land
	stagingSize int
	fence       gpu.Fence     // the last one given
	done        atomic.Uint64 // the last one that is known to be done
}

func (d *device) Adapter() gpu.Adapter { return d.adapter }

var usages = [...]uint64{gpu.Storage: usageStorage, gpu.Uniform: usageUniform}

func (d *device) NewBuffer(size int, use gpu.Usage) (gpu.Buffer, error) {
	b, err := d.newBuffer(size, usages[use]|usageCopyDst|usageCopySrc)
	if err != nil {
		return 0, err
	}
	return gpu.Buffer(d.buffers.Add(b)), nil
}

func (d *device) newBuffer(size int, usage uint64) (handle, error) {
	b, err := d.create(context.Background(), func() handle {
		return d.DeviceCreateBuffer(d.handle, &bufferDescriptor{size: uint64(size), usage: usage})
	}, d.BufferRelease)
	if err != nil {
		return 0, fmt.Errorf("a buffer of %d bytes: %w", size, err)
	}
	return b, nil
}

// create makes an object, between error scopes, and releases it again if they catch something.
func (d *device) create(ctx context.Context, f func() handle, release func(handle)) (handle, error) {
	if err := d.faults.take(); err != nil {
		return 0, err
	}
	var h handle
	err := d.scoped(ctx, func() { h = f() })
	if err == nil && h == 0 {
		err = fmt.Errorf("%s makes none", d.library)
	}
	if err != nil && h != 0 {
		d.locked(func() { release(h) })
	}
	if err != nil {
		return 0, err
	}
	return h, nil
}

// scoped calls f between error scopes and returns the error that they catch.
func (d *device) scoped(ctx context.Context, f func()) error {
	caught := make([]request, len(d.filters))
	d.locked(func() {
		runtime.LockOSThread() // scopes are a thread's
		defer runtime.UnlockOSThread()
		for _, filter := range d.filters {
			d.DevicePushErrorScope(d.handle, filter)
		}
		f()
		for i := range caught {
			caught[i] = newRequest(answerPair())
			d.DevicePopErrorScope(d.handle, caught[i].info)
		}
	})
	var first error
	for _, r := range caught {
		a, err := d.wait(ctx, r, func(answer) {})
		if err == nil && a.status() == statusSuccess {
			err = newError(uint32(a.second), a.message)
		}
		if first == nil {
			first = err
		}
	}
	if err := d.faults.loss(); err != nil {
		return err
	}
	return first
}

func (d *device) FreeBuffer(b gpu.Buffer) { d.free(d.buffers.Remove(uint32(b)), d.BufferRelease) }

func (d *device) FreeGroup(g gpu.Group) { d.free(d.groups.Remove(uint32(g)), d.BindGroupRelease) }

func (d *device) free(h handle, release func(handle)) {
	if !d.faults.closed() { // which has released everything
		d.locked(func() { release(h) })
	}
}

func (d *device) Write(b gpu.Buffer, offset int, data []byte) error {
	if err := d.faults.take(); err != nil || len(data) == 0 {
		return err
	}
	d.locked(func() {
		d.QueueWriteBuffer(d.queue, d.buffers.Get(uint32(b)), uint64(offset), unsafe.Pointer(unsafe.SliceData(data)), uint(len(data)))
	})
	return d.faults.take()
}

func (d *device) Read(ctx context.Context, b gpu.Buffer, offset int, dst []byte) error {
	if err := d.faults.take(); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil || len(dst) == 0 {
		return err
	}
	if err := d.grow(len(dst)); err != nil {
		return err
	}
	size := uint(len(dst))
	err := d.submit(func(encoder handle) {
		d.CommandEncoderCopyBufferToBuffer(encoder, d.buffers.Get(uint32(b)), uint64(offset), d.staging, 0, uint64(size))
	})
	if err != nil {
		return err
	}
	r := newRequest(answerStatus())
	d.locked(func() { d.BufferMapAsync(d.staging, mapModeRead, 0, size, r.info) })
	defer d.locked(func() { d.BufferUnmap(d.staging) }) // also ends a mapping that is still under way
	a, err := d.wait(ctx, r, func(answer) {})
	if err != nil {
		return err
	}
	if a.status() == statusSuccess {
		d.locked(func() {
			if from := d.BufferGetConstMappedRange(d.staging, 0, size); from != nil {
				copy(dst, unsafe.Slice((*byte)(from), size))
				return
			}
			a = answer{message: "it has no address"}
		})
	}
	if a.status() == statusSuccess {
		return nil
	}
	if err := d.faults.take(); err != nil {
		return err
	}
	return fmt.Errorf("mapping a buffer of %d bytes: %s", size, cmp.Or(a.message, noReason))
}

// grow makes the staging buffer hold at least size bytes.
func (d *device) grow(size int) error {
	if size <= d.stagingSize {
		return nil
	}
	size = max(size, 2*d.stagingSize, 1<<16)
	b, err := d.newBuffer(size, usageMapRead|usageCopyDst)
	if err != nil {
		return err
	}
	if d.staging != 0 {
		d.locked(func() { d.BufferRelease(d.staging) })
	}
	d.staging, d.stagingSize = b, size
	return nil
}

func (d *device) Submit(commands []gpu.Command) (gpu.Fence, error) {
	if err := d.faults.take(); err != nil {
		return 0, err
	}
	if err := d.submit(func(encoder handle) { d.encode(encoder, commands) }); err != nil {
		return 0, err
	}
	d.fence++
	fence := uint64(d.fence)
	id := handlers.add(handler{f: func(answer) { d.done.Store(max(d.done.Load(), fence)) }})
	d.locked(func() {
		d.QueueOnSubmittedWorkDone(d.queue, newInfo(answerStatus(), id))
		d.InstanceProcessEvents(d.instance) // frees what earlier submits held, if nobody waits
	})
	return d.fence, d.faults.take()
}

// encode records commands as one pass.
func (d *device) encode(encoder handle, commands []gpu.Command) {
	pass := d.CommandEncoderBeginComputePass(encoder, nil)
	var last gpu.Command
	for _, c := range commands {
		if c.Pipeline != last.Pipeline {
			d.ComputePassEncoderSetPipeline.call(uintptr(pass), uintptr(d.pipelines.Get(uint32(c.Pipeline)).handle))
		}
		if c.Group != last.Group {
			d.ComputePassEncoderSetBindGroup.call(uintptr(pass), 0, uintptr(d.groups.Get(uint32(c.Group))), 0, 0)
		}
		d.ComputePassEncoderDispatchWorkgroups.call(uintptr(pass), uintptr(c.X), uintptr(c.Y), uintptr(c.Z))
		last = c
	}
	d.ComputePassEncoderEnd(pass)
	d.ComputePassEncoderRelease(pass)
}

// submit submits what record records.
func (d *device) submit(record func(encoder handle)) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	encoder := d.DeviceCreateCommandEncoder(d.handle, nil)
	if encoder == 0 {
		return cmp.Or(d.faults.take(), fmt.Errorf("%s makes no command encoder", d.library))
	}
	defer d.CommandEncoderRelease(encoder)
	record(encoder)
	commands := d.CommandEncoderFinish(encoder, nil)
	if commands != 0 {
		defer d.CommandBufferRelease(commands)
	}
	if err := d.faults.take(); err != nil { // of a mistake in recording
		return err
	}
	d.QueueSubmit(d.queue, 1, &commands)
	return d.faults.take()
}

func (d *device) Wait(ctx context.Context, f gpu.Fence) error {
	if f > d.fence {
		return fmt.Errorf("fence %d of %d", f, d.fence)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	err := d.poll(ctx, func() bool { return gpu.Fence(d.done.Load()) >= f || d.faults.loss() != nil })
	return cmp.Or(err, d.faults.take())
}

// Close waits, not too long, for what runs.
func (d *device) Close() error {
	if d.faults.closed() {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	d.Wait(ctx, d.fence)
	d.faults.close()
	d.mu.Lock()
	defer d.mu.Unlock()
	for g := range d.groups.All() {
		d.BindGroupRelease(g)
	}
	for p := range d.pipelines.All() {
		d.ComputePipelineRelease(p.handle)
		d.BindGroupLayoutRelease(p.layout)
	}
	for b := range d.buffers.All() {
		d.BufferRelease(b)
	}
	if d.staging != 0 {
		d.BufferRelease(d.staging)
	}
	d.QueueRelease(d.queue)
	d.DeviceDestroy(d.handle)
	d.DeviceRelease(d.handle)
	d.InstanceProcessEvents(d.instance) // what is still to be answered is answered now
	d.forget()
	return nil
}

// forget ends the handlers of the device.
func (d *device) forget() {
	handlers.remove(d.onLost)
	handlers.remove(d.onError)
}

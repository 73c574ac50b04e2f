package webgpu

import (
	"context"
	"errors"
	"fmt"
	"unsafe"

	"github.com/counterpoint/counterpoint/engine/device"
	"github.com/counterpoint/counterpoint/engine/device/webgpu/internal/gpu"
)

// buffer is a storage buffer of four-byte elements.
type buffer struct {
	device *Device
	gpu    gpu.Buffer
	n      int
	closed bool
}

// NewBuffer makes a zeroed buffer of n elements, at most what the adapter can bind.
func (d *Device) NewBuffer(n int) (device.Buffer, error) {
	if err := d.ready(); err != nil {
		return nil, err
	}
	if n < 0 {
		return nil, fmt.Errorf("webgpu: buffer of %d elements", n)
	}
	b := &buffer{device: d, n: n}
	var err error
	if b.gpu, err = d.storage(b.whole().Size); err != nil {
		return nil, err
	}
	return b, nil
}

// whole is all of the buffer, as a bind group takes it. WebGPU has no empty bindings.
func (b *buffer) whole() gpu.Range { return gpu.Range{Buffer: b.gpu, Size: max(4*b.n, 4)} }

// storage makes a storage buffer of size bytes.
func (d *Device) storage(size int) (gpu.Buffer, error) {
	if most := min(d.adapter.Limits.MaxBufferSize, d.adapter.Limits.MaxStorageBufferBindingSize); uint64(size) > most {
		return 0, fmt.Errorf("webgpu: %w: buffer of %d bytes, %v binds at most %d", device.ErrMemory, size, d.adapter, most)
	}
	b, err := d.gpu.NewBuffer(size, gpu.Storage)
	switch {
	case errors.Is(err, device.ErrLost):
		return 0, fmt.Errorf("webgpu: %w", err)
	case err != nil:
		return 0, fmt.Errorf("webgpu: %w: buffer of %d bytes: %w", device.ErrMemory, size, err)
	}
	return b, nil
}

func (b *buffer) Len() int { return b.n }

func (b *buffer) Close() error {
	if b.closed || b.device.closed {
		b.closed = true
		return nil
	}
	b.closed = true
	b.device.forget(b)
	err := b.device.queue.flush(context.Background())
	b.device.gpu.FreeBuffer(b.gpu)
	return err
}

func (b *buffer) WriteFloats(ctx context.Context, offset int, src []float32) error {
	if err := b.check(offset, len(src)); err != nil {
		return err
	}
	return b.device.queue.write(ctx, b.gpu, 4*offset, bytesOf(src))
}

func (b *buffer) WriteInts(ctx context.Context, offset int, src []int32) error {
	if err := b.check(offset, len(src)); err != nil {
		return err
	}
	return b.device.queue.write(ctx, b.gpu, 4*offset, bytesOf(src))
}

func (b *buffer) ReadFloats(ctx context.Context, offset int, dst []float32) error {
	if err := b.check(offset, len(dst)); err != nil {
		return err
	}
	return b.device.queue.read(ctx, b.gpu, 4*offset, bytesOf(dst))
}

func (b *buffer) check(offset, n int) error {
	if b.closed || b.device.closed {
		return device.ErrClosed
	}
	if offset < 0 || n < 0 || offset > b.n-n {
		return fmt.Errorf("webgpu: elements %d to %d are outside a buffer of %d", offset, offset+n, b.n)
	}
	return nil
}

// bytesOf views numbers as bytes. Every platform with a GPU we know is little-endian, as WebGPU is.
func bytesOf[T float32 | int32 | uint32](v []T) []byte {
	if len(v) == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(unsafe.Pointer(&v[0])), 4*len(v))
}

// Package cpu runs programs on the processor: every operator over the loops of package kernel, weights kept packed, all
// cores at work on each instruction. It runs on any machine and is what other devices are judged by.
package cpu

import (
	"context"
	"fmt"
	"runtime"
	"unsafe"

	"github.com/counterpoint/counterpoint/engine/device"
	"github.com/counterpoint/counterpoint/engine/device/cpu/kernel"
	"github.com/counterpoint/counterpoint/engine/graph"
)

// Options configure a CPU device.
type Options struct {
	Threads int           // workers; 0 means one a core
	Level   *kernel.Level // instruction set; nil means what kernel.Detect finds
}

// Device is the CPU.
type Device struct {
	level   kernel.Level
	kernels *kernel.Kernels
	pool    *kernel.Pool
	exec    *kernel.Executor
	closed  bool
}

var _ device.Device = (*Device)(nil)

// New opens the CPU. It fails if the asked level is not one this machine can run.
func New(o Options) (*Device, error) {
	var level kernel.Level
	if o.Level != nil {
		level = *o.Level
	} else {
		var err error
		if level, err = kernel.Detect(); err != nil {
			return nil, err
		}
	}
	k, err := kernel.For(level)
	if err != nil {
		return nil, err
	}
	threads := o.Threads
	if threads < 1 {
		threads = runtime.GOMAXPROCS(0)
	}
	pool := kernel.NewPool(threads)
	return &Device{level: level, kernels: k, pool: pool, exec: k.NewExecutor(pool)}, nil
}

// Info tells the instruction set and the number of threads. Offsets are multiples of 16 elements, a cache line.
func (d *Device) Info() device.Info {
	threads := "1 thread"
	if n := d.pool.Workers(); n > 1 {
		threads = fmt.Sprintf("%d threads", n)
	}
	return device.Info{Name: "cpu", Adapter: fmt.Sprintf("%s, %s", d.level, threads), Options: graph.Options{Align: 16}}
}

// Close stops the workers. Of what the device made, only Close may be called afterwards.
func (d *Device) Close() error {
	if !d.closed {
		d.closed = true
		d.pool.Close()
	}
	return nil
}

// buffer is a device buffer in Go memory.
type buffer struct{ data []float32 }

// maxBuffer bounds a buffer to 8 GiB, so that a size from outside can't take the process down with it.
const maxBuffer = 1 << 31

// NewBuffer makes a zeroed buffer of n elements.
func (d *Device) NewBuffer(n int) (device.Buffer, error) {
	if d.closed {
		return nil, device.ErrClosed
	}
	if n < 0 || n > maxBuffer {
		return nil, fmt.Errorf("cpu: buffer of %d elements, want 0 to %d", n, maxBuffer)
	}
	return &buffer{make([]float32, n)}, nil
}

func (b *buffer) Len() int { return len(b.data) }

func (b *buffer) Close() error { b.data = nil; return nil }

func (b *buffer) WriteFloats(_ context.Context, offset int, src []float32) error {
	dst, err := b.slice(offset, len(src))
	copy(dst, src)
	return err
}

func (b *buffer) WriteInts(_ context.Context, offset int, src []int32) error {
	dst, err := b.slice(offset, len(src))
	copy(asInts(dst), src)
	return err
}

func (b *buffer) ReadFloats(_ context.Context, offset int, dst []float32) error {
	src, err := b.slice(offset, len(dst))
	copy(dst, src)
	return err
}

func (b *buffer) slice(offset, n int) ([]float32, error) {
	if b.data == nil {
		return nil, device.ErrClosed
	}
	if offset < 0 || n < 0 || offset > len(b.data)-n {
		return nil, fmt.Errorf("elements %d to %d are outside a buffer of %d", offset, offset+n, len(b.data))
	}
	return b.data[offset : offset+n], nil
}

// asInts views four-byte elements as int32.
func asInts(f []float32) []int32 {
	if len(f) == 0 {
		return nil
	}
	return unsafe.Slice((*int32)(unsafe.Pointer(&f[0])), len(f))
}

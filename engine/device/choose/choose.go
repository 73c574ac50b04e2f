// Package choose opens the device to compute on, and can say why it is that one: a GPU that passes the self-test, else the
// CPU.
package choose

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/counterpoint/counterpoint/engine/device"
	"github.com/counterpoint/counterpoint/engine/device/cpu"
	"github.com/counterpoint/counterpoint/engine/device/selftest"
	"github.com/counterpoint/counterpoint/engine/device/webgpu"
)

// Options say which device is wanted.
type Options struct {
	Device  string // "auto", "cpu" or "webgpu"
	Adapter string // for webgpu: the first adapter whose description contains it, in any case; "" for the best one
	Threads int    // of the CPU; 0 for all cores
	GPUs    GPUs   // where adapters come from
}

// GPUs finds and opens adapters.
type GPUs interface {
	// Adapters lists what there is, best first; the error wraps webgpu.ErrNone if there is nothing.
	Adapters(ctx context.Context) ([]webgpu.Adapter, error)
	// Open opens the i-th of them.
	Open(ctx context.Context, i int) (device.Device, error)
}

// WebGPU are the adapters that package webgpu finds.
type WebGPU webgpu.Options

// Adapters implements GPUs.
func (o WebGPU) Adapters(ctx context.Context) ([]webgpu.Adapter, error) {
	return webgpu.Adapters(ctx, webgpu.Options(o))
}

// Open implements GPUs.
func (o WebGPU) Open(ctx context.Context, i int) (device.Device, error) {
	d, err := webgpu.Open(ctx, i, webgpu.Options(o))
	if err != nil {
		return nil, err // not a nil *webgpu.Device in an interface
	}
	return d, nil
}

// Choice is an opened device.
type Choice struct {
	device.Device
	Why    string            // in words: "it passed the self-test", "no WebGPU adapter"
	Tested []selftest.Result // the figures of a GPU that passed
}

// Unknown reports a device that no one knows.
type Unknown struct{ Device string }

func (e *Unknown) Error() string {
	return fmt.Sprintf("unknown device %q, want auto, cpu or webgpu", e.Device)
}

// Open opens a device. "auto" takes the first adapter that is a GPU, not software, and passes the self-test, else the CPU;
// "webgpu" takes an adapter of any kind, and fails if it does not pass. Only a done ctx makes "auto" fail.
func Open(ctx context.Context, o Options) (*Choice, error) {
	switch o.Device {
	case "cpu":
		return openCPU(o, "it was asked for")
	case "webgpu":
		return openGPU(ctx, o)
	case "auto":
		c, err := firstGPU(ctx, o)
		if err == nil {
			return c, nil
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return openCPU(o, err.Error())
	}
	return nil, &Unknown{o.Device}
}

func openCPU(o Options, why string) (*Choice, error) {
	d, err := cpu.New(cpu.Options{Threads: o.Threads})
	if err != nil {
		return nil, err
	}
	return &Choice{Device: d, Why: why}, nil
}

// openGPU opens the adapter that is asked for.
func openGPU(ctx context.Context, o Options) (*Choice, error) {
	adapters, err := o.GPUs.Adapters(ctx)
	if err != nil {
		return nil, err
	}
	var names []string
	for i, a := range adapters {
		if strings.Contains(strings.ToLower(a.String()), strings.ToLower(o.Adapter)) {
			return test(ctx, o, i, a)
		}
		names = append(names, a.String())
	}
	return nil, fmt.Errorf("%w called %q; there is %s", webgpu.ErrNone, o.Adapter, strings.Join(names, "; "))
}

// firstGPU opens the best adapter that is a GPU and passes the self-test.
func firstGPU(ctx context.Context, o Options) (*Choice, error) {
	adapters, err := o.GPUs.Adapters(ctx)
	if err != nil {
		return nil, err
	}
	var refused []error
	for i, a := range adapters {
		if a.Software {
			refused = append(refused, fmt.Errorf("%v is no GPU", a))
			continue
		}
		c, err := test(ctx, o, i, a)
		if err == nil {
			return c, nil
		}
		refused = append(refused, err)
	}
	return nil, errors.Join(refused...)
}

// test opens an adapter and lets it pass the self-test.
func test(ctx context.Context, o Options, i int, a webgpu.Adapter) (*Choice, error) {
	d, err := o.GPUs.Open(ctx, i)
	if err != nil {
		return nil, fmt.Errorf("%v does not open: %w", a, err)
	}
	results, err := selftest.Run(ctx, d)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%v is refused: %w", a, err), d.Close())
	}
	return &Choice{Device: d, Why: "it passed the self-test", Tested: results}, nil
}

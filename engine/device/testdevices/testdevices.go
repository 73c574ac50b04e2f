// Package testdevices opens the devices of the machine that tests run on: the CPU at each level, and the GPU through WebGPU.
// Package wanted says how the environment chooses the GPU.
package testdevices

import (
	"errors"
	"testing"

	"github.com/counterpoint/counterpoint/engine/device"
	"github.com/counterpoint/counterpoint/engine/device/cpu"
	"github.com/counterpoint/counterpoint/engine/device/cpu/kernel"
	"github.com/counterpoint/counterpoint/engine/device/internal/wanted"
	"github.com/counterpoint/counterpoint/engine/device/webgpu"
)

// CPU opens the CPU at a level.
func CPU(t testing.TB, level kernel.Level, threads int) *cpu.Device {
	t.Helper()
	d, err := cpu.New(cpu.Options{Threads: threads, Level: &level})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

// WebGPU opens the adapter that is wanted. The test is skipped only if none in particular is wanted and there is none.
func WebGPU(t testing.TB) *webgpu.Device {
	t.Helper()
	options := webgpu.Options{Library: wanted.Library(), F16: wanted.Half()}
	list, err := webgpu.Adapters(t.Context(), options)
	if err != nil && !errors.Is(err, webgpu.ErrNone) {
		t.Fatal(err)
	}
	var adapters []wanted.Adapter
	for _, a := range list {
		adapters = append(adapters, wanted.Adapter{Name: a.String(), Half: a.F16 && a.Subgroups})
	}
	d, err := webgpu.Open(t.Context(), wanted.Pick(t, adapters, err), options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

// Each runs a test on every device: each level of the CPU from the given one, and the GPU. Exact tells the CPU's.
func Each(t *testing.T, from kernel.Level, test func(t *testing.T, d device.Device, exact bool)) {
	for _, level := range kernel.Supported() {
		if level >= from {
			t.Run(level.String(), func(t *testing.T) { test(t, CPU(t, level, 0), true) })
		}
	}
	t.Run("WebGPU", func(t *testing.T) {
		d := WebGPU(t)
		t.Log(d.Adapter())
		test(t, d, false)
		if s := d.Stats(); s.Submits == 0 || s.Dispatches < s.Submits {
			t.Errorf("the GPU was given %d dispatches in %d submits", s.Dispatches, s.Submits)
		}
	})
}

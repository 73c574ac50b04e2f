// Package testdevices opens the devices of the machine that tests run on: the CPU at each level, and the GPU through WebGPU.
//
// Environment variables say what must be there, so that a GPU's tests can't pass by being left out:
//
//	COUNTERPOINT_TEST_WEBGPU=llvmpipe  the adapter: part of its name. Tests fail without it.
//	COUNTERPOINT_TEST_WEBGPU=          tests take the first adapter there is, and are skipped if there is none.
//	COUNTERPOINT_TEST_F16=1            use f16 variants; the adapter must have f16 and subgroups
package testdevices

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/counterpoint/counterpoint/engine/device"
	"github.com/counterpoint/counterpoint/engine/device/cpu"
	"github.com/counterpoint/counterpoint/engine/device/cpu/kernel"
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

// WebGPU opens the adapter that the environment names. The test is skipped only if it names none and there is none.
func WebGPU(t testing.TB) *webgpu.Device {
	t.Helper()
	want, half := os.Getenv("COUNTERPOINT_TEST_WEBGPU"), os.Getenv("COUNTERPOINT_TEST_F16") != ""
	options := webgpu.Options{Library: os.Getenv("COUNTERPOINT_WEBGPU_LIBRARY"), F16: half}
	adapters, err := webgpu.Adapters(t.Context(), options)
	if want == "" && errors.Is(err, webgpu.ErrNone) {
		t.Skipf("no GPU to test on: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for i, a := range adapters {
		names = append(names, a.String())
		if !strings.Contains(strings.ToLower(a.String()), strings.ToLower(want)) {
			continue
		}
		if half && !(a.F16 && a.Subgroups) {
			t.Fatalf("%v has f16: %v, subgroups: %v; the test needs both", a, a.F16, a.Subgroups)
		}
		d, err := webgpu.Open(t.Context(), i, options)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { d.Close() })
		return d
	}
	t.Fatalf("no adapter %q among %s", want, strings.Join(names, "; "))
	return nil
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

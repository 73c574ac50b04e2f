package cpu_test

import (
	"testing"

	"github.com/counterpoint/counterpoint/engine/device"
	"github.com/counterpoint/counterpoint/engine/device/cpu"
	"github.com/counterpoint/counterpoint/engine/device/cpu/kernel"
	"github.com/counterpoint/counterpoint/engine/device/devicetest"
)

func open(t *testing.T, level kernel.Level, threads int) device.Device {
	t.Helper()
	d, err := cpu.New(cpu.Options{Threads: threads, Level: &level})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestDevice(t *testing.T) {
	for _, level := range kernel.Supported() {
		t.Run(level.String(), func(t *testing.T) {
			devicetest.Run(t, func(t *testing.T) device.Device { return open(t, level, 1) })
		})
	}
}

// TestThreads checks that results do not depend on the number of threads, and that a pool of them keeps the contract.
func TestThreads(t *testing.T) {
	for _, level := range kernel.Supported() {
		t.Run(level.String(), func(t *testing.T) {
			devicetest.Contract(t, func(t *testing.T) device.Device { return open(t, level, 3) })
			var devices []device.Device
			for threads := range 3 {
				d := open(t, level, threads+1)
				defer d.Close()
				devices = append(devices, d)
			}
			devicetest.Identical(t, devices...)
		})
	}
}

func BenchmarkVectors(b *testing.B) {
	d, err := cpu.New(cpu.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer d.Close()
	devicetest.Benchmark(b, d)
}

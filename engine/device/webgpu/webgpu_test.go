package webgpu_test

import (
	"testing"

	"github.com/counterpoint/counterpoint/engine/device"
	"github.com/counterpoint/counterpoint/engine/device/devicetest"
	"github.com/counterpoint/counterpoint/engine/device/testdevices"
)

func open(t *testing.T) device.Device {
	d := testdevices.WebGPU(t)
	t.Log(d.Adapter())
	return d
}

func TestDevice(t *testing.T) { devicetest.Run(t, open) }

func BenchmarkVectors(b *testing.B) { devicetest.Benchmark(b, testdevices.WebGPU(b)) }

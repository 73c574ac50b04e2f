package webgpu_test

import (
	"testing"

	"github.com/counterpoint/counterpoint/engine/device"
	"github.com/counterpoint/counterpoint/engine/device/devicetest"
	"github.com/counterpoint/counterpoint/engine/device/webgpu"
)

func open(t *testing.T) device.Device {
	t.Helper()
	d, err := webgpu.Open(t.Context(), 0, webgpu.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Log(d.Info().Adapter)
	return d
}

func TestDevice(t *testing.T) { devicetest.Run(t, open) }

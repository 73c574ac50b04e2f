//go:build cgo && !js

package webgpu

import (
	"github.com/counterpoint/counterpoint/engine/device/webgpu/internal/gpu"
	"github.com/counterpoint/counterpoint/engine/device/webgpu/internal/webgpuh"
	"github.com/counterpoint/counterpoint/engine/device/webgpu/internal/wgpunative"
)

// provider is wgpu-native, linked in, unless a library is asked for.
func provider(library string) (gpu.Provider, error) {
	if library != "" {
		return webgpuh.New(library)
	}
	return wgpunative.New(), nil
}

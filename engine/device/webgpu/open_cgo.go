//go:build cgo && !js

package webgpu

import (
	"github.com/counterpoint/counterpoint/engine/device/webgpu/internal/gpu"
	"github.com/counterpoint/counterpoint/engine/device/webgpu/internal/wgpunative"
)

// provider is wgpu-native, linked in.
func provider(o Options) (gpu.Provider, error) { return wgpunative.New(), nil }

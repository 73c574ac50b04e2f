//go:build !cgo && !js

package webgpu

import (
	"github.com/counterpoint/counterpoint/engine/device/webgpu/internal/gpu"
	"github.com/counterpoint/counterpoint/engine/device/webgpu/internal/webgpuh"
)

// provider is a library that is loaded.
func provider(library string) (gpu.Provider, error) { return webgpuh.New(library) }

//go:build !js && !((linux || darwin || windows) && (amd64 || arm64))

// Package webgpuh is package gpu over a shared library that has the C interface of webgpu.h. Here it finds none.
package webgpuh

import (
	"fmt"
	"runtime"

	"github.com/counterpoint/counterpoint/engine/device/webgpu/internal/gpu"
)

// LibraryVariable is the environment variable that names the library.
const LibraryVariable = "COUNTERPOINT_WEBGPU_LIBRARY"

// New reports that libraries cannot be loaded on this system.
func New(string) (gpu.Provider, error) {
	return nil, fmt.Errorf("%w: no WebGPU library can be loaded on %s/%s", gpu.ErrNone, runtime.GOOS, runtime.GOARCH)
}

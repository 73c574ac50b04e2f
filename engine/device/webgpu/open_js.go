//go:build js

package webgpu

import (
	"fmt"

	"github.com/counterpoint/counterpoint/engine/device/webgpu/internal/browser"
	"github.com/counterpoint/counterpoint/engine/device/webgpu/internal/gpu"
)

// provider is the browser's WebGPU.
func provider(library string) (gpu.Provider, error) {
	if library != "" {
		return nil, fmt.Errorf("%w: a browser loads no library such as %s", gpu.ErrNone, library)
	}
	return browser.New(), nil
}

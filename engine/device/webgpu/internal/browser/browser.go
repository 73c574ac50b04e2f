//go:build js

// Package browser is package gpu over the browser's WebGPU. The objects stay in JavaScript, in the tables of site/gpu.js;
// Go holds their numbers and sends streams of commands as plain bytes, since every call across costs as much as a dispatch.
package browser

import (
	"context"
	"encoding/json"
	"fmt"
	"syscall/js"

	"github.com/counterpoint/counterpoint/engine/device/webgpu/internal/gpu"
)

// New makes a provider. The script site/gpu.js must have run by the time it is used.
func New() gpu.Provider { return provider{} }

type provider struct{}

// script is what site/gpu.js leaves for us.
func script() (js.Value, error) {
	v := js.Global().Get("counterpointGPU")
	if v.Type() != js.TypeObject {
		return v, fmt.Errorf("%w: gpu.js was not loaded before the engine", gpu.ErrNone)
	}
	return v, nil
}

// Adapters lists the adapter that the browser gives for speed and, where that is another, the one it gives to save power.
func (provider) Adapters(ctx context.Context) ([]gpu.Adapter, error) {
	s, err := script()
	if err != nil {
		return nil, err
	}
	list, err := call(ctx, s.Get("adapters"))
	if err != nil {
		return nil, err
	}
	var adapters []gpu.Adapter
	if err := json.Unmarshal([]byte(list.String()), &adapters); err != nil {
		return nil, fmt.Errorf("what gpu.js tells of adapters: %w", err)
	}
	for i := range adapters {
		complete(&adapters[i])
	}
	return adapters, nil
}

// complete sets what gpu.js does not tell. WGSL's own rule for subgroups is the directive.
func complete(a *gpu.Adapter) { a.SubgroupsDirective = a.Subgroups }

// Open opens an adapter with all its limits and features.
func (provider) Open(ctx context.Context, i int) (gpu.Device, error) {
	s, err := script()
	if err != nil {
		return nil, err
	}
	object, err := call(ctx, s.Get("open"), i)
	if err != nil {
		return nil, fmt.Errorf("adapter %d: %w", i, err)
	}
	return newDevice(object)
}

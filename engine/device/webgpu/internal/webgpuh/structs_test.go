//go:build (linux || darwin || windows) && (amd64 || arm64)

package webgpuh

import (
	"reflect"
	"slices"
	"testing"
)

// TestLayouts compares structs with what a C compiler makes of those of webgpu.h of 2026-06.
func TestLayouts(t *testing.T) {
	for _, c := range []struct {
		value   any
		size    uintptr
		offsets []uintptr
	}{
		{stringView{}, 16, []uintptr{0, 8}},
		{chained{}, 16, []uintptr{0, 8}},
		{callbackInfo{}, 40, []uintptr{0, 8, 16, 24, 32}},
		{requestAdapterOptions{}, 32, []uintptr{0, 8, 12, 16, 20, 24}},
		{adapterInfo{}, 96, []uintptr{0, 8, 24, 40, 56, 72, 76, 80, 84, 88, 92}},
		{supportedFeatures{}, 16, []uintptr{0, 8}},
		{deviceDescriptor{}, 144, []uintptr{0, 8, 24, 32, 40, 48, 72, 112}},
		{queueDescriptor{}, 24, []uintptr{0, 8}},
		{uncapturedErrorCallbackInfo{}, 32, []uintptr{0, 8, 16, 24}},
		{bufferDescriptor{}, 48, []uintptr{0, 8, 24, 32, 40}},
		{shaderModuleDescriptor{}, 24, []uintptr{0, 8}},
		{shaderSourceWGSL{}, 32, []uintptr{0, 16}},
		{bindGroupLayoutDescriptor{}, 40, []uintptr{0, 8, 24, 32}},
		{bindGroupLayoutEntry{}, 120, []uintptr{0, 8, 16, 24, 32}},
		{bindGroupLayoutEntryOld{}, 112, []uintptr{0, 8, 16, 24}},
		{bindingLayouts{}, 88, []uintptr{0, 24, 40, 64}},
		{bufferBindingLayout{}, 24, []uintptr{0, 8, 12, 16}},
		{pipelineLayoutDescriptor{}, 48, []uintptr{0, 8, 24, 32, 40}},
		{computePipelineDescriptor{}, 80, []uintptr{0, 8, 24, 32}},
		{computeState{}, 48, []uintptr{0, 8, 16, 32, 40}},
		{bindGroupDescriptor{}, 48, []uintptr{0, 8, 24, 32, 40}},
		{bindGroupEntry{}, 56, []uintptr{0, 8, 16, 24, 32, 40, 48}},
		{limits{}, 256, []uintptr{ // of which webgpu.h has 152
			0, 8, 12, 16, 20, 24, 28, 32, 36, 40, 44, 48, 52, 56, 60, 64, 72, 80, 84, 88, 96,
			104, 108, 112, 116, 120, 124, 128, 132, 136, 140, 144, 148,
		}},
	} {
		typ := reflect.TypeOf(c.value)
		var offsets []uintptr
		for i := range typ.NumField() {
			if f := typ.Field(i); f.Name != "_" {
				offsets = append(offsets, f.Offset)
			}
		}
		if typ.Size() != c.size || !slices.Equal(offsets, c.offsets) {
			t.Errorf("%v: %d bytes, fields at %v; want %d bytes, fields at %v", typ, typ.Size(), offsets, c.size, c.offsets)
		}
	}
}

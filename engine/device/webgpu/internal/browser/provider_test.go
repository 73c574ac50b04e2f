//go:build js

package browser

import (
	"errors"
	"strings"
	"syscall/js"
	"testing"

	"github.com/counterpoint/counterpoint/engine/device/webgpu/internal/gpu"
)

// These need no WebGPU: they put another browser in its place.

// set defines a global until the test ends, by JavaScript's expression for it.
func set(t *testing.T, name, expression string) {
	t.Helper()
	object, global := js.Global().Get("Object"), js.Global()
	before := object.Call("getOwnPropertyDescriptor", global, name)
	object.Call("defineProperty", global, name, map[string]any{"value": global.Call("eval", "("+expression+")"), "configurable": true})
	t.Cleanup(func() {
		if before.IsUndefined() {
			js.Global().Delete(name)
		} else {
			object.Call("defineProperty", global, name, before)
		}
	})
}

func TestNone(t *testing.T) {
	for name, c := range map[string]struct{ global, expression, want string }{
		"no script":  {"counterpointGPU", "undefined", "gpu.js"},
		"no WebGPU":  {"navigator", "{userAgent: 'old'}", "no navigator.gpu"},
		"no adapter": {"navigator", "{gpu: {requestAdapter: async () => null}}", "no GPU for it"},
	} {
		t.Run(name, func(t *testing.T) {
			set(t, c.global, c.expression)
			check(t, c.want)
		})
	}
	t.Run("insecure", func(t *testing.T) {
		set(t, "navigator", "{}")
		set(t, "isSecureContext", "false")
		check(t, "https")
	})
}

// check makes sure that there is no adapter, and that the errors say why.
func check(t *testing.T, want string) {
	t.Helper()
	_, list := New().Adapters(t.Context())
	_, open := New().Open(t.Context(), 0)
	for _, err := range []error{list, open} {
		if !errors.Is(err, gpu.ErrNone) || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %v and %q", err, gpu.ErrNone, want)
		}
	}
}

func TestFailure(t *testing.T) {
	set(t, "navigator", "{gpu: {requestAdapter: async () => { throw new TypeError('the browser is confused'); }}}")
	if _, err := New().Adapters(t.Context()); err == nil || errors.Is(err, gpu.ErrNone) || err.Error() != "the browser is confused" {
		t.Errorf("error %v", err)
	}
	set(t, "navigator", "{gpu: {requestAdapter: () => { throw 7; }}}")
	if _, err := New().Adapters(t.Context()); err == nil || !strings.Contains(err.Error(), "7") {
		t.Errorf("error %v", err)
	}
}

// TestDescription has a browser with two adapters: one of which nothing is told, as Firefox does, and a program that plays one.
func TestDescription(t *testing.T) {
	set(t, "navigator", `{gpu: {requestAdapter: async ({powerPreference}) => powerPreference === "high-performance"
		? {info: {}, features: new Set(["shader-f16"]), limits: {maxBufferSize: 2 ** 40, minUniformBufferOffsetAlignment: 64}}
		: {info: {vendor: "google", architecture: "swiftshader", subgroupMinSize: 4, subgroupMaxSize: 8},
			features: new Set(["subgroups", "depth-clip-control"]), limits: {maxComputeWorkgroupsPerDimension: 65535}}}}`)
	got, err := New().Adapters(t.Context())
	must(t, err)
	want := []gpu.Adapter{
		{Backend: "WebGPU", Library: "the browser", Limits: gpu.Limits{MaxBufferSize: 1 << 40, UniformAlign: 64}, Features: gpu.Features{F16: true}},
		{Vendor: "google", Architecture: "swiftshader", Backend: "WebGPU", Library: "the browser", Software: true,
			Limits:   gpu.Limits{MaxWorkgroups: 65535},
			Features: gpu.Features{Subgroups: true, SubgroupMin: 4, SubgroupMax: 8, SubgroupsDirective: true}},
	}
	if len(got) != 2 || got[0] != want[0] || got[1] != want[1] {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
}

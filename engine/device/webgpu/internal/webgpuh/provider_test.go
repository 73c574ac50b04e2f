//go:build (linux || darwin || windows) && (amd64 || arm64)

package webgpuh

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/counterpoint/counterpoint/engine/device/webgpu/internal/gpu"
)

func TestAdapters(t *testing.T) {
	p := testProvider(t)
	list, err := p.Adapters(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for i, a := range list {
		t.Logf("%v: driver %q, vendor %q, software: %v, %+v, %+v", a, a.Driver, a.Vendor, a.Software, a.Features, a.Limits)
		l := a.Limits
		if a.Name == "" || a.Backend == "" || a.Library != p.library || strings.Contains(a.Name, "Null") {
			t.Errorf("%+v", a)
		}
		// The limits that all of WebGPU has.
		if l.MaxBufferSize < 256<<20 || l.MaxStorageBufferBindingSize < 128<<20 || l.MaxStorageBuffers < 8 || l.MaxWorkgroupStorage < 16384 ||
			l.MaxInvocations < 256 || l.MaxWorkgroupSizeX < 256 || l.MaxWorkgroups < 65535 {
			t.Errorf("%v: limits are too low: %+v", a, l)
		}
		for _, n := range []uint32{l.StorageAlign, l.UniformAlign} {
			if n == 0 || n > 256 || n&(n-1) != 0 {
				t.Errorf("%v: alignment %d", a, n)
			}
		}
		d, err := p.Open(t.Context(), i)
		if err != nil {
			t.Fatal(err)
		}
		if d.Adapter().Name != a.Name {
			t.Errorf("opened %v for %v", d.Adapter(), a)
		}
		d.Close()
	}
	if _, err := p.Open(t.Context(), len(list)); err == nil {
		t.Error("opened one too many")
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	if d, err := p.Open(cancelled, 0); err == nil {
		d.Close() // the library was quick
	} else if !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// TestSwiftShader expects of the software GPU of Chromium what its maker says of it.
func TestSwiftShader(t *testing.T) {
	a := testDevice(t).Adapter()
	if !strings.Contains(a.Name, "SwiftShader") || a.Library != "Dawn" {
		t.Skipf("on %v", a)
	}
	if !a.Software || !a.Subgroups || a.SubgroupMin != 4 || a.SubgroupMax != 4 || !a.SubgroupsDirective || a.F16 || a.Vendor != "google" {
		t.Errorf("%+v", a)
	}
}

// TestNoAdapter runs in a process of its own, whose Vulkan has no drivers. There Dawn offers its "Null backend".
func TestNoAdapter(t *testing.T) {
	const inside = "COUNTERPOINT_TEST_NO_ADAPTER"
	if runtime.GOOS != "linux" {
		t.Skip("drivers can't be hidden but from Vulkan")
	}
	if os.Getenv(inside) == "" {
		command := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestNoAdapter$", "-test.v")
		nowhere := filepath.Join(t.TempDir(), "none.json")
		command.Env = append(os.Environ(), inside+"=1", testVariable+"="+testLibrary(t), "VK_ICD_FILENAMES="+nowhere, "VK_DRIVER_FILES="+nowhere)
		if out, err := command.CombinedOutput(); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
		return
	}
	p := testProvider(t)
	if list, err := p.Adapters(t.Context()); !errors.Is(err, gpu.ErrNone) || !strings.Contains(err.Error(), p.library) || !strings.Contains(err.Error(), "Vulkan") {
		t.Errorf("%v, %v", list, err)
	}
	if _, err := p.Open(t.Context(), 0); !errors.Is(err, gpu.ErrNone) {
		t.Error(err)
	}
}

func TestNew(t *testing.T) {
	t.Setenv(LibraryVariable, "")
	notALibrary := filepath.Join(t.TempDir(), "text.so")
	if err := os.WriteFile(notALibrary, []byte("not a library"), 0o600); err != nil {
		t.Fatal(err)
	}
	other := map[string]string{"linux": "libc.so.6", "darwin": "/usr/lib/libSystem.B.dylib", "windows": "kernel32.dll"}[runtime.GOOS]
	for path, want := range map[string]string{
		filepath.Join(t.TempDir(), "missing.so"): "missing.so",
		"counterpoint-no-such-library.so":        "counterpoint-no-such-library.so",
		notALibrary:                              "text.so",
		other:                                    "is not a WebGPU library: it has no wgpuCreateInstance",
	} {
		check := func(_ gpu.Provider, err error) {
			t.Helper()
			if !errors.Is(err, gpu.ErrNone) || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v", path, err)
			}
			t.Log(err)
		}
		check(New(path))
		t.Setenv(LibraryVariable, path)
		check(New(""))
	}
}

// TestSearch looks for a library that is nowhere, and for one that lies next to the executable, a copy of this test.
func TestSearch(t *testing.T) {
	const inside = "COUNTERPOINT_TEST_SEARCH"
	t.Setenv(LibraryVariable, "")
	p, err := New("")
	if os.Getenv(inside) != "" {
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("found %s", p.(*provider).library)
		return
	}
	if err != nil { // the system has none
		places := candidates()
		if len(places) != 2*len(names) {
			t.Errorf("%q", places)
		}
		for _, place := range append(places, LibraryVariable) {
			if !strings.Contains(err.Error(), place) || !errors.Is(err, gpu.ErrNone) {
				t.Errorf("%v, without %s", err, place)
			}
		}
	}
	library, folder := testLibrary(t), t.TempDir()
	for from, to := range map[string]string{os.Args[0]: "search.exe", library: names[0]} {
		data, err := os.ReadFile(from)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(folder, to), data, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	command := exec.CommandContext(t.Context(), filepath.Join(folder, "search.exe"), "-test.run=^TestSearch$", "-test.v")
	command.Env = append(os.Environ(), inside+"=1")
	if out, err := command.CombinedOutput(); err != nil || !strings.Contains(string(out), "found "+testProvider(t).library) {
		t.Errorf("%v\n%s", err, out)
	}
}

//go:build (linux || darwin || windows) && (amd64 || arm64)

package webgpuh

import (
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"testing"

	"github.com/counterpoint/counterpoint/engine/device/webgpu/internal/gpu"
)

// testVariable names the library to test with: Dawn in continuous integration, but any will do. Once it is set, a library
// or an adapter that is not there is a failure.
const testVariable = "COUNTERPOINT_TEST_DAWN"

func testLibrary(t testing.TB) string {
	t.Helper()
	path := os.Getenv(testVariable)
	if path == "" {
		t.Skipf("%s names no WebGPU library to test with", testVariable)
	}
	return path
}

func testProvider(t testing.TB) *provider {
	t.Helper()
	p, err := New(testLibrary(t))
	if err != nil {
		t.Fatal(err)
	}
	return p.(*provider)
}

func testDevice(t testing.TB) *device {
	t.Helper()
	d, err := testProvider(t).Open(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return d.(*device)
}

// words are little-endian u32s: uints and ints as they are, floats by their bits.
func words(values ...any) []byte {
	var b []byte
	for _, v := range values {
		switch v := v.(type) {
		case int:
			b = binary.LittleEndian.AppendUint32(b, uint32(v))
		case float32:
			b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
		default:
			panic(fmt.Sprintf("%T", v))
		}
	}
	return b
}

func floats(values []float32) []byte {
	var b []byte
	for _, v := range values {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
	}
	return b
}

// buffer makes a buffer that holds data.
func buffer(t testing.TB, d gpu.Device, use gpu.Usage, data []byte) gpu.Buffer {
	t.Helper()
	b, err := d.NewBuffer(len(data), use)
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Write(b, 0, data); err != nil {
		t.Fatal(err)
	}
	return b
}

func newPipeline(t testing.TB, d gpu.Device, code string, bindings ...gpu.Access) gpu.Pipeline {
	t.Helper()
	p, err := d.NewPipeline(t.Context(), "test", code, bindings)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func newGroup(t testing.TB, d gpu.Device, p gpu.Pipeline, ranges ...gpu.Range) gpu.Group {
	t.Helper()
	g, err := d.NewGroup(p, ranges)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func run(t testing.TB, d gpu.Device, commands ...gpu.Command) {
	t.Helper()
	f, err := d.Submit(commands)
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Wait(t.Context(), f); err != nil {
		t.Fatal(err)
	}
}

// read reads n words of a buffer.
func read(t testing.TB, d gpu.Device, b gpu.Buffer, offset, n int) []uint32 {
	t.Helper()
	data := make([]byte, 4*n)
	if err := d.Read(t.Context(), b, offset, data); err != nil {
		t.Fatal(err)
	}
	list := make([]uint32, n)
	for i := range list {
		list[i] = binary.LittleEndian.Uint32(data[4*i:])
	}
	return list
}

func whole(b gpu.Buffer, size int) gpu.Range { return gpu.Range{Buffer: b, Size: size} }

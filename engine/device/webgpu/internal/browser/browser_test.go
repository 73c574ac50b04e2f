//go:build js

package browser

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall/js"
	"testing"
	"time"

	"github.com/counterpoint/counterpoint/engine/device/webgpu/internal/gpu"
)

// These run in Node by tools/wasmtest/exec.mjs, which says how to have a navigator.gpu there.

// open opens the best adapter. Without WebGPU the test is skipped, unless COUNTERPOINT_TEST_WEBGPU is "required".
func open(t testing.TB) *Device {
	t.Helper()
	if n := js.Global().Get("navigator"); os.Getenv("COUNTERPOINT_TEST_WEBGPU") != "required" && (n.IsUndefined() || n.Get("gpu").IsUndefined()) {
		t.Skip("there is no navigator.gpu: tools/wasmtest/exec.mjs says how to have one")
	}
	d, err := New().Open(t.Context(), 0)
	must(t, err)
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return d.(*Device)
}

// affine is y = scale·x + shift, where scale is a constant of the code.
func affine(scale string) string {
	return `
struct Params { count: u32, shift: f32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;
@compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3<u32>) {
	if id.x < p.count { y[id.x] = ` + scale + ` * x[id.x] + p.shift; }
}`
}

var affineBindings = []gpu.Access{gpu.UniformBinding, gpu.ReadBinding, gpu.WriteBinding}

const workgroup = 64

// bench is two buffers of numbers, from a to b and back.
type bench struct {
	*Device
	n           int
	a, b        gpu.Buffer
	double      gpu.Pipeline // y = 2x+1
	there, back gpu.Group
}

func newBench(t testing.TB, n int) *bench {
	t.Helper()
	d := &bench{Device: open(t), n: n}
	d.a, d.b = d.buffer(t, 4*n, gpu.Storage), d.buffer(t, 4*n, gpu.Storage)
	params := d.buffer(t, 8, gpu.Uniform)
	must(t, d.Write(params, 0, binary.LittleEndian.AppendUint32(binary.LittleEndian.AppendUint32(nil, uint32(n)), math.Float32bits(1))))
	var err error
	d.double, err = d.NewPipeline(t.Context(), "double", affine("2"), affineBindings)
	must(t, err)
	d.there, err = d.NewGroup(d.double, []gpu.Range{{Buffer: params, Size: 8}, {Buffer: d.a, Size: 4 * n}, {Buffer: d.b, Size: 4 * n}})
	must(t, err)
	d.back, err = d.NewGroup(d.double, []gpu.Range{{Buffer: params, Size: 8}, {Buffer: d.b, Size: 4 * n}, {Buffer: d.a, Size: 4 * n}})
	must(t, err)
	return d
}

func (d *bench) buffer(t testing.TB, size int, use gpu.Usage) gpu.Buffer {
	t.Helper()
	b, err := d.NewBuffer(size, use)
	must(t, err)
	return b
}

// commands double there and back, n times in all.
func (d *bench) commands(n int) []gpu.Command {
	list := make([]gpu.Command, n)
	for i := range list {
		list[i] = gpu.Command{Pipeline: d.double, Group: d.there, X: uint32((d.n + workgroup - 1) / workgroup), Y: 1, Z: 1}
		if i%2 == 1 {
			list[i].Group = d.back
		}
	}
	return list
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func encode(values ...float32) []byte {
	var b []byte
	for _, v := range values {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
	}
	return b
}

// patience is how long a test waits for what should come at once.
const patience = 20 * time.Second

func TestAdapters(t *testing.T) {
	d := open(t)
	list, err := New().Adapters(t.Context())
	must(t, err)
	if len(list) == 0 || list[0] != d.Adapter() {
		t.Fatalf("adapters %+v, opened %+v", list, d.Adapter())
	}
	a := list[0]
	t.Log(a)
	l := a.Limits
	if l.MaxBufferSize < 1<<28 || l.MaxStorageBufferBindingSize < 1<<27 || l.MaxStorageBuffers < 8 || l.MaxWorkgroupStorage < 16<<10 ||
		l.MaxInvocations < 128 || l.MaxWorkgroupSizeX < 128 || l.MaxWorkgroups < 65535 || l.StorageAlign == 0 || l.UniformAlign == 0 {
		t.Errorf("limits below those WebGPU guarantees: %+v", l)
	}
	if strings.Contains(a.Name, "SwiftShader") && !a.Software {
		t.Errorf("%v is not said to be software", a)
	}
	if _, err := New().Open(t.Context(), len(list)); !errors.Is(err, gpu.ErrNone) {
		t.Errorf("opening adapter %d of %d: %v", len(list), len(list), err)
	}
}

func TestCompute(t *testing.T) {
	const n = 100 // no multiple of the workgroup's size
	d := newBench(t, n)
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(i) / 4
	}
	must(t, d.Write(d.a, 0, encode(x...)))
	must(t, d.Write(d.a, 4*7, encode(-3, 1000)))
	x[7], x[8] = -3, 1000
	for range 2 { // commands see what those of earlier submits wrote
		f, err := d.Submit(d.commands(2))
		must(t, err)
		must(t, d.Wait(t.Context(), f))
		for i := range x {
			x[i] = 4*x[i] + 3
		}
	}
	got := make([]byte, 4*(n-5))
	must(t, d.Read(t.Context(), d.a, 4*5, got))
	if want := encode(x[5:]...); !bytes.Equal(got, want) {
		t.Errorf("got % x\nwant % x", got, want)
	}
	must(t, d.Wait(t.Context(), 1)) // long done
	if s := d.Stats(); s.Submits != 2 || s.Commands != 4 || s.Encode <= 0 {
		t.Errorf("stats %+v", s)
	}
}

func TestEmpty(t *testing.T) {
	d := open(t)
	f, err := d.Submit(nil)
	must(t, err)
	must(t, d.Wait(t.Context(), f))
	b, err := d.NewBuffer(4, gpu.Storage)
	must(t, err)
	must(t, d.Write(b, 0, nil))
	must(t, d.Read(t.Context(), b, 0, nil))
}

// TestNames makes sure that the number of a freed object leads to the new one.
func TestNames(t *testing.T) {
	d := open(t)
	first, err := d.NewBuffer(4, gpu.Storage)
	must(t, err)
	must(t, d.Write(first, 0, encode(1)))
	d.FreeBuffer(first)
	second, err := d.NewBuffer(8, gpu.Storage)
	must(t, err)
	if second != first {
		t.Errorf("buffer %d is free, got %d", first, second)
	}
	got := make([]byte, 8)
	must(t, d.Read(t.Context(), second, 0, got))
	if !bytes.Equal(got, make([]byte, 8)) {
		t.Errorf("a new buffer holds % x", got)
	}
}

func TestLargeRead(t *testing.T) {
	const size = 8<<20 + 4 // no multiple of the exchange's size
	d := open(t)
	b, err := d.NewBuffer(size, gpu.Storage)
	must(t, err)
	want := make([]byte, size)
	random := rand.NewChaCha8([32]byte{1})
	random.Read(want)
	must(t, d.Write(b, 0, want))
	got := make([]byte, size)
	start := time.Now()
	must(t, d.Read(t.Context(), b, 0, got))
	t.Logf("%d bytes read in %v", size, time.Since(start))
	if !bytes.Equal(got, want) {
		t.Error("read something else than was written")
	}
	clear(got)
	must(t, d.Read(t.Context(), b, 4<<20, got[:64])) // by the same staging buffer
	if !bytes.Equal(got[:64], want[4<<20:4<<20+64]) {
		t.Error("a second, smaller read differs")
	}
}

func TestManyPipelines(t *testing.T) {
	d := newBench(t, 1)
	const n = 8
	pipelines := make([]gpu.Pipeline, n)
	errs := make([]error, n)
	var compiling sync.WaitGroup
	for i := range n {
		code := affine(strconv.Itoa(10 * i))
		if i == 3 {
			code = "@compute fn nothing() {}"
		}
		compiling.Go(func() { pipelines[i], errs[i] = d.NewPipeline(t.Context(), strconv.Itoa(i), code, affineBindings) })
	}
	compiling.Wait()
	must(t, d.Write(d.a, 0, encode(1)))
	for i := range n {
		if i == 3 {
			if errs[i] == nil {
				t.Error("a shader without main compiled")
			}
			continue
		}
		must(t, errs[i])
		f, err := d.Submit([]gpu.Command{{Pipeline: pipelines[i], Group: d.there, X: 1, Y: 1, Z: 1}}) // groups fit pipelines of the same bindings
		must(t, err)
		must(t, d.Wait(t.Context(), f))
		got := make([]byte, 4)
		must(t, d.Read(t.Context(), d.b, 0, got))
		if want := encode(float32(10*i) + 1); !bytes.Equal(got, want) {
			t.Errorf("pipeline %d: got % x, want % x", i, got, want)
		}
	}
}

func TestBrokenShader(t *testing.T) {
	d := open(t)
	for name, c := range map[string]struct {
		code     string
		bindings []gpu.Access
		want     string
	}{
		"syntax":   {"@compute @workgroup_size(1) fn main() {\n\tlet x = nowhere;\n}", nil, "shader syntax: 2:10: "},
		"bindings": {affine("2"), []gpu.Access{gpu.UniformBinding}, "shader bindings: "},
		"limits":   {"@compute @workgroup_size(1) fn main() {}", slices.Repeat([]gpu.Access{gpu.WriteBinding}, 64), "shader limits: "},
	} {
		_, err := d.NewPipeline(t.Context(), name, c.code, c.bindings)
		if err == nil || !strings.HasPrefix(err.Error(), c.want) || len(err.Error()) < len(c.want)+20 {
			t.Errorf("%s: error %q, want %q and a reason", name, err, c.want)
		}
		t.Log(err)
	}
	if _, err := d.NewBuffer(4, gpu.Storage); err != nil {
		t.Errorf("the error came back: %v", err)
	}
}

func TestValidation(t *testing.T) {
	d := newBench(t, 4)
	must(t, d.Write(d.b, 16, encode(1))) // past the end: the GPU's side finds out
	f, err := d.Submit(d.commands(1))
	if err == nil {
		err = d.Wait(t.Context(), f)
	}
	if err == nil || errors.Is(err, gpu.ErrLost) || !strings.Contains(err.Error(), "size") {
		t.Errorf("writing past the end: %v", err)
	}
	t.Log(err)
	if _, err := d.NewBuffer(1<<62, gpu.Storage); err == nil {
		t.Error("a buffer over the limit was made")
	}
	f, err = d.Submit(d.commands(1)) // said once; the device works on
	must(t, err)
	must(t, d.Wait(t.Context(), f))
}

// slow is a submit that takes a while, on any adapter.
func (d *bench) slow(t testing.TB) gpu.Fence {
	t.Helper()
	const probe, while, most = 10, 200 * time.Millisecond, 50_000
	start := time.Now()
	f, err := d.Submit(d.commands(probe))
	must(t, err)
	must(t, d.Wait(t.Context(), f))
	f, err = d.Submit(d.commands(min(probe+int(probe*while/time.Since(start)), most)))
	must(t, err)
	return f
}

func TestCancel(t *testing.T) {
	d := newBench(t, 1<<18)
	f := d.slow(t)
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(time.Millisecond, cancel)
	start := time.Now()
	if err := d.Wait(ctx, f); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled wait: %v", err)
	}
	cancelled := time.Since(start)
	if err := d.Wait(ctx, f); !errors.Is(err, context.Canceled) {
		t.Errorf("wait with a cancelled context: %v", err)
	}
	got := make([]byte, 4)
	if err := d.Read(ctx, d.a, 0, got); !errors.Is(err, context.Canceled) {
		t.Errorf("read with a cancelled context: %v", err)
	}
	must(t, d.Write(d.a, 0, encode(5)))
	must(t, d.Read(t.Context(), d.a, 0, got)) // the abandoned read is still under way
	if want := encode(5); !bytes.Equal(got, want) {
		t.Errorf("read % x after a cancelled read, want % x", got, want)
	}
	t.Logf("cancelled after %v, done after %v", cancelled, time.Since(start))
	must(t, d.Wait(t.Context(), f))
}

func TestLost(t *testing.T) {
	for name, wait := range map[string]func(d *bench, ctx context.Context, f gpu.Fence) error{
		"wait": func(d *bench, ctx context.Context, f gpu.Fence) error { return d.Wait(ctx, f) },
		"read": func(d *bench, ctx context.Context, _ gpu.Fence) error { return d.Read(ctx, d.a, 0, make([]byte, 4)) },
		"pipeline": func(d *bench, ctx context.Context, _ gpu.Fence) error {
			_, err := d.NewPipeline(ctx, "lost", affine("3"), affineBindings)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			d := newBench(t, 1<<18)
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			f := d.slow(t)
			time.AfterFunc(0, func() { d.object.Call("destroy") })
			if err := wait(d, ctx, f); !errors.Is(err, gpu.ErrLost) {
				t.Errorf("destroyed meanwhile: %v", err)
			}
			_, submit := d.Submit(d.commands(1))
			_, buffer := d.NewBuffer(4, gpu.Storage)
			_, group := d.NewGroup(d.double, nil)
			for call, err := range map[string]error{
				"write": d.Write(d.a, 0, encode(1)), "submit": submit, "buffer": buffer, "group": group, "again": wait(d, ctx, f),
			} {
				if !errors.Is(err, gpu.ErrLost) {
					t.Errorf("%s after the loss: %v", call, err)
				}
			}
			d.FreeBuffer(d.b)
			d.FreeGroup(d.there)
		})
	}
}

// BenchmarkStep is what a step of the network costs the host: 300 dispatches of almost nothing.
func BenchmarkStep(b *testing.B) {
	const dispatches = 300
	d := newBench(b, workgroup)
	commands := d.commands(dispatches)
	before := d.Stats()
	var submitting time.Duration
	for b.Loop() {
		start := time.Now()
		f, err := d.Submit(commands)
		must(b, err)
		submitting += time.Since(start)
		must(b, d.Wait(b.Context(), f))
	}
	after := d.Stats()
	per := float64(after.Commands - before.Commands)
	b.ReportMetric(float64((after.Encode-before.Encode).Nanoseconds())/per, "encode-ns/dispatch")
	b.ReportMetric(float64(submitting.Nanoseconds())/per, "submit-ns/dispatch")
	b.ReportMetric(per/float64(after.Submits-before.Submits), "dispatches/submit")
}

//go:build (linux || darwin || windows) && (amd64 || arm64)

package webgpuh

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ebitengine/purego"

	"github.com/counterpoint/counterpoint/engine/device/webgpu/internal/gpu"
)

const saxpy = `
struct Params { a: f32, n: u32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;
@compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3u) {
	if id.x < p.n { y[id.x] = p.a * x[id.x] + y[id.x]; }
}`

func TestSaxpy(t *testing.T) {
	d := testDevice(t)
	const n = 1000
	values := make([]float32, n)
	for i := range values {
		values[i] = float32(i)
	}
	p := newPipeline(t, d, saxpy, gpu.UniformBinding, gpu.ReadBinding, gpu.WriteBinding)
	align := int(d.Adapter().Limits.UniformAlign)
	params := buffer(t, d, gpu.Uniform, append(append(words(float32(2), n-1), make([]byte, align-8)...), words(float32(-1), 1)...))
	x := buffer(t, d, gpu.Storage, floats(values))
	y, err := d.NewBuffer(4*n, gpu.Storage) // zero
	if err != nil {
		t.Fatal(err)
	}
	twice := newGroup(t, d, p, whole(params, 8), whole(x, 4*n), whole(y, 4*n))
	minus := newGroup(t, d, p, gpu.Range{Buffer: params, Offset: align, Size: 8}, whole(x, 4*n), whole(y, 4*n))
	grid := uint32(n+63) / 64
	run(t, d, gpu.Command{Pipeline: p, Group: twice, X: grid, Y: 1, Z: 1}, gpu.Command{Pipeline: p, Group: twice, X: grid, Y: 1, Z: 1},
		gpu.Command{Pipeline: p, Group: minus, X: grid, Y: 1, Z: 1})
	for i, got := range read(t, d, y, 0, n) {
		want := 4 * values[i]
		if i == n-1 {
			want = 0
		}
		if math.Float32frombits(got) != want {
			t.Fatalf("y[%d] = %v, want %v", i, math.Float32frombits(got), want)
		}
	}
	if err := d.Write(y, 8, words(7, 8)); err != nil {
		t.Fatal(err)
	}
	if got := read(t, d, y, 4, 4); fmt.Sprint(got[1:3]) != "[7 8]" || math.Float32frombits(got[0]) != 4 || math.Float32frombits(got[3]) != 16 {
		t.Errorf("after a write: %v", got)
	}
}

// count adds 1 to a word.
const count = `
@group(0) @binding(0) var<storage, read_write> n: array<u32>;
@compute @workgroup_size(1) fn main() { n[0] += 1u; }`

func counter(t testing.TB, d gpu.Device) (gpu.Buffer, gpu.Command) {
	p, b := newPipeline(t, d, count, gpu.WriteBinding), buffer(t, d, gpu.Storage, words(0, 0, 0, 0))
	return b, gpu.Command{Pipeline: p, Group: newGroup(t, d, p, whole(b, 16)), X: 1, Y: 1, Z: 1}
}

// BenchmarkSubmit is the cost of a dispatch to the host: that of its calls.
func BenchmarkSubmit(b *testing.B) {
	d := testDevice(b)
	_, one := counter(b, d)
	_, two := counter(b, d)
	one.X, two.X = 0, 0
	const pairs = 500
	var commands []gpu.Command
	for range pairs {
		commands = append(commands, one, two)
	}
	for b.Loop() {
		f, err := d.Submit(commands)
		if err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		if err := d.Wait(b.Context(), f); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/(2*pairs), "ns/dispatch")
}

func TestManySubmits(t *testing.T) {
	d := testDevice(t)
	b, command := counter(t, d)
	var fence gpu.Fence
	for i := range gpu.Fence(300) {
		f, err := d.Submit([]gpu.Command{command, command})
		if err != nil || f != i+1 {
			t.Fatalf("fence %d, %v", f, err)
		}
		fence = f
	}
	if got := read(t, d, b, 0, 1)[0]; got != 600 {
		t.Errorf("counted to %d", got)
	}
	for _, f := range []gpu.Fence{fence, 1, 0} {
		if err := d.Wait(t.Context(), f); err != nil {
			t.Error(err)
		}
	}
	if err := d.Wait(t.Context(), fence+1); err == nil {
		t.Error("waited for a submit that never was")
	}
}

func TestFree(t *testing.T) {
	d := testDevice(t)
	b, command := counter(t, d)
	for range 100 {
		other := buffer(t, d, gpu.Storage, words(41, 0, 0, 0))
		group := newGroup(t, d, command.Pipeline, whole(other, 16))
		if _, err := d.Submit([]gpu.Command{command, {Pipeline: command.Pipeline, Group: group, X: 1, Y: 1, Z: 1}}); err != nil {
			t.Fatal(err)
		}
		d.FreeGroup(group)
		d.FreeBuffer(other) // while it may be in use
	}
	if got := read(t, d, b, 0, 1)[0]; got != 100 {
		t.Errorf("counted to %d", got)
	}
}

func TestShaderErrors(t *testing.T) {
	d := testDevice(t)
	for name, c := range map[string]struct {
		code string
		want string // in the message
	}{
		"syntax":     {"@compute @workgroup_size(1) fn main() { let x = ; }", "error"},
		"name":       {"@compute @workgroup_size(1) fn main() { let x = nothing_of_the_sort; }", "nothing_of_the_sort"},
		"no entry":   {"@compute @workgroup_size(1) fn other() {}", "main"},
		"invocation": {"@compute @workgroup_size(100000) fn main() {}", "workgroup"},
	} {
		_, err := d.NewPipeline(t.Context(), "broken", c.code, nil)
		if err == nil || !strings.Contains(strings.ToLower(err.Error()), c.want) || !strings.Contains(err.Error(), "shader broken: ") {
			t.Errorf("%s: %v", name, err)
		}
		t.Logf("%s: %v", name, err)
	}
	if _, err := d.NewPipeline(t.Context(), "binding", count, []gpu.Access{gpu.UniformBinding}); err == nil {
		t.Error("a storage buffer was bound as a uniform one")
	}
	b, command := counter(t, d) // all is well after that
	run(t, d, command)
	if got := read(t, d, b, 0, 1)[0]; got != 1 {
		t.Errorf("counted to %d", got)
	}
}

func TestValidationErrors(t *testing.T) {
	d := testDevice(t)
	b, command := counter(t, d)
	limits := d.Adapter().Limits
	mistakes := map[string]func() error{
		"range": func() error { _, err := d.NewGroup(command.Pipeline, []gpu.Range{whole(b, 32)}); return err },
		"offset": func() error {
			_, err := d.NewGroup(command.Pipeline, []gpu.Range{{Buffer: b, Offset: 4, Size: 4}})
			return err
		},
		"count": func() error {
			_, err := d.NewGroup(command.Pipeline, []gpu.Range{whole(b, 16), whole(b, 16)})
			return err
		},
		"size": func() error { _, err := d.NewBuffer(int(limits.MaxBufferSize)+4, gpu.Storage); return err },
		"grid": func() error {
			c := command
			c.X = limits.MaxWorkgroups + 1
			_, err := d.Submit([]gpu.Command{c})
			return err
		},
		"write": func() error { return d.Write(b, 12, words(1, 2)) },
		"read":  func() error { return d.Read(t.Context(), b, 12, make([]byte, 8)) },
	}
	for name, f := range mistakes {
		err := f()
		if err == nil || errors.Is(err, gpu.ErrLost) {
			t.Errorf("%s: %v", name, err)
		}
		t.Logf("%s: %v", name, err)
	}
	run(t, d, command)
	if got := read(t, d, b, 0, 1)[0]; got != 1 {
		t.Errorf("counted to %d", got)
	}
}

// spin keeps an invocation busy for about a tenth of a millisecond or more on any device. llvmpipe leaves loops after 65535
// rounds, so long work is many of these.
const spin = `
@group(0) @binding(0) var<storage, read_write> n: array<u32>;
@compute @workgroup_size(1) fn main() {
	var x = n[0];
	for (var i = 0u; i < 60000u; i++) { x = x * 1664525u + 1013904223u; }
	n[1] = x;
}`

func TestCancel(t *testing.T) {
	d := testDevice(t)
	b, command := counter(t, d)
	p := newPipeline(t, d, spin, gpu.WriteBinding)
	busy := slices.Repeat([]gpu.Command{{Pipeline: p, Group: newGroup(t, d, p, whole(b, 16)), X: 4, Y: 1, Z: 1}}, 400)
	f, err := d.Submit(append(busy, command))
	if err != nil {
		t.Fatal(err)
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	if err := d.Wait(cancelled, f); !errors.Is(err, context.Canceled) {
		t.Errorf("wait: %v", err)
	}
	if err := d.Read(cancelled, b, 0, make([]byte, 4)); !errors.Is(err, context.Canceled) {
		t.Errorf("read: %v", err)
	}
	if _, err := d.NewPipeline(cancelled, "count", count, []gpu.Access{gpu.WriteBinding}); !errors.Is(err, context.Canceled) {
		t.Errorf("pipeline: %v", err)
	}
	short, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if err := d.Wait(short, f); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("wait with a deadline: %v", err)
	}
	// Here a driver may block until the device is free, and then it is done in time.
	short, cancel = context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if err := d.Read(short, b, 0, make([]byte, 4)); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("read with a deadline: %v", err)
	}
	if got := read(t, d, b, 0, 1)[0]; got != 1 { // a mapping that was given up is in nobody's way
		t.Errorf("counted to %d", got)
	}
	if err := d.Wait(t.Context(), f); err != nil {
		t.Error(err)
	}
}

func TestPipelinesAtOnce(t *testing.T) {
	d := testDevice(t)
	const n = 8
	var pipelines [n]gpu.Pipeline
	var failures [n]error
	var wait sync.WaitGroup
	for i := range n {
		wait.Go(func() {
			code := strings.Replace(count, "1u;", fmt.Sprintf("%du;", 100+i), 1)
			if i%2 == 1 {
				code = strings.Replace(code, "n[0]", fmt.Sprintf("nothing%d", i), 1)
			}
			pipelines[i], failures[i] = d.NewPipeline(t.Context(), "count", code, []gpu.Access{gpu.WriteBinding})
		})
	}
	wait.Wait()
	for i, err := range failures {
		if i%2 == 1 { // each gets the error of its own shader
			if name := fmt.Sprintf("nothing%d", i); err == nil || !strings.Contains(err.Error(), name) {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if err != nil {
			t.Error(err)
			continue
		}
		b := buffer(t, d, gpu.Storage, words(0, 0, 0, 0))
		run(t, d, gpu.Command{Pipeline: pipelines[i], Group: newGroup(t, d, pipelines[i], whole(b, 16)), X: 1, Y: 1, Z: 1})
		if got := read(t, d, b, 0, 1)[0]; got != uint32(100+i) {
			t.Errorf("pipeline %d gives %d", i, got)
		}
	}
}

func TestF16(t *testing.T) {
	d := testDevice(t)
	const code = `
enable f16;
@group(0) @binding(0) var<storage, read_write> n: array<vec2<f16>>;
@compute @workgroup_size(1) fn main() { n[0] = n[0] * n[0] + vec2<f16>(0.5h, 1h); }`
	p, err := d.NewPipeline(t.Context(), "f16", code, []gpu.Access{gpu.WriteBinding})
	if !d.Adapter().F16 {
		if err == nil {
			t.Fatalf("%v has no f16 and compiles it", d.Adapter())
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	b := buffer(t, d, gpu.Storage, words(0x4000_3c00)) // 1, 2
	run(t, d, gpu.Command{Pipeline: p, Group: newGroup(t, d, p, whole(b, 4)), X: 1, Y: 1, Z: 1})
	if got := read(t, d, b, 0, 1)[0]; got != 0x4500_3e00 { // 1.5, 5
		t.Errorf("%#x", got)
	}
}

func TestSubgroups(t *testing.T) {
	d := testDevice(t)
	code := `
@group(0) @binding(0) var<storage, read_write> n: array<u32>;
@compute @workgroup_size(64) fn main(@builtin(local_invocation_index) i: u32, @builtin(subgroup_size) size: u32) {
	let sum = subgroupAdd(1u);
	if i == 0u { n[0] = sum; n[1] = size; }
}`
	if d.Adapter().SubgroupsDirective {
		code = "enable subgroups;" + code
	}
	p, err := d.NewPipeline(t.Context(), "subgroups", code, []gpu.Access{gpu.WriteBinding})
	if !d.Adapter().Subgroups {
		if err == nil {
			t.Fatalf("%v has no subgroups and compiles them", d.Adapter())
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	b := buffer(t, d, gpu.Storage, words(0, 0))
	run(t, d, gpu.Command{Pipeline: p, Group: newGroup(t, d, p, whole(b, 8)), X: 1, Y: 1, Z: 1})
	got, a := read(t, d, b, 0, 2), d.Adapter()
	if got[0] != got[1] || got[1] == 0 || a.SubgroupMax != 0 && (got[1] < a.SubgroupMin || got[1] > a.SubgroupMax) {
		t.Errorf("%d invocations in a subgroup of %d; adapter: %d to %d", got[0], got[1], a.SubgroupMin, a.SubgroupMax)
	}
}

// fails checks that all calls of a device that is gone fail, with ErrLost.
func fails(t *testing.T, d *device, b gpu.Buffer, command gpu.Command) {
	t.Helper()
	for name, f := range map[string]func() error{
		"buffer": func() error { _, err := d.NewBuffer(4, gpu.Storage); return err },
		"write":  func() error { return d.Write(b, 0, words(1)) },
		"read":   func() error { return d.Read(t.Context(), b, 0, make([]byte, 4)) },
		"pipeline": func() error {
			_, err := d.NewPipeline(t.Context(), "count", count, []gpu.Access{gpu.WriteBinding})
			return err
		},
		"group":  func() error { _, err := d.NewGroup(command.Pipeline, []gpu.Range{whole(b, 16)}); return err },
		"submit": func() error { _, err := d.Submit([]gpu.Command{command}); return err },
		"wait":   func() error { return d.Wait(t.Context(), 0) },
	} {
		if err := f(); !errors.Is(err, gpu.ErrLost) {
			t.Errorf("%s: %v", name, err)
		}
	}
	d.FreeGroup(command.Group)
	d.FreeBuffer(b)
}

func TestClose(t *testing.T) {
	d := testDevice(t)
	b, command := counter(t, d)
	if _, err := d.Submit([]gpu.Command{command}); err != nil {
		t.Fatal(err)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	fails(t, d, b, command)
	testDevice(t) // there may be another
}

func TestLost(t *testing.T) {
	d := testDevice(t)
	b, command := counter(t, d)
	library, err := open(testLibrary(t))
	if err != nil {
		t.Fatal(err)
	}
	var forceLoss func(device handle, reason uint32, message stringView)
	address, err := symbol(library, "wgpuDeviceForceLoss")
	if err != nil {
		t.Skipf("%s cannot lose a device at will", d.library)
	}
	purego.RegisterFunc(&forceLoss, address)
	d.locked(func() { forceLoss(d.handle, 1, view("fell off the bus")) })
	if err := d.Wait(t.Context(), 0); !errors.Is(err, gpu.ErrLost) || !strings.Contains(err.Error(), "fell off the bus") {
		t.Errorf("wait: %v", err)
	}
	fails(t, d, b, command)
}

package choose_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/counterpoint/counterpoint/engine/device"
	"github.com/counterpoint/counterpoint/engine/device/choose"
	"github.com/counterpoint/counterpoint/engine/device/cpu"
	"github.com/counterpoint/counterpoint/engine/device/null"
	"github.com/counterpoint/counterpoint/engine/device/selftest"
	"github.com/counterpoint/counterpoint/engine/device/webgpu"
)

// machine is a list of adapters and what each one opens.
type machine []card

type card struct {
	adapter webgpu.Adapter
	open    func() (device.Device, error)
}

func (m machine) Adapters(context.Context) ([]webgpu.Adapter, error) {
	if len(m) == 0 {
		return nil, webgpu.ErrNone
	}
	var list []webgpu.Adapter
	for _, c := range m {
		list = append(list, c.adapter)
	}
	return list, nil
}

func (m machine) Open(_ context.Context, i int) (device.Device, error) { return m[i].open() }

// good computes right, and says it is a GPU.
type good struct{ device.Device }

func (good) Info() device.Info { return device.Info{Name: "webgpu", Adapter: "good"} }

func opensGood() (device.Device, error) {
	d, err := cpu.New(cpu.Options{Threads: 1})
	return good{d}, err
}

var (
	honest   = card{webgpu.Adapter{Name: "Honest 9000", Backend: "Vulkan"}, opensGood}
	liar     = card{webgpu.Adapter{Name: "Liar 1", Backend: "OpenGL"}, func() (device.Device, error) { return null.New(), nil }}
	broken   = card{webgpu.Adapter{Name: "Broken"}, func() (device.Device, error) { return nil, webgpu.ErrLost }}
	software = card{webgpu.Adapter{Name: "Softpipe", Software: true}, opensGood}
)

func TestOpen(t *testing.T) {
	for _, tt := range []struct {
		name    string
		options choose.Options
		device  string // that is opened, "" if none is
		why     string // part of why, or of the error
		err     error
	}{
		{"a GPU", choose.Options{Device: "auto", GPUs: machine{honest, software}}, "webgpu", "passed the self-test", nil},
		{"the second GPU", choose.Options{Device: "auto", GPUs: machine{broken, liar, honest}}, "webgpu", "passed", nil},
		{"a liar", choose.Options{Device: "auto", GPUs: machine{liar}}, "cpu", "Liar 1 (OpenGL, ) is refused: self-test: conv2d int8", nil},
		{"one that does not open", choose.Options{Device: "auto", GPUs: machine{broken}}, "cpu", "Broken (, ) does not open: GPU device lost", nil},
		{"software alone", choose.Options{Device: "auto", GPUs: machine{software}}, "cpu", "Softpipe (, , software) is no GPU", nil},
		{"nothing", choose.Options{Device: "auto", GPUs: machine{}}, "cpu", "no WebGPU adapter", nil},
		{"the CPU", choose.Options{Device: "cpu"}, "cpu", "asked for", nil},
		{"software by wish", choose.Options{Device: "webgpu", GPUs: machine{software}}, "webgpu", "passed", nil},
		{"by name", choose.Options{Device: "webgpu", Adapter: "honest", GPUs: machine{software, honest}}, "webgpu", "passed", nil},
		{"a liar by wish", choose.Options{Device: "webgpu", GPUs: machine{liar, honest}}, "", "Liar 1", selftest.ErrWrong},
		{"a name nobody has", choose.Options{Device: "webgpu", Adapter: "Voodoo", GPUs: machine{honest, software}}, "", `"Voodoo"; there is Honest 9000 (Vulkan, ); Softpipe`, webgpu.ErrNone},
		{"none by wish", choose.Options{Device: "webgpu", GPUs: machine{}}, "", "", webgpu.ErrNone},
		{"a device nobody knows", choose.Options{Device: "tpu"}, "", `"tpu"`, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, err := choose.Open(t.Context(), tt.options)
			if tt.device == "" {
				if err == nil || !strings.Contains(err.Error(), tt.why) || tt.err != nil && !errors.Is(err, tt.err) {
					t.Fatalf("got error %v, want one about %s", err, tt.why)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			if c.Info().Name != tt.device || !strings.Contains(c.Why, tt.why) || (len(c.Tested) > 0) != (tt.device == "webgpu") {
				t.Errorf("opened %s because %q, tested %v; want %s because %q", c.Info().Name, c.Why, c.Tested, tt.device, tt.why)
			}
		})
	}
}

func TestCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := choose.Open(ctx, choose.Options{Device: "auto", GPUs: machine{honest}}); !errors.Is(err, context.Canceled) {
		t.Errorf("got error %v", err)
	}
}

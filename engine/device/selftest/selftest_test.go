package selftest_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/counterpoint/counterpoint/engine/device"
	"github.com/counterpoint/counterpoint/engine/device/cpu"
	"github.com/counterpoint/counterpoint/engine/device/cpu/kernel"
	"github.com/counterpoint/counterpoint/engine/device/null"
	"github.com/counterpoint/counterpoint/engine/device/selftest"
	"github.com/counterpoint/counterpoint/engine/graph"
)

func TestCPU(t *testing.T) {
	for _, level := range kernel.Supported() {
		d, err := cpu.New(cpu.Options{Threads: 2, Level: &level})
		if err != nil {
			t.Fatal(err)
		}
		defer d.Close()
		results, err := selftest.Run(t.Context(), d)
		if err != nil || len(results) < 7 {
			t.Errorf("%v: %d results, %v", level, len(results), err)
		}
		for _, r := range results {
			if r.Error > 1e-11 {
				t.Errorf("%v: %s: squared error %.2g", level, r.Operator, r.Error)
			}
		}
	}
}

// faulty is a CPU whose quantized weights are off by a little: a scale read from the neighbouring group, say.
type faulty struct{ device.Device }

func (d faulty) NewWeights() device.Weights { return faultyWeights{d.Device.NewWeights()} }

func (d faulty) Compile(p *graph.Program, w device.Weights) (device.Executable, error) {
	return d.Device.Compile(p, w.(faultyWeights).Weights)
}

type faultyWeights struct{ device.Weights }

func (s faultyWeights) Put(w graph.Weight) error {
	if w.Encoding.Kind == graph.EncInt4 {
		w.Scales = append(append([]byte(nil), w.Scales[2:]...), w.Scales[:2]...)
	}
	return s.Weights.Put(w)
}

// forgetful is a CPU that leaves the last workgroup's elements out of its sums.
type forgetful struct{ device.Device }

func (d forgetful) Dots(o device.Dots) error {
	o.Len -= 64
	return d.Device.Dots(o)
}

// mixedUp is a CPU that ignores what coefficients are multiplied by.
type mixedUp struct{ device.Device }

func (d mixedUp) Mix(m device.Mix) error {
	m.Terms = append([]device.MixTerm(nil), m.Terms...)
	for i := range m.Terms {
		m.Terms[i].Factor = 0
	}
	return d.Device.Mix(m)
}

func TestFaulty(t *testing.T) {
	c, err := cpu.New(cpu.Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for _, tt := range []struct {
		name, want string
		device     device.Device
		results    int
	}{
		{"wrong scales", "conv2d int4", faulty{c}, 2},
		{"short sums", "composition", forgetful{c}, 7},
		{"factors left out", "composition", mixedUp{c}, 7},
		{"nothing computed", "conv2d int8", null.New(), 0},
	} {
		results, err := selftest.Run(t.Context(), tt.device)
		if !errors.Is(err, selftest.ErrWrong) || !strings.Contains(err.Error(), tt.want) || len(results) != tt.results {
			t.Errorf("%s: got %v and error %v, want one about %s", tt.name, results, err, tt.want)
		}
	}
}

func TestCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := selftest.Run(ctx, null.New()); !errors.Is(err, context.Canceled) {
		t.Errorf("got error %v", err)
	}
}

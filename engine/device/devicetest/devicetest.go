// Package devicetest is the suite that every device passes: one list of operators and small networks, ragged shapes first,
// each compared with a plain float64 reference, and the contract of package device. Its design is that of ggml's
// test-backend-ops: bound buffers lie between guards, results are judged by their normalised squared error.
package devicetest

import (
	"math"
	"slices"
	"testing"

	"github.com/counterpoint/counterpoint/engine/device"
	"github.com/counterpoint/counterpoint/engine/device/internal/trial"
	"github.com/counterpoint/counterpoint/engine/graph"
)

// Run runs the whole suite on devices that open returns, which the suite closes.
func Run(t *testing.T, open func(t *testing.T) device.Device) {
	t.Run("contract", func(t *testing.T) { Contract(t, open) })
	for _, v := range []struct {
		name string
		test func(t *testing.T, d device.Device)
	}{
		{"combine", combine}, {"mix", mix}, {"mix identities", mixIdentities}, {"dots", dots}, {"dots of one sign", dotsOfOne},
		{"eval", eval}, {"eval long", evalLong}, {"resample", resample},
	} {
		t.Run(v.name, func(t *testing.T) { v.test(t, open(t)) })
	}
	t.Run("operators", func(t *testing.T) {
		d := open(t)
		defer shut(t, d)
		for _, c := range cases() {
			t.Run(c.name, func(t *testing.T) { check(t, d, c) })
		}
	})
}

// Identical runs every operator and network, and compositions, on each device and checks that all give the same bits.
func Identical(t *testing.T, devices ...device.Device) {
	for _, c := range cases() {
		var first map[string][]float32
		for i, d := range devices {
			_, runs := outputs(t, d, c)
			got := runs[c.rows]
			if i == 0 {
				first = got
			}
			for name, want := range first {
				if !slices.EqualFunc(got[name], want, sameBits) {
					t.Errorf("%s: %s: %s and %s differ", c.name, name, d.Info().Adapter, devices[0].Info().Adapter)
				}
			}
		}
	}
	const cells, channels = 64 * 64, 5 // more than one worker takes at once
	want := must[[]float32](t)(trial.Composition(t.Context(), devices[0], cells, channels))
	for _, d := range devices[1:] {
		if !slices.EqualFunc(must[[]float32](t)(trial.Composition(t.Context(), d, cells, channels)), want, sameBits) {
			t.Errorf("composition: %s and %s differ", d.Info().Adapter, devices[0].Info().Adapter)
		}
	}
}

func sameBits(a, b float32) bool { return math.Float32bits(a) == math.Float32bits(b) }

// outputs runs a case on d over MaxRows rows, then over one: what the first run leaves behind must not show in the second.
func outputs(t *testing.T, d device.Device, c testCase) (*trial.Trial, map[int]map[string][]float32) {
	t.Helper()
	p, err := graph.Compile(c.graph(), d.Info().Options)
	if err != nil {
		t.Fatalf("%s: %v", c.name, err)
	}
	tr := trial.New(p, c.below)
	l, err := tr.Load(d)
	if err != nil {
		t.Fatalf("%s: %v", c.name, err)
	}
	runs := map[int]map[string][]float32{}
	for _, rows := range []int{c.rows, 1} {
		if runs[rows], err = l.Run(t.Context(), rows); err != nil {
			t.Fatalf("%s: %d rows: %v", c.name, rows, err)
		}
	}
	if err := l.Close(); err != nil {
		t.Errorf("%s: close: %v", c.name, err)
	}
	return tr, runs
}

// check compares a case with the reference.
func check(t *testing.T, d device.Device, c testCase) {
	tr, runs := outputs(t, d, c)
	limit := c.limit
	if limit == 0 {
		limit = defaultLimit
	}
	if d.Info().Half {
		limit = max(limit, halfLimit)
	}
	g := c.graph()
	for rows, got := range runs {
		for name, want := range evaluate(g, tr, rows) {
			if e := squaredError(got[name], want.v); !(e <= limit) {
				t.Errorf("%d rows: %s: squared error %.3g of the result's, want at most %g", rows, name, e, limit)
			}
		}
	}
}

// squaredError returns the squared error of got over the squares of want; infinite if the lengths differ.
func squaredError(got []float32, want []float64) float64 {
	if len(got) != len(want) {
		return math.Inf(1)
	}
	var diff, size float64
	for i, w := range want {
		e := float64(got[i]) - w
		diff += e * e
		size += w * w
	}
	if diff == 0 {
		return 0
	}
	return diff / size
}

// shut closes a device.
func shut(t *testing.T, d device.Device) {
	t.Helper()
	if err := d.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
}

// must returns what a call that cannot fail gave.
func must[T any](t *testing.T) func(v T, err error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

package webgpu

import (
	"math"
	"testing"

	"github.com/counterpoint/counterpoint/engine/device"
)

// TestWaiting enqueues more operations on the same buffers than there are lists for, before anything is submitted: each must
// see its own numbers and what the one before it wrote. Closing the buffers then leaves nothing behind.
func TestWaiting(t *testing.T) {
	d := openWanted(t)
	defer d.Close()
	d.queue.piece = maxCommands
	const n, times = 4, 5*maxWaiting + 3
	x, err := d.NewBuffer(n)
	if err != nil {
		t.Fatal(err)
	}
	view := device.View{Buffer: x, Len: n}
	if err := x.WriteFloats(t.Context(), 0, []float32{1, 2, 3, 4}); err != nil {
		t.Fatal(err)
	}
	want, before := 1.0, d.queue.stats.Submits
	for i := range times {
		coef := 1 + float64(i%7-3)/10
		want *= coef
		if err := d.Combine(view, []device.Term{{View: view, Coef: coef + float64(i)}, {View: view, Coef: -float64(i)}}); err != nil {
			t.Fatal(err)
		}
	}
	if submits := d.queue.stats.Submits - before; submits != times/maxWaiting {
		t.Errorf("%d operations took %d submits, want %d", times, submits, times/maxWaiting)
	}
	got := make([]float32, n)
	if err := x.ReadFloats(t.Context(), 0, got); err != nil {
		t.Fatal(err)
	}
	for i, v := range got {
		if w := want * float64(i+1); math.Abs(float64(v)-w) > 1e-3*math.Abs(w) {
			t.Errorf("element %d is %v, want %v", i, v, w)
		}
	}
	if err := x.Close(); err != nil {
		t.Error(err)
	}
	if len(d.directs) != 0 || len(d.lists[minList]) != maxWaiting {
		t.Errorf("%d kinds of operations are kept, and %d lists, want 0 and %d", len(d.directs), len(d.lists[minList]), maxWaiting)
	}
}

// TestRepeated checks that an operation that is the same in every step sends nothing but its dispatch.
func TestRepeated(t *testing.T) {
	d := openWanted(t)
	defer d.Close()
	d.queue.piece = maxCommands
	x, err := d.NewBuffer(8)
	if err != nil {
		t.Fatal(err)
	}
	before := d.queue.stats.Submits
	for range 4 * maxWaiting {
		if err := d.Combine(device.View{Buffer: x, Len: 4}, []device.Term{{View: device.View{Buffer: x, Offset: 4, Len: 4}, Coef: 2}}); err != nil {
			t.Fatal(err)
		}
	}
	for _, known := range d.directs {
		if len(known) != 1 || len(d.queue.pending) != 4*maxWaiting || d.queue.stats.Submits != before {
			t.Errorf("%d lists, %d dispatches wait, %d submits; want 1, %d and 0", len(known), len(d.queue.pending), d.queue.stats.Submits-before, 4*maxWaiting)
		}
	}
}

package null_test

import (
	"testing"

	"github.com/counterpoint/counterpoint/engine/device"
	"github.com/counterpoint/counterpoint/engine/device/devicetest"
	"github.com/counterpoint/counterpoint/engine/device/null"
	"github.com/counterpoint/counterpoint/engine/graph"
)

func TestContract(t *testing.T) {
	devicetest.Contract(t, func(*testing.T) device.Device { return null.New() })
}

func TestCounts(t *testing.T) {
	g := graph.New("g", 4)
	x := g.Apply(graph.Linear{}, g.Input("x", graph.F32, graph.Rows, 5), g.Weight("w", graph.Encoding{}, 3, 5))
	g.Output("y", g.Apply(graph.Slice{To: 2}, x))
	p, err := graph.Compile(g, graph.Options{})
	if err != nil {
		t.Fatal(err)
	}
	d := null.New()
	w := d.NewWeights()
	if err := w.Put(graph.Weight{Name: "w", Shape: graph.Shape{3, 5}, Data: make([]byte, 60)}); err != nil {
		t.Fatal(err)
	}
	exe, err := d.Compile(p, w)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"x", "y"} {
		b, err := d.NewBuffer(20)
		if err != nil {
			t.Fatal(err)
		}
		if err := exe.Bind(name, b); err != nil {
			t.Fatal(err)
		}
	}
	for _, rows := range []int{4, 1} {
		if err := exe.Run(t.Context(), rows); err != nil {
			t.Fatal(err)
		}
	}
	if d.Runs != 2 || d.Instructions != 4 || d.FLOPs != 2*(4+1)*3*5 || w.Bytes() != 60 {
		t.Errorf("counted %d runs, %d instructions, %d FLOPs, %d bytes, want 2, 4, 150, 60", d.Runs, d.Instructions, d.FLOPs, w.Bytes())
	}
}

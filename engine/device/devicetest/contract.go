package devicetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/counterpoint/counterpoint/engine/device"
	"github.com/counterpoint/counterpoint/engine/device/internal/trial"
	"github.com/counterpoint/counterpoint/engine/graph"
)

// Contract checks what package device promises apart from numbers: what is refused, and with which error.
func Contract(t *testing.T, open func(t *testing.T) device.Device) {
	for _, c := range []struct {
		name string
		test func(t *testing.T, d device.Device)
	}{
		{"info", contractInfo}, {"buffers", contractBuffers}, {"weights", contractWeights}, {"compile", contractCompile},
		{"bind", contractBind}, {"run", contractRun}, {"combine", contractCombine}, {"vectors", contractVectors}, {"closed", contractClosed}, {"indices", contractIndices},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := open(t)
			defer shut(t, d)
			c.test(t, d)
		})
	}
}

// refused checks that err mentions each of the given words.
func refused(t *testing.T, what string, err error, words ...string) {
	t.Helper()
	missing := func(w string) bool { return !strings.Contains(err.Error(), w) }
	if err == nil || slices.ContainsFunc(words, missing) {
		t.Errorf("%s: got error %v, want one that mentions %q", what, err, words)
	}
}

// closed checks that err is ErrClosed.
func closed(t *testing.T, what string, err error) {
	t.Helper()
	if !errors.Is(err, device.ErrClosed) {
		t.Errorf("%s: got error %v, want %v", what, err, device.ErrClosed)
	}
}

// small is the network that the contract is checked with: y [Rows,3] = x [Rows,4] · wᵀ + b, over at most 2 rows.
func small(t *testing.T, d device.Device) *trial.Trial {
	t.Helper()
	g := graph.New("small", 2)
	x := g.Apply(graph.Linear{}, g.Input("x", graph.F32, graph.Rows, 4), g.Weight("w", int8s(8), 3, 4), g.Weight("b", f32, 3))
	g.Output("y", g.Apply(graph.Affine{Mul: 2}, x))
	return trial.New(must[*graph.Program](t)(graph.Compile(g, d.Info().Options)), nil)
}

// compiled compiles small and returns it with buffers of exactly the size for x and y, not bound yet.
func compiled(t *testing.T, d device.Device) (exe device.Executable, x, y device.Buffer) {
	t.Helper()
	tr, store := small(t, d), d.NewWeights()
	for _, w := range tr.Weights {
		if err := store.Put(w); err != nil {
			t.Fatal(err)
		}
	}
	exe = must[device.Executable](t)(d.Compile(tr.Program, store))
	return exe, must[device.Buffer](t)(d.NewBuffer(8)), must[device.Buffer](t)(d.NewBuffer(6))
}

// bound is compiled with its buffers bound.
func bound(t *testing.T, d device.Device) (exe device.Executable, x, y device.Buffer) {
	t.Helper()
	exe, x, y = compiled(t, d)
	if err := errors.Join(exe.Bind("x", x), exe.Bind("y", y)); err != nil {
		t.Fatal(err)
	}
	return exe, x, y
}

func contractInfo(t *testing.T, d device.Device) {
	if i := d.Info(); i.Name == "" || i.Adapter == "" || i.Options.Align < 0 {
		t.Errorf("info is %+v", i)
	}
}

func contractBuffers(t *testing.T, d device.Device) {
	_, err := d.NewBuffer(-1)
	refused(t, "a negative size", err, "-1")
	b := must[device.Buffer](t)(d.NewBuffer(5))
	if b.Len() != 5 {
		t.Errorf("a buffer of 5 has length %d", b.Len())
	}
	got := []float32{9, 9, 9, 9, 9}
	if err := b.ReadFloats(t.Context(), 0, got); err != nil || !slices.Equal(got, make([]float32, 5)) {
		t.Errorf("a new buffer holds %v, %v", got, err)
	}
	for _, at := range []struct{ offset, n int }{{-1, 1}, {5, 1}, {0, 6}, {4, 2}, {1 << 62, 1}} {
		what := fmt.Sprintf("%d elements at %d of 5", at.n, at.offset)
		refused(t, "write "+what, b.WriteFloats(t.Context(), at.offset, make([]float32, at.n)), "5")
		refused(t, "write integers, "+what, b.WriteInts(t.Context(), at.offset, make([]int32, at.n)), "5")
		refused(t, "read "+what, b.ReadFloats(t.Context(), at.offset, make([]float32, at.n)), "5")
	}
	if err := b.WriteFloats(t.Context(), 5, nil); err != nil {
		t.Errorf("nothing written to the end: %v", err)
	}
	empty := must[device.Buffer](t)(d.NewBuffer(0))
	if err := errors.Join(empty.WriteFloats(t.Context(), 0, nil), empty.ReadFloats(t.Context(), 0, nil), empty.Close(), b.Close()); err != nil {
		t.Error(err)
	}
}

func contractWeights(t *testing.T, d device.Device) {
	s := d.NewWeights()
	if n := s.Bytes(); n != 0 {
		t.Errorf("an empty store takes %d bytes", n)
	}
	w := trial.Weight(&graph.Tensor{Name: "w", Shape: graph.Shape{5, 33}, Encoding: int4s(16)})
	if err := s.Put(w); err != nil {
		t.Fatal(err)
	}
	if n, packed := s.Bytes(), int64(len(w.Data)+len(w.Scales)); n < packed {
		t.Errorf("a weight of %d bytes takes %d", packed, n)
	}
	refused(t, "a weight put twice", s.Put(w), "w", "there already")
	for _, bad := range []struct {
		what, word string
		spoil      func(w *graph.Weight)
	}{
		{"short data", "planes", func(w *graph.Weight) { w.Data = w.Data[1:] }},
		{"short scales", "planes", func(w *graph.Weight) { w.Scales = w.Scales[2:] }},
		{"no scales", "planes", func(w *graph.Weight) { w.Scales = nil }},
		{"no group", "group", func(w *graph.Weight) { w.Encoding.Group = 0 }},
		{"an unknown encoding", "encoding", func(w *graph.Weight) { w.Encoding.Kind = 99 }},
		{"no dimensions", "dimensions", func(w *graph.Weight) { w.Shape = nil }},
		{"an empty dimension", "[5,0]", func(w *graph.Weight) { w.Shape = graph.Shape{5, 0} }},
		{"rows", "[Rows,33]", func(w *graph.Weight) { w.Shape = graph.Shape{graph.Rows, 33} }},
	} {
		v := w
		v.Name = "v"
		bad.spoil(&v)
		refused(t, bad.what, s.Put(v), "v", bad.word)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	closed(t, "put to a closed store", s.Put(w))
}

func contractCompile(t *testing.T, d device.Device) {
	tr, s := small(t, d), d.NewWeights()
	_, err := d.Compile(tr.Program, s)
	refused(t, "compile without weights", err, "small", "not on the device")
	wrong := tr.Weights["w"]
	wrong.Encoding, wrong.Scales = f16, nil
	wrong.Data = make([]byte, 2*3*4)
	if err := errors.Join(s.Put(wrong), s.Put(tr.Weights["b"])); err != nil {
		t.Fatal(err)
	}
	_, err = d.Compile(tr.Program, s)
	refused(t, "compile with another encoding", err, "weight w", "f16[3,4]", "int8/g8[3,4]")
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	_, err = d.Compile(tr.Program, s)
	closed(t, "compile with a closed store", err)
	_, err = d.Compile(tr.Program, foreignWeights{})
	refused(t, "compile with weights of another device", err, "foreignWeights")
}

// foreignWeights and foreignBuffer belong to no device.
type (
	foreignWeights struct{ device.Weights }
	foreignBuffer  struct{ device.Buffer }
)

func contractBind(t *testing.T, d device.Device) {
	exe, x, y := compiled(t, d)
	refused(t, "run unbound", exe.Run(t.Context(), 1), "small", "bound")
	if err := exe.Bind("x", x); err != nil {
		t.Fatal(err)
	}
	refused(t, "run with its output unbound", exe.Run(t.Context(), 1), "bound", "y")
	refused(t, "bind a buffer that is too small", exe.Bind("x", y), "x", "6", "8") // for two rows, even if a run asks for one
	refused(t, "bind an unknown name", exe.Bind("z", x), "small", "z")
	refused(t, "bind a buffer of another device", exe.Bind("y", foreignBuffer{}), "y", "foreignBuffer")
	if err := errors.Join(exe.Bind("y", x), exe.Bind("y", y), exe.Run(t.Context(), 2)); err != nil {
		t.Errorf("bind a larger buffer, then another: %v", err)
	}
	if err := exe.Close(); err != nil {
		t.Error(err)
	}
}

func contractRun(t *testing.T, d device.Device) {
	exe, _, _ := bound(t, d)
	for _, rows := range []int{-1, 0, 3} {
		refused(t, fmt.Sprintf("run over %d rows", rows), exe.Run(t.Context(), rows), "small", fmt.Sprint(rows), "1 to 2")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := exe.Run(ctx, 1); !errors.Is(err, context.Canceled) {
		t.Errorf("run with a cancelled context: got error %v", err)
	}
	if err := errors.Join(exe.Run(t.Context(), 1), exe.Run(t.Context(), 2), exe.Close()); err != nil {
		t.Errorf("after a cancelled run: %v", err)
	}
}

func contractCombine(t *testing.T, d device.Device) {
	a, b := must[device.Buffer](t)(d.NewBuffer(8)), must[device.Buffer](t)(d.NewBuffer(8))
	view := func(b device.Buffer, offset, n int) device.View {
		return device.View{Buffer: b, Offset: offset, Len: n}
	}
	for _, tt := range []struct {
		what string
		dst  device.View
		term device.View
	}{
		{"a term of another length", view(a, 0, 4), view(b, 0, 3)},
		{"a term beyond its buffer", view(a, 0, 4), view(b, 5, 4)},
		{"a term before its buffer", view(a, 0, 4), view(b, -1, 4)},
		{"a result beyond its buffer", view(a, 6, 4), view(b, 0, 4)},
		{"a negative length", view(a, 4, -2), view(b, 4, -2)},
		{"no buffer", view(a, 0, 4), view(nil, 0, 4)},
		{"no result", view(nil, 0, 4), view(b, 0, 4)},
		{"a buffer of another device", view(a, 0, 4), view(foreignBuffer{}, 0, 4)},
		{"a term that overlaps the result in part", view(a, 0, 4), view(a, 3, 4)},
	} {
		if err := d.Combine(tt.dst, []device.Term{{View: tt.term, Coef: 1}}); err == nil {
			t.Errorf("combine with %s is not refused", tt.what)
		}
	}
	for _, term := range []device.View{view(a, 0, 4), view(a, 4, 4), view(b, 1, 4)} {
		if err := d.Combine(view(a, 0, 4), []device.Term{{View: term, Coef: 1}}); err != nil {
			t.Errorf("combine with a term at %d: %v", term.Offset, err)
		}
	}
	if err := errors.Join(a.Close(), b.Close()); err != nil {
		t.Error(err)
	}
	closed(t, "combine closed buffers", d.Combine(view(a, 0, 4), []device.Term{{View: view(b, 0, 4), Coef: 1}}))
}

func contractClosed(t *testing.T, d device.Device) {
	exe, x, y := bound(t, d)
	if err := x.Close(); err != nil {
		t.Error(err)
	}
	one := make([]float32, 1)
	closed(t, "write to a closed buffer", x.WriteFloats(t.Context(), 0, one))
	closed(t, "write integers to a closed buffer", x.WriteInts(t.Context(), 0, []int32{1}))
	closed(t, "read a closed buffer", x.ReadFloats(t.Context(), 0, one))
	closed(t, "bind a closed buffer", exe.Bind("x", x))
	closed(t, "run with a closed buffer bound", exe.Run(t.Context(), 1))
	if err := exe.Close(); err != nil {
		t.Error(err)
	}
	closed(t, "bind to a closed executable", exe.Bind("y", y))
	closed(t, "run a closed executable", exe.Run(t.Context(), 1))

	exe, x, y = bound(t, d)
	store, tr := d.NewWeights(), small(t, d)
	shut(t, d)
	_, err := d.NewBuffer(1)
	closed(t, "make a buffer on a closed device", err)
	_, err = d.Compile(tr.Program, store)
	closed(t, "compile on a closed device", err)
	closed(t, "run on a closed device", exe.Run(t.Context(), 1))
	closed(t, "combine on a closed device", d.Combine(device.View{Buffer: y, Len: 1}, nil))
	for range 2 { // whatever the order, and again
		if err := errors.Join(exe.Close(), x.Close(), y.Close(), store.Close(), d.Close()); err != nil {
			t.Errorf("close after the device: %v", err)
		}
	}
}

// contractIndices checks that integers outside their table are no reason to crash, whatever they select.
func contractIndices(t *testing.T, d device.Device) {
	g := graph.New("indices", 2)
	ids, index := g.Input("ids", graph.I32, graph.Rows, 3), g.Input("index", graph.I32, graph.Rows)
	x := g.Apply(graph.Embedding{}, ids, g.Weight("table", f16, 5, 4))
	g.Output("token", g.Apply(graph.GatherTokens{}, x, index))
	g.Output("row", g.Apply(graph.GatherRows{}, g.Input("rows", graph.F32, 3, 4), index))
	keys := g.Input("keys", graph.F32, 3, 6, 4)
	g.Output("mix", g.Apply(graph.Attention{Heads: 1}, x, keys, keys, index))
	p := must[*graph.Program](t)(graph.Compile(g, d.Info().Options))
	tr, store := trial.New(p, nil), d.NewWeights()
	for _, w := range tr.Weights {
		if err := store.Put(w); err != nil {
			t.Fatal(err)
		}
	}
	exe := must[device.Executable](t)(d.Compile(p, store))
	for _, ports := range [][]graph.Port{p.Inputs, p.Outputs} {
		for _, port := range ports {
			b := must[device.Buffer](t)(d.NewBuffer(port.Shape.Elems(2)))
			if port.DType == graph.I32 {
				v := []int32{-1, 1 << 30, -1 << 31, 7, 5, 1<<31 - 1}
				if err := b.WriteInts(t.Context(), 0, v[:b.Len()]); err != nil {
					t.Fatal(err)
				}
			}
			if err := exe.Bind(port.Name, b); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := exe.Run(t.Context(), 2); err != nil {
		t.Errorf("indices outside their tables: %v", err)
	}
}

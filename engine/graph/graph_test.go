package graph

import (
	"errors"
	"strings"
	"testing"
)

func TestFirstErrorSticks(t *testing.T) {
	g := New("g", 2)
	x := g.Input("x", F32, Rows, 4)
	first := g.Apply(Slice{5}, x)
	g.Apply(Slice{6}, x)
	g.Apply(Activate{ReLU}, first) // nil, and harmless
	g.Output("y", first)
	g.Fail(errors.New("a later error"))
	const want = "graph g: slice: first 5 channels of [Rows,4]"
	if err := g.Err(); err == nil || err.Error() != want {
		t.Errorf("Err gives %v, want %s", err, want)
	}
	if len(g.Nodes) != 0 || len(g.Outputs) != 0 {
		t.Errorf("a failed graph grew to %d nodes and %d outputs", len(g.Nodes), len(g.Outputs))
	}
	for name, f := range map[string]func(*Graph) error{
		"Fuse":    Fuse,
		"Verify":  Verify,
		"Compile": func(g *Graph) error { _, err := Compile(g, Options{}); return err },
	} {
		if err := f(g); err == nil || err.Error() != want {
			t.Errorf("%s gives %v, want %s", name, err, want)
		}
	}
}

func TestBuildErrors(t *testing.T) {
	for _, tt := range []struct {
		want  string
		build func(g *Graph)
	}{
		{"input x: shape has no dimensions", func(g *Graph) { g.Input("x", F32) }},
		{"input x: shape [4,0]: dimension 1 out of range", func(g *Graph) { g.Input("x", F32, 4, 0) }},
		{"input x: shape [4,Rows]: dimension 1 out of range", func(g *Graph) { g.Input("x", F32, 4, Rows) }},
		{"input x: shape [65536,65536]: dimension 1 out of range", func(g *Graph) { g.Input("x", F32, 1<<16, 1<<16) }},
		{"input x: shape [Rows,2147483647]: dimension 1 out of range", func(g *Graph) { g.Input("x", F32, Rows, 1<<31-1) }},
		{"input x: shape [Rows] has no channels", func(g *Graph) { g.Input("x", F32, Rows) }},
		{"upsample: shape [1,1048576,1048576,1]: dimension 2 out of range", func(g *Graph) {
			g.Apply(Upsample{1 << 20, 1 << 20}, g.Input("x", F32, 1, 1, 1, 1))
		}},
		{"input x: the name is taken", func(g *Graph) { g.Input("x", F32, 4); g.Input("x", F32, 4) }},
		{"output x: the name is taken", func(g *Graph) { g.Output("x", g.Apply(Activate{}, g.Input("x", F32, 4))) }},
		{"output y: the name is taken", func(g *Graph) {
			x := g.Input("x", F32, 4)
			g.Output("y", g.Apply(Activate{ReLU}, x))
			g.Output("y", g.Apply(Activate{Tanh}, x))
		}},
		{"output y is not computed by a node", func(g *Graph) { g.Output("y", g.Input("x", F32, 4)) }},
		{"output y is not computed by a node", func(g *Graph) { g.Output("y", nil) }},
		{"weight w: shape [Rows,4] is not fixed and positive", func(g *Graph) { weightF32(g, "w", Rows, 4) }},
		{"weight w: shape [] is not fixed and positive", func(g *Graph) { weightF32(g, "w") }},
		{"weight w: declared as f32[4] and as f32[5]", func(g *Graph) { weightF32(g, "w", 4); weightF32(g, "w", 5) }},
		{"weight w: declared as f32[4] and as f16[4]", func(g *Graph) { weightF32(g, "w", 4); g.Weight("w", Encoding{Kind: EncF16}, 4) }},
		{"linear (w): x [Rows,4] does not end", func(g *Graph) { g.Apply(Linear{}, g.Input("x", F32, Rows, 4), weightF32(g, "w", 3, 5)) }},
	} {
		g := New("g", 2)
		tt.build(g)
		if err := g.Err(); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("got error %v, want %q", err, tt.want)
		}
	}
	if err := New("g", 0).Err(); err == nil || !strings.Contains(err.Error(), "max rows 0, want at least 1") {
		t.Errorf("a graph of no rows gives %v", err)
	}
}

func TestWeightDeclaredTwice(t *testing.T) {
	g := New("g", 1)
	first := weightF32(g, "w", 4)
	if again := weightF32(g, "w", 4); again != first || len(g.Weights) != 1 || g.Err() != nil {
		t.Errorf("declared twice, a weight is not one: %v, %v", g.Weights, g.Err())
	}
}

func TestVerify(t *testing.T) {
	for _, tt := range []struct {
		name, want string
		spoil      func(g *Graph)
	}{
		{"nothing", "", func(*Graph) {}},
		{"order", "node 0 (activate): input 0, %1, is used before it is computed", func(g *Graph) { g.Nodes[0], g.Nodes[1] = g.Nodes[1], g.Nodes[0] }},
		{"a lost node", "node 0 (activate): input 0, %1, is used", func(g *Graph) { g.Nodes = g.Nodes[1:] }},
		{"a lost weight", "node 0 (linear): input 1, w, is used", func(g *Graph) { g.Weights = nil }},
		{"a lost output", "output y is never computed", func(g *Graph) { g.Nodes = g.Nodes[:2] }},
		{"a shape", "node 1 (activate): output is [Rows,9], its operator gives [Rows,3]", func(g *Graph) { g.Nodes[1].Out.Shape = Shape{Rows, 9} }},
		{"inputs", "node 0 (linear): 1 inputs, want 2 to 5", func(g *Graph) { g.Nodes[0].In = g.Nodes[0].In[:1] }},
		{"computed twice", "node 1 (activate): %1 is computed twice", func(g *Graph) { g.Nodes[1].Out = g.Nodes[0].Out }},
		{"an input computed", "node 2 (affine): x is computed twice", func(g *Graph) {
			g.Nodes[2].Out = g.Inputs[0]
			g.Inputs[0].Shape = Shape{Rows, 3}
			g.Weights[0].Shape = Shape{3, 3}
		}},
	} {
		g := New("g", 2)
		x := g.Apply(Linear{}, g.Input("x", F32, Rows, 4), weightF32(g, "w", 3, 4))
		g.Output("y", g.Apply(Affine{2, 0}, g.Apply(Activate{ReLU}, x)))
		if err := g.Err(); err != nil {
			t.Fatal(err)
		}
		tt.spoil(g)
		err := Verify(g)
		if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
			t.Errorf("%s: got error %v, want %q", tt.name, err, tt.want)
		}
	}
}

func TestActivationNames(t *testing.T) {
	for a := Identity; a <= Tanh; a++ {
		if got, err := ParseActivation(a.String()); got != a || err != nil {
			t.Errorf("%v parses as %v, %v", a, got, err)
		}
	}
	if got, err := ParseActivation("swish"); got != SiLU || err != nil {
		t.Errorf("swish parses as %v, %v", got, err)
	}
	if _, err := ParseActivation("mish"); err == nil || err.Error() != `activation "mish" is not known` {
		t.Errorf("mish parses with error %v", err)
	}
}

func TestWeightCheck(t *testing.T) {
	int8s, int4s := Encoding{EncInt8, 8}, Encoding{EncInt4, 4}
	for _, tt := range []struct {
		shape        Shape
		enc          Encoding
		data, scales int
		err          string
	}{
		{Shape{3, 5}, Encoding{}, 60, 0, ""},
		{Shape{3, 5}, Encoding{Kind: EncF16}, 30, 0, ""},
		{Shape{3, 2, 2, 17}, int8s, 204, 72, ""}, // 3 scales a run of 17
		{Shape{3, 5}, int4s, 9, 12, ""},          // a run of 5 in 3 bytes and 2 groups
		{Shape{3, 5}, int8s, 16, 6, "weight w int8/g8[3,5] has planes of 16 and 6 bytes, want 15 and 6"},
		{Shape{3, 5}, int8s, 15, 4, "has planes of 15 and 4 bytes"},
		{Shape{3, 5}, Encoding{}, 60, 2, "want 60 and 0"},
		{Shape{3, 5}, Encoding{Kind: EncInt8}, 15, 6, "weight w: group of 0 channels"},
		{Shape{3, 5}, Encoding{Kind: 9}, 15, 6, "weight w: encoding 9 is not known"},
		{Shape{}, Encoding{}, 4, 0, "weight w: shape has no dimensions"},
		{Shape{3, 0}, int8s, 0, 0, "weight w: shape [3,0]: dimension 1 out of range"},
		{Shape{Rows, 4}, Encoding{}, 16, 0, "dimension 0 out of range"},
		{Shape{1 << 20, 1 << 20}, int4s, 0, 0, "dimension 1 out of range"},
	} {
		w := Weight{Name: "w", Shape: tt.shape, Encoding: tt.enc, Data: make([]byte, tt.data), Scales: make([]byte, tt.scales)}
		err := w.Check()
		if tt.err == "" && err != nil || tt.err != "" && (err == nil || !strings.Contains(err.Error(), tt.err)) {
			t.Errorf("%v%v with %d and %d bytes: got error %v, want %q", tt.enc, tt.shape, tt.data, tt.scales, err, tt.err)
		}
	}
}

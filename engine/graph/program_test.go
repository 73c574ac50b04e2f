package graph

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the golden programs in testdata")

// weightF32 declares a float32 weight.
func weightF32(g *Graph, name string, shape ...int) *Tensor {
	return g.Weight(name, Encoding{}, shape...)
}

// testConv applies a convolution with a bias that keeps the size.
func testConv(g *Graph, name string, x *Tensor, out, kernel, stride int) *Tensor {
	w := g.Weight(name+".weight", Encoding{EncInt8, 32}, out, kernel, kernel, x.Shape.Last())
	return g.Apply(Conv2D{Stride: stride, Pad: Pad(kernel / 2)}, x, w, weightF32(g, name+".bias", out))
}

func testLinear(g *Graph, name string, x *Tensor, out int) *Tensor {
	return g.Apply(Linear{}, x, g.Weight(name+".weight", Encoding{EncInt4, 16}, out, x.Shape.Last()), weightF32(g, name+".bias", out))
}

func testGroupNorm(g *Graph, name string, x *Tensor) *Tensor {
	c := x.Shape.Last()
	return g.Apply(GroupNorm{Groups: 8, Eps: 1e-5}, x, weightF32(g, name+".weight", c), weightF32(g, name+".bias", c))
}

func testResnet(g *Graph, name string, x, temb *Tensor, out int) *Tensor {
	h := testConv(g, name+".conv1", g.Apply(Activate{SiLU}, testGroupNorm(g, name+".norm1", x)), out, 3, 1)
	t := testLinear(g, name+".time", temb, out)
	h = g.Apply(Add{}, h, g.Apply(Reshape{Shape{Rows, 1, 1, out}}, t))
	h = testConv(g, name+".conv2", g.Apply(Activate{SiLU}, testGroupNorm(g, name+".norm2", h)), out, 3, 1)
	if x.Shape.Last() != out {
		x = testConv(g, name+".shortcut", x, out, 1, 1)
	}
	return g.Apply(Add{}, h, x)
}

func testTransformer(g *Graph, name string, x, keys, values, index *Tensor) *Tensor {
	s := x.Shape
	h := g.Apply(Reshape{Shape{s[0], s[1] * s[2], s[3]}}, testGroupNorm(g, name+".norm", x))
	norm := g.Apply(LayerNorm{Eps: 1e-5}, h, weightF32(g, name+".ln.weight", s[3]), weightF32(g, name+".ln.bias", s[3]))
	a := g.Apply(Attention{Heads: 2}, testLinear(g, name+".q", norm, s[3]), testLinear(g, name+".k", norm, s[3]), testLinear(g, name+".v", norm, s[3]))
	h = g.Apply(Add{}, testLinear(g, name+".out", a, s[3]), h)
	a = g.Apply(Attention{Heads: 2}, testLinear(g, name+".q2", h, s[3]), keys, values, index)
	h = g.Apply(Add{}, testLinear(g, name+".out2", a, s[3]), h)
	f := g.Apply(GEGLU{}, testLinear(g, name+".ff1", h, 8*s[3]))
	h = g.Apply(Add{}, testLinear(g, name+".ff2", f, s[3]), h)
	return g.Apply(Add{}, g.Apply(Reshape{s}, h), x)
}

// testUNet is a UNet with one of everything: a level down and up, skips, time, attention to itself and to conditions.
func testUNet() *Graph {
	g := New("unet", 3)
	sample := g.Input("sample", F32, 2, 8, 8, 4)
	latent, condition := g.Input("latent", I32, Rows), g.Input("condition", I32, Rows)
	time := g.Input("time", F32, Rows, 16)
	keys, values := g.Input("keys", F32, 4, 5, 32), g.Input("values", F32, 4, 5, 32)

	temb := g.Apply(Activate{SiLU}, testLinear(g, "time1", time, 64))
	x := testConv(g, "in", g.Apply(GatherRows{}, sample, latent), 16, 3, 1)
	skip := testResnet(g, "down", x, temb, 16)
	x = testConv(g, "shrink", skip, 32, 3, 2)
	x = testTransformer(g, "mid", testResnet(g, "mid1", x, temb, 32), keys, values, condition)
	x = testConv(g, "grow", g.Apply(Upsample{8, 8}, x), 32, 3, 1)
	x = testResnet(g, "up", g.Apply(Concat{}, x, skip), temb, 16)
	x = testConv(g, "out", g.Apply(Activate{SiLU}, testGroupNorm(g, "norm", x)), 4, 3, 1)
	g.Output("score", x)
	return g
}

// testPooled has what the UNet lacks: ids looked up, a token picked, an output that is read again, a reshaped output.
func testPooled() *Graph {
	g := New("pooled", 2)
	ids, eos := g.Input("ids", I32, Rows, 6), g.Input("eos", I32, Rows)
	x := g.Apply(Embedding{}, ids, g.Weight("table", Encoding{Kind: EncF16}, 50, 8))
	x = g.Apply(Add{}, x, g.Weight("positions", Encoding{Kind: EncF16}, 6, 8))
	x = g.Apply(Attention{Heads: 2, Causal: true}, x, x, x)
	g.Output("hidden", x)
	p := g.Apply(GatherTokens{}, x, eos)
	p = g.Apply(Activate{Tanh}, testLinear(g, "pool", p, 8))
	g.Output("pooled", g.Apply(Reshape{Shape{Rows, 2, 2, 2}}, p))
	s := g.Apply(PixelShuffle{2}, g.Apply(Reshape{Shape{Rows, 1, 6, 8}}, x))
	g.Output("picture", g.Apply(Slice{1}, g.Apply(Affine{2, -1}, s)))
	return g
}

func TestProgramGolden(t *testing.T) {
	for _, build := range []func() *Graph{testUNet, testPooled} {
		p, err := Compile(build(), Options{Align: 16})
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join("testdata", p.Name+".golden")
		got := fmt.Sprintf("%sflops %d\n", p, p.FLOPs(2))
		if *update {
			if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if got != string(want) {
			t.Errorf("program %s differs from %s; go test -update rewrites it. Got:\n%s", p.Name, path, got)
		}
	}
}

// TestProgramKeepsTensors runs programs on tags instead of numbers: each instruction writes its own tag all over its output,
// and must find its inputs still covered by the tags of those that computed them.
func TestProgramKeepsTensors(t *testing.T) {
	graphs := []*Graph{testUNet(), testPooled()}
	for seed := range uint64(60) {
		graphs = append(graphs, randomGraph(seed))
	}
	for _, g := range graphs {
		align := 1 << (len(g.Nodes) % 6)
		for _, o := range []Options{{Align: align}, {Apart: true}} { // a graph that was fused may be compiled again
			p, err := Compile(g, o)
			if err != nil {
				t.Fatalf("%v", err)
			}
			for _, rows := range []int{1, g.MaxRows} {
				if err := checkTags(g, p, rows, max(o.Align, 1)); err != nil {
					t.Errorf("program %s over %d rows, %+v: %v\n%s", g.Name, rows, o, err, p)
				}
			}
			if o.Apart {
				checkApart(t, p)
			}
		}
	}
}

// checkApart checks that no instruction reads the block it writes.
func checkApart(t *testing.T, p *Program) {
	for i, in := range p.Instrs {
		for _, o := range in.In {
			if o.Space == SpaceArena && in.Out.Space == SpaceArena && o.Index == in.Out.Index {
				t.Errorf("program %s: instruction %d reads and writes block %d\n%s", p.Name, i, o.Index, p)
			}
		}
	}
}

// checkTags simulates p, compiled from g, whose nodes but reshapes are its instructions.
func checkTags(g *Graph, p *Program, rows, align int) error {
	type place struct {
		space Space
		index int
	}
	memory := map[place][]*Tensor{}
	block := func(o Operand) []*Tensor { return memory[place{o.Space, o.Index}][o.Offset:][:o.Shape.Elems(rows)] }
	for i, n := range p.Blocks {
		memory[place{SpaceArena, i}] = make([]*Tensor, n)
	}
	for i, port := range p.Inputs {
		tags := make([]*Tensor, port.Shape.Elems(rows))
		for j := range tags {
			tags[j] = g.Inputs[i]
		}
		memory[place{SpaceInput, i}] = tags
	}
	for i, port := range p.Outputs {
		memory[place{SpaceOutput, i}] = make([]*Tensor, port.Shape.Elems(rows))
	}
	source := func(t *Tensor) *Tensor { // whose elements t's are
		for i := len(g.Nodes) - 1; i >= 0; i-- {
			if _, ok := g.Nodes[i].Op.(Reshape); ok && g.Nodes[i].Out == t {
				t = g.Nodes[i].In[0]
			}
		}
		return t
	}
	covered := func(o Operand, by *Tensor) error {
		for i, tag := range block(o) {
			if tag != by {
				return fmt.Errorf("element %d is %v's, want %v's", i, tag, by)
			}
		}
		return nil
	}
	next := 0
	for _, n := range g.Nodes {
		if _, ok := n.Op.(Reshape); ok {
			continue
		}
		in := p.Instrs[next]
		for j, o := range in.In {
			switch {
			case n.In[j] == nil:
				if o.Space != None {
					return fmt.Errorf("instruction %d: input %d is absent but in space %d", next, j, o.Space)
				}
				continue
			case !o.Shape.Equal(n.In[j].Shape):
				return fmt.Errorf("instruction %d: input %d is %v, want %v", next, j, o.Shape, n.In[j].Shape)
			case o.Space == SpaceWeight:
				if p.Weights[o.Index] != source(n.In[j]) {
					return fmt.Errorf("instruction %d: input %d is weight %v, want %v", next, j, p.Weights[o.Index], n.In[j])
				}
				continue
			}
			if err := covered(o, source(n.In[j])); err != nil {
				return fmt.Errorf("instruction %d: input %d: %w", next, j, err)
			}
		}
		if in.Out.Space != SpaceArena && in.Out.Space != SpaceOutput || in.Out.Offset%align != 0 {
			return fmt.Errorf("instruction %d writes to space %d at %d, alignment %d", next, in.Out.Space, in.Out.Offset, align)
		}
		out := block(in.Out)
		for i := range out {
			out[i] = n.Out
		}
		for j, o := range in.In { // the output must have spared them
			if o.Space == SpaceArena || o.Space == SpaceOutput {
				if err := covered(o, source(n.In[j])); err != nil {
					return fmt.Errorf("instruction %d overwrites its input %d: %w", next, j, err)
				}
			}
		}
		next++
	}
	if next != len(p.Instrs) {
		return fmt.Errorf("%d instructions, want %d", len(p.Instrs), next)
	}
	for i, o := range g.Outputs {
		if err := covered(Operand{Space: SpaceOutput, Index: i, Shape: o.Tensor.Shape}, source(o.Tensor)); err != nil {
			return fmt.Errorf("output %s: %w", o.Name, err)
		}
	}
	return nil
}

// randomGraph is a tangle of layers over images: any tensor so far may be read again, some twice by one layer.
func randomGraph(seed uint64) *Graph {
	rng := rand.New(rand.NewPCG(seed, 1))
	g := New(fmt.Sprintf("random%d", seed), 1+rng.IntN(3))
	pool := []*Tensor{g.Input("x", F32, Rows, 4, 4, 8)}
	temb := g.Input("temb", F32, Rows, 1, 1, 8)
	for i := range 3 + rng.IntN(25) {
		pick := func() *Tensor { return pool[max(rng.IntN(len(pool)), rng.IntN(len(pool)))] }
		x, name := pick(), fmt.Sprint("w", i)
		s := x.Shape
		switch rng.IntN(9) {
		case 0, 1:
			x = testConv(g, name, x, 8, 3, 1)
		case 2:
			x = g.Apply(Activate{ReLU}, x)
		case 3:
			x = testGroupNorm(g, name, x)
		case 4:
			y := pick()
			if !y.Shape.Equal(s) {
				y = temb
			}
			x = g.Apply(Add{}, x, y)
		case 5:
			x = g.Apply(Slice{8}, g.Apply(Concat{}, x, x))
		case 6:
			if s[1] < 16 {
				x = g.Apply(Upsample{2 * s[1], 2 * s[2]}, x)
			}
		case 7:
			flat := g.Apply(Reshape{Shape{Rows, s[1] * s[2], 8}}, x)
			x = g.Apply(Reshape{s}, testLinear(g, name, flat, 8))
		case 8:
			if s[1] > 2 {
				x = testConv(g, name, x, 8, 3, 2)
			}
		}
		pool = append(pool, x)
	}
	last := g.Apply(Affine{1, 0}, pool[len(pool)-1])
	g.Output("last", last)
	if early := pool[len(pool)/2]; early.Role == RoleActivation {
		g.Output("early", g.Apply(Add{}, early, early))
	}
	return g
}

func TestReshapeAliases(t *testing.T) {
	g := New("g", 2)
	x := g.Input("x", F32, Rows, 4, 6)
	a := g.Apply(Activate{ReLU}, g.Apply(Reshape{Shape{Rows, 2, 12}}, x))
	b := g.Apply(Reshape{Shape{Rows, 24}}, g.Apply(Reshape{Shape{Rows, 3, 8}}, a))
	other := g.Apply(Affine{2, 0}, x) // would take a's place if the reshapes did not keep it alive
	g.Output("y", g.Apply(Add{}, g.Apply(Affine{1, 1}, b), g.Apply(Reshape{Shape{Rows, 24}}, other)))
	p, err := Compile(g, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(p.String(), "reshape") {
		t.Errorf("a reshape is left as an instruction:\n%s", p)
	}
	if in := p.Instrs[0].In[0]; in.Space != SpaceInput || !in.Shape.Equal(Shape{Rows, 2, 12}) {
		t.Errorf("the first instruction reads %+v, want the input reshaped", in)
	}
	if w, r := p.Instrs[0].Out, p.Instrs[2].In[0]; w.Offset != r.Offset || !r.Shape.Equal(Shape{Rows, 24}) {
		t.Errorf("%+v is read as %+v", w, r)
	}
	if err := checkTags(g, p, 2, 1); err != nil {
		t.Error(err)
	}
}

func TestCompileErrors(t *testing.T) {
	for _, tt := range []struct {
		name, want string
		build      func(g *Graph, x *Tensor)
	}{
		{"two outputs of one tensor", "output b shares its memory with %1", func(g *Graph, x *Tensor) {
			y := g.Apply(Activate{ReLU}, x)
			g.Output("a", y)
			g.Output("b", g.Apply(Reshape{Shape{Rows, 8}}, y))
		}},
		{"an input handed through", "output a shares its memory with x", func(g *Graph, x *Tensor) {
			g.Output("a", g.Apply(Reshape{Shape{Rows, 8}}, x))
		}},
		{"a tensor of another graph", "is used before it is computed", func(g *Graph, x *Tensor) {
			other := New("other", 1)
			g.Output("a", g.Apply(Add{}, x, other.Input("y", F32, Rows, 2, 4)))
		}},
	} {
		g := New("g", 1)
		tt.build(g, g.Input("x", F32, Rows, 2, 4))
		if _, err := Compile(g, Options{}); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got error %v, want %q", tt.name, err, tt.want)
		}
	}
}

package graph

import (
	"regexp"
	"strings"
	"testing"
)

func TestFuse(t *testing.T) {
	conv := func(g *Graph, x *Tensor) *Tensor {
		return g.Apply(Conv2D{Stride: 1, Pad: Pad(1)}, x, weightF32(g, "w", 8, 3, 3, 8), weightF32(g, "b", 8))
	}
	linear := func(g *Graph, x *Tensor) *Tensor {
		return g.Apply(Linear{}, g.Apply(Reshape{Shape{Rows, 16, 8}}, x), weightF32(g, "w", 8, 8), weightF32(g, "b", 8))
	}
	norm := func(g *Graph, x *Tensor) *Tensor {
		return g.Apply(GroupNorm{Groups: 2, Eps: 1}, x, weightF32(g, "w", 8), weightF32(g, "b", 8))
	}
	act := func(g *Graph, x *Tensor) *Tensor { return g.Apply(Activate{SiLU}, x) }
	add := func(g *Graph, x, y *Tensor) *Tensor { return g.Apply(Add{}, x, y) }
	// Each network maps x [Rows,4,4,8], with t [Rows,1,1,8] and r [Rows,4,4,8] at hand, to its output y.
	for _, tt := range []struct {
		name  string
		build func(g *Graph, x, t, r *Tensor) *Tensor
		want  string // the instructions, without shapes
	}{
		{"row bias", func(g *Graph, x, t, _ *Tensor) *Tensor { return add(g, conv(g, x), t) },
			"y = conv2d stride=1 pad=1,1,1,1(x, w, b, t, -)"},
		{"residual", func(g *Graph, x, _, r *Tensor) *Tensor { return add(g, conv(g, x), r) },
			"y = conv2d stride=1 pad=1,1,1,1(x, w, b, -, r)"},
		{"residual on the left", func(g *Graph, x, _, r *Tensor) *Tensor { return add(g, r, conv(g, x)) },
			"y = conv2d stride=1 pad=1,1,1,1(x, w, b, -, r)"},
		{"all in the epilogue's order", func(g *Graph, x, t, r *Tensor) *Tensor { return add(g, act(g, add(g, conv(g, x), t)), r) },
			"y = conv2d stride=1 pad=1,1,1,1 act=silu(x, w, b, t, r)"},
		{"activation after residual", func(g *Graph, x, _, r *Tensor) *Tensor { return act(g, add(g, conv(g, x), r)) },
			"@0 = conv2d stride=1 pad=1,1,1,1(x, w, b, -, r); y = activate act=silu(@0)"},
		{"row bias after activation", func(g *Graph, x, t, _ *Tensor) *Tensor { return add(g, act(g, conv(g, x)), t) },
			"@0 = conv2d stride=1 pad=1,1,1,1 act=silu(x, w, b, -, -); y = add(@0, t)"},
		{"row bias after residual", func(g *Graph, x, t, r *Tensor) *Tensor { return add(g, add(g, conv(g, x), r), t) },
			"@0 = conv2d stride=1 pad=1,1,1,1(x, w, b, -, r); y = add(@0, t)"},
		{"two row biases", func(g *Graph, x, t, _ *Tensor) *Tensor { return add(g, add(g, conv(g, x), t), t) },
			"@0 = conv2d stride=1 pad=1,1,1,1(x, w, b, t, -); y = add(@0, t)"},
		{"two activations", func(g *Graph, x, _, _ *Tensor) *Tensor { return act(g, act(g, conv(g, x))) },
			"@0 = conv2d stride=1 pad=1,1,1,1 act=silu(x, w, b, -, -); y = activate act=silu(@0)"},
		{"weight added", func(g *Graph, x, _, _ *Tensor) *Tensor { return add(g, conv(g, x), weightF32(g, "p", 8)) },
			"@0 = conv2d stride=1 pad=1,1,1,1(x, w, b); y = add(@0, p)"},
		{"image added to itself", func(g *Graph, x, _, _ *Tensor) *Tensor { y := conv(g, x); return add(g, y, y) },
			"@0 = conv2d stride=1 pad=1,1,1,1(x, w, b); y = add(@0, @0)"},
		{"two readers", func(g *Graph, x, _, _ *Tensor) *Tensor {
			y := conv(g, x)
			return g.Apply(Concat{}, act(g, y), y)
		}, "@0 = conv2d stride=1 pad=1,1,1,1(x, w, b); @128 = activate act=silu(@0); y = concat(@128, @0)"},
		{"also an output", func(g *Graph, x, _, _ *Tensor) *Tensor {
			y := conv(g, x)
			g.Output("z", y)
			return act(g, y)
		}, "z = conv2d stride=1 pad=1,1,1,1(x, w, b); y = activate act=silu(z)"},
		{"linear", func(g *Graph, x, _, r *Tensor) *Tensor {
			return add(g, act(g, linear(g, x)), g.Apply(Reshape{Shape{Rows, 16, 8}}, r))
		}, "y = linear act=silu(x, w, b, -, r)"},
		{"norm and activation", func(g *Graph, x, _, _ *Tensor) *Tensor { return act(g, act(g, norm(g, x))) },
			"@0 = groupnorm groups=2 eps=1 act=silu(x, w, b); y = activate act=silu(@0)"},
		{"norm read twice", func(g *Graph, x, _, _ *Tensor) *Tensor { y := norm(g, x); return add(g, act(g, y), y) },
			"@0 = groupnorm groups=2 eps=1(x, w, b); @128 = activate act=silu(@0); y = add(@128, @0)"},
		{"upsample pulled", func(g *Graph, x, _, _ *Tensor) *Tensor { return act(g, conv(g, g.Apply(Upsample{8, 8}, x))) },
			"y = conv2d stride=1 pad=1,1,1,1 up=2 act=silu(x, w, b, -, -)"},
		{"upsample pulled once", func(g *Graph, x, _, _ *Tensor) *Tensor {
			return conv(g, g.Apply(Upsample{16, 16}, g.Apply(Upsample{8, 8}, x)))
		}, "@0 = upsample size=8x8(x); y = conv2d stride=1 pad=1,1,1,1 up=2(@0, w, b)"},
		{"upsample to another size", func(g *Graph, x, _, _ *Tensor) *Tensor { return conv(g, g.Apply(Upsample{8, 7}, x)) },
			"@0 = upsample size=8x7(x); y = conv2d stride=1 pad=1,1,1,1(@0, w, b)"},
		{"upsample read twice", func(g *Graph, x, _, _ *Tensor) *Tensor {
			y := g.Apply(Upsample{8, 8}, x)
			return add(g, conv(g, y), y)
		}, "@0 = upsample size=8x8(x); y = conv2d stride=1 pad=1,1,1,1(@0, w, b, -, @0)"},
		{"upsample as residual", func(g *Graph, x, _, r *Tensor) *Tensor {
			return add(g, conv(g, x), g.Apply(Upsample{4, 4}, g.Apply(Slice{8}, g.Apply(Conv2D{Stride: 2}, r, weightF32(g, "v", 8, 1, 1, 8)))))
		}, "@0 = conv2d stride=2(r, v); @128 = slice to=8(@0); @0 = upsample size=4x4(@128); y = conv2d stride=1 pad=1,1,1,1(x, w, b, -, @0)"},
	} {
		g := New("g", 1)
		x, temb, r := g.Input("x", F32, Rows, 4, 4, 8), g.Input("t", F32, Rows, 1, 1, 8), g.Input("r", F32, Rows, 4, 4, 8)
		g.Output("y", tt.build(g, x, temb, r))
		p, err := Compile(g, Options{Align: 64})
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		if got := instructions(p); got != tt.want {
			t.Errorf("%s:\n got %s\nwant %s", tt.name, got, tt.want)
		}
		if err := Verify(g); err != nil {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}

var shapes = regexp.MustCompile(`\[[^\]]*\] = `)

// instructions prints a program's instructions in one line, without their shapes.
func instructions(p *Program) string {
	text := p.String()
	var lines []string
	for line := range strings.Lines(text) {
		if strings.Contains(line, " = ") {
			lines = append(lines, shapes.ReplaceAllString(strings.TrimSpace(line), " = "))
		}
	}
	return strings.Join(lines, "; ")
}

// TestFuseBroadcast checks that an addition along the second dimension is not taken for one along the rows where the two
// happen to be equally long.
func TestFuseBroadcast(t *testing.T) {
	g := New("g", 1)
	x := g.Apply(Linear{}, g.Input("x", F32, 4, 4, 8), weightF32(g, "w", 8, 8))
	g.Output("y", g.Apply(Add{}, x, g.Input("y0", F32, 4, 8)))
	p, err := Compile(g, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := instructions(p), "@0 = linear(x, w); y = add(@0, y0)"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

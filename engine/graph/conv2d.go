package graph

import "fmt"

// Conv2D is a two-dimensional convolution over x [N,H,W,I] with w [O,KH,KW,I], optional bias [O], row bias and
// residual; see InX. Up repeats each pixel Up times along both axes before the convolution (nearest-neighbour
// upsampling folded into its loads).
type Conv2D struct {
	Stride int
	Pad    Padding
	Up     int // 0 and 1: none
	Act    Activation
}

// Padding is the zeros around an image, in pixels.
type Padding struct{ Top, Left, Bottom, Right int }

// Pad returns the same padding on all sides.
func Pad(n int) Padding { return Padding{n, n, n, n} }

func (Conv2D) Name() string { return "conv2d" }

func (o Conv2D) Attrs() string {
	s := fmt.Sprintf("stride=%d", o.Stride)
	if o.Pad != (Padding{}) {
		s += fmt.Sprintf(" pad=%d,%d,%d,%d", o.Pad.Top, o.Pad.Left, o.Pad.Bottom, o.Pad.Right)
	}
	if o.Up > 1 {
		s += fmt.Sprintf(" up=%d", o.Up)
	}
	if o.Act != Identity {
		s += " " + actAttr(o.Act)
	}
	return s
}

// Upsampling returns the factor by which the input grows before the convolution.
func (o Conv2D) Upsampling() int { return max(o.Up, 1) }

func (o Conv2D) Infer(in []*Tensor) (Shape, error) {
	if err := need(in, 2, numEpilogueInputs); err != nil {
		return nil, err
	}
	x, w := in[InX], in[InW]
	if err := wantRank("x", x, 4); err != nil {
		return nil, err
	}
	if err := wantRank("weight", w, 4); err != nil {
		return nil, err
	}
	if err := wantWeight("weight", w); err != nil {
		return nil, err
	}
	if x.Shape[3] != w.Shape[3] {
		return nil, fmt.Errorf("x %v has %d channels, weight %v takes %d", x.Shape, x.Shape[3], w.Shape, w.Shape[3])
	}
	if o.Stride < 1 {
		return nil, fmt.Errorf("stride %d, want at least 1", o.Stride)
	}
	h := x.Shape[1]*o.Upsampling() + o.Pad.Top + o.Pad.Bottom - w.Shape[1]
	wd := x.Shape[2]*o.Upsampling() + o.Pad.Left + o.Pad.Right - w.Shape[2]
	if h < 0 || wd < 0 {
		return nil, fmt.Errorf("x %v is smaller than the kernel of %v", x.Shape, w.Shape)
	}
	out := Shape{x.Shape[0], h/o.Stride + 1, wd/o.Stride + 1, w.Shape[0]}
	return out, checkEpilogue(in, out)
}

func (o Conv2D) absorb(self, next *Node) *Node {
	return absorbEpilogue(self, next, o.Act, func(a Activation) Op { o.Act = a; return o })
}

// pull folds a doubling by nearest neighbour into the convolution's loads.
func (o Conv2D) pull(self, prev *Node) *Node {
	up, ok := prev.Op.(Upsample)
	x := prev.In[0]
	if !ok || self.In[InX] != prev.Out || o.Upsampling() != 1 || up.H != 2*x.Shape[1] || up.W != 2*x.Shape[2] {
		return nil
	}
	o.Up = 2
	in := append([]*Tensor(nil), self.In...)
	in[InX] = x
	return &Node{Op: o, In: in, Out: self.Out}
}

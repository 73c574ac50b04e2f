package cpu

import (
	"github.com/counterpoint/counterpoint/engine/device/cpu/kernel"
	"github.com/counterpoint/counterpoint/engine/graph"
)

func init() {
	register(graph.Conv2D{}, emitConv2D)
	register(graph.Linear{}, emitLinear)
}

var activations = [...]kernel.Activation{graph.Identity: kernel.NoActivation, graph.SiLU: kernel.SiLU, graph.GELU: kernel.GELU,
	graph.QuickGELU: kernel.QuickGELU, graph.ReLU: kernel.ReLU, graph.Tanh: kernel.Tanh}

// product is what convolutions and linear layers share: a matrix product and its epilogue.
type product struct {
	d                                *Device
	w                                *kernel.Panel
	act                              kernel.Activation
	x, bias, rowBias, residual, dest ref
}

func (c *compiler) product(in graph.Instr, act graph.Activation) (*product, error) {
	p := &product{d: c.Device, act: activations[act]}
	var err error
	if p.w, err = c.matrix(in.In[graph.InW]); err != nil {
		return nil, err
	}
	ops := make([]graph.Operand, graph.InResidual+1)
	copy(ops, in.In)
	r, err := c.refs(ops[graph.InX], ops[graph.InBias], ops[graph.InRowBias], ops[graph.InResidual], in.Out)
	if err != nil {
		return nil, err
	}
	p.x, p.bias, p.rowBias, p.residual, p.dest = r[0], r[1], r[2], r[3], r[4]
	return p, nil
}

// run multiplies; src gives the left matrix, x itself if nil.
func (p *product) run(rows int, src kernel.Source) error {
	out := p.dest.op.Shape
	m := out.Elems(rows) / out.Last()
	g := kernel.Gemm{
		M: m, W: p.w, C: p.dest.f32(rows), Bias: p.bias.f32(rows), Activation: p.act, Residual: p.residual.f32(rows),
	}
	if src != nil {
		g.Source = src
	} else {
		g.A = p.x.f32(rows)
	}
	if !p.rowBias.absent() {
		g.RowBias = p.rowBias.f32(rows)
		g.RowsPerImage = m / (graph.Shape{out[0]}).Elems(rows)
	}
	return p.d.exec.Gemm(&g)
}

func emitLinear(c *compiler, in graph.Instr) (step, error) {
	p, err := c.product(in, in.Op.(graph.Linear).Act)
	if err != nil {
		return nil, err
	}
	return func(rows int) error { return p.run(rows, nil) }, nil
}

func emitConv2D(c *compiler, in graph.Instr) (step, error) {
	op := in.Op.(graph.Conv2D)
	p, err := c.product(in, op.Act)
	if err != nil {
		return nil, err
	}
	x, w := in.In[graph.InX].Shape, in.In[graph.InW].Shape
	if w[1] == 1 && w[2] == 1 && op.Stride == 1 && op.Pad == (graph.Padding{}) && op.Upsampling() == 1 {
		return func(rows int) error { return p.run(rows, nil) }, nil
	}
	src := &patches{
		height: x[1], width: x[2], channels: x[3], kernelW: w[2], outH: in.Out.Shape[1], outW: in.Out.Shape[2],
		stride: op.Stride, top: op.Pad.Top, left: op.Pad.Left, up: op.Upsampling(),
	}
	return func(rows int) error {
		src.x = p.x.f32(rows)
		return p.run(rows, src)
	}, nil
}

// patches is the left matrix of a convolution as a product: row m holds the pixels under the kernel at output pixel m,
// in the weights' order. It is never stored; workers fill the block they need.
type patches struct {
	x                       []float32 // [N][height][width][channels]
	height, width, channels int
	kernelW, outH, outW     int
	stride, top, left, up   int
}

func (p *patches) Fill(dst []float32, stride, row, rows, col, cols int) {
	ox := row % p.outW
	oy := row / p.outW % p.outH
	image := row / p.outW / p.outH
	for i := range rows {
		p.fillRow(dst[i*stride:][:cols], image, oy, ox, col)
		if ox++; ox == p.outW {
			ox = 0
			if oy++; oy == p.outH {
				oy = 0
				image++
			}
		}
	}
}

// fillRow writes columns col and on of one patch.
func (p *patches) fillRow(dst []float32, image, oy, ox, col int) {
	tap, c := col/p.channels, col%p.channels
	ky, kx := tap/p.kernelW, tap%p.kernelW
	for len(dst) > 0 {
		// Neighbouring pixels of a kernel row are neighbours in memory too, unless upsampling repeats them.
		y, x := oy*p.stride+ky-p.top, ox*p.stride+kx-p.left
		taps := 1
		if p.up == 1 && x >= 0 {
			taps = max(1, min(p.kernelW-kx, p.width-x))
		}
		n := min(taps*p.channels-c, len(dst))
		if y < 0 || y >= p.height*p.up || x < 0 || x >= p.width*p.up {
			clear(dst[:n])
		} else {
			at := ((image*p.height+y/p.up)*p.width+x/p.up)*p.channels + c
			copy(dst[:n], p.x[at:at+n])
		}
		dst = dst[n:]
		c = 0
		if kx += taps; kx == p.kernelW {
			kx, ky = 0, ky+1
		}
	}
}

package cpu

import (
	"github.com/counterpoint/counterpoint/engine/graph"
)

func init() {
	register(graph.Activate{}, emitActivate)
	register(graph.Affine{}, emitAffine)
	register(graph.Add{}, emitAdd)
	register(graph.GEGLU{}, emitGEGLU)
}

// emitMap prepares an operator that maps each element by itself.
func emitMap(c *compiler, in graph.Instr, fn func(dst, x []float32)) (step, error) {
	r, err := c.refs(in.In[0], in.Out)
	if err != nil {
		return nil, err
	}
	d, x, dest := c.Device, r[0], r[1]
	return func(rows int) error {
		src, dst := x.f32(rows), dest.f32(rows)
		d.spread(len(dst), grain, func(_, first, end int) { fn(dst[first:end], src[first:end]) })
		return nil
	}, nil
}

func emitActivate(c *compiler, in graph.Instr) (step, error) {
	act := activations[in.Op.(graph.Activate).Act]
	return emitMap(c, in, func(dst, x []float32) { c.kernels.Activate(act, dst, x) })
}

func emitAffine(c *compiler, in graph.Instr) (step, error) {
	op := in.Op.(graph.Affine)
	return emitMap(c, in, func(dst, x []float32) {
		for i, v := range x {
			dst[i] = float32(v*op.Mul) + op.Add
		}
	})
}

// emitAdd adds y to x, y repeating along the dimensions where it is 1.
func emitAdd(c *compiler, in graph.Instr) (step, error) {
	r, err := c.refs(in.In[0], in.In[1], in.Out)
	if err != nil {
		return nil, err
	}
	d, x, y, dest := c.Device, r[0], r[1], r[2]
	xs, ys := in.In[0].Shape, in.In[1].Shape
	channels := xs.Last()
	return func(rows int) error {
		a, b, dst := x.f32(rows), y.f32(rows), dest.f32(rows)
		if len(a) == len(b) {
			d.spread(len(dst), grain, func(_, first, end int) { d.kernels.Add(dst[first:end], a[first:end], b[first:end]) })
			return nil
		}
		strides := broadcastStrides(xs, ys, rows)
		d.spread(len(dst)/channels, max(1, grain/channels), func(_, first, end int) {
			for row := first; row < end; row++ {
				out, in := dst[row*channels:][:channels], a[row*channels:][:channels]
				at := strides.offset(row)
				if ys.Last() == 1 {
					for i, v := range in {
						out[i] = v + b[at]
					}
					continue
				}
				d.kernels.Add(out, in, b[at:at+channels])
			}
		})
		return nil
	}, nil
}

// broadcast tells where y's element for a position of x lies: for each dimension of x but the innermost, from the inside
// out, its size and y's stride along it, 0 where y repeats.
type broadcast []struct{ size, stride int }

func broadcastStrides(x, y graph.Shape, rows int) broadcast {
	b := make(broadcast, 0, len(x)-1)
	stride := y.Last()
	for i := len(x) - 2; i >= 0; i-- {
		j := i - (len(x) - len(y))
		e := struct{ size, stride int }{size: x[i : i+1].Elems(rows)}
		if j >= 0 {
			n := y[j : j+1].Elems(rows)
			if n > 1 {
				e.stride = stride
			}
			stride *= n
		}
		b = append(b, e)
	}
	return b
}

func (b broadcast) offset(row int) int {
	at := 0
	for _, e := range b {
		at += row % e.size * e.stride
		row /= e.size
	}
	return at
}

func emitGEGLU(c *compiler, in graph.Instr) (step, error) {
	r, err := c.refs(in.In[0], in.Out)
	if err != nil {
		return nil, err
	}
	d, x, dest := c.Device, r[0], r[1]
	channels := in.Out.Shape.Last()
	gelu := activations[graph.GELU]
	return func(rows int) error {
		src, dst := x.f32(rows), dest.f32(rows)
		d.spread(len(dst)/channels, max(1, grain/channels), func(_, first, end int) {
			for row := first; row < end; row++ {
				out, in := dst[row*channels:][:channels], src[row*2*channels:][:2*channels]
				d.kernels.Activate(gelu, out, in[channels:])
				d.kernels.Mul(out, out, in[:channels])
			}
		})
		return nil
	}, nil
}

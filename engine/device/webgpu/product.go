package webgpu

import (
	"github.com/counterpoint/counterpoint/engine/graph"
	"github.com/counterpoint/counterpoint/shaders"
)

func init() {
	register(graph.Conv2D{}, emitConv2D)
	register(graph.Linear{}, emitLinear)
}

func emitConv2D(c *compiler, in graph.Instr) error {
	op := in.Op.(graph.Conv2D)
	x, w, y := in.In[graph.InX].Shape, in.In[graph.InW].Shape, in.Out.Shape
	return c.product("conv2d", in, op.Act, params{"width": y[2], "kernel": w[2], "xHeight": x[1], "xWidth": x[2],
		"stride": op.Stride, "up": op.Upsampling(), "top": op.Pad.Top, "left": op.Pad.Left})
}

func emitLinear(c *compiler, in graph.Instr) error {
	return c.product("linear", in, in.Op.(graph.Linear).Act, params{})
}

// product appends the dispatch of a shader around product.wgsl; p are the parameters that only that shader has.
func (c *compiler) product(shader string, in graph.Instr, act graph.Activation, p params) error {
	o, err := c.dense(in.In[graph.InX], input(in, graph.InBias), input(in, graph.InRowBias), input(in, graph.InResidual), in.Out)
	if err != nil {
		return err
	}
	w := in.In[graph.InW]
	weights, scales := c.weight(w)
	images, size := imageParams(in.Out.Shape)
	outputs, channels := w.Shape[0], w.Shape.Last()
	positions := size / outputs
	p["images"], p["positions"], p["outputs"], p["channels"] = images, positions, outputs, channels
	p["taps"], p["quads"], p["group"] = w.Shape[1:].Elems(1)/channels, (channels+3)/4, max(w.Encoding.Group/4, 1)

	t := c.device.tiling.tile(in.Out.Shape[:1].Elems(c.program.MaxRows)*positions, outputs, w.Shape[1:].Elems(1))
	v := t.variant(w.Encoding, channels)
	v[shaders.Encoding], v[shaders.Quantized] = int(w.Encoding.Kind), flag(w.Encoding.Quantized())
	v[shaders.Act], v[shaders.Quads], v["X_QUADS"] = int(act), flag(inQuads(outputs)), flag(inQuads(channels))
	v["BIAS"], v["ROW"], v["RESIDUAL"] = flag(o[1] != operand{}), flag(o[2] != operand{}), flag(o[3] != operand{})
	if t.Shared {
		v[shaders.F16] = flag(c.device.half())
	}
	rows := in.Out.Shape[:1]
	return c.dispatch(shader, v, p,
		buffers{"x": o[0], "weights": weights, "scales": scales, "bias": o[1], "row": o[2], "residual": o[3], "y": o[4]},
		func(n int) (x, y, z uint32) {
			down, across := t.workgroups(rows.Elems(n)*positions, outputs)
			x, z = c.device.grid(down, 1)
			return x, uint32(across), z
		})
}

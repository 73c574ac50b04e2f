package webgpu

import (
	"github.com/counterpoint/counterpoint/engine/graph"
)

func init() {
	register(graph.Concat{}, emitConcat)
	register(graph.Slice{}, emitSlice)
	register(graph.Upsample{}, emitUpsample)
	register(graph.PixelShuffle{}, emitPixelShuffle)
}

func emitConcat(c *compiler, in graph.Instr) error {
	o, err := c.dense(in.In[0], in.In[1], in.Out)
	if err != nil {
		return err
	}
	a, b := in.In[0].Shape.Last(), in.In[1].Shape.Last()
	q := inQuads(a, b)
	return c.copy(copying{shader: "concat", out: in.Out.Shape, run: a + b, quads: q,
		params: params{"split": quarter(a, q)}, buffers: buffers{"a": o[0], "b": o[1], "y": o[2]}})
}

func emitSlice(c *compiler, in graph.Instr) error {
	o, err := c.dense(in.In[0], in.Out)
	if err != nil {
		return err
	}
	from, to := in.In[0].Shape.Last(), in.Out.Shape.Last()
	q := inQuads(from, to)
	return c.copy(copying{shader: "slice", out: in.Out.Shape, run: to, quads: q,
		params: params{"stride": quarter(from, q)}, buffers: buffers{"x": o[0], "y": o[1]}})
}

func emitUpsample(c *compiler, in graph.Instr) error {
	o, err := c.dense(in.In[0], in.Out)
	if err != nil {
		return err
	}
	x, y := in.In[0].Shape, in.Out.Shape
	return c.copy(copying{shader: "upsample", out: y, run: y.Last(), quads: inQuads(y.Last()),
		params:  params{"fromH": x[1], "fromW": x[2], "toH": y[1], "toW": y[2]},
		buffers: buffers{"x": o[0], "y": o[1]}})
}

func emitPixelShuffle(c *compiler, in graph.Instr) error {
	o, err := c.dense(in.In[0], in.Out)
	if err != nil {
		return err
	}
	y := in.Out.Shape
	return c.copy(copying{shader: "pixelshuffle", out: y, run: y.Last(),
		params:  params{"width": y[2], "block": in.Op.(graph.PixelShuffle).Block},
		buffers: buffers{"x": o[0], "y": o[1]}})
}

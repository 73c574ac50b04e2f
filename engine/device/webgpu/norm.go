package webgpu

import (
	"github.com/counterpoint/counterpoint/engine/graph"
	"github.com/counterpoint/counterpoint/shaders"
)

func init() {
	register(graph.GroupNorm{}, emitGroupNorm)
	register(graph.LayerNorm{}, emitLayerNorm)
}

// emitGroupNorm norms small groups by a workgroup each. Large ones take three steps, the first and the last with as many
// invocations as there is work for: moments of pieces, their merging, and the norm.
func emitGroupNorm(c *compiler, in graph.Instr) error {
	op := in.Op.(graph.GroupNorm)
	o, err := c.dense(in.In[0], in.In[1], in.In[2], in.Out)
	if err != nil {
		return err
	}
	x, gamma, beta, y := o[0], o[1], o[2], o[3]
	shape, sizes := in.Out.Shape, c.device.sizes
	images, size := imageParams(shape)
	channels := shape.Last()
	width, positions := channels/op.Groups, size/channels
	q := inQuads(width)
	p := params{"images": images, "positions": positions, "channels": quarter(channels, q), "width": quarter(width, q)}
	groups := func(rows int) (x, y, z uint32) { return uint32(op.Groups), uint32(shape[:1].Elems(rows)), 1 }
	norm := shaders.Variant{shaders.Workgroup: sizes.groupNorm, shaders.Quads: flag(q), shaders.Act: int(op.Act), shaders.Subgroups: c.subgroups()}

	if positions*width <= sizes.fusedGroup {
		delete(p, "images")
		p["eps"] = op.Eps
		return c.dispatch("groupnorm", norm, p, buffers{"x": x, "gamma": gamma, "beta": beta, "y": y}, groups)
	}
	pieces := (positions + sizes.piece - 1) / sizes.piece
	most := shape[:1].Elems(c.program.MaxRows)
	parts, err := c.memory(most * pieces * quarter(channels, q) * 3)
	if err != nil {
		return err
	}
	norms, err := c.memory(most * op.Groups * 2)
	if err != nil {
		return err
	}
	p["pieces"], p["piece"] = pieces, sizes.piece
	flat := shaders.Variant{shaders.Workgroup: elementWorkgroup, shaders.Quads: flag(q)}
	err = c.dispatch("groupnorm_pieces", flat, p, buffers{"x": x, "parts": parts},
		c.flat(graph.Shape{shape[0], pieces, quarter(channels, q)}, 1, elementWorkgroup))
	if err != nil {
		return err
	}
	err = c.dispatch("groupnorm_merge", shaders.Variant{shaders.Workgroup: sizes.groupNorm, shaders.Subgroups: c.subgroups()},
		params{"parts": pieces * quarter(width, q), "eps": op.Eps}, buffers{"parts": parts, "norms": norms}, groups)
	if err != nil {
		return err
	}
	return c.dispatch("groupnorm_apply", shaders.Variant{shaders.Workgroup: elementWorkgroup, shaders.Quads: flag(q), shaders.Act: int(op.Act)},
		params{"images": images, "size": quarter(size, q), "channels": quarter(channels, q), "width": quarter(width, q)},
		buffers{"x": x, "norms": norms, "gamma": gamma, "beta": beta, "y": y},
		c.flat(graph.Shape{shape[0], quarter(size, q)}, 1, elementWorkgroup))
}

func emitLayerNorm(c *compiler, in graph.Instr) error {
	op := in.Op.(graph.LayerNorm)
	o, err := c.dense(in.In[0], in.In[1], in.In[2], in.Out)
	if err != nil {
		return err
	}
	shape, sizes := rowsOf(in.Out.Shape), c.device.sizes
	images, size := imageParams(shape)
	channels := shape.Last()
	q := inQuads(channels)
	v := shaders.Variant{shaders.Workgroup: sizes.tokenNorm, shaders.Quads: flag(q), "TOGETHER": flag(sizes.tokenTogether)}
	together := sizes.tokenNorm
	if sizes.tokenTogether {
		v[shaders.Subgroups] = c.subgroups()
		together = 1
	}
	return c.dispatch("layernorm", v, params{"images": images, "tokens": size / channels, "channels": quarter(channels, q), "eps": op.Eps},
		buffers{"x": o[0], "gamma": o[1], "beta": o[2], "y": o[3]},
		c.flat(graph.Shape{shape[0], size / channels}, 1, together))
}

// subgroups is the value of shaders.Subgroups for this adapter.
func (c *compiler) subgroups() int { return flag(c.device.adapter.Subgroups) }

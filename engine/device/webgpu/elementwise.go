package webgpu

import (
	"github.com/counterpoint/counterpoint/engine/graph"
	"github.com/counterpoint/counterpoint/shaders"
)

func init() {
	register(graph.Activate{}, emitActivate)
	register(graph.Affine{}, emitAffine)
}

// elementWorkgroup is the invocations of a workgroup of operators that do little for each element.
const elementWorkgroup = 64

func emitActivate(c *compiler, in graph.Instr) error {
	images, size := imageParams(in.Out.Shape)
	return c.dispatch("activate", shaders.Variant{shaders.Workgroup: elementWorkgroup, shaders.Act: int(in.Op.(graph.Activate).Act)},
		params{"images": images, "size": size},
		buffers{"x": c.operand(in.In[0]), "y": c.operand(in.Out)},
		c.flat(in.Out.Shape, 1, elementWorkgroup))
}

func emitAffine(c *compiler, in graph.Instr) error {
	op := in.Op.(graph.Affine)
	images, size := imageParams(in.Out.Shape)
	return c.dispatch("affine", shaders.Variant{shaders.Workgroup: elementWorkgroup},
		params{"images": images, "size": size, "mul": op.Mul, "add": op.Add},
		buffers{"x": c.operand(in.In[0]), "y": c.operand(in.Out)},
		c.flat(in.Out.Shape, 1, elementWorkgroup))
}

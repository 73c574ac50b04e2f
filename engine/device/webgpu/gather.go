package webgpu

import (
	"fmt"

	"github.com/counterpoint/counterpoint/engine/graph"
	"github.com/counterpoint/counterpoint/shaders"
)

func init() {
	register(graph.GatherRows{}, emitGatherRows)
	register(graph.GatherTokens{}, emitGatherTokens)
	register(graph.Embedding{}, emitEmbedding)
}

func emitGatherRows(c *compiler, in graph.Instr) error {
	o, err := c.dense(in.In[0], in.In[1], in.Out)
	if err != nil {
		return err
	}
	rows, size := imageParams(in.In[0].Shape)
	return c.copy(copying{shader: "gatherrows", out: in.Out.Shape, run: size, quads: inQuads(size),
		params: params{"rows": rows}, buffers: buffers{"x": o[0], "index": o[1], "y": o[2]}})
}

func emitGatherTokens(c *compiler, in graph.Instr) error {
	o, err := c.dense(in.In[0], in.In[1], in.Out)
	if err != nil {
		return err
	}
	x := in.In[0].Shape
	return c.copy(copying{shader: "gathertokens", out: in.Out.Shape, run: x[2], quads: inQuads(x[2]),
		params: params{"tokens": x[1]}, buffers: buffers{"x": o[0], "index": o[1], "y": o[2]}})
}

func emitEmbedding(c *compiler, in graph.Instr) error {
	o, err := c.dense(in.In[0], in.Out)
	if err != nil {
		return err
	}
	table := in.In[1].Shape
	k := copying{shader: "embedding", out: in.Out.Shape, run: table[1], quads: inQuads(table[1]),
		params: params{"rows": table[0]}, buffers: buffers{"ids": o[0], "y": o[1]}}
	if err := c.table(&k, in.In[1]); err != nil {
		return err
	}
	return c.copy(k)
}

// table adds what weights.wgsl has to know to read a float weight quad by quad.
func (c *compiler) table(k *copying, w graph.Operand) error {
	if w.Encoding.Quantized() {
		return fmt.Errorf("weight %s: %v where a float encoding is needed", c.program.Weights[w.Index].Name, w.Encoding)
	}
	if k.variant == nil {
		k.variant = shaders.Variant{}
	}
	k.variant[shaders.Encoding] = int(w.Encoding.Kind)
	k.params["quads"] = (w.Shape.Last() + 3) / 4
	k.buffers["weights"], _ = c.weight(w)
	return nil
}

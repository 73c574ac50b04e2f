package webgpu

import (
	"math"

	"github.com/counterpoint/counterpoint/engine/graph"
	"github.com/counterpoint/counterpoint/shaders"
)

func init() { register(graph.Attention{}, emitAttention) }

// attentionUnrolled bounds the quads of keys in a block: the shader spells each out, and compilers need time for that.
const attentionUnrolled = 64

func emitAttention(c *compiler, in graph.Instr) error {
	op := in.Op.(graph.Attention)
	o, err := c.dense(in.In[0], in.In[1], in.In[2], input(in, 3), in.Out)
	if err != nil {
		return err
	}
	shape, keys, sizes := in.Out.Shape, in.In[1].Shape, c.device.sizes
	queries, channels := shape[1], shape[2]
	head := channels / op.Heads
	quads := (head + 3) / 4
	each, block := 1, sizes.attentionBlock
	for block > 2 && block*quads > attentionUnrolled {
		block /= 2
	}
	tile := block
	for 2*each*quads <= sizes.attentionState && 2*each*sizes.attention <= queries {
		each *= 2
	}
	if sizes.attentionShared {
		const row = 2 * 4 * 4 // bytes that a quad of a key and of its value take
		for 2*tile <= sizes.attentionTile && 2*tile*quads*row <= sizes.attentionMemory {
			tile *= 2
		}
	}
	index := o[3]
	rows, _ := imageParams(keys)
	return c.dispatch("attention",
		shaders.Variant{
			shaders.Workgroup: sizes.attention, "HEAD": head, "HEAD_QUADS": quads, "HEAD_TAIL": head % 4, "QUERIES": each, "TILE": tile,
			"BLOCK": block, "INDEXED": flag(index != operand{}), "CAUSAL": flag(op.Causal), "SHARED": flag(sizes.attentionShared),
		},
		params{"rows": rows, "queries": queries, "keys": keys[1], "channels": channels,
			"scale": float32(math.Log2E / math.Sqrt(float64(head)))},
		buffers{"q": o[0], "k": o[1], "v": o[2], "index": index, "y": o[4]},
		func(rows int) (x, y, z uint32) {
			x, _ = c.device.grid(queries, sizes.attention*each)
			return x, uint32(op.Heads), uint32(shape[:1].Elems(rows))
		})
}

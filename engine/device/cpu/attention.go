package cpu

import (
	"github.com/counterpoint/counterpoint/engine/device/cpu/kernel"
	"github.com/counterpoint/counterpoint/engine/graph"
)

func init() { register(graph.Attention{}, emitAttention) }

func emitAttention(c *compiler, in graph.Instr) (step, error) {
	op := in.Op.(graph.Attention)
	var index graph.Operand
	if len(in.In) > 3 {
		index = in.In[3]
	}
	r, err := c.refs(in.In[0], in.In[1], in.In[2], index, in.Out)
	if err != nil {
		return nil, err
	}
	d, q, k, v, kv, dest := c.Device, r[0], r[1], r[2], r[3], r[4]
	out, keys := in.Out.Shape, in.In[1].Shape
	var which []int
	if !kv.absent() {
		which = make([]int, (graph.Shape{out[0]}).Elems(c.exe.program.MaxRows))
	}
	return func(rows int) error {
		n := (graph.Shape{out[0]}).Elems(rows)
		a := kernel.Attention{
			Images: n, Heads: op.Heads, HeadDim: out[2] / op.Heads, Queries: out[1], Keys: keys[1],
			Q: q.f32(rows), K: k.f32(rows), V: v.f32(rows), Dst: dest.f32(rows), Causal: op.Causal,
		}
		if which != nil {
			most := (graph.Shape{keys[0]}).Elems(rows)
			for i, row := range kv.i32(rows) {
				which[i] = clampIndex(row, most)
			}
			a.KV = which[:n]
		}
		return d.exec.Attention(&a)
	}, nil
}

// clampIndex keeps an index from outside within its table, as a shader's bounds do.
func clampIndex(i int32, n int) int { return min(max(int(i), 0), n-1) }

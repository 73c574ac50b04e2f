package cpu

import (
	"github.com/counterpoint/counterpoint/engine/graph"
)

func init() {
	register(graph.Concat{}, emitConcat)
	register(graph.Slice{}, emitSlice)
	register(graph.Upsample{}, emitUpsample)
	register(graph.PixelShuffle{}, emitPixelShuffle)
	register(graph.GatherRows{}, emitGatherRows)
	register(graph.GatherTokens{}, emitGatherTokens)
	register(graph.Embedding{}, emitEmbedding)
}

// emitCopy prepares an operator that writes each position of its output, the channels of one pixel or token, from its
// inputs. copyTo gets the output's channels, the position's number and the inputs' elements.
func emitCopy(c *compiler, in graph.Instr, copyTo func(dst []float32, position int, src [][]float32)) (step, error) {
	r, err := c.refs(append([]graph.Operand{in.Out}, in.In...)...)
	if err != nil {
		return nil, err
	}
	d, channels := c.Device, in.Out.Shape.Last()
	src := make([][]float32, len(in.In))
	return func(rows int) error {
		dst := r[0].f32(rows)
		for i := range src {
			src[i] = r[i+1].f32(rows)
		}
		d.spread(len(dst)/channels, max(1, grain/channels), func(_, first, end int) {
			for p := first; p < end; p++ {
				copyTo(dst[p*channels:][:channels], p, src)
			}
		})
		return nil
	}, nil
}

func emitConcat(c *compiler, in graph.Instr) (step, error) {
	a, b := in.In[0].Shape.Last(), in.In[1].Shape.Last()
	return emitCopy(c, in, func(dst []float32, p int, src [][]float32) {
		copy(dst[:a], src[0][p*a:])
		copy(dst[a:], src[1][p*b:])
	})
}

func emitSlice(c *compiler, in graph.Instr) (step, error) {
	channels := in.In[0].Shape.Last()
	return emitCopy(c, in, func(dst []float32, p int, src [][]float32) { copy(dst, src[0][p*channels:]) })
}

func emitUpsample(c *compiler, in graph.Instr) (step, error) {
	x, out := in.In[0].Shape, in.Out.Shape
	h, w, channels := x[1], x[2], x[3]
	return emitCopy(c, in, func(dst []float32, p int, src [][]float32) {
		ox, oy, row := p%out[2], p/out[2]%out[1], p/out[2]/out[1]
		copy(dst, src[0][((row*h+oy*h/out[1])*w+ox*w/out[2])*channels:])
	})
}

func emitPixelShuffle(c *compiler, in graph.Instr) (step, error) {
	block := in.Op.(graph.PixelShuffle).Block
	x, out := in.In[0].Shape, in.Out.Shape
	h, w, channels := x[1], x[2], x[3]
	return emitCopy(c, in, func(dst []float32, p int, src [][]float32) {
		ox, oy, row := p%out[2], p/out[2]%out[1], p/out[2]/out[1]
		pixel := src[0][((row*h+oy/block)*w+ox/block)*channels:][:channels]
		at := oy%block*block + ox%block
		for i := range dst {
			dst[i] = pixel[i*block*block+at]
		}
	})
}

func emitGatherRows(c *compiler, in graph.Instr) (step, error) {
	x, out := in.In[0].Shape, in.Out.Shape
	channels := out.Last()
	positions := out[1:].Elems(1) / channels
	return emitCopy(c, in, func(dst []float32, p int, src [][]float32) {
		table := len(src[0]) / (positions * channels)
		row := clampIndex(asInts(src[1])[p/positions], table)
		copy(dst, src[0][(row*positions+p%positions)*x.Last():])
	})
}

func emitGatherTokens(c *compiler, in graph.Instr) (step, error) {
	tokens, channels := in.In[0].Shape[1], in.Out.Shape.Last()
	return emitCopy(c, in, func(dst []float32, p int, src [][]float32) {
		token := clampIndex(asInts(src[1])[p], tokens)
		copy(dst, src[0][(p*tokens+token)*channels:])
	})
}

// emitEmbedding reads the table as it is stored, since only a few of its rows are ever looked up.
func emitEmbedding(c *compiler, in graph.Instr) (step, error) {
	table, most := in.In[1], in.In[1].Shape[0]
	if table.Encoding.Kind != graph.EncF16 {
		return emitCopy(c, in, func(dst []float32, p int, src [][]float32) {
			id := clampIndex(asInts(src[0])[p], most)
			copy(dst, src[1][id*len(dst):])
		})
	}
	e, err := c.weights.read(c.exe.program.Weights[table.Index], rows16)
	if err != nil {
		return nil, err
	}
	r, err := c.refs(in.In[0], in.Out)
	if err != nil {
		return nil, err
	}
	channels := in.Out.Shape.Last()
	return func(rows int) error {
		dst := r[1].f32(rows)
		for p, id := range r[0].i32(rows) {
			row := e.Data[2*clampIndex(id, most)*channels:][:2*channels]
			c.kernels.ExpandHalf(dst[p*channels:][:channels], row)
		}
		return nil
	}, nil
}

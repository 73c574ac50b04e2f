package cpu

import (
	"math"

	"github.com/counterpoint/counterpoint/engine/graph"
)

func init() {
	register(graph.GroupNorm{}, emitGroupNorm)
	register(graph.LayerNorm{}, emitLayerNorm)
}

// emitGroupNorm makes two passes: the sums of each channel over pieces of a row's positions, then one multiplication and
// addition a value with what the groups' sums say.
func emitGroupNorm(c *compiler, in graph.Instr) (step, error) {
	op := in.Op.(graph.GroupNorm)
	r, err := c.refs(in.In[0], in.In[1], in.In[2], in.Out)
	if err != nil {
		return nil, err
	}
	d, x, gamma, beta, dest := c.Device, r[0], r[1], r[2], r[3]
	channels := in.Out.Shape.Last()
	positions := in.Out.Shape[1:].Elems(1) / channels
	piece := max(1, grain/channels)
	pieces := (positions + piece - 1) / piece
	maxRows := (graph.Shape{in.Out.Shape[0]}).Elems(c.exe.program.MaxRows)
	sums := make([]float64, maxRows*pieces*2*channels)
	affine := make([]float32, maxRows*2*channels)

	return func(rows int) error {
		n := (graph.Shape{in.Out.Shape[0]}).Elems(rows)
		src, dst := x.f32(rows), dest.f32(rows)
		d.spread(n*pieces, 1, func(_, task, _ int) {
			row, first := task/pieces, task%pieces*piece
			count := min(piece, positions-first)
			s := sums[task*2*channels:][:2*channels]
			d.kernels.ColumnMoments(s[:channels], s[channels:], src[(row*positions+first)*channels:], channels, count)
		})
		for row := range n {
			groupAffine(affine[row*2*channels:][:2*channels], sums[row*pieces*2*channels:][:pieces*2*channels],
				op.Groups, positions, op.Eps, gamma.f32(rows), beta.f32(rows))
		}
		d.spread(n*pieces, 1, func(_, task, _ int) {
			row, first := task/pieces, task%pieces*piece
			a := affine[row*2*channels:][:2*channels]
			lo := (row*positions + first) * channels
			hi := lo + min(piece, positions-first)*channels
			for i := lo; i < hi; i += channels {
				d.kernels.ScaleShift(dst[i:i+channels], src[i:i+channels], a[:channels], a[channels:])
			}
			if op.Act != graph.Identity {
				d.kernels.Activate(activations[op.Act], dst[lo:hi], dst[lo:hi])
			}
		})
		return nil
	}, nil
}

// groupAffine turns the sums of one row, pieces of [sum of each channel, sum of squares of each channel], into the scale and
// the shift of each channel, affine[:C] and affine[C:].
func groupAffine(affine []float32, sums []float64, groups, positions int, eps float32, gamma, beta []float32) {
	channels := len(gamma)
	width := channels / groups
	for g := range groups {
		var sum, squares float64
		for at := 0; at < len(sums); at += 2 * channels {
			for c := g * width; c < (g+1)*width; c++ {
				sum += sums[at+c]
				squares += sums[at+channels+c]
			}
		}
		count := float64(positions * width)
		mean := sum / count
		rstd := 1 / math.Sqrt(max(squares/count-mean*mean, 0)+float64(eps))
		for c := g * width; c < (g+1)*width; c++ {
			scale := rstd * float64(gamma[c])
			affine[c] = float32(scale)
			affine[channels+c] = float32(float64(beta[c]) - mean*scale)
		}
	}
}

func emitLayerNorm(c *compiler, in graph.Instr) (step, error) {
	op := in.Op.(graph.LayerNorm)
	r, err := c.refs(in.In[0], in.In[1], in.In[2], in.Out)
	if err != nil {
		return nil, err
	}
	d, x, gamma, beta, dest := c.Device, r[0], r[1], r[2], r[3]
	channels := in.Out.Shape.Last()
	return func(rows int) error {
		src, dst := x.f32(rows), dest.f32(rows)
		g, b := gamma.f32(rows), beta.f32(rows)
		d.spread(len(src)/channels, max(1, grain/channels), func(_, first, end int) {
			for i := first * channels; i < end*channels; i += channels {
				row := src[i : i+channels]
				sum, squares := d.kernels.Moments(row)
				mean := sum / float64(channels)
				rstd := 1 / math.Sqrt(max(squares/float64(channels)-mean*mean, 0)+float64(op.Eps))
				d.kernels.Normalize(dst[i:i+channels], row, float32(mean), float32(rstd), g, b)
			}
		})
		return nil
	}, nil
}

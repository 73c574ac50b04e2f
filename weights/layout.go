package weights

// Layout is the shape of a tensor as this format stores it: Out rows, each
// Kernel runs of In contiguous elements. Quantization groups divide runs.
//
//	rank 4 (a convolution, [O, I, kh, kw] in PyTorch)  O rows of kh·kw runs of I: OHWI order
//	rank 2 (a linear layer or an embedding, [O, I])    O rows of one run of I
//	rank 1 (a bias, a norm's scale, [N])               N rows of one run of 1
//	other ranks ([N, …])                               N rows of one run of the rest, in PyTorch's order
//	rank 0                                             one row of one run of 1
type Layout struct {
	Out, Kernel, In int
}

// LayoutOf gives the layout of a tensor of the given PyTorch shape, whose
// dimensions must be positive and have a product that fits an int.
func LayoutOf(shape []int) Layout {
	switch len(shape) {
	case 0:
		return Layout{1, 1, 1}
	case 4:
		return Layout{shape[0], shape[2] * shape[3], shape[1]}
	}
	in := 1
	for _, d := range shape[1:] {
		in *= d
	}
	return Layout{shape[0], 1, in}
}

// Row is the number of elements of one row.
func (l Layout) Row() int { return l.Kernel * l.In }

// Len is the number of elements of the tensor.
func (l Layout) Len() int { return l.Out * l.Row() }

// Groups is the number of groups, and of scales, of one run; the last group of
// a run may be shorter than the others.
func (l Layout) Groups(group int) int { return (l.In + group - 1) / group }

// RowBytes gives the bytes of one row in the data and in the scale plane.
func (l Layout) RowBytes(e Encoding, group int) (data, scales int64) {
	data = int64(l.Kernel) * e.runBytes(int64(l.In))
	if e.Quantized() {
		scales = int64(l.Kernel) * int64(l.Groups(group)) * 2
	}
	return data, scales
}

// toStored reorders one row of PyTorch's order ([I, kh·kw] for a convolution)
// into stored order ([kh·kw, I]).
func (l Layout) toStored(dst, src []float32) { transpose(dst, src, l.In, l.Kernel) }

// toTorch is the inverse of toStored.
func (l Layout) toTorch(dst, src []float32) { transpose(dst, src, l.Kernel, l.In) }

// transpose writes the rows×cols matrix src to dst as cols×rows.
func transpose(dst, src []float32, rows, cols int) {
	if rows == 1 || cols == 1 {
		copy(dst, src)
		return
	}
	for r := range rows {
		for c := range cols {
			dst[c*rows+r] = src[r*cols+c]
		}
	}
}

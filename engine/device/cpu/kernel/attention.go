package kernel

import (
	"fmt"
	"math"
)

// Attention is softmax(Scale·Q·Kᵀ)·V for each head of each image. Tensors hold one token a
// row with the heads side by side, [images][tokens][stride], so Q, K and V may be parts of one
// wider matrix. A zero stride means Heads·HeadDim. Dst may be Q itself, but must not overlap
// K or V.
//
// It never stores more than a few rows of scores: blocks of keys are folded in one after the
// other with a running maximum and sum (Milakov and Gimelshein, arXiv 1805.02867; Dao et al.,
// arXiv 2205.14135).
type Attention struct {
	Images, Heads, HeadDim int
	Queries, Keys          int // tokens an image

	Q, K, V, Dst                         []float32
	QStride, KStride, VStride, DstStride int

	// KV tells which image of K and V each image of Q reads, if not its own: contexts
	// are computed once a prompt and shared by rows.
	KV []int

	Scale  float32 // 1/√HeadDim if zero
	Causal bool    // query i sees keys up to i + Keys - Queries only
}

const (
	maxBlockKeys    = 256
	maxBlockQueries = 128
	maxExtent       = 1 << 20 // of each dimension, so that products of two fit an int
)

// attentionPlan is an attention in progress: a task is one block of queries of one head.
type attentionPlan struct {
	Attention
	queries, keys int // of a block
	blocks        int // of queries, a head
}

// Attention computes one attention.
func (e *Executor) Attention(a *Attention) error {
	defer func() { e.attention = attentionPlan{} }() // holds no caller's memory
	p := &e.attention
	p.Attention = *a
	if err := p.complete(); err != nil {
		return fmt.Errorf("kernel: attention: %w", err)
	}
	if p.Images == 0 || p.Queries == 0 {
		return nil
	}
	p.keys = min(p.Keys, maxBlockKeys)
	// Each task arranges the keys and values for itself, so blocks of queries are long
	// unless that leaves workers idle.
	heads := p.Images * p.Heads
	p.blocks = ceilDiv(p.Queries, maxBlockQueries)
	if workers := e.parallel.Workers(); workers > 1 && heads*p.blocks < tasksPerWorker*workers {
		p.blocks = min(ceilDiv(tasksPerWorker*workers, heads), ceilDiv(p.Queries, e.k.rows))
	}
	p.queries = roundUp(ceilDiv(p.Queries, p.blocks), e.k.rows)
	p.blocks = ceilDiv(p.Queries, p.queries)
	e.run(heads*p.blocks, e.headTask)
	return nil
}

// complete fills in what is left out and checks that every operand is long enough.
func (a *Attention) complete() error {
	least := min(a.Heads, a.HeadDim, a.Keys, a.Images+1, a.Queries+1)
	most := max(a.Heads, a.HeadDim, a.Keys, a.Images, a.Queries)
	if least < 1 || most > maxExtent {
		return fmt.Errorf("%d images of %d queries and %d keys, %d heads of %d: want positive numbers up to %d",
			a.Images, a.Queries, a.Keys, a.Heads, a.HeadDim, maxExtent)
	}
	if a.Causal && a.Queries > a.Keys {
		return fmt.Errorf("causal with %d queries and %d keys: the first queries see none", a.Queries, a.Keys)
	}
	if a.Images == 0 || a.Queries == 0 {
		return nil
	}
	images := a.Images
	if a.KV != nil {
		if len(a.KV) < a.Images {
			return fmt.Errorf("%d indices of keys and values, want %d", len(a.KV), a.Images)
		}
		images = 0
		for _, i := range a.KV[:a.Images] {
			if i < 0 || i >= maxExtent {
				return fmt.Errorf("index %d of keys and values, want 0 to %d", i, maxExtent-1)
			}
			images = max(images, i+1)
		}
	}
	width := a.Heads * a.HeadDim
	for _, m := range []struct {
		name   string
		x      []float32
		stride *int
		rows   int
	}{
		{"Q", a.Q, &a.QStride, a.Images * a.Queries},
		{"K", a.K, &a.KStride, images * a.Keys},
		{"V", a.V, &a.VStride, images * a.Keys},
		{"dst", a.Dst, &a.DstStride, a.Images * a.Queries},
	} {
		if err := checkMatrix(m.name, m.x, m.stride, m.rows, width); err != nil {
			return err
		}
	}
	if a.Scale == 0 {
		a.Scale = float32(1 / math.Sqrt(float64(a.HeadDim)))
	}
	if !(a.Scale > 0) {
		return fmt.Errorf("scale %g, want a positive number", a.Scale)
	}
	return nil
}

// runHead computes one block of queries of one head of one image.
func (e *Executor) runHead(worker, task int) {
	p, k := &e.attention, e.k
	block, head := task%p.blocks, task/p.blocks
	image, column := head/p.Heads, head%p.Heads*p.HeadDim
	source := image
	if p.KV != nil {
		source = p.KV[image]
	}
	first := block * p.queries
	rows := min(p.queries, p.Queries-first)
	d, deep := p.HeadDim, roundUp(p.HeadDim, k.width)
	lanes := roundUp(p.keys, k.width)

	s := &e.scratch[worker]
	s.reset(d*lanes, deep*p.keys, rows*lanes, rows*deep, 2*rows)
	keys, values := s.take(d*lanes), s.take(deep*p.keys)
	scores, sums := s.take(rows*lanes), s.take(rows*deep)
	state := s.take(2 * rows)
	peak, total := state[:rows], state[rows:]
	for i := range peak {
		peak[i], total[i] = float32(math.Inf(-1)), 0
	}
	q := p.Q[(image*p.Queries+first)*p.QStride+column:]
	offset := p.Keys - p.Queries // key i + offset is query i's own

	for at := 0; at < p.Keys; at += p.keys {
		if p.Causal && at > first+rows-1+offset {
			break
		}
		n := min(p.keys, p.Keys-at)
		token := source*p.Keys + at
		from := p.K[token*p.KStride+column:]
		for j := 0; j < n; j += k.width {
			width := panelWidth(n-j, k.width)
			panel := keys[j*d:][:width*d]
			if n-j < width {
				clear(panel)
			}
			k.transpose(panel, width, from[j*p.KStride:], p.KStride, min(width, n-j), d)
			k.multiply(scores[j:], lanes, q, p.QStride, panel, width, rows, d, false)
		}
		for i := range rows {
			visible := n
			if p.Causal {
				visible = max(min(n, first+i+offset+1-at), 0)
			}
			k.fold(scores[i*lanes:][:n], visible, sums[i*deep:][:d], p.Scale, &peak[i], &total[i])
		}
		from = p.V[token*p.VStride+column:]
		for j := 0; j < d; j += k.width {
			width := panelWidth(d-j, k.width)
			panel := values[j*p.keys:][:width*n]
			copyPanel(panel, width, from[j:], p.VStride, n, min(width, d-j))
			k.multiply(sums[j:], deep, scores, lanes, panel, width, rows, n, at > 0)
		}
	}
	for i := range rows {
		dst := p.Dst[(image*p.Queries+first+i)*p.DstStride+column:][:d]
		k.Scale(dst, 1/total[i], sums[i*deep:])
	}
}

// fold turns the scores of one query and a block of keys into weights relative to the
// running maximum, and scales what earlier blocks summed to the new maximum. Keys beyond the
// visible get no weight.
func (k *Kernels) fold(scores []float32, visible int, sums []float32, scale float32, peak, total *float32) {
	clear(scores[visible:])
	if visible == 0 {
		return
	}
	scores = scores[:visible]
	before := *peak
	*peak = max(before, scale*k.max(scores))
	if *total > 0 && *peak > before {
		keep := float32(exp(float64(before - *peak)))
		k.scale(sums, sums, keep)
		*total *= keep
	}
	*total += k.expSum(scores, scores, scale, -*peak)
}

// copyPanel arranges rows × cols values as a panel, zero beyond cols.
func copyPanel(panel []float32, width int, src []float32, stride, rows, cols int) {
	for t := range rows {
		row := panel[t*width:][:width]
		copy(row, src[t*stride:][:cols])
		clear(row[cols:])
	}
}

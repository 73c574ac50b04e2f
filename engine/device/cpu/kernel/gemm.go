package kernel

import "fmt"

// Source fills blocks of the left matrix of a product that is not stored as such, as the
// patches of a convolution are not: Fill sets dst[i*stride+j] = A[row+i][col+j] for
// i < rows and j < cols. Workers call it at the same time.
type Source interface {
	Fill(dst []float32, stride, row, rows, col, cols int)
}

// Gemm is one matrix product with what follows it:
//
//	C[m][n] = activation(Σ_k A[m][k]·W[n][k] + Bias[n] + RowBias[m/RowsPerImage][n]) + Residual[m][n]
//
// The matrix A is either a Source, or rows of W.K() values in A at a distance of AStride. A zero
// stride means dense rows: W.K() for A, W.N() for the others. Residual may be C itself with the
// same stride; otherwise C must not overlap what the product reads.
type Gemm struct {
	M       int    // rows of A and C
	W       *Panel // [N][K], packed for the executor's level
	A       []float32
	AStride int
	Source  Source // instead of A
	C       []float32
	CStride int

	Bias           []float32 // [N] or nil
	RowBias        []float32 // [⌈M/RowsPerImage⌉][N] or nil, such as an image's time embedding
	RowBiasStride  int
	RowsPerImage   int
	Activation     Activation
	Residual       []float32 // [M][N] or nil
	ResidualStride int
}

// Blocking. A block of A stays in the second level cache, and with it the block of C; the block
// of a panel stays in the first, or streams through it.
const (
	maxBlockDepth   = 256
	maxBlockRows    = 192
	maxBlockColumns = 384
	minTaskWork     = 1 << 18 // multiplications worth a task of their own
	tasksPerWorker  = 3       // so that a worker that is held up holds up the others less
)

// gemmPlan is a product in progress, cut into tasks of rows × panels.
type gemmPlan struct {
	Gemm
	depth       int // of a block, the last may be shorter
	rows        int // of A a task
	panels      int // of W a task
	columns     int // tasks side by side: task = row block · columns + column block
	patchStride int // of the block that Source fills
}

// Gemm computes one matrix product.
func (e *Executor) Gemm(g *Gemm) error {
	defer func() { e.gemm = gemmPlan{} }() // holds no caller's memory
	p := &e.gemm
	p.Gemm = *g
	if err := p.complete(e.k.level); err != nil {
		return fmt.Errorf("kernel: gemm: %w", err)
	}
	if p.M == 0 {
		return nil
	}
	p.cut(e.k.rows, max(e.parallel.Workers(), 1))
	e.run(ceilDiv(p.M, p.rows)*p.columns, e.gemmTask)
	return nil
}

// complete fills in strides and checks that every operand is long enough.
func (g *Gemm) complete(level Level) error {
	if g.W == nil {
		return fmt.Errorf("no weights")
	}
	n, k := g.W.n, g.W.depth
	switch {
	case g.W.level != level:
		return fmt.Errorf("weights are packed for level %s, want %s", g.W.level, level)
	case g.M < 0:
		return fmt.Errorf("%d rows", g.M)
	case g.Activation >= activations:
		return fmt.Errorf("unknown activation %d", uint8(g.Activation))
	case g.Bias != nil && len(g.Bias) < n:
		return fmt.Errorf("bias: %d values, want %d", len(g.Bias), n)
	case g.RowBias != nil && g.RowsPerImage <= 0:
		return fmt.Errorf("row bias: %d rows an image", g.RowsPerImage)
	}
	if g.M == 0 {
		return nil
	}
	if g.Source == nil {
		if err := checkMatrix("A", g.A, &g.AStride, g.M, k); err != nil {
			return err
		}
	}
	if err := checkMatrix("C", g.C, &g.CStride, g.M, n); err != nil {
		return err
	}
	if g.RowBias != nil {
		if err := checkMatrix("row bias", g.RowBias, &g.RowBiasStride, ceilDiv(g.M, g.RowsPerImage), n); err != nil {
			return err
		}
	}
	if g.Residual != nil {
		return checkMatrix("residual", g.Residual, &g.ResidualStride, g.M, n)
	}
	return nil
}

// checkMatrix sets a zero stride to cols and checks that rows × cols values are there.
func checkMatrix(name string, x []float32, stride *int, rows, cols int) error {
	if *stride == 0 {
		*stride = cols
	}
	if *stride < cols {
		return fmt.Errorf("%s: stride %d, want at least %d", name, *stride, cols)
	}
	if rows-1 > (len(x)-cols) / *stride || len(x) < cols {
		return fmt.Errorf("%s: %d values, want %d rows of %d at stride %d", name, len(x), rows, cols, *stride)
	}
	return nil
}

// cut divides a product into tasks. Only the depth of a block affects how sums round, and it
// depends on the weights' shape alone.
func (p *gemmPlan) cut(tileRows, workers int) {
	n, k := p.W.n, p.W.depth
	p.depth = roundUp(ceilDiv(k, ceilDiv(k, maxBlockDepth)), 8)
	p.patchStride = p.depth + 16 // not a multiple of a page, whose lines would share a cache set

	want := 1
	if workers > 1 {
		want = max(min(p.M*n*k/minTaskWork, tasksPerWorker*workers), 1)
	}
	// Blocks side by side fill the same rows of A again, blocks below each other expand the
	// same panels again. Among the grids with enough tasks, take the one that the busiest worker
	// is done with first; filling or expanding a value costs about as much as using it
	// four times.
	fill := 4
	if p.Source == nil {
		fill = 0
	}
	const expand = 4
	count, limit := p.W.count(), maxBlockRows/tileRows*tileRows
	first := ceilDiv(n, maxBlockColumns)
	best := -1
	for columns := first; columns <= max(first, min(count, want)); columns++ {
		panels := ceilDiv(count, columns)
		blocks := max(ceilDiv(p.M, limit), ceilDiv(want, columns))
		rows := roundUp(ceilDiv(p.M, blocks), tileRows)
		tasks := ceilDiv(p.M, rows) * ceilDiv(count, panels)
		width := panels * p.W.width
		cost := ceilDiv(tasks, workers) * (rows*width + rows*fill + width*expand)
		if best < 0 || cost < best {
			best = cost
			p.rows, p.panels, p.columns = rows, panels, ceilDiv(count, panels)
		}
	}
}

// runGemm computes one block of C.
func (e *Executor) runGemm(worker, task int) {
	p := &e.gemm
	k, w := e.k, p.W
	row := task / p.columns * p.rows
	rows := min(p.rows, p.M-row)
	first := task % p.columns * p.panels
	last := min(first+p.panels, w.count())

	stride := (last - first) * w.width
	s := &e.scratch[worker]
	patchSize := 0
	if p.Source != nil {
		patchSize = rows * p.patchStride
	}
	s.reset(patchSize, p.depth*w.width, rows*stride)
	patch, panel, c := s.take(patchSize), s.take(p.depth*w.width), s.take(rows*stride)

	for col := 0; col < w.depth; col += p.depth {
		depth := min(p.depth, w.depth-col)
		a, lda := patch, p.patchStride
		if p.Source != nil {
			p.Source.Fill(patch, lda, row, rows, col, depth)
		} else {
			a, lda = p.A[row*p.AStride+col:], p.AStride
		}
		for j := first; j < last; j++ {
			b := k.expand(panel, w, j, col, depth)
			k.multiply(c[(j-first)*w.width:], stride, a, lda, b, w.columns(j), rows, depth, col > 0)
		}
	}
	for i := range rows {
		e.finish(c[i*stride:], row+i, first*w.width, min(last*w.width, w.n))
	}
}

// multiply runs the tiles of one panel b, [depth][width], over rows of a.
func (k *Kernels) multiply(c []float32, ldc int, a []float32, lda int, b []float32, width, rows, depth int, accumulate bool) {
	tile := k.tile[0]
	if width < k.width {
		tile = k.tile[1]
	}
	for i := 0; i < rows; i += k.rows {
		r := min(k.rows, rows-i)
		tile[r-1](c[i*ldc:], ldc, a[i*lda:], lda, b, depth, accumulate)
	}
}

// finish writes columns begin to end of row m of C, from sums that it may overwrite.
func (e *Executor) finish(sums []float32, m, begin, end int) {
	p, k := &e.gemm, e.k
	sums = sums[:end-begin]
	dst := p.C[m*p.CStride+begin:][:end-begin]
	if p.Bias != nil {
		k.Add(sums, sums, p.Bias[begin:])
	}
	if p.RowBias != nil {
		k.Add(sums, sums, p.RowBias[m/p.RowsPerImage*p.RowBiasStride+begin:])
	}
	if p.Residual == nil {
		k.Activate(p.Activation, dst, sums)
		return
	}
	if p.Activation != NoActivation {
		k.Activate(p.Activation, sums, sums)
	}
	k.Add(dst, sums, p.Residual[m*p.ResidualStride+begin:])
}

package kernel

// Executor runs the blocked operators of one level on the workers of a Parallel, with
// scratch memory that it keeps between calls: once that has grown to the size of the largest
// operator, calls allocate nothing. It runs one call at a time.
type Executor struct {
	k        *Kernels
	parallel Parallel
	scratch  []scratch // a worker

	gemm      gemmPlan
	gemmTask  func(worker, task int)
	attention attentionPlan
	headTask  func(worker, task int)
}

// NewExecutor returns an executor of these kernels on the workers of p.
func (k *Kernels) NewExecutor(p Parallel) *Executor {
	e := &Executor{k: k, parallel: p, scratch: make([]scratch, max(p.Workers(), 1))}
	e.gemmTask = e.runGemm
	e.headTask = e.runHead
	return e
}

// Kernels returns the kernels that the executor runs.
func (e *Executor) Kernels() *Kernels { return e.k }

// run hands out tasks, without waking anybody for a single one.
func (e *Executor) run(tasks int, fn func(worker, task int)) {
	if tasks == 1 {
		fn(0, 0)
		return
	}
	e.parallel.Do(tasks, fn)
}

// scratch is one worker's memory, cut into arrays anew for each task.
type scratch struct {
	memory []float32
	used   int
}

// reset makes room for size values in all; alignment rounds each array up to a cache line.
func (s *scratch) reset(sizes ...int) {
	total := 0
	for _, n := range sizes {
		total += roundUp(n, 16)
	}
	if total > len(s.memory) {
		s.memory = make([]float32, total)
	}
	s.used = 0
}

// take returns the next n values, whose contents are left over.
func (s *scratch) take(n int) []float32 {
	a := s.memory[s.used:][:n:n]
	s.used += roundUp(n, 16)
	return a
}

// roundUp returns the least multiple of m that is not less than n.
func roundUp(n, m int) int { return ceilDiv(n, m) * m }

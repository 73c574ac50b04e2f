package kernel

import (
	"sync"
	"sync/atomic"
)

// Parallel runs tasks on a fixed number of workers. Do calls fn(worker, task) once for each
// task in [0, n), in any order, with at most one call at a time for each worker in
// [0, Workers()), and returns when all have returned. [Serial] and [Pool] are two.
type Parallel interface {
	Workers() int
	Do(n int, fn func(worker, task int))
}

// Serial is the Parallel of one worker, the caller.
type Serial struct{}

// Workers returns 1.
func (Serial) Workers() int { return 1 }

// Do calls fn for each task in order.
func (Serial) Do(n int, fn func(worker, task int)) {
	for i := range n {
		fn(0, i)
	}
}

// Pool is a Parallel of goroutines that wait between calls. The caller of Do is one
// of the workers; only one may call it at a time.
type Pool struct {
	wake []chan struct{} // of workers 1 and up
	busy sync.WaitGroup

	next atomic.Int64
	n    int64
	fn   func(worker, task int)
}

// NewPool starts a pool of at least one worker. Close ends it.
func NewPool(workers int) *Pool {
	p := &Pool{wake: make([]chan struct{}, max(workers, 1)-1)}
	for i := range p.wake {
		p.wake[i] = make(chan struct{}, 1)
		go func() {
			for range p.wake[i] {
				p.work(i + 1)
				p.busy.Done()
			}
		}()
	}
	return p
}

// Workers returns the number of workers, the caller included.
func (p *Pool) Workers() int { return len(p.wake) + 1 }

// Do runs n tasks, each on the worker that is free first.
func (p *Pool) Do(n int, fn func(worker, task int)) {
	p.n, p.fn = int64(n), fn
	p.next.Store(0)
	helpers := max(min(len(p.wake), n-1), 0)
	p.busy.Add(helpers)
	for _, w := range p.wake[:helpers] {
		w <- struct{}{}
	}
	p.work(0)
	p.busy.Wait()
}

// work takes tasks until none is left.
func (p *Pool) work(worker int) {
	for {
		i := p.next.Add(1) - 1
		if i >= p.n {
			return
		}
		p.fn(worker, int(i))
	}
}

// Close ends the goroutines. The pool must be idle, and may not be used afterwards.
func (p *Pool) Close() {
	for _, w := range p.wake {
		close(w)
	}
}

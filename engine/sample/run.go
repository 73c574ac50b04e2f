package sample

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"slices"
)

// Bank is what a device offers to samplers: registers that hold the latents of a
// batch, picture after picture, each in row, column, channel order.
type Bank interface {
	// Apply performs a move on all pictures.
	Apply(m Move) error
	// Fill sets a register from the host.
	Fill(r Reg, values []float32) error
	// Read copies a register to the host.
	Read(r Reg, values []float32) error
}

// Accepter is a Bank that makes Metropolis tests, which moves of some correctors are.
type Accepter interface {
	// Accept makes a test with a uniform number for each picture.
	Accept(a *Acceptance, uniforms []float32) error
}

// Scorer evaluates the network, or the composition of several evaluations, at
// register in of the bank it was made for, and sets register out. It is told the
// step for its timestep, and sets the step's Null, if it names one, to the output
// without conditions.
type Scorer interface {
	Score(ctx context.Context, step Step, in, out Reg) error
}

// ScorerFunc is a function as a Scorer.
type ScorerFunc func(ctx context.Context, step Step, in, out Reg) error

// Score calls f.
func (f ScorerFunc) Score(ctx context.Context, step Step, in, out Reg) error {
	return f(ctx, step, in, out)
}

// Progress says how far a run has come.
type Progress struct {
	Done, Steps            int     // whole steps done, of how many, as a person counts them
	Evaluated, Evaluations int     // evaluations of the network done, of how many
	Partial                bool    // whether the evaluation just made completes no step
	T                      float64 // the timestep of the evaluation just made
	clean                  []Term
	original               original
	steps                  []Step
	registers, size        int // of how many elements
}

// Estimate returns the moves that set a register to the estimate of the clean
// latents that the evaluation just made gives. The register is RegX, to end the run
// there, or one that the run doesn't use.
func (p Progress) Estimate(dst Reg) []Move {
	return append([]Move{{Dst: dst, Terms: p.clean}}, p.original.restore(dst, 1)...)
}

// Run executes steps on a bank, from pure noise; see [RunFrom].
func Run(ctx context.Context, bank Bank, scorer Scorer, steps []Step, seeds []uint64, shape Shape) iter.Seq2[Progress, error] {
	return RunFrom(ctx, bank, scorer, steps, seeds, shape, Start{})
}

// RunFrom executes steps on a bank and yields after each evaluation of the network,
// with Progress.Partial where it doesn't complete a step; the result is then in
// RegX. The picture of a seed depends on neither the others of the batch nor their
// number: its initial noise is call 0 of its seed's, and each evaluation with noise
// takes the next call. A run stops between two evaluations when ctx is done, with
// its error, or when the caller stops ranging.
func RunFrom(ctx context.Context, bank Bank, scorer Scorer, steps []Step, seeds []uint64, shape Shape, start Start) iter.Seq2[Progress, error] {
	return func(yield func(Progress, error) bool) {
		progress := Progress{Steps: Count(steps), Evaluations: len(steps), steps: steps,
			registers: start.Registers(steps), size: len(seeds) * shape.Len()}
		fail := func(err error) { yield(progress, err) }
		if err := cmp.Or(shape.check(len(seeds)), start.check(len(seeds), shape)); err != nil {
			fail(err)
			return
		}
		noise := noiseSource{bank: bank, seeds: seeds, shape: shape, buffer: make([]float32, progress.size)}
		if err := noise.fill(RegX); err != nil {
			fail(err)
			return
		}
		var err error
		if progress.original, err = start.begin(bank, steps, len(seeds), shape); err != nil {
			fail(err)
			return
		}
		if start.State != nil {
			if err := progress.resume(bank, &noise, start.State); err != nil {
				fail(err)
				return
			}
		}
		for _, step := range steps[progress.Evaluated:] {
			if err := context.Cause(ctx); err != nil {
				fail(err)
				return
			}
			if err := progress.advance(ctx, bank, scorer, &noise, step); err != nil {
				fail(fmt.Errorf("step %d of %d: %w", progress.Done+1, progress.Steps, err))
				return
			}
			if !yield(progress, nil) {
				return
			}
		}
	}
}

// advance makes one evaluation and its moves.
func (p *Progress) advance(ctx context.Context, bank Bank, scorer Scorer, noise *noiseSource, step Step) error {
	if err := scorer.Score(ctx, step, step.At, RegScore); err != nil {
		return err
	}
	if step.Noise {
		if err := noise.fill(RegNoise); err != nil {
			return err
		}
	}
	moves := step.Moves
	if !step.Partial {
		at := step.Next
		if p.Done+1 == p.Steps { // some schedules leave a little noise
			at = 1
		}
		moves = slices.Concat(moves, p.original.restore(RegX, at))
	}
	for _, m := range moves {
		if err := noise.apply(m); err != nil {
			return err
		}
	}
	p.Evaluated++
	if p.Partial, p.T, p.clean = step.Partial, step.T, step.Clean; !p.Partial {
		p.Done++
	}
	return nil
}

// noiseSource numbers the calls of a run's noise.
type noiseSource struct {
	bank   Bank
	seeds  []uint64
	shape  Shape
	call   uint32
	buffer []float32
}

// apply performs a move, with what it takes of randomness.
func (n *noiseSource) apply(m Move) error {
	if m.Accept == nil {
		return n.bank.Apply(m)
	}
	accepter, ok := n.bank.(Accepter)
	if !ok {
		return fmt.Errorf("the bank makes no Metropolis tests")
	}
	uniforms := make([]float32, len(n.seeds))
	for k, seed := range n.seeds {
		uniforms[k] = uniform(seed, n.call)
	}
	return accepter.Accept(m.Accept, uniforms)
}

// fill sets a register to the next call's noise.
func (n *noiseSource) fill(r Reg) error {
	size := n.shape.Len()
	for k, seed := range n.seeds {
		NoiseNHWC(seed, n.call, n.shape, n.buffer[k*size:(k+1)*size])
	}
	n.call++
	return n.bank.Fill(r, n.buffer)
}

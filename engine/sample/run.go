package sample

import (
	"context"
	"fmt"
	"iter"
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

// Scorer evaluates the network, or the composition of several evaluations, at
// register in of the bank it was made for, and sets register out. It is told the
// step for its timestep.
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
	Done, Steps int     // steps done, of how many
	T           float64 // the timestep of the step just done
}

// Run executes steps on a bank and yields after each; the result is then in
// RegX. The picture of a seed depends on neither the others of the batch
// nor their number: its initial latent is call 0 of its seed's noise, and each
// step with noise takes the next call. Run stops between two steps when ctx is
// done, with its error, or when the caller stops ranging.
func Run(ctx context.Context, bank Bank, scorer Scorer, steps []Step, seeds []uint64, shape Shape) iter.Seq2[Progress, error] {
	return func(yield func(Progress, error) bool) {
		progress := Progress{Steps: len(steps)}
		fail := func(err error) { yield(progress, err) }
		if err := shape.check(len(seeds)); err != nil {
			fail(err)
			return
		}
		noise := noiseSource{bank: bank, seeds: seeds, shape: shape, buffer: make([]float32, len(seeds)*shape.Len())}
		if err := noise.fill(RegX); err != nil {
			fail(err)
			return
		}
		for i, step := range steps {
			if err := context.Cause(ctx); err != nil {
				fail(err)
				return
			}
			if err := scorer.Score(ctx, step, step.At, RegScore); err != nil {
				fail(fmt.Errorf("step %d of %d: %w", i+1, len(steps), err))
				return
			}
			if step.Noise {
				if err := noise.fill(RegNoise); err != nil {
					fail(fmt.Errorf("step %d of %d: %w", i+1, len(steps), err))
					return
				}
			}
			for _, m := range step.Moves {
				if err := bank.Apply(m); err != nil {
					fail(fmt.Errorf("step %d of %d: %w", i+1, len(steps), err))
					return
				}
			}
			progress.Done, progress.T = i+1, step.T
			if !yield(progress, nil) {
				return
			}
		}
	}
}

// noiseSource numbers the calls of a run's noise.
type noiseSource struct {
	bank   Bank
	seeds  []uint64
	shape  Shape
	call   uint32
	buffer []float32
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

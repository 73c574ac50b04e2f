package engine

import (
	"context"

	"github.com/counterpoint/counterpoint/engine/operator"
	"github.com/counterpoint/counterpoint/engine/sample"
)

// Checkpoint is the state of a run after a step, on the host, a few latents large. [Engine.Resume] goes on from it, on the
// same model opened again where the device was lost, and makes what the run would have made.
type Checkpoint struct {
	Step     int // steps done, of all runs
	request  Request
	at       int       // number of the run
	clean    []float32 // that it began with, nil for none
	done     int       // its steps
	run      *sample.State
	composer *operator.State // nil for a sum with constant coefficients
	tests    []float32       // of the bank's, nil for none
	made     int
}

// checkpoint copies to the host what the steps to come depend on.
func (g *generation) checkpoint(ctx context.Context, latents *bank, s *scorer, progress sample.Progress) (*Checkpoint, error) {
	c := &Checkpoint{Step: g.before() + progress.Done, request: g.runs[len(g.runs)-1].request.words(), at: g.at, clean: g.clean, done: progress.Done}
	var err error
	if c.run, err = progress.Save(latents); err != nil {
		return nil, err
	}
	if s.composer != nil {
		if c.composer, err = s.composer.Save(ctx); err != nil {
			return nil, err
		}
	}
	if c.made = latents.tests.made; c.made > 0 {
		c.tests, err = latents.tests.read(ctx)
	}
	return c, err
}

// words is a completed request without its pictures, which their hashes stand for.
func (r Request) words() Request {
	r.Image, r.Mask = nil, nil
	return r
}

// restore puts bank and scorer where a checkpoint was; the sampler's registers are the sampler's to restore.
func (c *Checkpoint) restore(ctx context.Context, latents *bank, s *scorer, batch int) error {
	if s.composer != nil {
		s.composer.step += c.done
		if err := s.composer.Restore(ctx, c.composer); err != nil {
			return err
		}
	}
	if c.made == 0 {
		return nil
	}
	if err := latents.tests.allocate(latents.device, batch, len(c.tests)/batch); err != nil {
		return err
	}
	latents.tests.made = c.made
	return latents.tests.scalars.Buffer.WriteFloats(ctx, 0, c.tests)
}

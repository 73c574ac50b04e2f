package operator

import (
	"context"
	"fmt"
)

// State is that of a run between two evaluations, on the host: a [Combiner] of the same plan, on any device, goes on from it.
type State struct {
	scalars, kept []float32
	last          map[int]moment
}

// Save copies the run's state to the host. It waits for the device.
func (c *Combiner) Save(ctx context.Context) (*State, error) {
	s := &State{last: make(map[int]moment)}
	for first, m := range c.last {
		s.last[first] = m
	}
	var err error
	if s.scalars, err = c.read(ctx); err != nil || c.kept == nil {
		return s, err
	}
	s.kept = make([]float32, c.kept.Len())
	return s, c.kept.ReadFloats(ctx, 0, s.kept)
}

// Restore puts the run where it was saved.
func (c *Combiner) Restore(ctx context.Context, s *State) error {
	if len(s.scalars) != c.scalars.Buffer.Len() || (c.kept == nil) != (s.kept == nil) || c.kept != nil && len(s.kept) != c.kept.Len() {
		return fmt.Errorf("operator: the state is another plan's")
	}
	for first, m := range s.last {
		c.last[first] = m
	}
	if err := c.scalars.Buffer.WriteFloats(ctx, 0, s.scalars); err != nil || c.kept == nil {
		return err
	}
	return c.kept.WriteFloats(ctx, 0, s.kept)
}

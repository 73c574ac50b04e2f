package engine

import (
	"slices"

	"github.com/counterpoint/counterpoint/engine/device"
	"github.com/counterpoint/counterpoint/engine/operator"
	"github.com/counterpoint/counterpoint/engine/sample"
)

// composer combines scores as a plan says whose coefficients depend on the state, the step or the place in the picture.
type composer struct {
	*operator.Combiner
	step  int // whole steps made or left out
	steps int // of the whole schedule

	particles bool   // see resample
	seed      uint64 // of the batch
}

// newComposed is newSharedScorer for the generation's plan.
func (g *generation) newComposed(b *bank, local []int, help []*helper, c *conditions) (*scorer, error) {
	s, err := g.newSharedScorer(b, g.rows, local, help, c, len(g.seeds), g.shape.H, g.shape.W)
	if err != nil {
		return nil, err
	}
	if _, linear := g.composition.Linear(); linear && g.operators == (operator.Options{}) {
		return s, nil
	}
	skipped, steps := g.skipped()
	combiner, err := operator.New(g.device, g.composition, g.operators, len(g.seeds), g.shape.H, g.shape.W, g.shape.C, steps)
	if err != nil {
		s.Close()
		return nil, err
	}
	s.composer = &composer{Combiner: combiner, step: skipped, steps: steps, particles: g.request.Particles, seed: g.request.Seed}
	return s, nil
}

// at is the step that is being made.
func (c *composer) at() int { return min(c.step, c.steps-1) }

// needed are the positions among some rows of those that the step evaluates.
func (c *composer) needed(rows []int) []int {
	var needed []int
	for i, row := range rows {
		if slices.Contains(c.Rows(c.at()), row) {
			needed = append(needed, i)
		}
	}
	return needed
}

// evaluation is a group's, as operators take it.
func (s *scorer) evaluation(step sample.Step, scores []device.Batch, in, out sample.Reg, first, count int) (operator.Evaluation, error) {
	ev := operator.Evaluation{
		Level: operator.Level{AlphaBar: step.AlphaBar},
		First: first, Count: count, X: s.latents(in, first), Out: s.latents(out, first),
		Score: func(row int) device.Batch { return scores[row] },
	}
	if s.composer != nil {
		ev.Step = s.composer.at()
	}
	var err error
	ev.Level.CleanX, ev.Level.CleanOut, err = s.engine.pipeline.schedule.Clean(sample.Level{T: step.T, AlphaBar: step.AlphaBar})
	return ev, err
}

// passed counts an evaluation that has been combined.
func (c *composer) passed(step sample.Step) {
	if !step.Partial {
		c.step++
	}
}

// skipped is how many whole steps Request.Strength leaves out, of how many: ranges are fractions of the whole schedule.
func (p *plan) skipped() (skipped, steps int) {
	skipped = p.request.Steps - p.request.Made()
	return skipped, skipped + sample.Count(p.steps)
}

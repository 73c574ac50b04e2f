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
	schedule *sample.Schedule
	step     int // whole steps made or left out
	steps    int // of the whole schedule

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
	s.composer = &composer{Combiner: combiner, schedule: g.pipeline.schedule, step: skipped, steps: steps,
		particles: g.request.Particles, seed: g.request.Seed}
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

// combine sets the group's part of register out from the rows' scores.
func (c *composer) combine(s *scorer, step sample.Step, scores []device.Batch, in, out sample.Reg, first, count int) error {
	clean, score, err := c.schedule.Clean(sample.Level{T: step.T, AlphaBar: step.AlphaBar})
	if err != nil {
		return err
	}
	return c.Combine(operator.Evaluation{
		Step: c.at(), Level: operator.Level{AlphaBar: step.AlphaBar, CleanX: clean, CleanOut: score},
		First: first, Count: count, X: s.latents(in, first), Out: s.latents(out, first),
		Score: func(row int) device.Batch { return scores[row] },
	})
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

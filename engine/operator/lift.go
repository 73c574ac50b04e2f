package operator

import (
	"context"
	"fmt"
	"math"

	"github.com/counterpoint/counterpoint/engine/device"
)

// Lift is how much likelier a picture is if a row's concept is asked for.
type Lift struct {
	// Nats is ℓ = log p(x|row)/p(x): above 0 the picture shows more of the concept than pictures do.
	Nats float64
	// Expected is what Nats comes to in the mean of pictures of the concept, as the network sees them, and −Expected in that
	// of pictures that nothing is asked of: Σ k²‖d‖²/2σ² over the transitions.
	Expected float64
}

// Score is the lift in units of Expected: 1 in the mean of the concept's pictures, −1 in that of all pictures.
func (l Lift) Score() float64 {
	if l.Expected == 0 {
		return 0
	}
	return l.Nats / l.Expected
}

// Lifts returns those of each picture for each row of the plan, as far as the run has come. Those of a row's regions add
// up. The unconditional row has 0, and so have all rows if nothing follows them, see [Options].
func (c *Combiner) Lifts(ctx context.Context) ([][]Lift, error) {
	state, err := c.read(ctx)
	if err != nil {
		return nil, err
	}
	s := slots{len(c.leaves)}
	lifts := make([][]Lift, c.pictures)
	for k := range lifts {
		lifts[k] = make([]Lift, len(c.plan.Rows))
		for i, l := range c.leaves {
			of := state[k*c.scalars.Slots:]
			lifts[k][l.row].Nats += float64(of[s.ratio(i)])
			lifts[k][l.row].Expected += float64(of[s.expected(i)])
		}
		for row, l := range lifts[k] {
			if math.IsNaN(l.Score()) || math.IsInf(l.Nats, 0) { // of a picture that went to infinity
				lifts[k][row] = Lift{}
			}
		}
	}
	return lifts, nil
}

// Compare adds to the lifts what the rows say of finished pictures that were noised again to the evaluation's level:
//
//	ℓᵢ ← ℓᵢ + weight·(‖x₀ − x̂_u‖² − ‖x₀ − x̂ᵢ‖²)
//
// for all leaves, those whose range is over too (CompLift, Yu and Gao, arXiv 2505.13740, for predictions of noise). With
// half of the signal-to-noise ratio's change as the weight, the sum over the levels is the difference of the variational
// bounds on log p(x₀|row) and log p(x₀) (Kingma et al., arXiv 2107.00630, equation 13). The combiner has [Options].Lifts and
// no other evaluations. Clean has x₀; Step and Out are unused.
func (c *Combiner) Compare(ev Evaluation, clean device.Batch, weight float64) error {
	if !c.options.Lifts {
		return fmt.Errorf("operator: comparing: want Options.Lifts")
	}
	if ev.Step = 0; ev.Count == 0 {
		ev.Count = c.pictures - ev.First
	}
	if err := c.check(ev); err != nil {
		return fmt.Errorf("operator: comparing: %w", err)
	}
	all, s := &part{stored: true}, slots{len(c.leaves)}
	for i := range c.leaves {
		all.leaves = append(all.leaves, i)
		all.pairs = append(all.pairs, product{s.square(i), i, i})
	}
	e := evaluation{c, ev, all, s}
	if err := e.compare(clean, weight); err != nil {
		return fmt.Errorf("operator: comparing: %w", err)
	}
	return nil
}

func (e evaluation) compare(clean device.Batch, weight float64) error {
	if err := e.store(); err != nil {
		return err
	}
	if err := e.products(); err != nil {
		return err
	}
	out := e.Level.CleanOut
	by := 2 * weight * out
	return e.grow(e.part.leaves, float64(weight*out)*out, func(null int) error {
		return e.mix(e.latents(e.scratch), device.MixTerm{Of: clean, Coef: by}, device.MixTerm{Of: e.X, Coef: -float64(by * e.Level.CleanX)},
			device.MixTerm{Of: e.Score(null), Coef: -float64(by * out)})
	})
}

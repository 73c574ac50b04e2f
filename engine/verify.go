package engine

import (
	"context"
	"math"

	"github.com/counterpoint/counterpoint/engine/compose"
	"github.com/counterpoint/counterpoint/engine/device"
	"github.com/counterpoint/counterpoint/engine/operator"
	"github.com/counterpoint/counterpoint/engine/sample"
)

// Verification says how it is found out whether a picture shows the terms of its prompt. Empty is not at all.
type Verification string

const (
	// VerifyCached follows the terms' log-ratios while the picture is made, without another evaluation of the network, but for
	// the unconditional row's in steps that are not guided. It knows nothing of steps out of a term's range, and samplers
	// without noise make it too low (package operator).
	VerifyCached Verification = "cached"
	// VerifyFresh noises the finished picture again and compares how well the network finds it with each term and with none
	// (CompLift, Yu and Gao, arXiv 2505.13740), at verifyLevels levels, with the same noise for all terms.
	VerifyFresh Verification = "fresh"
)

// Lift says how much more a picture shows of a term than pictures do that nothing is asked of.
type Lift struct {
	Row int `json:"row"` // of Result.Rows
	// Nats estimates log p(picture|term)/p(picture).
	Nats float64 `json:"nats"`
	// Score is Nats in units of its mean in the term's own pictures: about −1 where the term is not there, 1 where it is, and
	// more where guidance was strong: 2 to 6 with the default model's.
	Score float64 `json:"score"`
	Holds bool    `json:"holds"` // whether the score is above 0, and of what is negated, below
}

// lifts are those of every row but the unconditional one.
func (p *plan) lifts(of []operator.Lift) []Lift {
	var lifts []Lift
	for i, row := range p.rows {
		if !row.Unconditional {
			score := of[i].Score()
			lifts = append(lifts, Lift{i, of[i].Nats, score, score > 0 && row.Coef > 0 || score < 0 && row.Coef < 0})
		}
	}
	return lifts
}

// Verified is how many times a request evaluates every row of a finished picture.
func (r *Request) Verified() int {
	if r.Verify == VerifyFresh {
		return verifyLevels
	}
	return 0
}

// verify returns each picture's lifts, nil if none are asked for.
func (g *generation) verify(ctx context.Context, latents *bank, s *scorer) ([][]operator.Lift, error) {
	switch g.request.Verify {
	case VerifyCached:
		return s.composer.Lifts(ctx)
	case VerifyFresh:
		return g.verifyFresh(ctx, latents, s)
	}
	return nil, nil
}

// Levels at which finished pictures are looked at, and their ends in log signal-to-noise. Beyond the one the picture is all
// noise; beyond the other the network sees what there is without being told, and the errors that it makes either way decide.
// With ends of −4 and 2 the shipped model denied grass in one of six pictures, with these in none.
const (
	verifyLevels          = 8
	verifyLow, verifyHigh = -6.0, 0.0
	verifyCall            = 1 << 31 // the first call of their noise, beyond those of any run
)

// verifyFresh sums over levels that divide the log signal-to-noise evenly, so that each is weighed by its part of the
// variational bound. The registers of the score and the noise are free by now.
func (g *generation) verifyFresh(ctx context.Context, latents *bank, s *scorer) ([][]operator.Lift, error) {
	c, err := operator.New(g.device, g.composition, operator.Options{Lifts: true, Windows: g.operators.Windows}, len(g.seeds), g.shape.H, g.shape.W, g.shape.C, 1)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	noise := make([]float32, len(g.seeds)*g.shape.Len())
	for i := range verifyLevels {
		const each = (verifyHigh - verifyLow) / verifyLevels
		t := g.pipeline.schedule.Nearest(verifyLow + each*(float64(i)+0.5))
		alphaBar := g.pipeline.schedule.AlphaBar(t)
		for k, seed := range g.seeds {
			sample.NoiseNHWC(seed, verifyCall+uint32(i), g.shape, noise[k*g.shape.Len():][:g.shape.Len()])
		}
		if err := latents.Fill(sample.RegNoise, noise); err != nil {
			return nil, err
		}
		noised := []sample.Term{{Reg: sample.RegX, Coef: math.Sqrt(alphaBar)}, {Reg: sample.RegNoise, Coef: math.Sqrt(1 - alphaBar)}}
		if err := latents.Apply(sample.Move{Dst: sample.RegScore, Terms: noised}); err != nil {
			return nil, err
		}
		level := operator.Level{AlphaBar: alphaBar}
		if level.CleanX, level.CleanOut, err = g.pipeline.schedule.Clean(sample.Level{T: float64(t), AlphaBar: alphaBar}); err != nil {
			return nil, err
		}
		weight := alphaBar / (1 - alphaBar) * each / 2
		step := sample.Step{T: float64(t), AlphaBar: alphaBar}
		err := s.each(ctx, step, sample.RegScore, every, func(scores []device.Batch, first, count int) error {
			return c.Compare(operator.Evaluation{
				Level: level, First: first, Count: count, X: s.latents(sample.RegScore, first),
				Score: func(row int) device.Batch { return scores[row] },
			}, s.latents(sample.RegX, first), weight)
		})
		if err != nil {
			return nil, err
		}
		if !g.tell(Event{Phase: Verifying, Step: i + 1, Steps: verifyLevels}) {
			return nil, nil
		}
	}
	return c.Lifts(ctx)
}

// margin is how clearly an expression holds: the least score of what all has to hold, the greatest of alternatives.
func margin(x compose.Expr, of []operator.Lift) float64 {
	switch x := x.(type) {
	case compose.Leaf:
		return of[x.Row].Score()
	case compose.NotOf:
		return -margin(x.X, of)
	case compose.OrOf:
		best := math.Inf(-1)
		for _, b := range x.Branches {
			best = max(best, margin(b.X, of))
		}
		return best
	default:
		least := math.Inf(1)
		for _, t := range x.(compose.SumOf).Terms {
			m := margin(t.X, of)
			if t.Weight < 0 {
				m = -m
			}
			least = min(least, m)
		}
		return least
	}
}

package operator

import "github.com/counterpoint/counterpoint/engine/device"

// Slots of projection: products of the direction G at total weight 1 and the prediction P there, both as clean latents,
// then the coefficients of G and P in the result.
const (
	directed = iota
	along
	predicted
	projectGuide
	projectPredicted
)

// project sets the clean latents' prediction to P + (total − 1)·(G⊥ + η·G∥), G being bounded before it is divided into the
// part along P and the rest (Sadat et al., arXiv 2410.02416, algorithm 1).
func (e evaluation) project() error {
	total, level := e.part.total, e.Level
	if total == 0 {
		total = 1
	}
	null, guide, prediction := e.Score(0), e.latents(e.guide), e.latents(e.scratch)
	unit := level.CleanOut / total // of G in D
	if err := e.mix(guide, device.MixTerm{Of: guide, Coef: unit}); err != nil {
		return err
	}
	if err := e.mix(prediction, device.MixTerm{Of: e.X, Coef: level.CleanX}, device.MixTerm{Of: null, Coef: level.CleanOut},
		device.MixTerm{Of: guide, Coef: 1}); err != nil {
		return err
	}
	if err := e.dots(e.slots.own(directed), []device.Pair{
		{A: guide, B: guide}, {A: guide, B: prediction}, {A: prediction, B: prediction},
	}); err != nil {
		return err
	}
	if err := e.eval(e.part.guard); err != nil {
		return err
	}
	back := 1 / level.CleanOut // from clean latents to the output
	return e.mix(e.Out, device.MixTerm{Of: null, Coef: 1},
		device.MixTerm{Of: guide, Coef: back, Factor: device.At(e.slots.own(projectGuide))},
		device.MixTerm{Of: prediction, Coef: back, Factor: device.At(e.slots.own(projectPredicted))})
}

// project stores 1 + (total − 1)·s, s what the bound leaves of G, and −(total − 1)·s·(1 − η)·⟨G, P⟩/‖P‖².
func (k *calculus) project(o Projection, total float64) {
	x, c := &k.expr, k.expr.Const
	if total == 0 {
		total = 1
	}
	bound := c(1)
	if o.Norm > 0 {
		square := x.Max(k.own(directed), c(1e-30))
		bound = x.Min(bound, x.Div(c(o.Norm), x.Sqrt(square)))
	}
	extra := x.Mul(c(total-1), bound)
	x.Store(k.slots.own(projectGuide), x.Add(c(1), extra))
	share := x.Div(k.own(along), x.Max(k.own(predicted), c(1e-30)))
	x.Store(k.slots.own(projectPredicted), x.Mul(x.Mul(extra, c(o.Eta-1)), share))
}

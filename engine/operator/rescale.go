package operator

import "github.com/counterpoint/counterpoint/engine/device"

// Slots of rescaling: sums and products of the unconditional score u and the direction D, then the factor.
const (
	sumNull = iota
	sumGuide
	nullNull
	nullGuide
	guideGuide
	rescaleFactor
)

// rescale sets the result to (1 − φ + φ·σ₁/σ)·(u + D), where σ is the standard deviation of u + D over the picture and σ₁
// that of u + D/total, the prediction with total weight 1 (Lin et al., arXiv 2305.08891, equations 15 and 16).
func (e evaluation) rescale() error {
	null, guide := e.Score(0), e.latents(e.guide)
	if err := e.dots(e.slots.own(sumNull), []device.Pair{
		{A: null}, {A: guide}, {A: null, B: null}, {A: null, B: guide}, {A: guide, B: guide},
	}); err != nil {
		return err
	}
	if err := e.eval(e.part.guard); err != nil {
		return err
	}
	factor := device.At(e.slots.own(rescaleFactor))
	return e.mix(e.Out, device.MixTerm{Of: null, Coef: 1, Factor: factor}, device.MixTerm{Of: guide, Coef: 1, Factor: factor})
}

// rescale stores the factor; it is 1 for a picture without variance.
func (k *calculus) rescale(phi, total float64, size int) {
	x, c := &k.expr, k.expr.Const
	if total == 0 {
		total = 1
	}
	// variance is n² times that of u + s·D.
	variance := func(s float64) device.Value {
		n := float64(size)
		sum := x.Add(k.own(sumNull), x.Mul(c(s), k.own(sumGuide)))
		square := x.Add(k.own(nullNull), x.Mul(c(2*s), k.own(nullGuide)))
		square = x.Add(square, x.Mul(c(s*s), k.own(guideGuide)))
		return x.Max(x.Sub(x.Mul(c(n), square), x.Mul(sum, sum)), c(0))
	}
	reached, wanted := variance(1), variance(1/total)
	there := x.Greater(reached, c(1e-12))
	ratio := x.Sqrt(x.Div(wanted, x.Select(there, reached, c(1))))
	factor := x.Add(c(1-phi), x.Mul(c(phi), ratio))
	x.Store(k.slots.own(rescaleFactor), x.Select(there, factor, c(1)))
}

package operator

import (
	"github.com/counterpoint/counterpoint/engine/compose"
	"github.com/counterpoint/counterpoint/engine/device"
)

// complement is −P/(1−P)·d, the direction of 1 − P, P the posterior of what is negated (LOGDIFF, arXiv 2602.05549).
func (k *calculus) complement(x compose.NotOf) vector {
	one, p := k.expr.Const(1), k.load(k.posterior(x))
	weight := k.keep(k.expr.Sub(k.expr.Const(0), k.expr.Div(p, k.expr.Sub(one, p))))
	return k.plus(k.zero(), weight, k.direction(x.X))
}

// complementRatio is log (1−P)/(1−P₀).
func (k *calculus) complementRatio(x compose.NotOf) scalar {
	absent := k.expr.Sub(k.expr.Const(1), k.load(k.posterior(x)))
	return k.keep(k.expr.Log(k.expr.Div(absent, k.expr.Const(1-k.prior))))
}

// posterior is P = P₀·e^ℓ of what is negated, at most where the weight P/(1−P) has its bound.
func (k *calculus) posterior(x compose.NotOf) scalar {
	log := func(v float64) device.Value { return k.expr.Log(k.expr.Const(v)) }
	ratio := k.load(k.ratio(x.X))
	most := log(k.maxGate / (1 + k.maxGate))
	return k.keep(k.exp(k.expr.Min(k.expr.Add(ratio, log(k.prior)), most)))
}

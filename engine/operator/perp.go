package operator

import "github.com/counterpoint/counterpoint/engine/compose"

// perpendicular subtracts from a sum of positive terms what of the negative ones is perpendicular to it (Perp-Neg,
// Armandpour et al., arXiv 2304.04968, equation 8), within each picture; the official code has one product for the batch.
// Perpendicular parts add up, so the negative terms' sum has one. Where the positive terms cancel there is nothing to be
// perpendicular to, and negative terms count whole.
func (k *calculus) perpendicular(positive vector, negative []compose.Weighted) vector {
	const cancelled = 1e-6 // of the parts' squares, what rounding leaves of a sum
	away := k.zero()
	for _, t := range negative {
		away = k.plus(away, constant(t.Weight), k.direction(t.X))
	}
	sum := k.plus(positive, constant(1), away)
	square, parts := k.dot(positive, positive), constant(0)
	if square.is(0) {
		return sum
	}
	for i, c := range positive {
		if !c.is(0) {
			parts = k.add(parts, k.mul(k.mul(c, c), k.product(i, i)))
		}
	}
	there := k.expr.Greater(k.load(square), k.expr.Mul(k.load(parts), k.expr.Const(cancelled)))
	share := k.expr.Div(k.load(k.dot(away, positive)), k.load(square))
	along := k.keep(k.expr.Select(there, share, k.expr.Const(0)))
	return k.plus(sum, k.mul(constant(-1), along), positive)
}

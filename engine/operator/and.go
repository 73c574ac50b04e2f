package operator

import "github.com/counterpoint/counterpoint/engine/compose"

// conjunction is Σ wᵢ·dᵢ (Composable Diffusion, equation 11); a negative weight subtracts (equation 15), or subtracts the
// perpendicular part.
func (k *calculus) conjunction(x compose.SumOf) vector {
	sum := k.zero()
	var negative []compose.Weighted
	for _, t := range x.Terms {
		if k.perp && t.Weight < 0 {
			negative = append(negative, t)
			continue
		}
		sum = k.plus(sum, constant(t.Weight), k.direction(t.X))
	}
	if len(negative) == 0 {
		return sum
	}
	return k.perpendicular(sum, negative)
}

// conjunctionRatio is that of terms which are independent given the picture: P₁·P₂, to the powers of their weights.
func (k *calculus) conjunctionRatio(x compose.SumOf) scalar {
	sum := constant(0)
	for _, t := range x.Terms {
		sum = k.add(sum, k.mul(constant(t.Weight), k.ratio(t.X)))
	}
	return sum
}

// spread stores Σ wᵢ‖dᵢ‖² − ‖Σ wᵢdᵢ‖², by which a particle loses weight (Feynman–Kac correctors, arXiv 2503.02819).
func (k *calculus) spread(weights []float64) {
	sum := constant(0)
	for i, w := range weights {
		sum = k.add(sum, k.mul(constant(w-float64(w*w)), k.product(i, i)))
		for j := range i {
			if cross := float64(w * weights[j]); cross != 0 {
				sum = k.add(sum, k.mul(constant(-2*cross), k.product(i, j)))
			}
		}
	}
	k.expr.Store(k.slots.spread(), k.load(sum))
}

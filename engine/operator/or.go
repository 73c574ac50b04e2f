package operator

import (
	"github.com/counterpoint/counterpoint/engine/compose"
)

// choice is Σ κᵢ·dᵢ with κᵢ in proportion to shareᵢ·e^ℓᵢ: the score of a mixture.
func (k *calculus) choice(x compose.OrOf) vector {
	densities, _, total := k.densities(x)
	sum := k.zero()
	for i, b := range x.Branches {
		share := k.keep(k.expr.Div(k.load(densities[i]), k.load(total)))
		sum = k.plus(sum, share, k.direction(b.X))
	}
	return sum
}

// choiceRatio is log Σ shareᵢ·e^ℓᵢ.
func (k *calculus) choiceRatio(x compose.OrOf) scalar {
	_, highest, total := k.densities(x)
	return k.keep(k.expr.Add(k.load(highest), k.expr.Log(k.load(total))))
}

// densities are the branches', each shareᵢ·e^(ℓᵢ − highest), and their sum. The highest one's is its share itself, so the
// sum is above 0.
func (k *calculus) densities(x compose.OrOf) (densities []scalar, highest, total scalar) {
	var ratios []scalar
	for i, b := range x.Branches {
		ratios = append(ratios, k.ratio(b.X))
		if i == 0 {
			highest = ratios[0]
			continue
		}
		highest = k.keep(k.expr.Max(k.load(highest), k.load(ratios[i])))
	}
	total = constant(0)
	for i, b := range x.Branches {
		below := k.expr.Sub(k.load(ratios[i]), k.load(highest))
		density := k.expr.Mul(k.expr.Const(b.Weight), k.exp(below))
		densities = append(densities, k.keep(density))
		total = k.add(total, densities[i])
	}
	return densities, highest, total
}

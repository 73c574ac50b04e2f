package operator

import (
	"fmt"

	"github.com/counterpoint/counterpoint/engine/compose"
	"github.com/counterpoint/counterpoint/engine/device"
)

// calculus writes the program from products of directions and log-ratios to coefficients.
type calculus struct {
	expr     device.Expr
	slots    slots
	leaf     func(compose.Leaf) int
	first    func(leaf int) bool // of the first model
	perp     bool                // negative weights are perpendicular
	prior    float64
	maxGate  float64
	free     int            // the first slot that nothing uses yet
	products map[[2]int]int // slots of products of leaves, the smaller first
	pairs    [][2]int       // their leaves, in the order in which they were asked for
}

// scalar is a constant, or a number for each picture in a slot: values rest in slots, since a program has few registers.
type scalar struct {
	slot  int // -1 for a constant
	value float64
}

func constant(v float64) scalar { return scalar{-1, v} }

func (s scalar) is(v float64) bool { return s.slot < 0 && s.value == v }

// vector has a coefficient for each leaf.
type vector []scalar

func (k *calculus) zero() vector {
	v := make(vector, k.slots.leaves)
	for i := range v {
		v[i] = constant(0)
	}
	return v
}

func (k *calculus) load(s scalar) device.Value {
	if s.slot < 0 {
		return k.expr.Const(s.value)
	}
	return k.expr.Load(s.slot)
}

// keep stores a value in a slot of its own.
func (k *calculus) keep(v device.Value) scalar {
	k.free++
	k.expr.Store(k.free-1, v)
	return scalar{slot: k.free - 1}
}

func (k *calculus) add(a, b scalar) scalar {
	switch {
	case a.is(0):
		return b
	case b.is(0):
		return a
	case a.slot < 0 && b.slot < 0:
		return constant(a.value + b.value)
	}
	return k.keep(k.expr.Add(k.load(a), k.load(b)))
}

func (k *calculus) mul(a, b scalar) scalar {
	switch {
	case a.is(0) || b.is(0):
		return constant(0)
	case a.is(1):
		return b
	case b.is(1):
		return a
	case a.slot < 0 && b.slot < 0:
		return constant(float64(a.value * b.value))
	}
	return k.keep(k.expr.Mul(k.load(a), k.load(b)))
}

// plus returns v + by·w.
func (k *calculus) plus(v vector, by scalar, w vector) vector {
	sum := k.zero()
	for i := range sum {
		sum[i] = k.add(v[i], k.mul(by, w[i]))
	}
	return sum
}

// product is ⟨dᵢ, dⱼ⟩.
func (k *calculus) product(i, j int) scalar {
	pair := [2]int{min(i, j), max(i, j)}
	slot, ok := k.products[pair]
	if !ok {
		if slot = k.slots.square(i); i != j {
			slot = k.free
			k.free++
		}
		k.products[pair] = slot
		k.pairs = append(k.pairs, pair)
	}
	return scalar{slot: slot}
}

// dot is ⟨Σ vᵢ·dᵢ, Σ wᵢ·dᵢ⟩.
func (k *calculus) dot(v, w vector) scalar {
	var sum device.Value
	some := false
	for i := range v {
		for j := range i + 1 {
			c := k.mul(v[i], w[j])
			if i != j {
				c = k.add(c, k.mul(v[j], w[i]))
			}
			if c.is(0) {
				continue
			}
			term := k.expr.Mul(k.load(c), k.load(k.product(i, j)))
			if some {
				term = k.expr.Add(sum, term)
			}
			sum, some = term, true
		}
	}
	if !some {
		return constant(0)
	}
	return k.keep(sum)
}

// direction is an expression's as coefficients of the leaves' directions.
func (k *calculus) direction(x compose.Expr) vector {
	switch x := x.(type) {
	case compose.Leaf:
		v := k.zero()
		v[k.leaf(x)] = constant(1)
		return v
	case compose.OrOf:
		return k.choice(x)
	case compose.NotOf:
		return k.complement(x)
	default:
		return k.conjunction(x.(compose.SumOf))
	}
}

// ratio is log p(x|expression)/p(x), by the calculus of posteriors (LOGDIFF, arXiv 2602.05549).
func (k *calculus) ratio(x compose.Expr) scalar {
	switch x := x.(type) {
	case compose.Leaf:
		return scalar{slot: k.slots.ratio(k.leaf(x))}
	case compose.OrOf:
		return k.choiceRatio(x)
	case compose.NotOf:
		return k.complementRatio(x)
	default:
		return k.conjunctionRatio(x.(compose.SumOf))
	}
}

// exp is e^v for v ≤ 0, and at least e^-80.
func (k *calculus) exp(v device.Value) device.Value {
	return k.expr.Exp(k.expr.Max(v, k.expr.Const(-80)))
}

// program stores the coefficients of a sum, and what the unconditional score has beside unmasked directions.
func (k *calculus) program(sum compose.SumOf, leaves []int) (*device.Program, error) {
	rest := constant(1)
	coefs := k.direction(sum)
	for _, i := range leaves {
		k.expr.Store(k.slots.coef(i), k.load(coefs[i]))
		if k.first(i) {
			rest = k.add(rest, k.mul(constant(-1), coefs[i]))
		}
	}
	k.expr.Store(k.slots.rest(), k.load(rest))
	return k.end()
}

func (k *calculus) end() (*device.Program, error) {
	p, err := k.expr.Program()
	if err != nil {
		return nil, fmt.Errorf("operator: a prompt of %d terms takes too much algebra: %w", k.slots.leaves, err)
	}
	return p, nil
}

// slots lays out a picture's scalars. Those of leaves are beside each other in the same order, so that one linear
// combination takes all log-ratios a step on; the pictures' log-weight goes with them.
type slots struct{ leaves int }

func (s slots) block(b, i int) int { return b*(s.leaves+1) + i }
func (s slots) ratio(i int) int    { return s.block(0, i) } // ℓᵢ
func (s slots) weight() int        { return s.ratio(s.leaves) }
func (s slots) cross(i int) int    { return s.block(1, i) } // ⟨r, dᵢ⟩, r of transition
func (s slots) square(i int) int   { return s.block(2, i) } // ‖dᵢ‖²
func (s slots) spread() int        { return s.square(s.leaves) }
func (s slots) coef(i int) int     { return s.block(3, i) }
func (s slots) rest() int          { return s.coef(s.leaves) }
func (s slots) expected(i int) int { return s.block(4, i) } // of Lift
func (s slots) own(i int) int      { return s.block(5, i) } // of hygiene and resampling
func (s slots) free() int          { return s.own(ownSlots) }

const ownSlots = 10

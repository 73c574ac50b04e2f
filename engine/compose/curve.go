package compose

// curves are the multipliers of the compiler's rows, nil if none has any.
func (c *compiler) curves(of func(model, text string) []float64) [][]float64 {
	if of == nil {
		return nil
	}
	curves, some := make([][]float64, len(c.rows)), false
	for i, k := range c.rows {
		if k.terms {
			curves[i] = of(k.model, k.text)
		}
		some = some || len(curves[i]) > 0
	}
	if !some {
		return nil
	}
	return curves
}

// knots are the times between which multipliers are linear.
func (p *Plan) knots() []float64 {
	var times []float64
	for _, curve := range p.curves {
		for i := 1; i < len(curve)-1; i++ {
			times = append(times, float64(i)/float64(len(curve)-1))
		}
	}
	return times
}

// curveAt is the value at time t of a curve through evenly spaced points, 1 without any.
func curveAt(points []float64, t float64) float64 {
	switch n := len(points); n {
	case 0:
		return 1
	case 1:
		return points[0]
	default:
		at := t * float64(n-1)
		i := min(int(at), n-2)
		return points[i] + float64((at-float64(i))*(points[i+1]-points[i]))
	}
}

// weigh multiplies the directions of a sum as at time t.
func (p *Plan) weigh(sum SumOf, t float64) SumOf {
	if p.curves == nil {
		return sum
	}
	return SumOf{canonical(p.weighAll(sum.Terms, t, addTerm))}
}

func (p *Plan) weighAll(parts []Weighted, t float64, add func([]Weighted, float64, Expr) []Weighted) []Weighted {
	var weighed []Weighted
	for _, part := range parts {
		weighed = add(weighed, part.Weight, p.weighed(part.X, t))
	}
	return weighed
}

func (p *Plan) weighed(x Expr, t float64) Expr {
	switch x := x.(type) {
	case Leaf:
		return total([]Weighted{{curveAt(p.curves[x.Row], t), x}})
	case NotOf:
		w, y := negated(1, p.weighed(x.X, t))
		return total(addTerm(nil, w, y))
	case OrOf:
		return mixture(p.weighAll(x.Branches, t, addBranch))
	default:
		return total(p.weighAll(x.(SumOf).Terms, t, addTerm))
	}
}

package sample

import (
	"context"
	"math"
	"testing"
)

// log is that of the density at x and level ᾱ, but for a constant.
func (p masses) log(x, alphaBar float64) float64 {
	variance := alphaBar*atomStd*atomStd + 1 - alphaBar
	var density float64
	for k, mass := range p {
		d := x - math.Sqrt(alphaBar)*atoms[k]
		density += mass * math.Exp(-d*d/(2*variance))
	}
	return math.Log(density)
}

// TestMetropolis makes moves of one size at one level of a AND NOT b. They are too large for those without a test: these
// have another variance, and another mass about the atom in the middle.
func TestMetropolis(t *testing.T) {
	const alphaBar, pictures, moves = 0.5, 20_000, 15
	noisy := func(f func(p masses) float64) float64 { return f(concepts[""]) + f(concepts["a"]) - f(concepts["b"]) }
	near := func(x float64) bool { return math.Abs(x) < 0.35 }
	var total, mean, square, middle float64
	for i := range 4000 {
		x := float64(i-2000) / 400
		p := math.Exp(noisy(func(p masses) float64 { return p.log(x, alphaBar) }))
		total, mean, square = total+p, mean+p*x, square+p*x*x
		if near(x) {
			middle += p
		}
	}
	mean, middle = mean/total, middle/total
	variance := square/total - mean*mean
	score := tabulate(func(x float64) float64 { return noisy(func(p masses) float64 { return p.epsilon(x, alphaBar) }) })

	for _, prediction := range []string{"epsilon", "v_prediction"} {
		s := schedule(t, `{"_class_name": "DDIMScheduler", "prediction_type": "`+prediction+`"}`)
		at := Level{500, alphaBar}
		clean, noise, err := s.predictions(at)
		if err != nil {
			t.Fatal(err)
		}
		rates := map[string]float64{}
		for _, c := range []struct {
			kind  string
			size  float64
			right bool
		}{{"ula", 0.6, false}, {"mala", 0.3, true}, {"mala", 0.6, true}, {"uhmc", 0.4, false}, {"hmc", 0.2, true}, {"hmc", 0.4, true}} {
			if prediction != "epsilon" && (!c.right || c.size < 0.4) {
				continue
			}
			var steps []Step
			for k := range moves {
				steps = append(steps, chains[c.kind](at, clean, noise, c.size*(1-alphaBar), RegHistory, k, moves)...)
			}
			bank := NewHostBank(Registers(steps), pictures)
			scorer := ScorerFunc(func(_ context.Context, step Step, in, out Reg) error {
				x, err := bank.Values(in)
				if err != nil {
					return err
				}
				y, err := bank.Values(out)
				for i, v := range x {
					y[i] = float32((score.at(float64(v)) - noise.x*float64(v)) / noise.out)
				}
				return err
			})
			for _, err := range Run(t.Context(), bank, scorer, steps, Seeds(1, pictures), Shape{1, 1, 1}) {
				if err != nil {
					t.Fatal(err)
				}
			}
			x, err := bank.Values(RegX)
			if err != nil {
				t.Fatal(err)
			}
			var m, v, mid float64
			for _, x := range x {
				x := float64(x)
				m, v = m+x/pictures, v+x*x/pictures
				if near(x) {
					mid += 1. / pictures
				}
			}
			v -= m * m
			// Three standard errors are 0.02 and 0.008.
			right := math.Abs(v-variance) < 0.02 && math.Abs(mid-middle) < 0.008
			t.Logf("%s by %g: variance %.3f of %.3f, middle %.4f of %.4f, accepted %.3f", c.kind, c.size, v, variance, mid, middle, bank.Acceptance())
			if right != c.right {
				t.Errorf("%s by %g: variance %v, want %v, and %v in the middle, want %v", c.kind, c.size, v, variance, mid, middle)
			}
			if rate := bank.Acceptance(); Metropolis(c.kind) {
				if last, ok := rates[c.kind]; !(rate > 0.5 && rate < 1) || ok && !(rate < last) {
					t.Errorf("%s by %g: accepted %v, after %v for smaller moves", c.kind, c.size, rate, last)
				}
				rates[c.kind] = rate
			}
		}
	}
}

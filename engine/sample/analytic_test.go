package sample

import (
	"context"
	"fmt"
	"math"
	"testing"

	"github.com/counterpoint/counterpoint/engine/compose"
)

// A density on the line with three narrow atoms, which a perfect network would
// have learnt: its score at every noise level is known exactly.
const atomStd = 0.1

var atoms = [3]float64{-1, 0, 1}

type masses [3]float64

// epsilon is the noise that a network predicts at x.
func (p masses) epsilon(x, alphaBar float64) float64 {
	variance := alphaBar*atomStd*atomStd + 1 - alphaBar
	var total, pull float64
	for k, mass := range p {
		d := x - math.Sqrt(alphaBar)*atoms[k]
		density := mass * math.Exp(-d*d/(2*variance))
		total += density
		pull += density * d / variance
	}
	return math.Sqrt(1-alphaBar) * pull / total
}

// concepts maps terms to densities; "" is the unconditional one.
var concepts = map[string]masses{
	"":  {1. / 3, 1. / 3, 1. / 3},
	"a": {.60, .38, .02},
	"b": {.02, .38, .60},
}

// sampleMasses runs a prompt through composition, sampler and runner, and returns
// the share of samples nearest to each atom.
func sampleMasses(t *testing.T, prompt string, scale float64, sampler string, steps, samples int) masses {
	t.Helper()
	p, err := compose.Parse(prompt)
	if err != nil {
		t.Fatal(err)
	}
	composition, err := compose.Combine(p.Terms(), compose.Options{Scale: scale})
	if err != nil {
		t.Fatal(err)
	}
	s := schedule(t, `{"_class_name": "DDIMScheduler", "timestep_spacing": "trailing"}`)
	way, err := Lookup(sampler)
	if err != nil {
		t.Fatal(err)
	}
	list, err := way.Steps(s, steps, Options{})
	if err != nil {
		t.Fatal(err)
	}
	bank := NewHostBank(Registers(list), samples)
	analytic := ScorerFunc(func(_ context.Context, step Step, in, out Reg) error {
		x, err := bank.Values(in)
		if err != nil {
			return err
		}
		y, err := bank.Values(out)
		if err != nil {
			return err
		}
		a := s.AlphaBar(int(step.T))
		for i := range x {
			var sum float64
			for _, row := range composition.Rows {
				sum += row.Coef * concepts[row.Text].epsilon(float64(x[i]), a)
			}
			y[i] = float32(sum)
		}
		return nil
	})
	for _, err := range Run(t.Context(), bank, analytic, list, []uint64{5}, Shape{1, 1, samples}) {
		if err != nil {
			t.Fatal(err)
		}
	}
	x, err := bank.Values(RegX)
	if err != nil {
		t.Fatal(err)
	}
	var m masses
	for _, v := range x {
		k := min(max(int(math.Round(float64(v)))+1, 0), 2)
		m[k] += 1 / float64(samples)
	}
	return m
}

// One concept at scale 1 is the density itself: any sampler has to find its
// masses. A composition's plain sum is not exact: with an ancestral sampler it
// gives the biased masses below (the exact product of a and b is .071 .857 .071,
// that of a AND NOT b .967 .032 .001).
func TestMassesOfMixtures(t *testing.T) {
	for _, c := range []struct {
		prompt, sampler string
		scale           float64
		steps           int
		want            masses
	}{
		{"a", "ddim", 1, 100, concepts["a"]},
		{"b", "ddpm", 1, 200, concepts["b"]},
		{"a AND b", "ddpm", 1, 400, masses{.064, .871, .065}},
		{"a AND b", "ddpm", 2, 400, masses{.0023, .995, .0024}},
		{"a AND NOT b", "ddpm", 1, 400, masses{.918, .076, .0054}},
	} {
		t.Run(fmt.Sprintf("%s at %g by %s", c.prompt, c.scale, c.sampler), func(t *testing.T) {
			t.Parallel()
			got := sampleMasses(t, c.prompt, c.scale, c.sampler, c.steps, 6000)
			for k := range got {
				if math.Abs(got[k]-c.want[k]) > 0.012 { // two standard errors
					t.Errorf("masses %.4f, want %.4f", got, c.want)
					break
				}
			}
		})
	}
}

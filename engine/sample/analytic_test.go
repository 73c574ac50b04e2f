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

// curve is a function on the line, tabulated: the score at one level is asked for
// by every sample.
type curve []float64

// It reaches from -reach to reach; scores are linear beyond.
const (
	reach = 8
	cells = 4096
)

func tabulate(f func(x float64) float64) curve {
	c := make(curve, cells+1)
	for i := range c {
		c[i] = f(lerp(-reach, reach, i, len(c)))
	}
	return c
}

func (c curve) at(x float64) float64 {
	u := (x + reach) * (cells / (2. * reach))
	i := min(max(int(u), 0), cells-1)
	return c[i] + (u-float64(i))*(c[i+1]-c[i])
}

// density is a composed density on the line, sampled by way of a schedule.
type density struct {
	prompt   string
	scale    float64
	schedule string
	sampler  string
	steps    int
	options  Options
}

const (
	linearBetas = `{"_class_name": "DDIMScheduler", "timestep_spacing": "trailing"}`
	// Twice as many of its levels are where the atoms part.
	cosineBetas = `{"_class_name": "DDIMScheduler", "timestep_spacing": "trailing", "beta_schedule": "squaredcos_cap_v2"}`
)

// masses runs the prompt through composition, sampler and runner, and returns the
// share of samples nearest to each atom.
func (d density) masses(t *testing.T, samples int) masses {
	t.Helper()
	p, err := compose.Parse(d.prompt)
	if err != nil {
		t.Fatal(err)
	}
	composition, err := compose.Combine(p.Terms(), compose.Options{Scale: d.scale})
	if err != nil {
		t.Fatal(err)
	}
	way, err := Lookup(d.sampler)
	if err != nil {
		t.Fatal(err)
	}
	steps, err := way.Steps(schedule(t, d.schedule), d.steps, d.options)
	if err != nil {
		t.Fatal(err)
	}
	host := NewHostBank(Registers(steps), samples)
	bank, shape := Bank(host), Shape{1, 1, samples}
	if samples > manySamples {
		bank, shape.W = &sharingBank{HostBank: host}, samples/sharing
	}
	var level float64
	var score curve
	analytic := ScorerFunc(func(_ context.Context, step Step, in, out Reg) error {
		x, err := host.Values(in)
		if err != nil {
			return err
		}
		y, err := host.Values(out)
		if err != nil {
			return err
		}
		if score == nil || step.AlphaBar != level {
			level = step.AlphaBar
			score = tabulate(func(x float64) float64 {
				var sum float64
				for _, row := range composition.Rows {
					sum += row.Coef * concepts[row.Text].epsilon(x, level)
				}
				return sum
			})
		}
		for i, v := range x {
			y[i] = float32(score.at(float64(v)))
		}
		return nil
	})
	for _, err := range Run(t.Context(), bank, analytic, steps, []uint64{seed}, shape) {
		if err != nil {
			t.Fatal(err)
		}
	}
	x, err := host.Values(RegX)
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

// sharingBank gives each number of noise to several samples, which takes most of
// the time that making it would: at every call to others, so that no two samples
// have more than a few in common. Each sample begins with a number of its own.
type sharingBank struct {
	*HostBank
	calls int
}

const (
	seed        = 5
	sharing     = 10
	manySamples = 10_000
)

func (b *sharingBank) Fill(r Reg, values []float32) error {
	dst, err := b.Values(r)
	if err != nil {
		return err
	}
	if r == RegX {
		Noise(seed, 0, dst)
		return nil
	}
	b.calls++
	for n := len(values); len(dst) > 0; dst = dst[n:] {
		shift := len(dst) / n * b.calls * 37 % n
		copy(dst[copy(dst, values[shift:]):n], values[:shift])
	}
	return nil
}

// within reports whether masses are as far as off from those wanted.
func (p masses) within(off float64, want masses) bool {
	for k := range p {
		if !(math.Abs(p[k]-want[k]) <= off) {
			return false
		}
	}
	return true
}

// product is the exact composition, a's density and b's to given powers over the
// unconditional one's.
func product(a, b float64) masses {
	var p masses
	var total float64
	for k := range p {
		u := concepts[""][k]
		p[k] = u * math.Pow(concepts["a"][k]/u, a) * math.Pow(concepts["b"][k]/u, b)
		total += p[k]
	}
	for k := range p {
		p[k] /= total
	}
	return p
}

// One concept at scale 1 is the density itself: any sampler has to find its
// masses. A composition's plain sum is not exact: with an ancestral sampler it
// gives the biased masses below. Moves of a corrector at each level make it exact,
// and so do moves alone.
func TestMassesOfMixtures(t *testing.T) {
	ula20 := Options{Corrector: Corrector{Kind: "ula", Moves: 20}}
	hmc8 := Options{Corrector: Corrector{Kind: "uhmc", Moves: 8}}
	for _, c := range []struct {
		density
		want    masses
		off     float64
		samples int
	}{
		{density{"a", 1, linearBetas, "ddim", 100, Options{}}, concepts["a"], .012, 6000},
		{density{"b", 1, linearBetas, "ddpm", 200, Options{}}, concepts["b"], .012, 6000},
		{density{"a", 1, linearBetas, "euler", 100, Options{Spacing: Karras}}, concepts["a"], .012, 6000},
		{density{"b", 1, linearBetas, "euler a", 200, Options{}}, concepts["b"], .012, 6000},
		{density{"a", 1, linearBetas, "heun", 30, Options{}}, concepts["a"], .012, 6000},
		{density{"b", 1, linearBetas, "dpm++ 2m", 40, Options{}}, concepts["b"], .012, 6000},
		{density{"a", 1, linearBetas, "dpm++ 2m sde", 60, Options{}}, concepts["a"], .012, 6000},
		{density{"a", 1, linearBetas, "dpm++ sde", 40, Options{}}, concepts["a"], .012, 6000},

		{density{"a AND b", 1, linearBetas, "ddpm", 400, Options{}}, masses{.064, .871, .065}, .01, 9000},
		{density{"a AND b", 2, linearBetas, "ddpm", 400, Options{}}, masses{.0023, .995, .0024}, .01, 6000},
		{density{"a AND NOT b", 1, linearBetas, "ddpm", 400, Options{}}, masses{.918, .076, .0054}, .01, 6000},

		{density{"a AND b", 1, cosineBetas, "ddpm", 60, ula20}, product(1, 1), .005, 40_000},
		{density{"a AND b", 2, cosineBetas, "ddpm", 40, ula20}, product(2, 2), .005, 40_000},
		{density{"a AND NOT b", 1, cosineBetas, "ddpm", 60, ula20}, product(1, -1), .005, 40_000},
		{density{"a AND NOT b", 1, cosineBetas, "ddim", 50, hmc8}, product(1, -1), .01, 10_000},

		{density{"a AND b", 1, cosineBetas, "langevin", 80, ula20}, product(1, 1), .02, 4000},
		{density{"a AND b", 2, cosineBetas, "langevin", 80, ula20}, product(2, 2), .02, 4000},
		{density{"a AND NOT b", 1, cosineBetas, "langevin", 80, ula20}, product(1, -1), .02, 4000},
		{density{"a AND NOT b", 1, cosineBetas, "langevin", 80, hmc8}, product(1, -1), .02, 4000},
	} {
		name := fmt.Sprintf("%s at %g by %s", c.prompt, c.scale, c.sampler)
		if kind := c.options.Corrector.Kind; kind != "" {
			name += " with " + kind
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if testing.Short() && c.samples > manySamples {
				t.Skip("takes a second")
			}
			got := c.masses(t, c.samples)
			t.Logf("masses %.4f, want %.4f", got, c.want)
			if !got.within(c.off, c.want) {
				t.Errorf("masses %.4f, want %.4f", got, c.want)
			}
		})
	}
}

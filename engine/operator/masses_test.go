package operator_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/counterpoint/counterpoint/engine/compose"
	"github.com/counterpoint/counterpoint/engine/device/cpu/kernel"
	"github.com/counterpoint/counterpoint/engine/device/testdevices"
	"github.com/counterpoint/counterpoint/engine/operator"
	"github.com/counterpoint/counterpoint/engine/sample"
)

// product is the density of a and b, to given powers, against the unconditional one.
func product(a, b float64) masses {
	return concepts[""].times(func(k int) float64 {
		return math.Pow(3*concepts["a"][k], a) * math.Pow(3*concepts["b"][k], b)
	})
}

// without is the complement of a concept, of which half of all pictures are.
func without(concept string) masses {
	return concepts[""].times(func(k int) float64 { return 1 - .5*3*concepts[concept][k] })
}

// mixture is share of a and the rest of b.
func mixture(share float64, a, b string) (m masses) {
	for k := range m {
		m[k] = share*concepts[a][k] + (1-share)*concepts[b][k]
	}
	return m
}

// Choices and complements of concepts are sampled in proportion to their densities, which a sampler with the ancestral
// process's noise finds and others come near; particles weigh a sum to the exact product. The weights are
// those of the continuous process, so they leave a sampler's own error: by "ddpm", of first order in the step, 60 steps of
// a AND b stay .012 away from the mass .857, as its own 240 do .003; the second order of "dpm++ 2m sde" needs fewer.
func TestMasses(t *testing.T) {
	gated := operator.Options{MaxGate: 20}
	particles := operator.Options{Particles: true}
	for _, c := range []struct {
		toy
		want    masses
		off     float64
		samples int
	}{
		{toy{prompt: "left OR right", sampler: "ddpm", steps: 40}, masses{.5, 0, .5}, .01, 8000},
		{toy{prompt: "left :2 OR right", sampler: "ddpm", steps: 40}, masses{2. / 3, 0, 1. / 3}, .01, 8000},
		{toy{prompt: "left :2 OR right", sampler: "ddim", steps: 50}, masses{2. / 3, 0, 1. / 3}, .02, 4000},
		{toy{prompt: "a :3 OR b", sampler: "ddpm", steps: 80}, mixture(.75, "a", "b"), .01, 6000},
		{toy{prompt: "a :3 OR b", sampler: "ddim", steps: 50}, mixture(.75, "a", "b"), .03, 4000},
		{toy{prompt: "(a :3 OR b) AND any", sampler: "ddpm", steps: 40, sample: sample.Options{Corrector: sample.Corrector{Kind: "ula", Moves: 1}}},
			mixture(.75, "a", "b"), .02, 4000},

		{toy{prompt: "any AND NOT b", negation: compose.NotGated, sampler: "ddpm", steps: 80, options: gated}, without("b"), .02, 4000},
		{toy{prompt: "any AND NOT outer", negation: compose.NotGated, sampler: "ddpm", steps: 60, options: gated}, without("outer"), .015, 4000},
		{toy{prompt: "any AND NOT (left OR right)", negation: compose.NotGated, sampler: "ddpm", steps: 60, options: gated}, without("outer"), .015, 4000},

		{toy{prompt: "a AND b", sampler: "dpm++ 2m sde", steps: 40, options: particles}, product(1, 1), .005, 40_000},
		{toy{prompt: "a :2 AND b :2", sampler: "dpm++ 2m sde", steps: 60, options: particles, resample: 4}, product(2, 2), .005, 40_000},
		{toy{prompt: "a AND NOT b", sampler: "dpm++ 2m sde", steps: 80, options: particles, resample: 4}, product(1, -1), .005, 40_000},
	} {
		t.Run(fmt.Sprintf("%s by %s", c.prompt, c.sampler), func(t *testing.T) {
			if testing.Short() && c.samples > 10_000 {
				t.Skip("takes seconds")
			}
			o := c.run(t, testdevices.CPU(t, kernel.Supported()[0], 1), c.samples)
			got := o.masses()
			t.Logf("masses %.4f, want %.4f", got, c.want)
			if !got.within(c.off, c.want) {
				t.Errorf("masses %.4f, want %.4f", got, c.want)
			}
		})
	}
}

// A constant weight goes on pushing where the concept is gone; a gated one leaves what never showed it as likely as it was.
func TestGatedBeatsSigned(t *testing.T) {
	d := testdevices.CPU(t, kernel.Supported()[0], 1)
	want := without("b")
	signed := toy{prompt: "any AND NOT b", sampler: "ddpm", steps: 60}.run(t, d, 4000).masses()
	gated := toy{prompt: "any AND NOT b", negation: compose.NotGated, sampler: "ddpm", steps: 60}.run(t, d, 4000).masses()
	if near, far := gated.distance(want), signed.distance(want); !(near < far/4) {
		t.Errorf("gated %.4f is %.3f from %.4f, signed %.4f %.3f", gated, near, want, signed, far)
	}
}

// Lifts are the atoms' log-ratios, whatever the samples were guided by.
func TestLifts(t *testing.T) {
	d := testdevices.CPU(t, kernel.Supported()[0], 1)
	for _, c := range []struct {
		toy
		off float64
	}{
		{toy{prompt: "a AND b", sampler: "ddpm", steps: 100, options: operator.Options{Lifts: true}}, .2},
		{toy{prompt: "a :-1 AND any AND b :0.01", sampler: "ddpm", steps: 100, options: operator.Options{Lifts: true}}, .2},
		{toy{prompt: "a AND b", sampler: "ddim", steps: 100, options: operator.Options{Lifts: true}}, 1.2},
	} {
		o := c.run(t, d, 1000)
		for row, s := range o.rows {
			var sum, n masses
			for i, k := range o.atom {
				sum[k] += o.lifts[i][row].Nats
				n[k]++
			}
			for k := range sum {
				want := math.Log(3 * concepts[s.Text][k])
				if got := sum[k] / n[k]; n[k] > 50 && !(math.Abs(got-want) <= c.off) {
					t.Errorf("%s by %s: atom %d has lift %.3f of %q, want %.3f", c.prompt, c.sampler, k, got, s.Text, want)
				}
			}
		}
	}
}

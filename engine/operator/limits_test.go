package operator_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/counterpoint/counterpoint/engine/compose"
	"github.com/counterpoint/counterpoint/engine/device"
	"github.com/counterpoint/counterpoint/engine/device/cpu/kernel"
	"github.com/counterpoint/counterpoint/engine/device/testdevices"
	"github.com/counterpoint/counterpoint/engine/operator"
)

func TestErrors(t *testing.T) {
	d := testCPU(t)
	sum, choice := compiled(t, "a AND b", compose.Options{Scale: 2}), compiled(t, "a OR b", compose.Options{Scale: 2})
	alone := compiled(t, "a", compose.Options{Scale: 1})
	for _, c := range []struct {
		plan            *compose.Plan
		options         operator.Options
		pictures, steps int
		want            string
	}{
		{sum, operator.Options{}, 0, 4, "pictures 0"},
		{sum, operator.Options{}, 1, 0, "steps 0"},
		{sum, operator.Options{}, 1 << 16, 1, "pictures 65536"},
		{sum, operator.Options{Prior: 1}, 1, 1, "prior"},
		{sum, operator.Options{MaxGate: math.Inf(1)}, 1, 1, "largest weight"},
		{sum, operator.Options{Rescale: 1.5}, 1, 1, "rescaled share"},
		{sum, operator.Options{Rescale: math.NaN()}, 1, 1, "rescaled share"},
		{sum, operator.Options{Project: &operator.Projection{Eta: -1}}, 1, 1, "parallel part"},
		{sum, operator.Options{Rescale: .5, Project: &operator.Projection{}}, 1, 1, "one of them"},
		{sum, operator.Options{Guided: compose.Range{From: .5, To: .2}}, 1, 1, "guided part"},
		{sum, operator.Options{Particles: true, Rescale: .7}, 1, 1, "particles"},
		{sum, operator.Options{Particles: true, Clamp: 1}, 65, 1, "at most 64"},
		{choice, operator.Options{Particles: true}, 1, 1, "constant weights"},
		{alone, operator.Options{Lifts: true}, 1, 1, "unconditional"},
	} {
		m, err := operator.New(d, c.plan, c.options, c.pictures, height, width, channels, c.steps)
		if err == nil {
			m.Close()
		}
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want one about %q", err, c.want)
		}
	}
}

func TestEvaluationErrors(t *testing.T) {
	d := testCPU(t)
	c, err := operator.New(d, compiled(t, "a AND b", compose.Options{Scale: 2}), operator.Options{}, 2, height, width, channels, 4)
	fatal(t, err)
	defer c.Close()
	b := device.Batch{Buffer: buffer(t, d, 2*latent), Stride: latent}
	good := operator.Evaluation{Level: operator.Level{AlphaBar: .5, CleanX: 1, CleanOut: -1}, X: b, Out: b,
		Score: func(int) device.Batch { return device.Batch{Buffer: b.Buffer} }}
	for _, c2 := range []struct {
		change func(*operator.Evaluation)
		want   string
	}{
		{func(e *operator.Evaluation) { e.Step = 4 }, "step 5 of 4"},
		{func(e *operator.Evaluation) { e.Step = -1 }, "step 0"},
		{func(e *operator.Evaluation) { e.First = 2 }, "pictures"},
		{func(e *operator.Evaluation) { e.Count = 3 }, "pictures"},
		{func(e *operator.Evaluation) { e.Level.AlphaBar = 1 }, "ᾱ 1"},
		{func(e *operator.Evaluation) { e.Level.CleanOut = 0 }, "not 0"},
		{func(e *operator.Evaluation) { e.Level.CleanX = math.NaN() }, "NaN"},
		{func(e *operator.Evaluation) {}, "mix"}, // the scores overlap the result
	} {
		ev := good
		c2.change(&ev)
		if err := c.Combine(ev); err == nil || !strings.Contains(err.Error(), c2.want) {
			t.Errorf("error %v, want one about %q", err, c2.want)
		}
	}
	if err := c.Resample(t.Context(), .5); err == nil {
		t.Error("resampled without particles")
	}
	fatal(t, c.Close())
	if err := c.Combine(good); err == nil {
		t.Error("combined after Close")
	}
}

// As many terms as a prompt may have, in every operator.
func TestManyTerms(t *testing.T) {
	d := testCPU(t)
	var terms []string
	for i := range compose.MaxTerms {
		terms = append(terms, fmt.Sprintf("c%d", i))
	}
	for _, c := range []struct {
		prompt   string
		negation compose.Negation
	}{
		{strings.Join(terms, " AND "), compose.NotSigned},
		{strings.Join(terms, " OR "), compose.NotSigned},
		{terms[0] + " AND NOT (" + strings.Join(terms[1:], " OR ") + ")", compose.NotGated},
		{terms[0] + " AND NOT " + strings.Join(terms[1:], " AND NOT "), compose.NotGated},
		{terms[0] + " AND NOT " + strings.Join(terms[1:], " AND NOT "), compose.NotPerp},
		{strings.Join(terms[:8], " AND ") + " AND NOT " + strings.Join(terms[8:], " AND NOT "), compose.NotPerp},
	} {
		for _, v := range (run{prompt: c.prompt, plan: compose.Options{Scale: 2, Negation: c.negation}, steps: 2}).last(t, d) {
			if math.IsNaN(float64(v)) || math.IsInf(float64(v), 0) {
				t.Fatalf("%.30s… gives %g", c.prompt, v)
			}
		}
	}
	halves := strings.Join(terms[:32], " AND ") + " AND NOT " + strings.Join(terms[32:], " AND NOT ")
	plan := compiled(t, halves, compose.Options{Scale: 2, Negation: compose.NotPerp})
	if _, err := operator.New(d, plan, operator.Options{}, 1, 1, 1, 1, 1); err == nil || !strings.Contains(err.Error(), "64 terms") {
		t.Errorf("32 terms perpendicular to 32: error %v", err)
	}
}

// Pictures are drawn with all that the operators know of them.
func TestResample(t *testing.T) {
	testdevices.Each(t, kernel.Supported()[0], func(t *testing.T, d device.Device, _ bool) { testResample(t, d) })
}

// twoSteps combines random scores of two steps, and returns the last latents, the result and the pictures' weights.
func twoSteps(t *testing.T, d device.Device, c *operator.Combiner, plan *compose.Plan, pictures int) (x, out device.Buffer, weights []float64) {
	t.Helper()
	scores := buffer(t, d, len(plan.Rows)*pictures*latent)
	x, out = buffer(t, d, pictures*latent), buffer(t, d, pictures*latent)
	for step := range 2 {
		for k := range pictures {
			fatal(t, x.WriteFloats(t.Context(), k*latent, random(fmt.Sprint("x", step, k))))
			for row, s := range plan.Rows {
				fatal(t, scores.WriteFloats(t.Context(), (row*pictures+k)*latent, randomScore(s.Text, step, k)))
			}
		}
		fatal(t, c.Combine(operator.Evaluation{
			Step: step, Level: run{steps: 3}.level(step),
			X: device.Batch{Buffer: x, Stride: latent}, Out: device.Batch{Buffer: out, Stride: latent},
			Score: func(row int) device.Batch {
				return device.Batch{Buffer: scores, Offset: row * pictures * latent, Stride: latent}
			},
		}))
	}
	weights, err := c.LogWeights(t.Context())
	fatal(t, err)
	return x, out, weights
}

func testResample(t *testing.T, d device.Device) {
	const pictures = 4
	for _, clamp := range []float64{0, 1e-6, 1} {
		plan := compiled(t, "a AND b :2", compose.Options{Scale: 2})
		c, err := operator.New(d, plan, operator.Options{Particles: true, Clamp: clamp}, pictures, height, width, channels, 3)
		fatal(t, err)
		defer c.Close()
		x, out, weights := twoSteps(t, d, c, plan, pictures)
		batch := func(b device.Buffer) device.Batch { return device.Batch{Buffer: b, Stride: latent} }
		lifts, err := c.Lifts(t.Context())
		fatal(t, err)
		before := make([]float32, pictures*latent)
		fatal(t, out.ReadFloats(t.Context(), 0, before))
		fatal(t, c.Resample(t.Context(), .5, batch(x), batch(out)))

		// Systematic draws, one at each i + ½ of the weights' running sum.
		var mean, total float64
		for _, w := range weights {
			mean += w / pictures
		}
		shares := make([]float64, pictures)
		for k, w := range weights {
			if w -= mean; clamp > 0 {
				w = min(max(w, -clamp), clamp)
			}
			shares[k] = math.Exp(w)
			total += shares[k]
		}
		after := make([]float32, pictures*latent)
		fatal(t, out.ReadFloats(t.Context(), 0, after))
		drawn, err := c.Lifts(t.Context())
		fatal(t, err)
		j, upTo := 0, shares[0]
		for i := range pictures {
			for upTo*pictures/total <= float64(i)+.5 {
				j++
				upTo += shares[j]
			}
			if !slices.Equal(after[i*latent:][:latent], before[j*latent:][:latent]) || !slices.Equal(drawn[i], lifts[j]) {
				t.Errorf("clamp %g: picture %d is not the former picture %d, of weights %.2f", clamp, i, j, weights)
			}
		}
		if weights, err = c.LogWeights(t.Context()); err != nil || slices.Max(weights) != 0 || slices.Min(weights) != 0 {
			t.Errorf("weights after a draw are %v, %v", weights, err)
		}
		if err := c.Resample(t.Context(), 1); err == nil {
			t.Error("1 passes as a number below 1")
		}
	}
}

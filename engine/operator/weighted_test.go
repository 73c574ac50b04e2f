package operator_test

import (
	"strings"
	"testing"

	"github.com/counterpoint/counterpoint/engine/compose"
	"github.com/counterpoint/counterpoint/engine/device"
	"github.com/counterpoint/counterpoint/engine/operator"
)

// TestWeighted adds the rows' weighted directions up, of every kind of composition: with the unconditional score they are the
// result. A row that is not evaluated has none.
func TestWeighted(t *testing.T) {
	d := testCPU(t)
	all, one := buffer(t, d, 2*latent), buffer(t, d, 2*latent)
	for _, r := range []run{
		{prompt: "a AND NOT b"},
		{prompt: "a AND b AND NOT c", plan: compose.Options{Negation: compose.NotPerp}},
		{prompt: "a AND b AND NOT c", plan: compose.Options{Negation: compose.NotGated}},
		{prompt: "a AND (b OR c)"},
		{prompt: "a @(0-0.5, 0-1) AND a @(0.3-1, 0-0.5) :2 AND b @0.5-1"},
		{prompt: "(a OR b @(0-0.5, 0-1)) AND NOT c @0-0.5", plan: compose.Options{Negation: compose.NotGated}},
		{prompt: "a AND NOT b", options: operator.Options{Guided: compose.Range{From: 0, To: 1}, Particles: true}},
	} {
		r.steps, r.pictures, r.groups = 4, 3, 2
		rows := len(compiled(t, r.prompt, compose.Options{Scale: 3, Negation: r.plan.Negation}).Rows)
		r.after = func(c *operator.Combiner, ev operator.Evaluation) {
			batch := func(b device.Buffer) device.Batch { return device.Batch{Buffer: b, Stride: latent} }
			got, want := make([]float32, ev.Count*latent), make([]float32, ev.Count*latent)
			fatal(t, ev.Out.Buffer.ReadFloats(t.Context(), ev.First*latent, want))
			total := device.Mix{Pictures: ev.Count, Len: latent, Dst: batch(all), Terms: []device.MixTerm{{Of: ev.Score(0), Coef: 1}}}
			fatal(t, d.Mix(total))
			ev.Out = batch(one)
			total.Terms = []device.MixTerm{{Of: batch(all), Coef: 1}, {Of: batch(one), Coef: 1}}
			for row := 1; row < rows; row++ {
				fatal(t, c.Weighted(ev, row))
				fatal(t, d.Mix(total))
			}
			fatal(t, all.ReadFloats(t.Context(), 0, got))
			near(t, got, want, 1e-5)
		}
		t.Run(r.prompt, func(t *testing.T) { r.results(t, d) })
	}
	r := run{prompt: "a", plan: compose.Options{Scale: 1}, after: func(c *operator.Combiner, ev operator.Evaluation) {
		ev.Out = device.Batch{Buffer: one, Stride: latent}
		if err := c.Weighted(ev, 0); err == nil || !strings.Contains(err.Error(), "nothing to be measured from") {
			t.Errorf("without an unconditional score: %v", err)
		}
	}}
	r.results(t, d)
}

package operator_test

import (
	"strings"
	"testing"

	"github.com/counterpoint/counterpoint/engine/compose"
	"github.com/counterpoint/counterpoint/engine/operator"
)

// modelPrompts have terms of two more models, m and n.
var modelPrompts = []string{
	"a AND m: b AND NOT n: c",
	"m: a AND m: b @(0-0.5, 0-1)",
	"m: a OR n: b OR c",
	"(a OR m: b) AND NOT n: c @(0-1, 0.3-1) AND m: d @0-0.5",
	"m: a @0-0.6 AND NOT m: b",
}

// apart are scores of models that differ from the first model's by the same at each of their rows, by's multiple of a
// random vector; so their directions are the first model's.
func apart(by float32) func(text string, step, picture int) []float32 {
	return func(text string, step, picture int) []float32 {
		model := ""
		if text != "" && strings.Contains("mn", text[:1]) {
			model, text = text[:1], text[1:]
		}
		v := randomScore(text, step, picture)
		for i, d := range randomScore("model "+model, step, picture) {
			if model != "" {
				v[i] += by * d
			}
		}
		return v
	}
}

// TestModels holds terms of other models, each measured from its own unconditional score, to those of the first: with the
// same scores nothing changes; with others of the same directions nothing does as long as no log-ratio is followed.
func TestModels(t *testing.T) {
	d := testCPU(t)
	for _, prompt := range modelPrompts {
		for _, negation := range []compose.Negation{compose.NotSigned, compose.NotPerp, compose.NotGated} {
			for _, o := range []operator.Options{{}, {Rescale: 0.7}, {Lifts: true}, {Guided: compose.Range{From: 0, To: 0.5}}} {
				of := func(prompt string, by float32) [][]float32 {
					return run{prompt: prompt, plan: compose.Options{Negation: negation}, options: o, steps: 4, pictures: 3, groups: 2, score: apart(by)}.results(t, d)
				}
				want := of(strings.NewReplacer("m: ", "", "n: ", "").Replace(prompt), 0)
				offsets := []float32{0, 3}
				if o.Guided.To > 0 {
					offsets = offsets[:1] // where there is no guidance, terms are followed rather than directions
				}
				if strings.Contains(prompt, " OR ") || negation == compose.NotGated {
					offsets = offsets[:1] // the residual is the model's own
				}
				for _, by := range offsets {
					for step, got := range of(prompt, by) {
						if near(t, got, want[step], 1e-4); t.Failed() {
							t.Fatalf("%q, %v, %+v, models off by %v, step %d", prompt, negation, o, by, step)
						}
					}
				}
			}
		}
	}
}

func TestModelsNeedTheirOwnUnconditionalScore(t *testing.T) {
	d := testCPU(t)
	for _, o := range []operator.Options{{Particles: true}, {Lifts: true}} {
		plan := compiled(t, "m: a AND NOT m: b AND x", compose.Options{Scale: 1}) // the two cancel
		if c, err := operator.New(d, plan, o, 1, height, width, channels, 1); err == nil {
			c.Close()
			t.Errorf("%+v: no error", o)
		}
	}
}

// TestModelsChoose follows the log-ratios of a model's terms: they are what they are where it is the only model, so results
// differ by what the two models' unconditional scores do.
func TestModelsChoose(t *testing.T) {
	d := testCPU(t)
	for _, prompt := range []string{"m: a OR m: b :2", "m: a AND NOT m: b"} {
		r := run{prompt: prompt, plan: compose.Options{Negation: compose.NotGated}, steps: 4, score: apart(3)}
		got := r.results(t, d)
		r.prompt = strings.ReplaceAll(prompt, "m: ", "")
		r.score = func(text string, step, picture int) []float32 { return apart(3)("m"+text, step, picture) }
		for step, want := range r.results(t, d) {
			first, other := randomScore("", step, 0), r.score("", step, 0)
			for i := range want {
				want[i] += first[i] - other[i]
			}
			if near(t, got[step], want, 1e-4); t.Failed() {
				t.Fatalf("%q, step %d", prompt, step)
			}
		}
	}
}

package sample

import (
	"context"
	"math"
	"testing"
)

// TestCFGPlusPlus holds CFG++ at scale λ against plain sampling at the guidance scale λ·σ/(σ − σ') of each step from σ to
// σ', which is the same without fresh noise: so Chung et al. (arXiv 2406.08070) compare the two.
func TestCFGPlusPlus(t *testing.T) {
	const lambda = 0.6
	shape := Shape{C: 1, H: 1, W: 50}
	for _, prediction := range []Prediction{PredictEpsilon, PredictVelocity} {
		s := `{"_class_name": "DDIMScheduler", "timestep_spacing": "trailing", "prediction_type": "` + string(prediction) + `"}`
		for _, name := range []string{"ddim", "ddim_trailing", "euler"} {
			run := func(o Options, scale func(step Step) float64) []float32 {
				steps := stepsOf(t, s, name, 8, o)
				bank := NewHostBank(Registers(steps), shape.Len())
				scorer := func(_ context.Context, step Step, in, out Reg) error {
					// Any network does: u's output, and with the direction d at the step's scale.
					u := []Term{{in, 0.3}}
					d := Term{in, 0.2 * scale(step)}
					if step.Null != RegX {
						if err := bank.Apply(Move{Dst: step.Null, Terms: u}); err != nil {
							return err
						}
					}
					return bank.Apply(Move{Dst: out, Terms: append(u, d)})
				}
				for _, err := range Run(t.Context(), bank, ScorerFunc(scorer), steps, []uint64{3}, shape) {
					if err != nil {
						t.Fatal(err)
					}
				}
				x, err := bank.Values(RegX)
				if err != nil {
					t.Fatal(err)
				}
				return x
			}
			got := run(Options{CFGPlusPlus: true}, func(Step) float64 { return lambda })
			want := run(Options{}, func(step Step) float64 {
				from, to := Level{AlphaBar: step.AlphaBar}.Sigma(), Level{AlphaBar: step.Next}.Sigma()
				return lambda * from / (from - to)
			})
			for i, v := range got {
				if math.Abs(float64(v-want[i])) > 1e-4*(1+math.Abs(float64(v))) {
					t.Fatalf("%s, %s: element %d is %v, want %v", name, prediction, i, v, want[i])
				}
			}
		}
	}
}

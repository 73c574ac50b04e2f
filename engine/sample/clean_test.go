package sample

import (
	"context"
	"math"
	"testing"
)

// TestClean gives a network that knows the picture: the estimate after every step is that picture, whatever the network
// predicts and whatever noise the sampler adds.
func TestClean(t *testing.T) {
	picture := []float32{0.5, -1.25, 2}
	shape := Shape{C: 3, H: 1, W: 1}
	for _, prediction := range []string{"epsilon", "v_prediction", "sample"} {
		s := schedule(t, `{"_class_name": "DDIMScheduler", "timestep_spacing": "leading", "prediction_type": "`+prediction+`"}`)
		for i, name := range append(Names(), "ddim", "euler a") {
			sampler, err := Lookup(name)
			if err != nil {
				t.Fatal(err)
			}
			steps, err := sampler.Steps(s, 10, Options{Eta: 1, Spacing: Leading, CFGPlusPlus: i >= len(Names())})
			if err != nil {
				t.Fatal(err)
			}
			bank := NewHostBank(Registers(steps)+1, shape.Len())
			estimate := Reg(Registers(steps))
			knowing := func(_ context.Context, step Step, in, out Reg) error {
				x, err := bank.Values(in)
				if err != nil {
					return err
				}
				score, err := bank.Values(out)
				if err != nil {
					return err
				}
				a := step.AlphaBar
				signal, sigma := math.Sqrt(a), math.Sqrt(1-a)
				for i := range score {
					noise := (float64(x[i]) - signal*float64(picture[i])) / sigma
					score[i] = float32(map[string]float64{
						"epsilon": noise, "v_prediction": signal*noise - sigma*float64(picture[i]), "sample": float64(picture[i]),
					}[prediction])
				}
				return nil
			}
			for progress, err := range Run(t.Context(), bank, ScorerFunc(knowing), steps, []uint64{7}, shape) {
				if err != nil {
					t.Fatal(err)
				}
				for _, m := range progress.Estimate(estimate) {
					if err := bank.Apply(m); err != nil {
						t.Fatal(err)
					}
				}
				got, err := bank.Values(estimate)
				if err != nil {
					t.Fatal(err)
				}
				for i, v := range got {
					if math.Abs(float64(v-picture[i])) > 1e-3 {
						t.Errorf("%s, %s, step %d: estimate %v, want %v", name, prediction, progress.Done, got, picture)
						break
					}
				}
			}
		}
	}
}

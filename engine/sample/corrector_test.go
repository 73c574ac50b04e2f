package sample

import (
	"context"
	"math"
	"testing"
)

// A corrector adds evaluations, not steps; those are at the level that the step has
// led to, and none follow the last.
func TestCorrectorsAddEvaluations(t *testing.T) {
	for _, name := range Names() {
		plain := stepsOf(t, trailing, name, 8, Options{})
		for kind, each := range map[string]int{"ula": 3, "uhmc": 3 * leapfrogs, "mala": 1 + 3*2, "hmc": 1 + 3*2*leapfrogs} {
			for _, until := range []float64{0, 0.5} {
				got := stepsOf(t, trailing, name, 8, Options{Corrector: Corrector{Kind: kind, Moves: 3, Until: until}})
				if Count(got) != 8 || got[len(got)-1].Partial {
					t.Errorf("%s with %s: %d steps, want 8, the last one whole", name, kind, Count(got))
				}
				if name == "langevin" { // has nothing but moves
					continue
				}
				corrected := 7
				if until > 0 {
					corrected = 4
				}
				if want := len(plain) + corrected*each; len(got) != want {
					t.Errorf("%s with %s until %v: %d evaluations, want %d", name, kind, until, len(got), want)
				}
			}
		}
	}
	// The share is that of all steps: of steps 3 to 8 two are among the first half.
	begun := Options{Strength: 0.75, Corrector: Corrector{Kind: "ula", Moves: 3, Until: 0.5}}
	if got := len(stepsOf(t, trailing, "ddim", 8, begun)); got != 6+2*3 {
		t.Errorf("with a strength: %d evaluations, want %d", got, 6+2*3)
	}
	for i, step := range stepsOf(t, trailing, "euler a", 8, Options{Corrector: Corrector{Kind: "ula", Moves: 3}}) {
		plain := stepsOf(t, trailing, "euler a", 8, Options{})
		if want := plain[(i+3)/4]; step.T != want.T || step.AlphaBar != want.AlphaBar {
			t.Errorf("evaluation %d at timestep %v, want %v", i, step.T, want.T)
		}
	}
}

// Moves with the score of a Gaussian keep its variance, but for the error that the
// bound on their step allows.
func TestCorrectorsKeepAGaussian(t *testing.T) {
	s := schedule(t, trailing)
	shape := Shape{C: 1, H: 1, W: 8000}
	for _, kind := range []string{"ula", "uhmc"} {
		c, err := Corrector{Kind: kind, Moves: 40, Step: 5}.filled()
		if err != nil {
			t.Fatal(err)
		}
		// Data of no variance: at a level of ᾱ there is 1−ᾱ, and the network predicts x/√(1−ᾱ).
		at := s.level(400)
		steps, err := c.at(s, at, s.AlphaBar(300), RegHistory)
		if err != nil {
			t.Fatal(err)
		}
		bank := NewHostBank(Registers(steps), shape.Len())
		gaussian := ScorerFunc(func(_ context.Context, step Step, in, out Reg) error {
			return bank.Apply(Move{Dst: out, Terms: []Term{{in, 1 / math.Sqrt(1-step.AlphaBar)}}})
		})
		for _, err := range Run(t.Context(), bank, gaussian, steps, []uint64{9}, shape) {
			if err != nil {
				t.Fatal(err)
			}
		}
		x, err := bank.Values(RegX)
		if err != nil {
			t.Fatal(err)
		}
		var square float64
		for _, v := range x {
			square += float64(v) * float64(v) / float64(len(x))
		}
		// 1/(1−δ/2(1−ᾱ)) = 1.053 in the limit; three standard errors are 0.05.
		if got := square / (1 - at.AlphaBar); math.Abs(got-1.053) > 0.05 {
			t.Errorf("%s: variance %v of the noise's, want 1.053", kind, got)
		}
	}
}

// The step size obeys both rules.
func TestCorrectorStep(t *testing.T) {
	s := schedule(t, trailing)
	for _, c := range []struct{ step, a, next, want float64 }{
		{0, 0.5, 0.505, (1 - 0.5/0.505) / 2},
		{2, 0.5, 0.505, 2 * (1 - 0.5/0.505)},
		{2, 0.5, 0.9, 0.05},
		{0, 0.999, 0.9999, 0.0001},
	} {
		k, err := Corrector{Kind: "ula", Step: c.step}.filled()
		if err != nil {
			t.Fatal(err)
		}
		steps, err := k.at(s, Level{500, c.a}, c.next, RegHistory)
		if err != nil || len(steps) != 5 {
			t.Fatalf("%d moves, %v, want 5", len(steps), err)
		}
		terms := steps[0].Moves[0].Terms
		if noise := terms[len(terms)-1]; noise.Reg != RegNoise || math.Abs(noise.Coef*noise.Coef/2-c.want) > 1e-12 {
			t.Errorf("ᾱ %v to %v by %v: %v, want √(2·%v) of noise", c.a, c.next, c.step, noise, c.want)
		}
	}
}

func TestCorrectorErrors(t *testing.T) {
	for _, c := range []Corrector{
		{Kind: "nuts"}, {Moves: 3}, {Kind: "ula", Moves: -1}, {Kind: "ula", Moves: 1001},
		{Kind: "ula", Step: -1}, {Kind: "ula", Step: math.NaN()}, {Kind: "ula", Step: math.Inf(1)}, {Kind: "uhmc", Until: 1.5},
	} {
		for _, name := range []string{"ddim", "langevin"} {
			sampler, err := Lookup(name)
			if err != nil {
				t.Fatal(err)
			}
			if name == "langevin" && c.Kind == "" {
				continue // it has one of its own
			}
			if _, err := sampler.Steps(schedule(t, trailing), 4, Options{Corrector: c}); err == nil {
				t.Errorf("%s, %+v: no error", name, c)
			}
		}
	}
}

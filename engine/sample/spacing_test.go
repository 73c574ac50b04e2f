package sample

import (
	"math"
	"strings"
	"testing"
)

const (
	zeroSNR = `{"_class_name": "DDIMScheduler", "timestep_spacing": "trailing", "rescale_betas_zero_snr": true, "prediction_type": "v_prediction"}`
	nearly  = `{"_class_name": "DDIMScheduler", "timestep_spacing": "trailing", "beta_schedule": "squaredcos_cap_v2", "prediction_type": "v_prediction"}`
)

// Every sampler begins in pure noise, with every corrector, and stays finite; one
// step from noise so nearly pure that its σ is 10⁴ does no worse.
func TestZeroSNR(t *testing.T) {
	shape := Shape{C: 2, H: 2, W: 3}
	for _, config := range []string{zeroSNR, nearly, strings.Replace(zeroSNR, "v_prediction", "sample", 1)} {
		for _, name := range Names() {
			for _, kind := range append(Correctors(), "") {
				o := Options{Spacing: Trailing, Eta: 1}
				if kind != "" {
					o.Corrector = Corrector{Kind: kind, Moves: 2}
				}
				steps := stepsOf(t, config, name, 7, o)
				for _, step := range steps {
					for _, m := range step.Moves {
						for _, term := range m.Terms {
							if !(math.Abs(term.Coef) < 100) {
								t.Errorf("%s, %s, %q: coefficient %v of %v at timestep %v", config, name, kind, term.Coef, term.Reg, step.T)
							}
						}
					}
				}
				for i, v := range started(t, steps, shape, Start{}) {
					if !(math.Abs(float64(v)) < 100) {
						t.Errorf("%s, %s, %q: element %d is %v", config, name, kind, i, v)
					}
				}
			}
		}
	}
}

// A network that predicts the noise says nothing of the picture in pure noise.
func TestZeroSNROfEpsilon(t *testing.T) {
	s := schedule(t, strings.Replace(zeroSNR, "v_prediction", "epsilon", 1))
	for _, name := range Names() {
		sampler, err := Lookup(name)
		if err != nil {
			t.Fatal(err)
		}
		steps, err := sampler.Steps(s, 7, Options{Spacing: Trailing})
		if name != "langevin" && (err == nil || !strings.Contains(err.Error(), "pure noise")) {
			t.Errorf("%s: %d steps and error %v, want one that says why", name, len(steps), err)
		}
	}
	for _, name := range []string{"Euler Karras", "dpm++ 2m exponential", "heun_karras"} {
		stepsOf(t, `{"_class_name": "DDIMScheduler", "rescale_betas_zero_snr": true}`, name, 7, Options{})
	}
}

func TestSigmaSpacings(t *testing.T) {
	for _, c := range []struct {
		config       string
		spacing      Spacing
		first, last  float64 // σ
		middle       float64 // σ, the mean of the ends' in the spacing's scale
		noisest, end float64 // timesteps
	}{
		{trailing, Karras, 157.4, 0.01, 5.91, 999, 0},
		{trailing, Exponential, 157.4, 0.01, 1.2547, 999, 0},
		{zeroSNR, Karras, maxSigma, 0.01, 6.11, 930.4, 0},
	} {
		levels, err := schedule(t, c.config).levels(5, Options{Spacing: c.spacing}, true)
		if err != nil {
			t.Fatal(err)
		}
		if len(levels) != 6 || levels[5] != noiseless {
			t.Fatalf("levels %v, want 5 and the noiseless one", levels)
		}
		for i, want := range map[int]float64{0: c.first, 2: c.middle, 4: c.last} {
			if got := levels[i].Sigma(); math.Abs(got/want-1) > 0.02 {
				t.Errorf("%s: σ %v at level %d, want %v", c.spacing, got, i, want)
			}
		}
		if math.Abs(levels[0].T-c.noisest) > 0.6 || math.Abs(levels[4].T-c.end) > 1e-6 {
			t.Errorf("%s: timesteps %v to %v, want %v to %v", c.spacing, levels[0].T, levels[4].T, c.noisest, c.end)
		}
	}
}

// The timestep of a training level's σ is that level's.
func TestTimestepOfSigma(t *testing.T) {
	s := schedule(t, trailing)
	for i := range s.alphaBar {
		if got := s.atLogSigma(fixedLog(s.level(i).Sigma())); math.Abs(got.T-float64(i)) > 1e-6 || math.Abs(got.AlphaBar-s.alphaBar[i]) > 1e-12 {
			t.Errorf("timestep %d: got %v, want ᾱ %v", i, got, s.alphaBar[i])
		}
	}
}

func TestParseSpacing(t *testing.T) {
	for name, want := range map[string]Spacing{
		"": "", "Automatic": "", "Karras": Karras, "exponential": Exponential, "SGM Uniform": Trailing, "discrete": Linspace, "leading": Leading,
	} {
		if got, err := ParseSpacing(name); got != want || err != nil {
			t.Errorf("%q: %q, %v, want %q", name, got, err, want)
		}
	}
	if _, err := ParseSpacing("gits"); err == nil {
		t.Error("gits: no error")
	}
}

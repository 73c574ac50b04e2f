package sample

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"testing"
)

// trajectory is a run of one of diffusers' schedulers.
type trajectory struct {
	Config  json.RawMessage
	Sampler string
	Steps   int
	Eta     float64
	Seed    uint64
	Shape   [3]int
	Options struct {
		Spacing  Spacing
		Strength float64
	}
	Timesteps []float64
	Outputs   []floats // of the network at each evaluation
	States    []floats // after each whole step
}

func schedule(t *testing.T, config string) *Schedule {
	t.Helper()
	c, err := ParseConfig([]byte(config))
	if err != nil {
		t.Fatal(err)
	}
	s, err := NewSchedule(c)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (g trajectory) run(t *testing.T) {
	sampler, err := Lookup(g.Sampler)
	if err != nil {
		t.Fatal(err)
	}
	s := schedule(t, string(g.Config))
	steps, err := sampler.Steps(s, g.Steps, Options{Eta: g.Eta, Spacing: g.Options.Spacing, Strength: g.Options.Strength})
	if err != nil {
		t.Fatal(err)
	}
	if len(steps) != len(g.Timesteps) {
		t.Fatalf("%d evaluations, want %d", len(steps), len(g.Timesteps))
	}
	for i, want := range g.Timesteps {
		off := 1e-6
		if s.Config.Class == "DPMSolverMultistepScheduler" && steps[i].T != math.Trunc(steps[i].T) {
			off = 1 // it rounds timesteps between two training ones, or cuts them off
		}
		if math.Abs(steps[i].T-want) > off {
			t.Fatalf("evaluation %d at timestep %v, want %v", i, steps[i].T, want)
		}
	}
	shape := Shape{g.Shape[0], g.Shape[1], g.Shape[2]}
	bank := NewHostBank(Registers(steps), shape.Len())
	k := 0
	recorded := ScorerFunc(func(_ context.Context, _ Step, in, out Reg) error {
		k++
		return bank.Fill(out, g.Outputs[k-1])
	})
	x := make([]float32, shape.Len())
	for progress, err := range Run(t.Context(), bank, recorded, steps, []uint64{g.Seed}, shape) {
		if err == nil {
			err = bank.Read(RegX, x)
		}
		if err != nil {
			t.Fatal(err)
		}
		if progress.Partial {
			continue
		}
		want := g.States[progress.Done-1]
		var largest, worst float64
		for i := range x {
			largest = max(largest, math.Abs(float64(want[i])))
			worst = max(worst, math.Abs(float64(x[i]-want[i])))
		}
		if !(worst <= 1e-5*largest) {
			t.Fatalf("step %d: off by %g where the largest value is %g", progress.Done, worst, largest)
		}
	}
	if done := Count(steps); k != len(steps) || done != len(g.States) {
		t.Errorf("%d evaluations for %d steps, want %d for %d", k, done, len(steps), len(g.States))
	}
}

func TestTrajectoriesOfDiffusers(t *testing.T) {
	for i, g := range goldens(t).Trajectories {
		t.Run(fmt.Sprintf("%d-%s-%d", i, g.Sampler, g.Steps), g.run)
	}
}

// fingerprint is goldens.py's.
func fingerprint(ts []int) int {
	sum := 0
	for i, t := range ts {
		sum += t * (i + 1)
	}
	return sum
}

func TestTimestepsOfDiffusers(t *testing.T) {
	for _, c := range goldens(t).Timesteps {
		s := schedule(t, fmt.Sprintf(`{"_class_name": "DDIMScheduler", "num_train_timesteps": %d, "timestep_spacing": %q, "steps_offset": %d}`,
			c.Train, c.Spacing, c.StepsOffset))
		for i, want := range c.Prints {
			ts, err := s.Timesteps(i+1, "")
			// -1: diffusers has a timestep outside the training ones. With leading
			// spacing that cannot be mended; with trailing it is a step too many,
			// which rounding in numpy.arange adds.
			if want < 0 && c.Spacing == Leading {
				if err == nil {
					t.Errorf("%s %d/%d: %v, want an error", c.Spacing, i+1, c.Train, ts)
				}
				continue
			}
			if err != nil || len(ts) != i+1 || ts[i] < 0 || want >= 0 && fingerprint(ts) != want {
				t.Errorf("%s %d/%d: %v, %v", c.Spacing, i+1, c.Train, ts, err)
			}
		}
	}
}

func TestLCMTimestepsOfDiffusers(t *testing.T) {
	for _, c := range goldens(t).LCMTimesteps {
		s := schedule(t, fmt.Sprintf(`{"_class_name": "LCMScheduler", "num_train_timesteps": %d, "original_inference_steps": %d}`, c.Train, c.Original))
		for i, want := range c.Prints {
			ts, err := s.lcmTimesteps(i+1, "")
			if err != nil || len(ts) != i+1 || fingerprint(ts) != want {
				t.Errorf("%d of %d/%d: %v, %v", i+1, c.Original, c.Train, ts, err)
			}
		}
		if _, err := s.lcmTimesteps(len(c.Prints)+1, ""); err == nil {
			t.Errorf("%d of %d: no error", len(c.Prints)+1, c.Original)
		}
	}
}

func TestClassDefaults(t *testing.T) {
	for _, c := range []struct{ class, spacing, betas, last string }{
		{"DDIMScheduler", "leading", "linear", "1"},
		{"PNDMScheduler", "leading", "linear", "0.9999"},
		{"LCMScheduler", "leading", "scaled_linear", "1"},
		{"EulerDiscreteScheduler", "linspace", "linear", "1"},
	} {
		s := schedule(t, fmt.Sprintf(`{"_class_name": %q, "trained_betas": null}`, c.class))
		if got := string(s.Config.TimestepSpacing); got != c.spacing {
			t.Errorf("%s: spacing %s, want %s", c.class, got, c.spacing)
		}
		if got := s.Config.BetaSchedule; got != c.betas {
			t.Errorf("%s: beta_schedule %s, want %s", c.class, got, c.betas)
		}
		if got := fmt.Sprint(s.AlphaBar(-1)); got != c.last {
			t.Errorf("%s: last ᾱ %s, want %s", c.class, got, c.last)
		}
	}
}

func TestConfigErrors(t *testing.T) {
	for _, config := range []string{
		``, `[]`, `{}`, `{"_class_name": "FooScheduler"}`,
		`{"_class_name": "DDIMScheduler", "num_train_timesteps": 0}`,
		`{"_class_name": "DDIMScheduler", "num_train_timesteps": 1000000000}`,
		`{"_class_name": "DDIMScheduler", "num_train_timesteps": "1000"}`,
		`{"_class_name": "DDIMScheduler", "beta_start": -0.1}`,
		`{"_class_name": "DDIMScheduler", "beta_start": -0.1, "beta_schedule": "scaled_linear"}`,
		`{"_class_name": "DDIMScheduler", "beta_end": 1}`,
		`{"_class_name": "DDIMScheduler", "beta_schedule": "sigmoid"}`,
		`{"_class_name": "DDIMScheduler", "trained_betas": [0.5]}`,
		`{"_class_name": "DDIMScheduler", "prediction_type": "flow"}`,
		`{"_class_name": "DDIMScheduler", "steps_offset": -1}`,
		`{"_class_name": "DDIMScheduler", "num_train_timesteps": 1, "trained_betas": [1e-20]}`,
		`{"_class_name": "DDIMScheduler", "steps_offset": 1000}`,
	} {
		c, err := ParseConfig([]byte(config))
		if err == nil {
			_, err = NewSchedule(c)
		}
		if err == nil {
			t.Errorf("%s: no error", config)
		}
	}
}

func TestSamplerErrors(t *testing.T) {
	const head = `{"_class_name": "DDPMScheduler"`
	for _, c := range []struct {
		config, sampler string
		n               int
		o               Options
	}{
		{head + `}`, "ddim", 0, Options{}},
		{head + `}`, "ddim", 1001, Options{}},
		{head + `}`, "ddim", 10, Options{Eta: -1}},
		{head + `}`, "ddim", 10, Options{Eta: math.NaN()}},
		{head + `}`, "ddpm", 10, Options{Eta: 2}},
		{head + `}`, "ddim", 10, Options{Spacing: Karras}},
		{head + `}`, "euler", 10, Options{Spacing: "gits"}},
		{head + `}`, "euler", 1001, Options{Spacing: Karras}},
		{head + `}`, "euler", 0, Options{Spacing: Linspace}},
		{head + `}`, "dpm++ 2m", 1000, Options{Spacing: Linspace}}, // has a level more
		{head + `}`, "heun", 10, Options{Strength: 1.1}},
		{head + `}`, "ddim", 10, Options{Strength: 0.05}},
		{head + `}`, "lcm", 51, Options{}},
		{head + `}`, "heun", 10, Options{CFGPlusPlus: true}},
		{head + `, "num_train_timesteps": 20}`, "lcm", 4, Options{}}, // fewer than it was distilled at
		{head + `, "steps_offset": 1}`, "ddpm", 1000, Options{}},
		{head + `, "variance_type": "learned_range"}`, "ddpm", 10, Options{}},
		{head + `, "rescale_betas_zero_snr": true}`, "ddpm", 10, Options{Spacing: Trailing}},
		{head + `, "rescale_betas_zero_snr": true}`, "ddim_trailing", 10, Options{}},
	} {
		sampler, err := Lookup(c.sampler)
		if err != nil {
			t.Fatal(err)
		}
		if steps, err := sampler.Steps(schedule(t, c.config), c.n, c.o); err == nil {
			t.Errorf("%s, %s, %d, %+v: %d steps, want an error", c.config, c.sampler, c.n, c.o, len(steps))
		}
	}
	if _, err := Lookup("euler b"); err == nil {
		t.Error("found a sampler that is not there")
	}
	if got, want := Names(), []string{"ddim", "ddim_trailing", "ddpm", "dpm++ 2m", "dpm++ 2m sde", "dpm++ sde", "euler", "euler a", "heun", "langevin", "lcm"}; !slices.Equal(got, want) {
		t.Errorf("names %q, want %q", got, want)
	}
}

func TestLookup(t *testing.T) {
	for name, want := range map[string]string{
		"Euler a": "euler a", "euler_a": "euler a", "EulerAncestralDiscreteScheduler": "euler a",
		"DPM++ 2M": "dpm++ 2m", "dpm++2m": "dpm++ 2m", "dpmpp_2m": "dpm++ 2m", "DPM++ 2M SDE": "dpm++ 2m sde",
		"DPM++ 2M SDE Karras": "dpm++ 2m sde karras", "DPM++ SDE Karras": "dpm++ sde karras", "Heun": "heun", "LCM": "lcm",
	} {
		if s, err := Lookup(name); err != nil || s.Name != want {
			t.Errorf("%q: %q, %v, want %q", name, s.Name, err, want)
		} else if again, err := Lookup(s.Name); err != nil || again.Name != want {
			t.Errorf("%q: %q, %v", s.Name, again.Name, err)
		}
	}
	if _, err := Lookup("karras"); err == nil {
		t.Error("found a sampler of no name")
	}
}

func TestNotes(t *testing.T) {
	if got := schedule(t, `{"_class_name": "DDIMScheduler", "thresholding": true}`).Notes(); len(got) != 2 {
		t.Errorf("notes %q, want one on clip_sample and one on thresholding", got)
	}
	if got := schedule(t, `{"_class_name": "DDIMScheduler", "clip_sample": false}`).Notes(); got != nil {
		t.Errorf("notes %q, want none", got)
	}
}

// A score that mixes elements of a picture, so that a mistake in the layout or in
// the numbering of noise shows.
func mixing(bank *HostBank, size int) Scorer {
	return ScorerFunc(func(_ context.Context, step Step, in, out Reg) error {
		x, err := bank.Values(in)
		if err != nil {
			return err
		}
		y, err := bank.Values(out)
		if err != nil {
			return err
		}
		for i := range y {
			k := i / size * size
			y[i] = x[i]*0.9 + 0.1*x[k+(i+1-k)%size] + float32(step.T/1e4)
		}
		return nil
	})
}

func picture(t *testing.T, steps []Step, seeds []uint64, shape Shape) []float32 {
	t.Helper()
	bank := NewHostBank(Registers(steps), len(seeds)*shape.Len())
	for _, err := range Run(t.Context(), bank, mixing(bank, shape.Len()), steps, seeds, shape) {
		if err != nil {
			t.Fatal(err)
		}
	}
	x := make([]float32, len(seeds)*shape.Len())
	if err := bank.Read(RegX, x); err != nil {
		t.Fatal(err)
	}
	return x
}

func TestPicturesOfABatchAreThoseOfTheirSeeds(t *testing.T) {
	steps, err := DDPM(schedule(t, `{"_class_name": "DDPMScheduler"}`), 6, Options{})
	if err != nil {
		t.Fatal(err)
	}
	shape := Shape{C: 2, H: 3, W: 5}
	batch := picture(t, steps, Seeds(math.MaxUint64-1, 3), shape)
	for k, seed := range []uint64{math.MaxUint64 - 1, math.MaxUint64, 0} {
		alone := picture(t, steps, []uint64{seed}, shape)
		if !slices.Equal(batch[k*shape.Len():(k+1)*shape.Len()], alone) {
			t.Errorf("picture %d of the batch is not that of seed %d", k, seed)
		}
	}
}

func TestRunStops(t *testing.T) {
	steps, err := DDIM(schedule(t, `{"_class_name": "DDIMScheduler"}`), 5, Options{})
	if err != nil {
		t.Fatal(err)
	}
	shape := Shape{1, 1, 2}
	bank := NewHostBank(Registers(steps), shape.Len())
	stop := errors.New("enough")

	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	var last error
	done := 0
	for p, err := range Run(ctx, bank, mixing(bank, 2), steps, []uint64{1}, shape) {
		if last = err; p.Done == 2 {
			cancel(stop)
		}
		done = p.Done
	}
	if !errors.Is(last, stop) || done != 2 {
		t.Errorf("canceled after step 2: stopped after %d with %v", done, last)
	}

	failing := ScorerFunc(func(_ context.Context, step Step, _, _ Reg) error {
		if step.T == 0 {
			return stop
		}
		return nil
	})
	for p, err := range Run(t.Context(), bank, failing, steps, []uint64{1}, shape) {
		if last = err; err != nil && (p.Done != 4 || err.Error() != "step 5 of 5: enough") {
			t.Errorf("failed after step %d with %v", p.Done, err)
		}
	}
	if !errors.Is(last, stop) {
		t.Errorf("the scorer's error is lost: %v", last)
	}

	for _, err := range Run(t.Context(), bank, failing, steps, nil, shape) {
		if last = err; err == nil {
			t.Error("ran without seeds")
		}
	}
	for range Run(t.Context(), bank, mixing(bank, 2), steps, []uint64{1}, shape) {
		break // must not panic
	}
	for _, err := range Run(t.Context(), NewHostBank(2, 2), mixing(bank, 2), []Step{{Moves: []Move{{Dst: 7}}}}, []uint64{1}, shape) {
		if last = err; err == nil {
			t.Error("moved a register that the bank lacks")
		}
	}
}

func FuzzParseConfig(f *testing.F) {
	f.Add([]byte(`{"_class_name": "DDIMScheduler", "num_train_timesteps": 20, "rescale_betas_zero_snr": true, "timestep_spacing": "trailing"}`), 7, 0.0)
	f.Add([]byte(`{"_class_name": "PNDMScheduler", "trained_betas": [0.1, 0.9], "num_train_timesteps": 2, "steps_offset": 1}`), 1, 0.5)
	f.Add([]byte(`{"_class_name": "DDPMScheduler", "beta_schedule": "squaredcos_cap_v2", "num_train_timesteps": 3, "prediction_type": "sample"}`), 3, 1.0)
	f.Add([]byte(`{"_class_name": "LCMScheduler", "beta_schedule": "squaredcos_cap_v2", "prediction_type": "v_prediction"}`), 9, 0.6)
	f.Add([]byte(`{"_class_name": "PNDMScheduler"}`), 0, 0.5)
	f.Fuzz(func(t *testing.T, config []byte, n int, strength float64) {
		c, err := ParseConfig(config)
		if err != nil || n > 100 || c.NumTrainTimesteps > 2000 { // slow
			return
		}
		s, err := NewSchedule(c)
		if err != nil {
			return
		}
		for _, name := range Names() {
			sampler, err := Lookup(name)
			if err != nil {
				t.Fatal(err)
			}
			for _, spacing := range append(Spacings(), "") {
				for _, kind := range Correctors() {
					o := Options{Eta: 1, Spacing: spacing, Strength: strength, Corrector: Corrector{Kind: kind, Moves: 1}}
					if steps, err := sampler.Steps(s, n, o); err == nil {
						checkSteps(t, name, steps)
					}
				}
			}
		}
	})
}

// checkSteps wants steps that a device can run: with finite coefficients, at levels that are some.
func checkSteps(t *testing.T, name string, steps []Step) {
	t.Helper()
	if len(steps) == 0 || steps[len(steps)-1].Partial {
		t.Fatalf("%s: %d evaluations, the last one of none", name, len(steps))
	}
	for _, step := range steps {
		moves := append([]Move{{Terms: step.Clean}}, step.Moves...)
		for _, m := range moves {
			for _, term := range m.Terms {
				if math.IsNaN(term.Coef) || math.IsInf(term.Coef, 0) {
					t.Fatalf("%s: coefficient %v at timestep %v", name, term.Coef, step.T)
				}
			}
		}
		if !(step.AlphaBar >= 0 && step.AlphaBar < 1 && step.Next >= 0 && step.Next <= 1) {
			t.Fatalf("%s: from ᾱ %v to %v at timestep %v", name, step.AlphaBar, step.Next, step.T)
		}
	}
}

package sample

import (
	"context"
	"math"
	"slices"
	"testing"
)

// started runs steps from a start with a score that mixes elements.
func started(t *testing.T, steps []Step, shape Shape, start Start) []float32 {
	t.Helper()
	bank := NewHostBank(start.Registers(steps), shape.Len())
	for _, err := range RunFrom(t.Context(), bank, mixing(bank, shape.Len()), steps, []uint64{3}, shape, start) {
		if err != nil {
			t.Fatal(err)
		}
	}
	x := make([]float32, shape.Len())
	if err := bank.Read(RegX, x); err != nil {
		t.Fatal(err)
	}
	return x
}

// ramp is a picture of latents.
func ramp(shape Shape) []float32 {
	x := make([]float32, shape.Len())
	for i := range x {
		x[i] = float32(i)/8 - 1
	}
	return x
}

const trailing = `{"_class_name": "DDIMScheduler", "timestep_spacing": "trailing"}`

func stepsOf(t *testing.T, config, name string, n int, o Options) []Step {
	t.Helper()
	sampler, err := Lookup(name)
	if err != nil {
		t.Fatal(err)
	}
	steps, err := sampler.Steps(schedule(t, config), n, o)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return steps
}

// The run of the last steps is the whole run's end, had it come to the noised
// picture at that level.
func TestStrength(t *testing.T) {
	shape := Shape{C: 2, H: 2, W: 3}
	for _, name := range []string{"ddim", "ddpm", "euler", "euler a", "heun", "dpm++ sde", "lcm"} {
		whole := stepsOf(t, trailing, name, 10, Options{})
		last := stepsOf(t, trailing, name, 10, Options{Strength: 0.45})
		if got := Count(last); got != 4 {
			t.Errorf("%s: %d steps of 10 at strength 0.45, want 4", name, got)
		}
		for i, step := range last {
			if want := whole[len(whole)-len(last)+i]; step.T != want.T || step.AlphaBar != want.AlphaBar {
				t.Errorf("%s: evaluation %d is at timestep %v, want %v", name, i, step.T, want.T)
			}
		}
	}
	// Multistep samplers have no step before the first one made.
	for _, name := range []string{"dpm++ 2m", "dpm++ 2m sde"} {
		for _, term := range stepsOf(t, trailing, name, 10, Options{Strength: 0.5})[0].Moves[1].Terms {
			if term.Reg == RegHistory+1 {
				t.Errorf("%s: the first step made uses one before it", name)
			}
		}
	}
	// A network that says the latents are all noise leaves what is put in: the start is the picture and the seed's noise.
	steps := stepsOf(t, trailing, "ddim", 10, Options{Strength: 0.5})
	picture, noise := ramp(shape), make([]float32, shape.Len())
	NoiseNHWC(3, 0, shape, noise)
	bank := NewHostBank(Start{Clean: picture}.Registers(steps), shape.Len())
	scored := ScorerFunc(func(_ context.Context, step Step, in, out Reg) error {
		x, err := bank.Values(in)
		if err != nil {
			return err
		}
		if step.T == steps[0].T {
			signal, sigma := math.Sqrt(step.AlphaBar), math.Sqrt(1-step.AlphaBar)
			for i, v := range x {
				if want := float64(picture[i])*signal + float64(noise[i])*sigma; math.Abs(float64(v)-want) > 1e-6 {
					t.Fatalf("element %d begins as %v, want %v", i, v, want)
				}
			}
		}
		return bank.Fill(out, noise)
	})
	for _, err := range RunFrom(t.Context(), bank, scored, steps, []uint64{3}, shape, Start{Clean: picture}) {
		if err != nil {
			t.Fatal(err)
		}
	}
	x, err := bank.Values(RegX)
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range x {
		if math.Abs(float64(v-picture[i])) > 1e-5 {
			t.Errorf("element %d: a network that finds the noise makes %v, want %v", i, v, picture[i])
		}
	}
}

// What the mask keeps is the original in the end, for every sampler and corrector,
// and its estimate is at every step; a mask of ones is none.
func TestMask(t *testing.T) {
	shape := Shape{C: 2, H: 2, W: 3}
	picture := ramp(shape)
	mask := []float32{1, 0, 0, 1, 0.5, 0}
	ones := []float32{1, 1, 1, 1, 1, 1}
	for _, name := range Names() {
		for _, kind := range append(Correctors(), "") {
			o := Options{Strength: 0.7, Eta: 0.5, Corrector: Corrector{Kind: kind, Moves: 2}}
			if kind == "" {
				o.Corrector = Corrector{}
			}
			steps := stepsOf(t, trailing, name, 6, o)
			start := Start{Clean: picture, Mask: mask}
			bank := NewHostBank(start.Registers(steps)+1, shape.Len())
			estimate := Reg(start.Registers(steps))
			kept := func(r Reg) {
				x, err := bank.Values(r)
				if err != nil {
					t.Fatal(err)
				}
				for i, v := range x {
					if mask[i/shape.C] == 0 && v != picture[i] {
						t.Fatalf("%s, %s: element %d is %v, want %v kept", name, kind, i, v, picture[i])
					}
				}
			}
			for p, err := range RunFrom(t.Context(), bank, mixing(bank, shape.Len()), steps, []uint64{3}, shape, start) {
				if err != nil {
					t.Fatal(err)
				}
				for _, m := range p.Estimate(estimate) {
					if err := bank.Apply(m); err != nil {
						t.Fatal(err)
					}
				}
				kept(estimate)
			}
			kept(RegX)
			if !slices.Equal(started(t, steps, shape, Start{Clean: picture, Mask: ones}), started(t, steps, shape, Start{Clean: picture})) {
				t.Errorf("%s, %s: a mask of ones is not none", name, kind)
			}
		}
	}
}

func TestStartErrors(t *testing.T) {
	shape := Shape{C: 2, H: 2, W: 3}
	steps := stepsOf(t, trailing, "ddim", 3, Options{})
	nan := float32(math.NaN())
	for _, start := range []Start{
		{Clean: make([]float32, 11)},
		{Clean: []float32{}},
		{Mask: make([]float32, 6)},
		{Clean: ramp(shape), Mask: make([]float32, 5)},
		{Clean: ramp(shape), Mask: []float32{0, 0, 0, 0, 0, 1.5}},
		{Clean: ramp(shape), Mask: []float32{0, 0, 0, 0, 0, nan}},
	} {
		bank := NewHostBank(start.Registers(steps), shape.Len())
		var last error
		for _, last = range RunFrom(t.Context(), bank, mixing(bank, shape.Len()), steps, []uint64{3}, shape, start) {
		}
		if last == nil {
			t.Errorf("%d latents with a mask of %v: no error", len(start.Clean), start.Mask)
		}
	}
}

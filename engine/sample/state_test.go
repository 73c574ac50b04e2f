package sample

import (
	"math"
	"slices"
	"testing"
)

// A run that is taken up from its state after any step, on a bank that has nothing
// of it, ends in the same picture.
func TestState(t *testing.T) {
	shape := Shape{C: 2, H: 2, W: 3}
	masked := Start{Clean: ramp(shape), Mask: []float32{0, 0.25, 0.5, 0.75, 1, 1}}
	for _, name := range Names() {
		for kind, start := range map[string]Start{"": {}, "ula": masked, "uhmc": {Clean: ramp(shape)}, "mala": masked, "hmc": {}} {
			if name == "langevin" && kind == "" {
				continue // which is ula's
			}
			var o Options
			if kind != "" {
				o.Corrector = Corrector{Kind: kind, Moves: 2}
			}
			if start.Clean != nil {
				o.Strength = 0.7
			}
			steps := stepsOf(t, trailing, name, 5, o)
			want := started(t, steps, shape, start)
			for i, step := range steps {
				if step.Partial {
					continue
				}
				from := start
				from.State = stateAfter(t, steps, shape, start, i+1)
				if got := started(t, steps, shape, from); !slices.Equal(got, want) {
					t.Fatalf("%s with corrector %q, taken up after evaluation %d of %d, ends in %v, want %v", name, kind, i+1, len(steps), got, want)
				}
			}
		}
	}
}

// stateAfter is that of a run after so many evaluations.
func stateAfter(t *testing.T, steps []Step, shape Shape, start Start, evaluations int) *State {
	t.Helper()
	bank := NewHostBank(start.Registers(steps), shape.Len())
	for r := range bank.regs {
		bank.regs[r] = slices.Repeat([]float32{float32(math.NaN())}, shape.Len()) // nothing is zero by luck
	}
	for progress, err := range RunFrom(t.Context(), bank, mixing(bank, shape.Len()), steps, []uint64{3}, shape, start) {
		if err != nil {
			t.Fatal(err)
		}
		if progress.Evaluated == evaluations {
			s, err := progress.Save(bank)
			if err != nil {
				t.Fatal(err)
			}
			return s
		}
	}
	t.Fatalf("no evaluation %d", evaluations)
	return nil
}

// A state holds no more than is taken over: of a sampler without history the latents.
func TestStateIsSmall(t *testing.T) {
	shape := Shape{C: 1, H: 1, W: 2}
	for name, want := range map[string]int{"ddim": 1, "ddpm": 1, "dpm++ 2m": 3} {
		s := stateAfter(t, stepsOf(t, trailing, name, 5, Options{}), shape, Start{}, 2)
		if got := len(slices.DeleteFunc(s.registers, func(values []float32) bool { return values == nil })); got != want {
			t.Errorf("%s: %d registers in a state, want %d", name, got, want)
		}
	}
}

// A state of another run is refused.
func TestStateOfAnother(t *testing.T) {
	shape, other := Shape{C: 1, H: 1, W: 2}, Shape{C: 1, H: 1, W: 3}
	long, short := stepsOf(t, trailing, "ddim", 5, Options{}), stepsOf(t, trailing, "ddim", 2, Options{})
	for what, start := range map[string]Start{
		"of another shape":     {State: stateAfter(t, short, shape, Start{}, 1)},
		"after too many steps": {State: stateAfter(t, long, other, Start{}, 5)},
		"with more registers":  {State: stateAfter(t, stepsOf(t, trailing, "dpm++ 2m", 2, Options{}), other, Start{}, 1)},
	} {
		bank := NewHostBank(Registers(short), other.Len())
		for _, err := range RunFrom(t.Context(), bank, mixing(bank, other.Len()), short, []uint64{3}, other, start) {
			if err == nil {
				t.Fatalf("a state %s is taken up", what)
			}
		}
	}
}

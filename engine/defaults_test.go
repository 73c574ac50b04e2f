package engine

import (
	"bytes"
	"testing"

	"github.com/counterpoint/counterpoint/engine/device/cpu/kernel"
	"github.com/counterpoint/counterpoint/engine/device/null"
	"github.com/counterpoint/counterpoint/engine/device/testdevices"
)

// TestDefaultCorrector shows when a model's own corrector is taken.
func TestDefaultCorrector(t *testing.T) {
	declared := `"default": {"corrector": "ula", "corrector_moves": 1}, "kind"`
	e := openEngine(t, variant(t, "corrected", "counterpoint.json", replace(`"kind"`, declared)), null.New())
	for _, c := range []struct {
		name  string
		r     Request
		kind  string
		moves int
	}{
		{"nothing said", Request{}, "ula", 1},
		{"its sampler", Request{Sampler: "ddim"}, "ula", 1},
		{"its corrector", Request{Corrector: "ula"}, "ula", 1},
		{"more moves", Request{CorrectorMoves: 3}, "ula", 3},
		{"another corrector", Request{Corrector: "uhmc"}, "uhmc", 0},
		{"another sampler", Request{Sampler: "euler"}, "", 0},
		{"another sampler with its corrector", Request{Sampler: "euler", Corrector: "ula"}, "ula", 1},
		{"none", Request{Corrector: NoCorrector}, NoCorrector, 0},
		{"CFG++", Request{CFGPlusPlus: true}, "", 0},
	} {
		r := completed(t, e, c.name, c.r)
		if r.Corrector != c.kind || r.CorrectorMoves != c.moves {
			t.Errorf("%s: %q of %d moves, want %q of %d", c.name, r.Corrector, r.CorrectorMoves, c.kind, c.moves)
		}
	}
}

// completed is a request with its defaults, which stays as it is when it is completed again.
func completed(t *testing.T, e *Engine, name string, r Request) Request {
	t.Helper()
	r, err := e.Complete(r)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	if again, err := e.Complete(r); err != nil || again != r {
		t.Errorf("%s: completed again it is %+v, %v, was %+v", name, again, err, r)
	}
	return r
}

// TestDefaultReach shows how far around its place a thing is heard beside another term, and that one that says the ground too is
// heard everywhere.
func TestDefaultReach(t *testing.T) {
	declared := `"default": {"reach": 0.125}, "kind"`
	grounds := replace(`"sigma"`, `"grounds": ["on grass"], "sigma"`)
	e := openEngine(t, variant(t, "near", "counterpoint.json", func(b []byte) []byte { return replace(`"kind"`, declared)(grounds(b)) }), testdevices.CPU(t, kernel.Portable, 1))
	for reach, want := range map[float64]float64{0: 0.125, 0.3: 0.3, -1: -1} {
		if r := completed(t, e, "reach", Request{Reach: reach}); r.Reach != want {
			t.Errorf("reach %v becomes %v, want %v", reach, r.Reach, want)
		}
	}
	for prompt, same := range map[string]bool{
		"a red cube @(0.3, 0.6) AND the sand":                           false,
		"a red cube @(0.3, 0.6) AND a blue sphere on grass @(0.7, 0.6)": false,
		"a red cube on grass @(0.3, 0.6) AND the sand":                  true,
		"a red cube AND the sand":                                       true, // anywhere
	} {
		near, everywhere := small(prompt), small(prompt)
		everywhere.Reach = -1
		if got := bytes.Equal(pixels(t, e, near), pixels(t, e, everywhere)); got != same {
			t.Errorf("%s: the same picture near and everywhere: %v, want %v", prompt, got, same)
		}
	}
}

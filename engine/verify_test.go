package engine

import (
	"bytes"
	"math"
	"testing"

	"github.com/counterpoint/counterpoint/engine/compose"
	"github.com/counterpoint/counterpoint/engine/device/cpu/kernel"
	"github.com/counterpoint/counterpoint/engine/device/testdevices"
	"github.com/counterpoint/counterpoint/engine/operator"
	"github.com/counterpoint/counterpoint/weights/pack"
	"github.com/counterpoint/counterpoint/weights/scenes"
)

// TestVerifyOnlyLooks checks that verification changes no picture, gives each term its lift, and none of it in a batch
// depends on the others.
func TestVerifyOnlyLooks(t *testing.T) {
	e := openTiny(t)
	r := small("a red cube AND a blue sphere:1.5 AND NOT the sand @(0-0.5, 0-1)")
	plain := generate(t, e, r).Pictures[0]
	if plain.Lifts != nil {
		t.Error("there are lifts that nobody asked for")
	}
	for _, r.Verify = range []Verification{VerifyCached, VerifyFresh} {
		batch := r
		batch.Batch, batch.Seed = 6, r.Seed-5
		beside := generate(t, e, batch).Pictures[5]
		result := generate(t, e, r)
		p := result.Pictures[0]
		if !bytes.Equal(p.Image.Pix, plain.Image.Pix) {
			t.Errorf("%s: another picture", r.Verify)
		}
		if len(p.Lifts) != len(result.Rows)-1 {
			t.Fatalf("%s: %d lifts of %d rows", r.Verify, len(p.Lifts), len(result.Rows))
		}
		for i, l := range p.Lifts {
			row := result.Rows[l.Row]
			if row.Unconditional || l.Nats == 0 || l.Nats > 0 != (l.Score > 0) || l.Holds != (l.Score > 0 == (row.Coef > 0)) {
				t.Errorf("%s: row %v has lift %+v", r.Verify, row, l)
			}
			if off := math.Abs(l.Nats - beside.Lifts[i].Nats); off > 1e-3*math.Abs(l.Nats)+1e-4 {
				t.Errorf("%s: row %v has lift %+v, in a batch %+v", r.Verify, row, l, beside.Lifts[i])
			}
		}
	}
}

// TestVerdicts tells what the shipped model's picture shows from what it was hardly asked for.
func TestVerdicts(t *testing.T) {
	level, err := kernel.Detect()
	must(t, err)
	e := openEngine(t, scenes.Model, testdevices.CPU(t, level, 0))
	r := Request{Prompt: "a red cube AND a blue sphere :0.001", Seed: 2, Steps: 6, Verify: VerifyFresh}
	result := generate(t, e, r)
	for _, l := range result.Pictures[0].Lifts {
		text := result.Rows[l.Row].Text
		t.Logf("%s %.2f", text, l.Score)
		if want := text == "a red cube"; l.Holds != want || math.Abs(l.Score) < 0.5 {
			t.Errorf("%s: score %.2f, holds %v, want %v clearly", text, l.Score, l.Holds, want)
		}
	}
}

// TestSameLifts compares the GPU's lifts with the CPU's.
func TestSameLifts(t *testing.T) {
	gpu := testdevices.WebGPU(t)
	model := tiny(t, pack.ProfileInt8)
	r := small("a red cube AND a blue sphere:1.5 AND NOT the sand")
	for _, r.Verify = range []Verification{VerifyCached, VerifyFresh} {
		want := generate(t, openTiny(t), r).Pictures[0].Lifts
		got := generate(t, openEngine(t, model, gpu), r).Pictures[0].Lifts
		for i, l := range got {
			if off := math.Abs(l.Score - want[i].Score); off > 0.02*(1+math.Abs(want[i].Score)) && !gpu.Info().Half {
				t.Errorf("%s: row %d has score %.4f, on the CPU %.4f", r.Verify, l.Row, l.Score, want[i].Score)
			}
		}
	}
}

// TestMargin holds an expression to its weakest part, and a choice to its strongest.
func TestMargin(t *testing.T) {
	scores := map[string]float64{"a": 0.8, "b": -0.3, "c": 0.1}
	for _, c := range []struct {
		prompt   string
		negation compose.Negation
		want     float64
	}{
		{"a", compose.NotSigned, 0.8},
		{"a :3 AND c", compose.NotSigned, 0.1},
		{"a AND NOT b", compose.NotSigned, 0.3},
		{"a AND NOT c", compose.NotSigned, -0.1},
		{"a AND NOT c", compose.NotGated, -0.1},
		{"a OR b", compose.NotSigned, 0.8},
		{"c AND (a OR b)", compose.NotSigned, 0.1},
		{"a AND NOT (b OR c)", compose.NotGated, -0.1},
	} {
		prompt, err := compose.Parse(c.prompt)
		must(t, err)
		plan, err := prompt.Compile(compose.Options{Scale: 4, Negation: c.negation})
		must(t, err)
		var of []operator.Lift
		for _, row := range plan.Rows {
			of = append(of, operator.Lift{Nats: 3 * scores[row.Text], Expected: 3})
		}
		if got := margin(plan.Root, of); math.Abs(got-c.want) > 1e-9 {
			t.Errorf("%s: margin %.2f, want %.2f", c.prompt, got, c.want)
		}
	}
}

package engine

import (
	"bytes"
	"context"
	"errors"
	"reflect"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/counterpoint/counterpoint/engine/device/cpu/kernel"
	"github.com/counterpoint/counterpoint/engine/device/null"
	"github.com/counterpoint/counterpoint/engine/device/testdevices"
)

// levelled is the tiny model with words and what it declares of their levels.
func levelled(t *testing.T, declared string) fstest.MapFS {
	t.Helper()
	const grammar = `"grammar": {"things": ["cube", "sphere"], "attributes": [{"kind": "colour", "words": ["red", "blue"]}],
		"relations": [{"name": "left", "wordings": ["left of"]}], "grounds": [{"phrase": "on grass"}], "joins": [], "together": 0}, `
	return variant(t, "levelled", "counterpoint.json", replace(`"kind"`, grammar+declared+`, "kind"`))
}

const someWeights = `"level_weights": [{"level": "background", "beside": "attributes", "multipliers": [2, 1, 0.5]},
	{"level": "attributes", "beside": "attributes", "multipliers": [1, 3, 1]}]`

// TestLearntWeights checks which terms are multiplied by what.
func TestLearntWeights(t *testing.T) {
	e := openEngine(t, levelled(t, someWeights), null.New())
	for prompt, want := range map[string]map[string][]float64{
		"a red cube AND on grass":                            {"on grass": {2, 1, 0.5}},
		"a red cube AND a blue sphere AND on grass":          {"on grass": {2, 1, 0.5}, "a red cube": {1, 2, 1}, "a blue sphere": {1, 2, 1}}, // beside grass nothing is declared
		"a red cube AND NOT on grass AND NOT a red cube:0.5": {},                                                                             // of one level, and denied ones
		"a cube AND on grass":                                {},
		"a red cube AND on grass AND a cube":                 {"on grass": {1.5, 1, 0.75}},
		"a red cube left of a sphere AND on grass":           {},
		"a red wug AND on grass":                             {},
	} {
		r := small(prompt)
		r.Weights = WeightsLearnt
		p, err := e.plan(r)
		must(t, err)
		got := map[string][]float64{}
		for _, row := range p.composition.Rows {
			if row.Multipliers != nil {
				got[row.Text] = row.Multipliers
			}
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%q: %v, want %v", prompt, got, want)
		}
	}
}

// TestWeightsOfRequest generates with learnt weights where they are asked for or declared the default.
func TestWeightsOfRequest(t *testing.T) {
	d := testdevices.CPU(t, kernel.Portable, 1)
	e := openEngine(t, levelled(t, someWeights), d)
	r := small("a red cube AND on grass")
	plain := pixels(t, e, r)
	r.Weights = WeightsConstant
	if !bytes.Equal(pixels(t, e, r), plain) {
		t.Error("constant weights are not the default")
	}
	r.Weights = WeightsLearnt
	learnt := pixels(t, e, r)
	if bytes.Equal(learnt, plain) {
		t.Error("learnt weights change nothing")
	}
	x, err := e.Explain(r)
	must(t, err)
	if !strings.Contains(x.Formula, "d(on grass) counts 2, 1, 0.5 times") || x.Request.Weights != WeightsLearnt {
		t.Errorf("%s, %+v", x.Formula, x.Request)
	}

	e = openEngine(t, levelled(t, someWeights+`, "default": {"weights": "learnt"}`), d)
	r.Weights = ""
	if !bytes.Equal(pixels(t, e, r), learnt) {
		t.Error("learnt weights are not the default where the model says so")
	}
	r.Weights = WeightsConstant
	if !bytes.Equal(pixels(t, e, r), plain) {
		t.Error("no constant weights where the model's default is others")
	}

	r.Weights = WeightsLearnt
	var bad *RequestError
	if _, err := openTiny(t).plan(r); !errors.As(err, &bad) || bad.Field != "weights" {
		t.Errorf("a model without: %v", err)
	}
	r.Weights = "guessed"
	if _, err := e.plan(r); !errors.As(err, &bad) || bad.Field != "weights" {
		t.Errorf("another word: %v", err)
	}
}

func TestLevelWeightsOfManifest(t *testing.T) {
	for declared, want := range map[string]string{
		`"level_weights": [{"level": "sky", "beside": "objects", "multipliers": [1]}]`:                                                                         `no levels "sky" beside "objects"`,
		`"level_weights": [{"level": "objects", "beside": "objects", "multipliers": []}]`:                                                                      "0 multipliers",
		`"level_weights": [{"level": "objects", "beside": "objects", "multipliers": [1, 5]}]`:                                                                  "want 0 to 4",
		`"level_weights": [{"level": "objects", "beside": "objects", "multipliers": [-1]}]`:                                                                    "want 0 to 4",
		`"level_weights": [{"level": "objects", "beside": "objects", "multipliers": [1]}, {"level": "objects", "beside": "relations", "multipliers": [1, 1]}]`: "2 multipliers",
		`"level_weights": [{"level": "objects", "beside": "objects", "multipliers": [1]}, {"level": "objects", "beside": "objects", "multipliers": [1]}]`:      "a second time",
		`"default": {"weights": "learnt"}`:                                                     "want level_weights",
		`"default": {"weights": "guessed"}`:                                                    `weights "guessed"`,
		`"level_weights": [{"level": "objects", "beside": "objects", "multipliers": [1e999]}]`: "counterpoint.json",
	} {
		e, err := Open(context.Background(), levelled(t, declared), Options{Device: null.New()})
		if err == nil {
			e.Close()
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", declared, err, want)
		}
	}
}

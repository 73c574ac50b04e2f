package engine

import (
	"bytes"
	"context"
	"errors"
	"testing"

	"github.com/counterpoint/counterpoint/engine/compose"
	"github.com/counterpoint/counterpoint/engine/decompose"
)

func TestExplain(t *testing.T) {
	e := openTiny(t)
	r := small("a red cube @(0.2, 0.7) AND a blue sphere:2 AND NOT the sand")
	r.MaxGuidance = 6
	x, err := e.Explain(r)
	must(t, err)
	result := generate(t, e, r)
	if x.Request != result.Request || len(x.Rows) != len(result.Rows) || len(x.Places) != len(x.Rows) {
		t.Errorf("explained %+v, generated %+v", x.Request, result.Request)
	}
	for i, row := range x.Rows {
		if row.Coef != result.Rows[i].Coef || row.Text != result.Rows[i].Text {
			t.Errorf("row %d is %v, generation had %v", i, row, result.Rows[i])
		}
	}
	if x.Asked != 12 || x.Guidance < 5.999 || x.Guidance > 6.001 || x.Evaluations != 4*r.Steps {
		t.Errorf("guidance %v of %v, %d evaluations; want 6 of 12, %d", x.Guidance, x.Asked, x.Evaluations, 4*r.Steps)
	}
}

// TestStopAfter stops in the middle, by the request and by the event; both make one picture, and it is not the noise that
// the latents still hold.
func TestStopAfter(t *testing.T) {
	e := openTiny(t)
	r := small("a red cube")
	r.Steps = 6
	whole := generate(t, e, r).Pictures[0].Image.Pix
	r.StopAfter = 4
	stopped := generate(t, e, r)
	if stopped.Request.StopAfter != 4 {
		t.Errorf("the result's request stops after %d steps", stopped.Request.StopAfter)
	}
	r.StopAfter = 0
	steps := 0
	for ev, err := range e.Generate(context.Background(), r) {
		must(t, err)
		if ev.Phase == Denoising {
			if steps = ev.Step; steps == 4 {
				ev.Stop()
			}
		}
		if ev.Phase == Done {
			if got := ev.Result; got.Request.StopAfter != 4 || !bytes.Equal(got.Pictures[0].Image.Pix, stopped.Pictures[0].Image.Pix) {
				t.Errorf("stopping by the event made another picture, with a request that stops after %d", got.Request.StopAfter)
			}
		}
	}
	if steps != 4 {
		t.Errorf("%d steps were run, want 4", steps)
	}
	if bytes.Equal(whole, stopped.Pictures[0].Image.Pix) {
		t.Error("stopping made no difference")
	}
	r.StopAfter = r.Steps
	if !bytes.Equal(whole, generate(t, e, r).Pictures[0].Image.Pix) {
		t.Error("stopping after all steps made another picture")
	}
	var bad *RequestError
	if r.StopAfter = r.Steps + 1; !errors.As(func() error { _, err := e.Explain(r); return err }(), &bad) || bad.Field != "stop_after" {
		t.Errorf("stopping after more steps than there are: %v", bad)
	}
}

func TestLatentRGB(t *testing.T) {
	m := latentRGB{Weight: [][3]float32{{1, 0, 0}, {0, 2, -1}}, Bias: [3]float32{0, 0.5, 0}}
	if !m.valid(2) || m.valid(3) {
		t.Error("a map of two channels is not one of two channels alone")
	}
	got := make([]float32, 6)
	m.apply(got, []float32{1, 2, 3, 4})
	want := []float32{1, 4.5, -2, 3, 8.5, -4}
	for i, v := range want {
		if got[i] != v {
			t.Fatalf("colours %v, want %v", got, want)
		}
	}
}

// TestDecompose turns a sentence into a prompt that the engine plans, and refuses where a model says nothing of its words.
func TestDecompose(t *testing.T) {
	e := openTiny(t)
	var bad *RequestError
	if _, err := e.Decompose("a red cube"); !errors.As(err, &bad) || bad.Field != "prompt" {
		t.Errorf("a model without a grammar: %v", err)
	}
	e.pipeline.extra.Grammar = &decompose.Vocabulary{
		Things:     []string{"cube", "sphere"},
		Attributes: []decompose.AttributeKind{{Kind: "colour", Words: []string{"red", "blue"}}},
		Relations:  []decompose.Relation{{Name: "left of", Wordings: []string{"left of"}}},
	}
	d, err := e.Decompose("a red cube left of a blue sphere, please")
	must(t, err)
	if len(d.Unplaced) != 1 || d.Unplaced[0].Text != "please" {
		t.Errorf("left out: %v, want please", d.Unplaced)
	}
	if _, err := e.Explain(small(d.Prompt)); err != nil {
		t.Errorf("%q: %v", d.Prompt, err)
	}
	var syntax *compose.SyntaxError
	if _, err := e.Decompose("hello"); !errors.As(err, &syntax) {
		t.Errorf("a sentence of no known word: %v", err)
	}
}

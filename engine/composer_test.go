package engine

import (
	"bytes"
	"errors"
	"testing"

	"github.com/counterpoint/counterpoint/engine/compose"
)

// pixels are those of a request's first picture.
func pixels(t *testing.T, e *Engine, r Request) []byte {
	t.Helper()
	return generate(t, e, r).Pictures[0].Image.Pix
}

// TestEquivalentPrompts holds what can't be said with constant coefficients against what it comes to where it can.
func TestEquivalentPrompts(t *testing.T) {
	e := openTiny(t)
	with := func(r Request, change func(*Request)) Request {
		change(&r)
		return r
	}
	plusPlus := func(r *Request) { r.CFGPlusPlus, r.GuidanceScale = true, 1 }
	near := func(r *Request) { r.Reach = 0.125 }
	once := func(r *Request) { r.Steps, r.GuidanceScale = 1, 1 }
	for _, c := range []struct {
		name string
		a, b Request
		same bool
	}{
		{"a choice of one", small("a red cube OR a red cube"), small("a red cube"), true},
		{"a choice in another order", small("a red cube OR a blue sphere"), small("a blue sphere OR a red cube"), true},
		{"a choice is not both", small("a red cube OR a blue sphere"), small("a red cube AND a blue sphere"), false},
		{"all of the picture", small("a red cube @(0-1, 0-1)"), small("a red cube"), true},
		{"half of the picture", small("a red cube @(0-0.5, 0-1)"), small("a red cube"), false},
		{"all of the run", small("a red cube AND the sand @0-1"), small("a red cube AND the sand"), true},
		{"no step of three", small("a red cube AND the sand @0.1-0.3"), small("a red cube"), true},
		{"one step of three", small("a red cube AND the sand @0.3-0.4"), small("a red cube"), false},
		{"kinds of NOT, without one", with(small("a red cube"), func(r *Request) { r.Negation = "gated" }), small("a red cube"), true},
		{"perpendicular NOT", with(small("a red cube AND NOT the sand"), func(r *Request) { r.Negation = "perp" }), small("a red cube AND NOT the sand"), false},
		{"gated NOT", with(small("a red cube AND NOT the sand"), func(r *Request) { r.Negation = "gated" }), small("a red cube AND NOT the sand"), false},
		{"CFG++", with(small("a red cube"), plusPlus), with(small("a red cube"), func(r *Request) { r.GuidanceScale = 1 }), false},
		{"CFG++ of a choice of one", with(small("a red cube OR a red cube"), plusPlus), with(small("a red cube"), plusPlus), true},
		{"CFG++ in one step", with(with(small("a red cube"), plusPlus), once), with(small("a red cube"), once), true},
		{"projected", with(small("a red cube"), func(r *Request) { r.APG = true }), small("a red cube"), false},
		{"bounded", with(small("a red cube"), func(r *Request) { r.APG, r.APGNormThreshold = true, 0.1 }), with(small("a red cube"), func(r *Request) { r.APG = true }), false},
		{"guided all along", with(small("a red cube"), func(r *Request) { r.GuidanceStop = 1 }), small("a red cube"), true},
		{"guided from the second step", with(small("a red cube"), func(r *Request) { r.GuidanceStart = 0.3 }), small("a red cube"), false},
		{"never guided", with(small("a red cube"), func(r *Request) { r.GuidanceStart = 1 }), with(small("a red cube"), func(r *Request) { r.GuidanceScale = 1 }), true},
		{"another prior, without a gate", with(small("a red cube AND NOT the sand"), func(r *Request) { r.NegationPrior = 0.1 }), small("a red cube AND NOT the sand"), true},
		{"another prior", with(small("a red cube AND NOT the sand"), func(r *Request) { r.Negation, r.NegationPrior = "gated", 0.1 }),
			with(small("a red cube AND NOT the sand"), func(r *Request) { r.Negation = "gated" }), false},
		{"near its place", with(small("a red cube @(0.3, 0.6) AND the sand"), near), small("a red cube @(0.3, 0.6) AND the sand"), false},
		{"near its place, alone", with(small("a red cube @(0.3, 0.6)"), near), small("a red cube @(0.3, 0.6)"), true},
		{"near its place, beside another's", with(small("a red cube @(0.3, 0.6) AND a blue sphere @(0.7, 0.6)"), near), small("a red cube @(0.3, 0.6) AND a blue sphere @(0.7, 0.6)"), true},
		{"near its place, without the sand", with(small("a red cube @(0.3, 0.6) AND NOT the sand"), near), small("a red cube @(0.3, 0.6) AND NOT the sand"), true},
		{"near no place", with(small("the sand"), near), small("the sand"), true},
		{"near its place, not guided", with(with(small("a red cube :0.5 @(0.3, 0.6) AND the sand :0.5"), near), once), with(small("a red cube :0.5 @(0.3, 0.6) AND the sand :0.5"), once), true},
		{"rescaled", with(small("a red cube"), func(r *Request) { r.Rescale = 0.7 }), small("a red cube"), false},
	} {
		if same := bytes.Equal(pixels(t, e, c.a), pixels(t, e, c.b)); same != c.same {
			t.Errorf("%s: the same picture: %v, want %v", c.name, same, c.same)
		}
	}
}

// TestComposedBatch checks that a picture of a batch is that of its seed alone, in groups of the batch as well.
func TestComposedBatch(t *testing.T) {
	e := openTiny(t)
	r := small("(a red cube @(0.3, 0.6) OR a blue sphere) AND NOT the sand @(0-0.5, 0-1)")
	r.Negation, r.Batch, r.Reach = "gated", 6, 0.2
	result := generate(t, e, r)
	for k, p := range result.Pictures {
		alone := r
		alone.Seed, alone.Batch = p.Seed, 1
		if !bytes.Equal(p.Image.Pix, pixels(t, e, alone)) {
			t.Errorf("picture %d is not that of seed %d", k, p.Seed)
		}
	}
}

// TestGuidedEvaluations counts what a guided part saves, by the rows that a run gives the network.
func TestGuidedEvaluations(t *testing.T) {
	e := openTiny(t)
	r := small("a red cube AND a blue sphere AND NOT the sand")
	r.Steps, r.GuidanceStart, r.GuidanceStop = 8, 0.25, 0.75
	x, err := e.Explain(r)
	must(t, err)
	if want := 4*4 + 4*2; x.Evaluations != want {
		t.Errorf("%d evaluations, want %d", x.Evaluations, want)
	}
	r.Sampler = "heun" // of 2 evaluations a step, but for the first and the last
	x, err = e.Explain(r)
	must(t, err)
	if want := 2*(4*4+4*2) - 2*2; x.Evaluations != want {
		t.Errorf("heun: %d evaluations, want %d", x.Evaluations, want)
	}
	generate(t, e, r)
}

// TestComposedEvaluations counts what ranges save.
func TestComposedEvaluations(t *testing.T) {
	e := openTiny(t)
	r := small("a red cube AND the sand @0-0.5")
	r.Steps = 10
	x, err := e.Explain(r)
	must(t, err)
	if want := 10*3 - 5; x.Evaluations != want {
		t.Errorf("%d evaluations, want %d", x.Evaluations, want)
	}
	r = small("a red cube")
	r.GuidanceScale, r.CFGPlusPlus = 1, true
	x, err = e.Explain(r)
	must(t, err)
	if want := 2 * r.Steps; x.Evaluations != want {
		t.Errorf("%d evaluations with CFG++, want %d", x.Evaluations, want)
	}
	var bad *RequestError
	r.GuidanceScale = 2
	if _, err := e.Explain(r); !errors.As(err, &bad) || bad.Field != "guidance_scale" {
		t.Errorf("CFG++ at scale 2: %v", err)
	}
	r.CFGPlusPlus, r.GuidanceScale, r.Corrector, r.CorrectorMoves = false, 2, "mala", 3
	x, err = e.Explain(r)
	must(t, err)
	if want := 2 * (r.Steps + (r.Steps-1)*(1+2*3)); x.Evaluations != want {
		t.Errorf("%d evaluations with mala, want %d", x.Evaluations, want)
	}
	r.Batch = 2
	if result := generate(t, e, r); !(result.Acceptance > 0 && result.Acceptance <= 1) {
		t.Errorf("accepted %v of the moves", result.Acceptance)
	}
	r.Negation = "never"
	if _, err := e.Explain(r); !errors.As(err, &bad) || bad.Field != "negation" {
		t.Errorf("unknown kind of NOT: %v", err)
	}
	var syntax *compose.SyntaxError
	if _, err := e.Explain(small("a red cube OR NOT the sand")); !errors.As(err, &syntax) {
		t.Errorf("an alternative that asks for nothing: %v", err)
	}
}

package engine

import (
	"bytes"
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/counterpoint/counterpoint/engine/compose"
	"github.com/counterpoint/counterpoint/engine/device"
	"github.com/counterpoint/counterpoint/engine/device/cpu/kernel"
	"github.com/counterpoint/counterpoint/engine/device/testdevices"
	"github.com/counterpoint/counterpoint/engine/tokenizer"
	"github.com/counterpoint/counterpoint/weights/pack"
)

// emphaticFolder is a tiny model that reads emphasis, in chunks of 7 tokens.
const emphaticFolder = "testdata/goldens/nonsquare/model"

func openEmphatic(t *testing.T, d device.Device) *Engine {
	return openEngine(t, packed(t, emphaticFolder), d)
}

func TestEmphasisOfRequest(t *testing.T) {
	d := testdevices.CPU(t, kernel.Portable, 1)
	e := openEmphatic(t, d)
	r := small("a (red:1.5) cube AND the [sphere] BREAK on sand AND \"(blue)\"")
	r.NegativePrompt = "(green"
	x, err := e.Explain(r)
	must(t, err)
	var texts []string
	for i, row := range x.Rows {
		texts = append(texts, row.Text)
		if x.Chunks[i] != 2 {
			t.Errorf("row %d takes %d chunks, want 2", i, x.Chunks[i])
		}
	}
	if want := []string{"(green", `\(blue\)`, "a (red:1.5) cube", "the [sphere] BREAK on sand"}; !slices.Equal(texts, want) {
		t.Errorf("rows %q, want %q", texts, want)
	}
	if len(x.Warnings) > 0 {
		t.Errorf("warnings %v", x.Warnings)
	}
	for i, want := range []tokenizer.Run{{Text: "green", Weight: 1.1}, {}, {Text: "red", Weight: 1.5}, {Text: "sphere", Weight: 1 / 1.1}} {
		if got := x.Emphasis[i]; len(got) > 0 && got[0] != want || len(got) == 0 && want.Text != "" {
			t.Errorf("row %d emphasises %+v, want %+v", i, got, want)
		}
	}

	own := openEngine(t, tiny(t, pack.ProfileInt8), d)
	must(t, own.With("same", own))
	x, err = own.Explain(small("a (red:1.5) cube AND same: the [sphere] BREAK on sand"))
	must(t, err)
	var columns []int
	for _, w := range x.Warnings {
		if w.Kind == compose.WarnEmphasis {
			columns = append(columns, w.Column)
		}
	}
	if want := []int{3, 32, 41}; !slices.Equal(columns, want) {
		t.Errorf("a model that reads brackets as text: warnings at %d, want %d", columns, want)
	}
	if x.Rows[1].Text != "a (red:1.5) cube" || x.Emphasis[1] != nil || x.Chunks[1] != 1 {
		t.Errorf("a model that reads brackets as text: %+v, %v, %d", x.Rows[1], x.Emphasis[1], x.Chunks[1])
	}
}

func TestEmphasisErrors(t *testing.T) {
	e := openEmphatic(t, testdevices.CPU(t, kernel.Portable, 1))
	long := strings.Repeat("cube ", 57)
	for _, c := range []struct{ prompt, negative, field, msg string }{
		{long, "", "prompt", "9 chunks of 7 tokens; want at most 8"},
		{"a", long, "negative_prompt", "9 chunks"},
		{"a (red:5000) cube", "", "prompt", `weight of "red" is 5000`},
		{"a", "(x:5000)", "negative_prompt", "beyond 1000"},
	} {
		r := small(c.prompt)
		r.NegativePrompt = c.negative
		_, err := e.Explain(r)
		var wrong *RequestError
		if !errors.As(err, &wrong) || wrong.Field != c.field || !strings.Contains(wrong.Msg, c.msg) {
			t.Errorf("%.20q, %.20q: got %v, want %s: %s", c.prompt, c.negative, err, c.field, c.msg)
		}
	}
}

// short is a request that takes even less time than a small one.
func short(prompt string) Request {
	r := small(prompt)
	r.Steps, r.Width, r.Height = 2, 16, 16
	return r
}

// TestEmphasisOfPictures holds what means the same to give the same picture, and what does not another.
func TestEmphasisOfPictures(t *testing.T) {
	e := openEmphatic(t, testdevices.CPU(t, kernel.Portable, 1))
	plain := pixels(t, e, short("a red cube AND the sphere"))
	for prompt, same := range map[string]bool{
		"(a red:1) cube AND the sphere":        true,
		"a ([red]) cube AND the sphere":        true,
		"a (red) cube AND the sphere":          false,
		"a red cube AND the [sphere]":          false,
		`a \(red\) cube AND the sphere`:        false,
		"a red cube AND the sphere BREAK":      true,
		"a red cube AND BREAK the sphere":      false,
		"a red cube AND the (sphere BREAK :0)": false,
	} {
		if got := pixels(t, e, short(prompt)); bytes.Equal(got, plain) != same {
			t.Errorf("%s: the picture without emphasis is the same: %t, want %t", prompt, !same, same)
		}
	}
}

// inProcess is a peer on the same device.
type inProcess struct {
	engine    *Engine
	assistant *Assistant
	latents   []float32
}

func (p *inProcess) Prepare(ctx context.Context, r Request, rows []int) (err error) {
	p.assistant, err = p.engine.Assist(ctx, r, rows)
	return err
}

func (p *inProcess) Start(_ context.Context, _ float64, latents []float32) error {
	p.latents = slices.Clone(latents)
	return nil
}

func (p *inProcess) Finish(ctx context.Context, t float64, scores []float32) error {
	return p.assistant.Score(ctx, t, p.latents, scores)
}

func (p *inProcess) Release() {
	if p.assistant != nil {
		p.assistant.Close()
	}
}

// TestLongTextWithPeers deals rows out of which one alone takes several chunks.
func TestLongTextWithPeers(t *testing.T) {
	e := openEmphatic(t, testdevices.CPU(t, kernel.Portable, 1))
	r := short("a red cube AND the green sphere left of a blue cube on the sand AND the sand")
	alone := pixels(t, e, r)
	for ev, err := range e.Generate(context.Background(), r, &inProcess{engine: e}, &inProcess{engine: e}) {
		must(t, err)
		if ev.Phase == Done && !bytes.Equal(ev.Result.Pictures[0].Image.Pix, alone) {
			t.Error("with peers another picture than alone")
		}
	}
}

func TestWeigh(t *testing.T) {
	states := []float32{1, 3, -2, 4, 5, 1}
	weigh(states, []float32{1, 2, 0.5})
	// The weighted states 1, 3, -4, 8, 2.5, 0.5 add up to 11, those before to 12.
	for i, want := range []float64{1, 3, -4, 8, 2.5, 0.5} {
		if math.Abs(float64(states[i])-want*12/11) > 1e-6 {
			t.Errorf("state %d is %v, want %v", i, states[i], want*12/11)
		}
	}
	states = []float32{1, -1, 2, 2}
	if weigh(states, []float32{1, 0}); !slices.Equal(states, []float32{1, -1, 0, 0}) {
		t.Errorf("without a mean to go back from: %v", states)
	}
}

// TestMarkedTextsAreRead holds what a prompt's term says without emphasis to be what is read of it.
func TestMarkedTextsAreRead(t *testing.T) {
	for _, prompt := range []string{
		"a red cube", `a \(b:1.2\) \[c\] \\ \BREAK \: \"d\"`, `"(a:1.2) [b] \c BREAK BREAKFAST: \\"`, "x: y, 16:9 z", `a\d é\_\BREAK\_x`,
	} {
		p, err := compose.Parse(prompt)
		must(t, err)
		term := p.Terms()[0]
		runs, err := tokenizer.Emphasis(term.Marked)
		if err != nil || len(runs) != 1 || runs[0] != (tokenizer.Run{Text: term.Text, Weight: 1}) {
			t.Errorf("%s: %q is read as %+v, %v; want %q", prompt, term.Marked, runs, err, term.Text)
		}
	}
}

package e2e

import (
	"bytes"
	"fmt"
	"image/png"
	"strings"
	"testing"

	"github.com/counterpoint/counterpoint/engine/recipe"
)

// A person types a prompt, waits, sees the picture and saves it; the file tells how to make it again.
func TestPicture(t *testing.T) {
	o := newOrigin(t, tinyModel(t))
	v := newVisit(t, o.url)
	v.begin("a red cube AND été", 5, 6)
	v.awaitText("status", "^(Reading|Composing|Drawing)")
	v.awaitText("status", "^Done in ")
	v.await("image", "Picture")
	data, r := v.download()
	img, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	if b := img.Bounds(); b.Dx() != 64 || b.Dy() != 64 {
		t.Errorf("picture of %v, want 64x64", b)
	}
	if q := r.Request; q.Prompt != "a red cube AND été" || q.Seed != 5 || q.Steps != 6 || r.Model.Name != "scenesish" {
		t.Errorf("recipe %+v of model %+v", q, r.Model)
	}
	shown := evaluate[int](v, `document.querySelector("img#picture").naturalWidth`)
	if shown != 64 {
		t.Errorf("the picture shown is %d pixels wide, want 64", shown)
	}
	again, _ := v.redo()
	if !bytes.Equal(data, again) {
		t.Error("the same settings make another file")
	}
}

// redo presses Generate again and saves the outcome.
func (v *visit) redo() ([]byte, recipe.Recipe) {
	v.Helper()
	v.click("button", "Generate")
	v.awaitText("status", "^(Reading|Composing|Drawing)")
	v.awaitText("status", "^Done in ")
	return v.download()
}

// A fault in the prompt is announced with its column, and selected. Columns count what a person sees as one character.
func TestSyntaxError(t *testing.T) {
	o := newOrigin(t, tinyModel(t))
	v := newVisit(t, o.url)
	for _, c := range []struct{ prompt, column, selected string }{
		{"a red cube AND_PERP a sphere", "column 12", "AND_PERP"},
		{"🟥🟥 AND_PERP a sphere", "column 4", "AND_PERP"},
		{"a AND", "column 6", "D"},
	} {
		v.begin(c.prompt, 1, 2)
		v.awaitText("alert", c.column)
		selected := evaluate[string](v, `{ const box = document.activeElement; box.value.slice(box.selectionStart, box.selectionEnd) }`)
		if selected != c.selected {
			t.Errorf("%q: selected is %q, want %q", c.prompt, selected, c.selected)
		}
	}
	v.generate("a", 1, 2) // and all is well again
	if said := v.tryText("alert", ""); said != "" {
		t.Errorf("after a good prompt it still says %q", said)
	}
}

// A setting out of range is refused by name, before anything runs.
func TestBadSetting(t *testing.T) {
	o := newOrigin(t, tinyModel(t))
	v := newVisit(t, o.url)
	v.begin("a", 1, 1001)
	valid := evaluate[bool](v, `document.querySelector("form").checkValidity()`)
	if status := v.tryText("status", ""); valid || status != "Ready" {
		t.Errorf("1001 steps: valid %v, status %q", valid, status)
	}
}

// Cancel stops a long run at once, and what is loaded stays.
func TestCancel(t *testing.T) {
	o := newOrigin(t, tinyModel(t))
	v := newVisit(t, o.url)
	v.begin("a AND b AND c", 1, 1000)
	v.awaitText("status", "^Composing")
	v.click("button", "Cancel")
	v.awaitText("status", "^Cancelled$")
	o.requests()
	v.generate("a", 1, 2)
	if asked := o.requests(); len(asked) > 0 {
		t.Errorf("after a cancel it fetches %q again", asked)
	}
}

// Generate during a run begins anew with what is set then.
func TestRestart(t *testing.T) {
	o := newOrigin(t, tinyModel(t))
	v := newVisit(t, o.url)
	v.begin("a", 1, 1000)
	v.awaitText("status", "^Composing")
	v.enter("spinbutton", "Steps", "3")
	v.click("button", "Generate")
	v.awaitText("status", "^Done in ")
	if _, r := v.download(); r.Request.Steps != 3 {
		t.Errorf("it made a picture of %d steps, want 3", r.Request.Steps)
	}
}

// Without WebGPU the page says so and computes on the CPU.
func TestNoWebGPU(t *testing.T) {
	o := newOrigin(t, tinyModel(t))
	o.set(func(o *origin) { o.before["/worker.js"] = hideWebGPU })
	v := newVisit(t, o.url)
	v.generate("a red cube", 3, 4)
	device := v.fact("Device")
	if !strings.HasPrefix(device, "CPU") || !strings.Contains(device, "WebGPU") || !strings.Contains(device, "a picture like this takes") {
		t.Errorf("device: %q, want the CPU, the reason and an estimate", device)
	}
}

// A static host may have the app anywhere, and send no header of ours.
func TestBelowAPath(t *testing.T) {
	o := newOrigin(t, tinyModel(t))
	o.set(func(o *origin) { o.below, o.unguided = "/some/where", true })
	v := newVisit(t, o.url+"some/where/")
	v.generate("a", 1, 2)
	for _, path := range o.requests() {
		if !strings.HasPrefix(path, "/some/where/") {
			t.Errorf("it asks for %s", path)
		}
	}
}

// hideWebGPU is what a worker's script begins with, to be like one of a browser without WebGPU.
const hideWebGPU = `Object.defineProperty(navigator, "gpu", { value: undefined });`

// The page fits a phone, and everything on it can be reached by keyboard.
func TestNarrow(t *testing.T) {
	o := newOrigin(t, tinyModel(t))
	v := newVisit(t, o.url)
	v.size(320, 640)
	if wide := evaluate[int](v, `document.documentElement.scrollWidth`); wide > 320 {
		t.Errorf("on a screen of 320 the page is %d wide", wide)
	}
	v.awaitText("status", "^Ready$")
	reached := make(map[string]bool)
	for range 60 {
		v.press("\t")
		reached[evaluate[string](v, `document.activeElement.id`)] = true
	}
	for _, id := range []string{"prompt", "seed", "steps", "generate"} {
		if !reached[id] {
			t.Errorf("Tab never reaches %s (it reaches %v)", id, fmt.Sprint(reached))
		}
	}
}

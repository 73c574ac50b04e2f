package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// views are what the page looks like, in the order in which a visit with an empty browser comes to them.
var views = []struct {
	name string
	open func(v *visit)
}{
	{"offer", func(v *visit) { v.awaitText("status", "waits for you") }},
	{"start", func(v *visit) {
		evaluate[bool](v, `document.querySelector("#offer .primary").click(), true`)
		v.awaitText("status", "^Ready$")
		v.await("textbox", "Concept 1")
	}},
	{"running", func(v *visit) {
		v.begin("a red cube @(0.3, 0.55) AND a blue sphere :1.2 AND on grass", 7, 1000)
		v.awaitText("status", "^Composing: ") // with an estimate, and a preview, if the model has any
	}},
	{"done", func(v *visit) {
		v.enter("spinbutton", "Steps", "10")
		v.enter("spinbutton", "Pictures", "2")
		v.choose("verify", "cached")
		v.click("button", "Generate")
		v.awaitText("status", "^Done in ")
		v.await("image", "Picture")
		v.kept(2)
	}},
	{"restored", func(v *visit) { // which says the same on a machine that is busy
		data, _ := v.download()
		file := filepath.Join(v.TempDir(), "picture.png")
		if err := os.WriteFile(file, data, 0o600); err != nil {
			v.Fatal(err)
		}
		v.drop(file)
		v.awaitText("status", "^The recipe is restored")
		v.awaitThat(`document.querySelector("#made").textContent`, "^From its file")
		v.show("#sheet")
	}},
	{"settings", func(v *visit) {
		v.click("button", "Concept 2 has a region")
		v.press(kb.Escape)
		v.click("button", "Not concept 3")
		evaluate[bool](v, `document.querySelector("#settings ~ details").open = true`)
		v.show("#more-settings")
	}},
	{"grid", func(v *visit) {
		v.unfold("sweep")
		v.choose("y-what", "seed")
		v.enter("textbox", "X, across: values", "1, 1.5")
		v.enter("textbox", "Y, down: values", "7, 8")
		v.click("button", "Make the grid")
		v.awaitText("status", "^The grid is done")
		v.show("#run")
	}},
	{"mask", func(v *visit) {
		v.click("button", "Start from this")
		v.click("button", "Paint or erase this part")
		v.show(".easel")
	}},
	{"storage", func(v *visit) {
		v.openStorage()
		v.show("#storage")
	}},
	{"history", func(v *visit) {
		v.show("#history")
		evaluate[bool](v, `document.querySelector("#history-list .thumb").focus(), true`) // which shows what deletes
	}},
	{"help", func(v *visit) { v.click("button", "Keyboard shortcuts") }},
	{"error", func(v *visit) {
		v.click("button", "Close")
		v.enter("textbox", "Prompt", "a red cubbe AND_PERP a sphere")
		v.click("button", "Generate")
		v.awaitText("alert", "column 13")
		v.show("#alert")
	}},
	{"forget", func(v *visit) { v.click("button", "Forget everything") }},
}

// show brings an element into view, by itself.
func (v *visit) show(selector string) {
	v.Helper()
	evaluate[bool](v, fmt.Sprintf(`document.querySelector(%q).scrollIntoView({ block: "center" }), true`, selector))
}

// theme is what the person's system prefers.
func (v *visit) theme(name string) {
	v.Helper()
	p := emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
		{Name: "prefers-color-scheme", Value: name},
		{Name: "prefers-reduced-motion", Value: "reduce"}, // no colour is seen on its way to another
	}}
	if _, err := chromedp.Call(v.ctx, emulation.SetEmulatedMedia, p); err != nil {
		v.Fatal(err)
	}
}

// envAxe names the file of axe-core (.ci/axe-core).
const envAxe = "COUNTERPOINT_AXE"

// finding is a fault that axe-core finds.
type finding struct {
	ID, Impact, Help string
	Nodes            []struct {
		Target         []any
		FailureSummary string
	}
}

// findings runs axe-core on the page as it stands.
const findings = `axe.run({ resultTypes: ["violations"] }).then(({ violations }) => JSON.stringify(violations))`

// No view keeps anybody out, as far as a program can tell: neither serious nor critical findings, in light and dark.
func TestAccessible(t *testing.T) {
	path := os.Getenv(envAxe)
	if path == "" {
		missing(t, "no axe-core: %s names its file, which .ci/axe-core fetches", envAxe)
	}
	axe, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	o := newOrigin(t, tinyModel(t))
	v := newPerson(t)
	check := func(view string) {
		for _, theme := range []string{"light", "dark"} {
			v.theme(theme)
			var found []finding
			if err := json.Unmarshal([]byte(evaluate[string](v, findings)), &found); err != nil {
				t.Fatal(err)
			}
			for _, f := range found {
				for _, node := range f.Nodes {
					say := t.Logf
					if f.Impact == "serious" || f.Impact == "critical" {
						say = t.Errorf
					}
					say("%s, %s: %s: %s (%s): %v: %s", view, theme, f.Impact, f.ID, f.Help, node.Target, strings.ReplaceAll(node.FailureSummary, "\n", " "))
				}
			}
		}
	}
	v.open(o.url + "example.html")
	v.await("button", "Generate")
	evaluate[bool](v, string(axe)+"; true")
	check("example")
	v.open(o.url + "?device=cpu")
	evaluate[bool](v, string(axe)+"; true")
	for _, view := range views {
		v = v.patient(t)
		view.open(v)
		check(view.name)
	}
}

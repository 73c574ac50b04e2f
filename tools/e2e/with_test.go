package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/counterpoint/counterpoint/engine"
	"github.com/counterpoint/counterpoint/engine/recipe"
	"github.com/counterpoint/counterpoint/weights/scenes"
)

// openBeside opens the model beside itself, and under another manifest, of which nothing is known to be the same.
const openBeside = `(async () => {
	const { Counterpoint } = await import("/counterpoint.js");
	globalThis.cp = await Counterpoint.from_pretrained("/model/", { device: "webgpu", with: { objects: "/model/" } });
	const text = await (await fetch("/model/manifest.json")).text();
	const manifest = new TextEncoder().encode(text.replace('"name": "scenes"', '"name": "twin"')).buffer;
	const twin = await cp.with("twin", "/model/", { manifest });
	return [cp.device.name, twin.as, twin.name, ...cp.models.map(({ as }) => as)].join();
})()`

// Scores of models that are open side by side make the picture in the browser, on its GPU, that they make on the CPU outside.
func TestWith(t *testing.T) {
	d := nativeCPU(t)
	native := openNatively(t, scenes.Model, d)
	renamed := withManifest(t, scenes.Model, func(data []byte) []byte {
		return []byte(strings.Replace(string(data), `"name": "scenes"`, `"name": "twin"`, 1))
	})
	for name, e := range map[string]*engine.Engine{"objects": native, "twin": openNatively(t, renamed, d)} {
		if err := native.With(name, e); err != nil {
			t.Fatal(err)
		}
	}
	o := newOrigin(t, scenes.Model)
	o.set(func(o *origin) { o.before["/worker.js"] = keepDevice })
	v := newVisit(t, o.url+"counterpoint.js") // the source, as a document: all engines are this test's
	if opened := evaluate[string](v, openBeside); opened != "webgpu,twin,twin,objects,twin" {
		t.Fatalf("it opens %s", opened)
	}
	for _, prompt := range []string{"objects: a red cube AND on grass", "twin: a red cube AND on grass"} {
		request, err := json.Marshal(map[string]any{"prompt": prompt, "seed": 1, "steps": 3, "width": 64, "height": 64})
		if err != nil {
			t.Fatal(err)
		}
		draw := drawWith + "(" + string(request) + ")"
		v := v.patient(t)
		file := evaluate[string](v, draw)
		if near := likeness(decoded(t, file), natively(t, native, request)); near < 0.995 {
			t.Errorf("%s: %.2f%% of the values are within 2 of 255 of the CPU's, want at least 99.5%%", prompt, 100*near)
		}
		if !strings.HasPrefix(prompt, "twin") {
			continue
		}
		evaluate[bool](v.workers()["counterpoint engine"], "globalThis.opened.destroy(), true")
		v = v.patient(t)
		if evaluate[string](v, draw) != file {
			t.Error("with the GPU lost and all models opened again it makes another picture")
		}
	}
	code := evaluate[string](v, `cp.with("Twin", "/model/").then(() => "", ({ code, field }) => code + " " + field)`)
	if named := evaluate[string](v, `cp.without("twin").then(() => cp.models.map(({ as }) => as).join())`); code != "bad_request name" || named != "objects" {
		t.Errorf("a name that is none: %q; after one is taken away: %s", code, named)
	}
}

// A model that this browser keeps is given a name under "Models and storage", also for later visits, and taken out again. A
// picture that needs it says so.
func TestComposeWithKept(t *testing.T) {
	o := newOrigin(t, tinyModel(t))
	v := newVisit(t, o.url+"?device=cpu")
	v.awaitText("status", "^Ready$")
	v.drop(ownFolder(t))
	v.awaitNote("mine is added")
	v.awaitText("status", "^Ready$")
	v.clickListed("Use scenesish")
	v.await("button", "In use: scenesish")
	v.awaitText("status", "^Ready$")
	if suggested := evaluate[string](v, `document.querySelector("#models form input").value`); suggested != "mine" {
		t.Errorf("it suggests the name %q, want mine", suggested)
	}
	v.enter("textbox", "Name in prompts", "objects")
	v.clickListed("Compose with mine")
	v.await("button", "Take out mine")
	const prompt = "objects: a AND b"
	v.generate(prompt, 1, 2)
	data, r := v.download()
	if len(r.Models) != 1 || r.Models[0].As != "objects" || r.Models[0].Name != "mine" || r.Request.Prompt != prompt {
		t.Errorf("the recipe is %+v", r)
	}
	v.awaitThat(`document.querySelector(".card .of").textContent`, "^objects:$")
	v.open(o.url + "?device=cpu")
	v.generate(prompt, 1, 2)
	if again, _ := v.download(); string(again) != string(data) {
		t.Error("the next visit makes another picture")
	}
	v.openStorage()
	v.clickListed("Take out mine")
	v.await("button", "Compose with mine")
	v.awaitThat(`document.querySelector("#model").textContent`, "^scenesish[^;]*$")
	v.awaitThat(`document.querySelector("#remarks").textContent`, "^No model is named “objects”, so that is text")
	file := filepath.Join(t.TempDir(), "picture.png")
	if err := os.WriteFile(file, data, 0o666); err != nil {
		t.Fatal(err)
	}
	v.drop(file)
	v.awaitThat(`document.querySelector("#notes").textContent`, regexp.QuoteMeta(notOpen(r)))
}

// clickListed presses a button in the list of models, which is made anew whenever there is something to tell.
func (v *visit) clickListed(name string) {
	v.Helper()
	v.await("button", name)
	evaluate[bool](v, fmt.Sprintf(`[...document.querySelectorAll("#models button")].find(({ ariaLabel }) => ariaLabel === %q).click(), true`, name))
}

// notOpen is what the page says of a picture whose prompt names a model that is not open.
func notOpen(r recipe.Recipe) string {
	m := r.Models[0]
	return "names a model that is not open, “" + m.As + "”: " + m.Name + " (" + m.Hash + ")"
}

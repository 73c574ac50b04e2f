package e2e

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// kept waits until the history has so many pictures.
func (v *visit) kept(want int) {
	v.Helper()
	for {
		got := evaluate[int](v, `document.querySelectorAll("#history-list li").length`)
		if got == want {
			return
		}
		v.pause(fmt.Errorf("the history has %d pictures, want %d", got, want))
	}
}

// Several pictures of a run stand side by side; all are kept with their recipes, until they are deleted; none is while that is
// switched off.
func TestHistory(t *testing.T) {
	o := newOrigin(t, tinyModel(t))
	v := newVisit(t, o.url+"?device=cpu")
	v.awaitText("status", "^Ready$")
	v.enter("spinbutton", "Pictures", "2")
	v.generate("first", 3, 2)
	v.click("button", "Show picture 2")
	if _, r := v.download(); r.Request.Seed != 4 || r.Request.Batch != 1 {
		t.Errorf("the second picture's recipe: %+v", r.Request)
	}
	v.enter("spinbutton", "Pictures", "1")
	v.generate("second", 9, 2)
	v.kept(3)
	v.open(o.url + "?device=cpu")
	v.awaitText("status", "^Ready$")
	v.kept(3)
	v.click("button", "Restore first, seed 4")
	v.awaitValue("textbox", "Prompt", "first")
	v.await("image", "Picture")
	if seed := v.value("spinbutton", "Seed"); seed != "4" {
		t.Errorf("restored is seed %s, want 4", seed)
	}
	evaluate[bool](v, `document.querySelector("#history-list .thumb").focus(), true`) // what deletes shows beside the focus
	v.click("button", "Delete second, seed 9")
	v.kept(2)
	v.click("checkbox", "Keep pictures here")
	v.generate("third", 1, 2)
	v.kept(2)
	v.click("button", "Delete all")
	v.kept(2)
	v.click("button", "Press again to delete all")
	v.kept(0)
}

// A picture that is dropped on the page, and a link, bring back everything that made it.
func TestRestore(t *testing.T) {
	o := newOrigin(t, tinyModel(t))
	v := newVisit(t, o.url+"?device=cpu")
	v.generate("a red cube @(0.25, 0.5) AND été", 12, 3)
	data, made := v.download()
	file := filepath.Join(t.TempDir(), "picture.png")
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
	evaluate[bool](v, `navigator.clipboard.writeText = async (text) => { window.copied = text; }, true`)
	v.click("button", "Copy link")
	v.awaitText("status", "^The link is copied")
	link := evaluate[string](v, `window.copied`)

	other := func() { v.generate("something else", 1, 2) }
	same := func(how string) {
		t.Helper()
		v.awaitValue("textbox", "Prompt", made.Request.Prompt)
		v.awaitValue("textbox", "Concept 2", "été")
		again, r := v.redo()
		if string(again) != string(data) {
			t.Errorf("%s: it makes another picture, of %+v, want %+v", how, r.Request, made.Request)
		}
	}
	other()
	v.drop(file)
	same("dropped")
	other()
	o.requests()
	v.open("about:blank") // from the page itself, its address alone would change
	v.open(link)
	v.awaitText("status", "^Ready$")
	same("by a link")
	for _, asked := range o.requests() {
		if path, err := url.PathUnescape(asked); err != nil || path != asked {
			t.Errorf("the server is asked for %q", asked)
		}
	}
	if hash := evaluate[string](v, `location.hash`); hash != "" {
		t.Errorf("the address keeps %q, which a reload would take for newer than the edits since", hash)
	}
	v.open(o.url + "?device=cpu#prompt=a&seed=-5") // without a reload
	v.awaitText("alert", "“seed”")
}

// A picture is saved without anything said about it, if that is asked for, now and at the next visit; the history has its recipe.
func TestWithoutRecipe(t *testing.T) {
	o := newOrigin(t, tinyModel(t))
	v := newVisit(t, o.url+"?device=cpu")
	v.generate("a secret", 3, 2)
	v.click("checkbox", "Without its recipe")
	for range 2 {
		v.awaitThat(`document.getElementById("download").download`, `^counterpoint\.png$`)
		if kinds := chunks(v.save("link", "Download PNG")); kinds != "IHDR IDAT IEND" {
			t.Errorf("the file has the chunks %s", kinds)
		}
		v.open(o.url + "?device=cpu")
		v.awaitText("status", "^Ready$")
		v.click("button", "Restore a secret, seed 3")
		v.await("image", "Picture")
	}
	v.click("checkbox", "Without its recipe")
	v.awaitThat(`document.getElementById("download").download`, `^counterpoint-3\.png$`)
	if _, r := v.download(); r.Request.Prompt != "a secret" {
		t.Errorf("the recipe is %+v", r.Request)
	}
}

// A picture begins with a smaller one of its own if that is asked for; its recipe says so, and brings it back.
func TestLarger(t *testing.T) {
	v := newCards(t, "a", "Concept 1")
	v.generate("a red cube", 7, 3)
	plain, _ := v.download()
	v.choose("hires", "2")
	v.generate("a red cube", 7, 3)
	v.awaitThat(`document.getElementById("made").textContent`, "3 steps, from 2× smaller at strength 0.5")
	larger, r := v.download()
	if q := r.Request; q.Hires != 2 || q.Strength != 0.5 || q.Width != 64 || bytes.Equal(larger, plain) {
		t.Errorf("the recipe is %+v", q)
	}
	v.choose("hires", "1") // and no strength of a run that is not made
	v.generate("a red cube", 7, 3)
	if _, r := v.download(); r.Request.Hires != 1 || r.Request.Strength != 0 {
		t.Errorf("without a smaller one it is %+v", r.Request)
	}
	v.kept(3)
	evaluate[bool](v, `document.querySelectorAll("#history-list .thumb")[1].click(), true`)
	v.awaitThat(`document.getElementById("hires").value`, "^2$")
	if again, r := v.redo(); !bytes.Equal(again, larger) {
		t.Errorf("from the history it makes another picture, of %+v", r.Request)
	}
}

// chunks lists the kinds of a PNG file's chunks.
func chunks(file []byte) string {
	var kinds []string
	for at := 8; at+12 <= len(file); at += 12 + int(binary.BigEndian.Uint32(file[at:])) {
		kinds = append(kinds, string(file[at+4:at+8]))
	}
	return strings.Join(kinds, " ")
}

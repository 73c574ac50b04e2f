package e2e

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/dom"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
)

// Before a first download the page says how large it is and that the device passed its test, and waits; at a second visit
// there is nothing to ask.
func TestOffer(t *testing.T) {
	o := newOrigin(t, tinyModel(t))
	v := newPerson(t)
	v.open(o.url + "?device=cpu")
	v.awaitText("status", "waits for you")
	said := evaluate[string](v, `document.querySelector("#offer").textContent`)
	if !regexp.MustCompile(`[0-9.]+ [kM]B to download`).MatchString(said) || !strings.Contains(said, "on the CPU") {
		t.Errorf("it offers %q, want the size and the device", said)
	}
	if asked := shards(o.requests()); len(asked) > 0 {
		t.Errorf("before anybody agrees it fetches %q", asked)
	}
	v.click("button", "Generate") // which waits, too
	evaluate[bool](v, `document.querySelector("#offer .primary").click(), true`)
	v.awaitText("status", "^Done in ")
	v.open(o.url + "?device=cpu")
	v.awaitText("status", "^Ready$")
}

// drop drops files or folders on the page.
func (v *visit) drop(paths ...string) {
	v.Helper()
	for _, kind := range []input.DispatchDragEventType{input.DispatchDragEventTypeDragEnter, input.DispatchDragEventTypeDragOver, input.DispatchDragEventTypeDrop} {
		if _, err := chromedp.Call(v.ctx, input.DispatchDragEvent, input.DispatchDragEventParams{
			Type: kind, X: 200, Y: 200, Data: &input.DragData{Items: []*input.DragDataItem{}, Files: paths, DragOperationsMask: 1},
		}); err != nil {
			v.Fatal(err)
		}
	}
}

// ownFolder is a packed model under another name, in a folder of its own.
func ownFolder(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "mine")
	mine := withManifest(t, tinyModel(t), func(data []byte) []byte { return []byte(strings.Replace(string(data), `"scenesish"`, `"mine"`, 1)) })
	if err := os.CopyFS(dir, mine); err != nil {
		t.Fatal(err)
	}
	return dir
}

// awaitNote waits for what the storage panel says.
func (v *visit) awaitNote(pattern string) {
	v.Helper()
	v.awaitThat(`document.querySelector("#storage-note").textContent`, pattern)
}

// openStorage opens the storage panel and waits until it says what there is.
func (v *visit) openStorage() {
	v.Helper()
	evaluate[bool](v, `document.querySelector("#storage").open = true`)
	v.awaitThat(`document.querySelector("#storage-facts").textContent`, "version")
}

// A folder of one's own, dropped or chosen, is checked, stored and used, at the next visit too and without a server; a
// damaged one is refused by the shard's name.
func TestOwnModel(t *testing.T) {
	o := newOrigin(t, tinyModel(t))
	v := newVisit(t, o.url+"?device=cpu")
	v.awaitText("status", "^Ready$")
	dir := ownFolder(t)
	shard := largest(t, dir)
	whole, err := os.ReadFile(shard)
	if err != nil {
		t.Fatal(err)
	}
	write := func(data []byte) {
		t.Helper()
		if err := os.WriteFile(shard, data, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	write(append([]byte{^whole[0]}, whole[1:]...))
	v.drop(dir)
	v.awaitNote(filepath.Base(shard) + " is damaged")
	write(whole)
	v.give("#open-folder", dir)
	v.awaitNote("mine is added")
	v.awaitText("status", "^Ready$")
	o.set(func(o *origin) { o.down = true })
	v.open(o.url + "?device=cpu")
	v.generate("a", 1, 2)
	if _, r := v.download(); r.Model.Name != "mine" {
		t.Errorf("the picture is made by %q, want the folder's model", r.Model.Name)
	}
	v.openStorage()
	v.click("button", "Delete mine from this browser")
	v.awaitNote("mine is deleted")
	v.open(o.url + "?device=cpu")
	v.awaitText("status", "^Ready$")
	if model := v.fact("Model"); !strings.HasPrefix(model, "scenesish") {
		t.Errorf("with its own model deleted it opens %q", model)
	}
}

// give puts files into an input.
func (v *visit) give(selector string, paths ...string) {
	v.Helper()
	root, err := chromedp.Call(v.ctx, dom.GetDocument, dom.GetDocumentParams{})
	if err != nil {
		v.Fatal(err)
	}
	found, err := chromedp.Call(v.ctx, dom.QuerySelector, dom.QuerySelectorParams{NodeID: root.Root.NodeID, Selector: selector})
	if err != nil {
		v.Fatal(err)
	}
	if _, err := chromedp.Call(v.ctx, dom.SetFileInputFiles, dom.SetFileInputFilesParams{Files: paths, NodeID: found.NodeID}); err != nil {
		v.Fatal(err)
	}
}

// largest returns the path of a folder's largest shard.
func largest(t *testing.T, dir string) string {
	t.Helper()
	var name string
	var size int64
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasSuffix(path, ".json") {
			return err
		}
		info, err := d.Info()
		if err == nil && info.Size() > size {
			name, size = path, info.Size()
		}
		return err
	})
	if err != nil || name == "" {
		t.Fatalf("no shard in %s, %v", dir, err)
	}
	return name
}

// A shard that is damaged in storage can't be mended without a server: then it is named.
func TestDamagedOffline(t *testing.T) {
	o := newOrigin(t, tinyModel(t))
	v := newVisit(t, o.url+"?device=cpu")
	v.awaitText("status", "^Ready$")
	evaluate[int](v, damage)
	o.set(func(o *origin) { o.down = true })
	v.open(o.url + "?device=cpu")
	if said := v.awaitText("alert", "damaged"); !regexp.MustCompile(`[0-9a-f]{10}`).MatchString(said) || !strings.Contains(said, "network is down") {
		t.Errorf("it says %q, want the shard's name and that the network is down", said)
	}
	o.set(func(o *origin) { o.down = false })
	v.click("button", "Try again")
	v.generate("a", 1, 2)
}

// leftovers counts what the browser keeps for the origin.
const leftovers = `(async () => {
	const files = [];
	for await (const name of (await navigator.storage.getDirectory()).keys()) files.push(name);
	return [...files, ...(await indexedDB.databases()).map(({ name }) => name), ...await caches.keys(), ...Object.keys(localStorage), ...Object.keys(sessionStorage),
		...(await navigator.serviceWorker.getRegistrations()).map(({ scope }) => scope)];
})()`

// Nothing is left once everything is forgotten.
func TestForget(t *testing.T) {
	o := newOrigin(t, tinyModel(t))
	v := newVisit(t, o.url+"?device=cpu")
	v.generate("a", 1, 2)
	v.kept(1)
	if left := evaluate[[]string](v, leftovers); len(left) < 6 { // models, shards, pictures, the shell, draft and download, the worker
		t.Errorf("there is only %q to forget", left)
	}
	v.openStorage()
	v.click("button", "Forget everything")
	v.click("button", "Delete all of it")
	v.await("heading", "Everything is forgotten")
	if left := evaluate[[]string](v, leftovers); len(left) > 0 {
		t.Errorf("it leaves %q", left)
	}
	v.click("button", "Begin anew")
	v.generate("a", 1, 2)
}

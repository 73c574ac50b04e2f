package e2e

import (
	"io/fs"
	"net/http"
	"slices"
	"testing"
	"testing/fstest"

	"github.com/counterpoint/counterpoint/site"
)

// newer is the model with another manifest, so that the app is of another version.
func newer(t *testing.T, model fs.FS) http.Handler {
	t.Helper()
	handler, err := site.Handler(withManifest(t, model, func(data []byte) []byte { return append(data, '\n') }))
	if err != nil {
		t.Fatal(err)
	}
	return handler
}

// withManifest is a model with its manifest changed.
func withManifest(t *testing.T, model fs.FS, change func(data []byte) []byte) fs.FS {
	t.Helper()
	files := fstest.MapFS{}
	entries, err := fs.ReadDir(model, ".")
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		data, err := fs.ReadFile(model, entry.Name())
		if err != nil {
			t.Fatal(err)
		}
		if entry.Name() == "manifest.json" {
			data = change(data)
		}
		files[entry.Name()] = &fstest.MapFile{Data: data}
	}
	return files
}

const version = `document.querySelector("meta[name=version]").content`

// A new version is fetched beside the one in use, as far as it differs, and announced; it is used when the person says so,
// and wholly.
func TestUpdate(t *testing.T) {
	o := newOrigin(t, tinyModel(t))
	v := newVisit(t, o.url+"?device=cpu")
	v.awaitText("status", "^Ready$")
	old := evaluate[string](v, version)
	o.set(func(o *origin) { o.app = newer(t, tinyModel(t)) })
	o.requests()
	v.openStorage()
	v.click("button", "Look for a new version")
	v.await("button", "Use it now")
	asked := slices.Compact(slices.Sorted(slices.Values(o.requests())))
	if want := []string{"/", "/model/manifest.json", "/sw.js"}; !slices.Equal(asked, want) {
		t.Errorf("it fetches %q, want what differs, %q", asked, want)
	}
	v.open(o.url + "?device=cpu")
	v.awaitText("status", "^Ready$")
	if is := evaluate[string](v, version); is != old {
		t.Errorf("a reload has version %s, want %s still", is, old)
	}
	v.click("button", "Use it now")
	v.awaitThat(version+` !== "`+old+`" ? "new" : ""`, "new")
	v.awaitText("status", "^Ready$")
	if asked := o.requests(); len(asked) > 0 {
		t.Errorf("to change versions it asks for %q", asked)
	}
}

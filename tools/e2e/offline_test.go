package e2e

import (
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/counterpoint/counterpoint/tools/internal/chromium"
)

// Once the page is ready nothing is asked of the server any more, and without one a reload has all of it, below a path too:
// the page, the engine, workers that never ran before, and the model.
func TestOffline(t *testing.T) {
	o := newOrigin(t, tinyModel(t))
	o.set(func(o *origin) { o.below = "/some/where" })
	url := o.url + "some/where/"
	v := newVisit(t, url+"?device=cpu")
	v.awaitText("status", "^Ready$")
	o.requests()
	o.set(func(o *origin) { o.down = true })
	v.open(url + "index.html?device=cpu")
	v.cores(3)
	v.generate("a red cube AND a blue sphere", 1, 2)
	if device := v.fact("Device"); !strings.Contains(device, "3 workers") {
		t.Errorf("device: %q, want 3 workers", device)
	}
	if asked := o.requests(); len(asked) > 0 {
		t.Errorf("after the first load it asks for %q", asked)
	}
}

// A browser that is started anew, with the server gone, has everything. The browser's own look for a newer service worker
// is one of the requests that are counted: the worker's Cache-Control lets it wait for a day.
func TestOfflineRestart(t *testing.T) {
	startChromium(t)
	path, err := chromium.Find()
	if err != nil {
		t.Fatal(err)
	}
	stopChromium()
	defer stopChromium()
	profile := chromedp.UserDataDir(t.TempDir())
	launch(t, path, profile)
	o := newOrigin(t, tinyModel(t))
	v := firstTab(t)
	v.open(o.url)
	v.generate("a", 1, 2)
	v.kept(1)
	o.requests()
	o.set(func(o *origin) { o.down = true })
	stopChromium()
	before := len(running.proxy.foreignTo(""))
	launch(t, path, profile)
	v = firstTab(t)
	v.open(o.url)
	v.generate("a", 1, 3)
	v.kept(2)
	if asked := o.requests(); len(asked) > 0 {
		t.Errorf("the second visit asks for %q", asked)
	}
	foreign := slices.DeleteFunc(running.proxy.foreignTo("")[before:], func(request string) bool {
		return strings.Contains(request, ".google.com") || strings.Contains(request, ".googleapis.com") // a browser with a profile asks its makers
	})
	if len(foreign) > 0 {
		t.Errorf("the second visit asks other origins: %q", foreign)
	}
}

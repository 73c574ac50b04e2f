package e2e

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"
)

// Everything that a visit fetches is the app's own, and every file of it that runs says where it may connect.
func TestNothingLeaves(t *testing.T) {
	o := newOrigin(t, tinyModel(t))
	before := len(running.proxy.foreignTo(""))
	v := newVisit(t, o.url)
	v.generate("a red cube AND a blue sphere", 1, 3)
	v.download()
	if foreign := running.proxy.foreignTo("")[before:]; len(foreign) > 0 {
		t.Errorf("a visit asks other origins: %q", foreign)
	}
	asked := o.requests()
	for _, path := range []string{"/", "/worker.js", "/dist/counterpoint.wasm", "/model/manifest.json"} {
		if !slices.Contains(asked, path) {
			t.Errorf("the requests of a visit lack %s, so they were not recorded: %q", path, asked)
		}
	}
}

// A fetch to another origin is refused from the page and from inside each worker: by the headers of a host that sends them,
// by the page and the service worker where a host sends none. Without all three it would get through, so that it is the
// policy which refuses.
func TestPolicy(t *testing.T) {
	for name, c := range map[string]struct{ sent, kept bool }{
		"headers":        {sent: true},
		"service-worker": {kept: true},
		"none":           {},
	} {
		t.Run(name, func(t *testing.T) {
			o := newOrigin(t, tinyModel(t))
			o.set(func(o *origin) {
				o.unguided = !c.sent
				if !c.kept {
					o.before["/sw.js"] = "throw new Error();"
				}
			})
			guided := c.sent || c.kept
			v := newVisit(t, "about:blank")
			if _, err := chromedp.Call(v.ctx, page.SetBypassCSP, page.SetBypassCSPParams{Enabled: !guided}); err != nil {
				t.Fatal(err)
			}
			v.open(o.url)
			v.awaitText("status", "^Ready$")
			workers := v.workers()
			if len(workers) < 2 {
				t.Fatalf("workers %v, want the engine's and the shards'", workers)
			}
			workers["page"] = v
			for place, from := range workers {
				host := strings.ReplaceAll(place, " ", "-") + "-" + name + ".foreign.example"
				evaluate[string](from, fmt.Sprintf(`fetch("http://%s/", { mode: "no-cors" }).then(() => "", (e) => e.name)`, host))
				if reached := len(running.proxy.foreignTo(host)) > 0; reached == guided {
					t.Errorf("from %s a foreign origin is reached: %v", place, reached)
				}
			}
		})
	}
}

// workers attaches to the workers of the page and returns them by name.
func (v *visit) workers() map[string]*visit {
	v.Helper()
	all, err := chromedp.Targets(v.ctx)
	if err != nil {
		v.Fatal(err)
	}
	found := make(map[string]*visit)
	for _, info := range all {
		if info.Type != "worker" || info.BrowserContextID != chromedp.FromContext(v.ctx).BrowserContextID {
			continue
		}
		found[info.Title] = v.attach(info.TargetID)
	}
	return found
}

func (v *visit) attach(id target.ID) *visit {
	v.Helper()
	ctx, cancel := chromedp.NewContext(v.ctx, chromedp.WithTargetID(id))
	v.Cleanup(cancel)
	if err := chromedp.Do(ctx); err != nil {
		v.Fatal(err)
	}
	return &visit{T: v.T, ctx: ctx}
}

package e2e

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/dom"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/counterpoint/counterpoint/engine/recipe"
)

// patience is how long a person in these tests waits for anything. Software adapters are slow, and so are busy machines.
const patience = 2 * time.Minute

// visit is a person at the page, who finds things as a screen reader does: by role and name.
type visit struct {
	*testing.T
	tab       context.Context
	ctx       context.Context // of the tab, while patience lasts
	downloads string
}

// newVisit opens the page in a browser that has never seen it.
func newVisit(t *testing.T, url string) *visit {
	t.Helper()
	v := newPerson(t)
	v.trust()
	v.open(url)
	return v
}

// newPerson is a visit before its first page.
func newPerson(t *testing.T) *visit {
	t.Helper()
	downloads := t.TempDir()
	return (&visit{tab: newTab(t, downloads), downloads: downloads}).telling(t)
}

// trust is to have said before that models may be downloaded without asking.
func (v *visit) trust() {
	v.Helper()
	p := page.AddScriptToEvaluateOnNewDocumentParams{Source: `try { localStorage.setItem("download", "always") } catch {}`}
	if _, err := chromedp.Call(v.ctx, page.AddScriptToEvaluateOnNewDocument, p); err != nil {
		v.Fatal(err)
	}
}

// firstTab is a visit in the running browser's own profile, which outlives it.
func firstTab(t *testing.T) *visit {
	t.Helper()
	v := (&visit{tab: running.ctx}).telling(t)
	v.trust()
	return v
}

// telling is the visit, which at the test's end tells what the page said if it failed.
func (v *visit) telling(t *testing.T) *visit {
	v = v.patient(t)
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the page said %q, and as errors %q", v.tryText("status", ""), v.tryText("alert", ""))
		}
	})
	return v
}

// patient is the visit for a test or a part of one, with patience of its own.
func (v *visit) patient(t *testing.T) *visit {
	ctx, cancel := context.WithTimeoutCause(v.tab, patience, fmt.Errorf("%s took longer than %v", t.Name(), patience))
	t.Cleanup(cancel)
	return &visit{T: t, tab: v.tab, ctx: ctx, downloads: v.downloads}
}

// open opens the page, again where it is open.
func (v *visit) open(url string) {
	v.Helper()
	v.do("opening "+url, chromedp.Navigate(url))
}

func (v *visit) do(what string, steps ...chromedp.Action[chromedp.Void]) {
	v.Helper()
	if err := chromedp.Do(v.ctx, steps...); err != nil {
		v.Fatalf("%s: %v", what, because(v.ctx, err))
	}
}

// because prefers the reason for a context's end over the error that came of it.
func because(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	return err
}

// evaluate runs script in the page and returns its value; of a promise, what it is resolved with.
func evaluate[T any](v *visit, script string) T {
	v.Helper()
	value, err := chromedp.Run(v.ctx, chromedp.Evaluate[T](script, chromedp.EvalAwaitPromise))
	if err != nil {
		v.Fatalf("%s: %v", script, because(v.ctx, err))
	}
	return value
}

// find returns the one visible node of a role, and of a name unless that is empty; an error if there is none or several.
func (v *visit) find(role, name string) (node cdp.BackendNodeID, err error) {
	root, err := chromedp.Call(v.ctx, dom.GetDocument, dom.GetDocumentParams{})
	if err != nil {
		return 0, err
	}
	found, err := chromedp.Call(v.ctx, accessibility.QueryAXTree, accessibility.QueryAXTreeParams{
		NodeID: root.Root.NodeID, Role: role, AccessibleName: name,
	})
	if err != nil {
		return 0, err
	}
	count := 0
	for _, n := range found.Nodes {
		if !n.Ignored {
			node = n.BackendDOMNodeID
			count++
		}
	}
	if count != 1 {
		return 0, fmt.Errorf("%d nodes of role %q named %q, want 1", count, role, name)
	}
	return node, nil
}

// await waits for a node.
func (v *visit) await(role, name string) cdp.BackendNodeID {
	v.Helper()
	for {
		node, err := v.find(role, name)
		if err == nil {
			return node
		}
		v.pause(err)
	}
}

// pause waits a little; it ends the test when that is for too long, with what is waited for.
func (v *visit) pause(waiting error) {
	v.Helper()
	select {
	case <-v.ctx.Done():
		v.Fatalf("%v: still %v", context.Cause(v.ctx), waiting)
	case <-time.After(50 * time.Millisecond):
	}
}

// click clicks in the middle of a node.
func (v *visit) click(role, name string) {
	v.Helper()
	node := v.await(role, name)
	if _, err := chromedp.Call(v.ctx, dom.ScrollIntoViewIfNeeded, dom.ScrollIntoViewIfNeededParams{BackendNodeID: node}); err != nil {
		v.Fatalf("clicking %s %q: %v", role, name, err)
	}
	quads, err := chromedp.Call(v.ctx, dom.GetContentQuads, dom.GetContentQuadsParams{BackendNodeID: node})
	if err != nil || len(quads.Quads) == 0 {
		v.Fatalf("clicking %s %q: %d areas, %v", role, name, len(quads.Quads), err)
	}
	q := quads.Quads[0]
	v.do("clicking "+name, chromedp.MouseClickXY((q[0]+q[4])/2, (q[1]+q[5])/2))
}

// enter replaces what is in a field.
func (v *visit) enter(role, name, text string) {
	v.Helper()
	node := v.await(role, name)
	if _, err := chromedp.Call(v.ctx, dom.Focus, dom.FocusParams{BackendNodeID: node}); err != nil {
		v.Fatalf("focusing %s: %v", name, err)
	}
	v.do("selecting all", chromedp.KeyEvent("a", chromedp.KeyModifiers(chromedp.ModifierCtrl)))
	if _, err := chromedp.Call(v.ctx, input.InsertText, input.InsertTextParams{Text: text}); err != nil {
		v.Fatalf("typing in %s: %v", name, err)
	}
}

// tryText returns the text of a node as it stands, "" where there is none.
func (v *visit) tryText(role, name string) string {
	node, err := v.find(role, name)
	if err != nil {
		return ""
	}
	object, err := chromedp.Call(v.ctx, dom.ResolveNode, dom.ResolveNodeParams{BackendNodeID: node})
	if err != nil {
		return ""
	}
	text, err := chromedp.Run(v.ctx, chromedp.CallFunctionOn[string]("function() { return this.textContent }", func(p *runtime.CallFunctionOnParams) { p.ObjectID = object.Object.ObjectID }))
	if err != nil {
		return ""
	}
	return text
}

// awaitText waits until a node's text matches, and returns the text.
func (v *visit) awaitText(role, pattern string) string {
	v.Helper()
	want := regexp.MustCompile(pattern)
	for {
		text := v.tryText(role, "")
		if want.MatchString(text) {
			return text
		}
		if said := v.tryText("alert", ""); said != "" && role != "alert" {
			v.Fatalf("waiting for %s %q, the page reports: %s", role, pattern, said)
		}
		v.pause(fmt.Errorf("%s says %q, want %q", role, text, pattern))
	}
}

// awaitThat waits until what a script returns matches.
func (v *visit) awaitThat(script, pattern string) {
	v.Helper()
	want := regexp.MustCompile(pattern)
	for {
		is, err := chromedp.Run(v.ctx, chromedp.Evaluate[string](script)) // fails while another page comes
		if err == nil && want.MatchString(is) {
			return
		}
		v.pause(fmt.Errorf("%s is %q, %v, want %q", script, is, err, pattern))
	}
}

// fact returns what the page says in its list of facts.
func (v *visit) fact(name string) string {
	v.Helper()
	return evaluate[string](v, fmt.Sprintf(`[...document.querySelectorAll("dt")].find((dt) => dt.textContent === %q).nextElementSibling.textContent`, name))
}

// generate asks for a picture of the prompt, and returns once it is there.
func (v *visit) generate(prompt string, seed, steps int) {
	v.Helper()
	v.fill(prompt, seed, steps)
	evaluate[bool](v, `document.querySelector("[role=status]").textContent = "", true`) // a run before this one is done, too
	v.click("button", "Generate")
	v.awaitText("status", "^Done in ")
	v.await("image", "Picture")
}

// begin asks for a picture, once the page is ready.
func (v *visit) begin(prompt string, seed, steps int) {
	v.Helper()
	v.fill(prompt, seed, steps)
	v.click("button", "Generate")
}

// fill says what picture is wanted, once the page is ready.
func (v *visit) fill(prompt string, seed, steps int) {
	v.Helper()
	v.awaitText("status", "^(Ready|Ready\\. .*|Done in .*|Cancelled|Stopped .*|The .*)$")
	v.enter("textbox", "Prompt", prompt)
	v.enter("spinbutton", "Seed", fmt.Sprint(seed))
	v.enter("spinbutton", "Steps", fmt.Sprint(steps))
}

// download saves the picture and returns the file and the recipe inside.
func (v *visit) download() ([]byte, recipe.Recipe) {
	v.Helper()
	return v.saved(func() { v.click("link", "Download PNG") })
}

// saved does what saves the picture and returns the file and the recipe inside.
func (v *visit) saved(save func()) ([]byte, recipe.Recipe) {
	v.Helper()
	ctx, cancel := context.WithCancel(v.ctx)
	defer cancel()
	events := chromedp.BrowserEvents(ctx, browser.DownloadProgress)
	save()
	for event, err := range events {
		if err != nil {
			v.Fatal(err)
		}
		if event.State == browser.DownloadProgressStateCompleted {
			break
		}
	}
	files, err := filepath.Glob(filepath.Join(v.downloads, "*.png"))
	if err != nil || len(files) != 1 {
		v.Fatalf("downloads %q, %v; want one PNG", files, err)
	}
	data, err := os.ReadFile(files[0])
	err = errors.Join(err, os.Remove(files[0]))
	if err != nil {
		v.Fatal(err)
	}
	r, err := recipe.Decode(bytes.NewReader(data))
	if err != nil {
		v.Fatalf("%s: %v", files[0], err)
	}
	return data, r
}

// press presses a key.
func (v *visit) press(key string) {
	v.Helper()
	v.do("pressing a key", chromedp.KeyEvent(key))
}

// size makes the window as large as a screen, in CSS pixels.
func (v *visit) size(width, height int64) {
	v.Helper()
	v.do("resizing", chromedp.EmulateViewport(width, height))
}

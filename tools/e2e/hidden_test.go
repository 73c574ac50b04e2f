package e2e

import (
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"
)

// A run goes on while another tab is in front, whose bar shows how far it is; back at the page all is as if one had waited.
func TestHidden(t *testing.T) {
	for _, device := range []string{"webgpu", "cpu"} {
		t.Run(device, func(t *testing.T) {
			o := newOrigin(t, tinyModel(t))
			v := newVisit(t, o.url+"?device="+device)
			v.awaitText("status", "^Ready$")
			other, err := chromedp.CallBrowser(v.ctx, target.CreateTarget, target.CreateTargetParams{
				URL: "about:blank", BrowserContextID: chromedp.FromContext(v.ctx).BrowserContextID,
			})
			if err != nil {
				t.Fatal(err)
			}
			front := v.attach(other.TargetID)
			v.toFront()
			v.begin("a AND b", 1, 40)
			v.awaitText("status", "^Composing")
			front.toFront()
			v.awaitThat(`document.visibilityState`, "^hidden$")
			v.awaitThat(`document.title`, "^[0-9]+ % – Counterpoint$")
			v.awaitThat(`document.title`, "^Done in .* – Counterpoint$")
			v.toFront()
			v.awaitThat(`document.title`, "^Counterpoint$")
			v.awaitText("status", "^Done in ")
			v.await("image", "Picture")
		})
	}
}

// toFront brings the tab before all others of its window.
func (v *visit) toFront() {
	v.Helper()
	if _, err := chromedp.Call(v.ctx, page.BringToFront, cdp.Empty{}); err != nil {
		v.Fatal(err)
	}
}

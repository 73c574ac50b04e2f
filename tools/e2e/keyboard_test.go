package e2e

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// focused tells of the element in focus: what it is, and what is amiss with how it shows (WCAG 2.4.7, 2.4.11).
const focused = `(() => {
	const element = document.activeElement;
	const { outlineStyle, outlineWidth } = getComputedStyle(element);
	const { left, top, width, height } = element.getBoundingClientRect();
	const at = (x, y) => element.contains(document.elementFromPoint(left + x * width, top + y * height));
	const parts = [0.1, 0.3, 0.5, 0.7, 0.9];
	const amiss = !element.matches(":focus-visible") || outlineStyle === "none" || parseFloat(outlineWidth) < 2 ? "no outline"
		: parts.some((x) => parts.some((y) => at(x, y))) ? "" : "covered, or out of sight";
	return { Name: element.id || element.ariaLabel || element.textContent || element.tagName, Amiss: element === document.body ? "" : amiss };
})()`

type focus struct{ Name, Amiss string }

// tabTo presses Tab until an element that fits has the focus, which is seen at every stop.
func (v *visit) tabTo(selector string) {
	v.Helper()
	for range 200 {
		v.press(kb.Tab)
		if at := evaluate[focus](v, focused); at.Amiss != "" {
			v.Errorf("the focus on %q: %s", at.Name, at.Amiss)
		}
		if evaluate[bool](v, `document.activeElement.matches(`+"`"+selector+"`"+`)`) {
			return
		}
	}
	v.Fatalf("Tab never reaches %s", selector)
}

// Everything works by keys alone, on a large screen and on a small one: to write, to change a card and place it, to generate,
// to set, to save, to restore, to look at what is kept, and to be told the keys.
func TestKeyboard(t *testing.T) {
	for name, size := range map[string][2]int64{"laptop": {1280, 800}, "phone": {390, 844}} {
		t.Run(name, func(t *testing.T) {
			v := newVisit(t, newOrigin(t, tinyModel(t)).url+"?device=cpu")
			v.size(size[0], size[1])
			v.awaitText("status", "^Ready$")
			v.await("textbox", "Concept 2")
			control := func(key string) {
				t.Helper()
				v.do("pressing a key with Ctrl", chromedp.KeyEvent(key, chromedp.KeyModifiers(chromedp.ModifierCtrl)))
			}
			v.tabTo("#prompt")
			control("a")
			v.press("one AND two")
			v.awaitValue("textbox", "Concept 2", "two")
			control(kb.ArrowUp) // the cursor is in the second concept
			v.tabTo(".card:first-child [type=range]")
			v.press(kb.ArrowRight)
			v.awaitValue("textbox", "Prompt", "one :1.05 AND two :1.1")
			v.tabTo(".card:first-child .toggle.place")
			v.press(" ") // which moves the focus to the marker
			v.awaitThat(`document.activeElement.className`, "marker")
			v.press(kb.ArrowRight)
			v.await("button", "1 one, 0.51 across, 0.50 down")
			v.tabTo("#settings ~ details > summary")
			v.press(kb.Enter)
			v.tabTo("#guidance_scale")
			v.press("5")
			v.tabTo("#generate")

			v = v.patient(t)
			v.press(kb.Enter)
			v.awaitText("status", "^Done in ")
			v.kept(1)
			v.tabTo("#download")
			_, made := v.saved(func() { v.press(kb.Enter) })
			if r := made.Request; r.GuidanceScale != 5 || !strings.HasPrefix(r.Prompt, "one @(0.51, 0.5) :1.05") {
				t.Errorf("it made %+v", r)
			}
			v.tabTo("#new-card")
			v.press("three")
			v.tabTo("#add-card")
			v.press(kb.Enter)
			v.await("textbox", "Concept 3")

			v = v.patient(t)
			v.tabTo(".thumb")
			v.press(kb.Enter)
			v.awaitValue("textbox", "Prompt", made.Request.Prompt)
			v.tabTo("#steps")
			control("a")
			v.press("2")
			control(kb.Enter)
			v.awaitText("status", "^Done in ")
			v.kept(2)
			v.tabTo("#storage > summary")
			if evaluate[bool](v, `document.querySelector("#forget").checkVisibility()`) {
				t.Error("what is folded away is seen")
			}
			v.press(kb.Enter)
			v.tabTo("#forget")
			v.press(kb.Enter)
			v.awaitThat(`String(document.querySelector("#forget-dialog").open)`, "true")
			v.tabTo(`#forget-dialog [value=""]`)
			v.press(kb.Enter)
			v.tabTo("#show-keys")
			v.press(kb.Enter)
			v.await("heading", "Keyboard shortcuts")
			v.press(kb.Escape)
			v.awaitThat(`document.querySelector("#keys").open + document.activeElement.id`, "falseshow-keys")
		})
	}
}

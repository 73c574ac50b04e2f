package e2e

import (
	"fmt"
	"testing"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

type point struct{ X, Y float64 }

// middle returns where the middle of the first element that fits is on the screen.
func (v *visit) middle(selector string) point {
	v.Helper()
	return v.on(selector, 0.5, 0.5)
}

// on returns the point at fractions of an element.
func (v *visit) on(selector string, x, y float64) point {
	v.Helper()
	return evaluate[point](v, fmt.Sprintf(`(() => {
		const { left, top, width, height } = document.querySelector(%q).getBoundingClientRect();
		return { X: left + %v * width, Y: top + %v * height };
	})()`, selector, x, y))
}

// drag presses the mouse at one point and lets it go at another.
func (v *visit) drag(from, to point) {
	v.Helper()
	held := chromedp.ButtonLeft
	v.do("dragging",
		chromedp.MouseEvent(input.DispatchMouseEventTypeMousePressed, from.X, from.Y, held, chromedp.ClickCount(1)),
		chromedp.MouseEvent(input.DispatchMouseEventTypeMouseMoved, (from.X+to.X)/2, (from.Y+to.Y)/2, held),
		chromedp.MouseEvent(input.DispatchMouseEventTypeMouseMoved, to.X, to.Y, held),
		chromedp.MouseEvent(input.DispatchMouseEventTypeMouseReleased, to.X, to.Y, held, chromedp.ClickCount(1)))
}

// touch is the same with a finger.
func (v *visit) touch(from, to point) {
	v.Helper()
	send := func(kind input.DispatchTouchEventType, points ...*input.TouchPoint) {
		if _, err := chromedp.Call(v.ctx, input.DispatchTouchEvent, input.DispatchTouchEventParams{Type: kind, TouchPoints: points}); err != nil {
			v.Fatal(err)
		}
	}
	send(input.DispatchTouchEventTypeTouchStart, &input.TouchPoint{X: from.X, Y: from.Y})
	send(input.DispatchTouchEventTypeTouchMove, &input.TouchPoint{X: (from.X + to.X) / 2, Y: (from.Y + to.Y) / 2})
	send(input.DispatchTouchEventTypeTouchMove, &input.TouchPoint{X: to.X, Y: to.Y})
	send(input.DispatchTouchEventTypeTouchEnd)
}

// A card that is dragged onto the picture has its place there, and the marker moves it: with the mouse, a finger and keys.
func TestPlace(t *testing.T) {
	v := newCards(t, "a red cube AND b", "Concept 2")
	v.size(1280, 900)
	v.drag(v.middle(".handle"), v.on("#sheet", 0.25, 0.75))
	v.awaitValue("textbox", "Prompt", "a red cube @(0.25, 0.75) AND b")
	v.drag(v.middle(".marker:not(.drawn)"), v.on("#sheet", 0.5, 0.5))
	v.awaitValue("textbox", "Prompt", "a red cube @(0.5, 0.5) AND b")
	v.touch(v.middle(".marker:not(.drawn)"), v.on("#sheet", 0.4, 0.3))
	v.awaitValue("textbox", "Prompt", "a red cube @(0.4, 0.3) AND b")
	v.await("button", "1 a red cube, 0.40 across, 0.30 down")
	evaluate[bool](v, `document.querySelector(".marker:not(.drawn)").focus(), true`)
	v.press(kb.ArrowRight)
	v.do("a larger step", chromedp.KeyEvent(kb.ArrowDown, chromedp.KeyModifiers(chromedp.ModifierShift)))
	v.awaitValue("textbox", "Prompt", "a red cube @(0.41, 0.4) AND b")
	v.press(kb.Delete)
	v.awaitValue("textbox", "Prompt", "a red cube AND b")
	v.drag(v.middle(".handle"), v.on("#sheet", 1.2, 0.5)) // beside it
	if prompt := v.value("textbox", "Prompt"); prompt != "a red cube AND b" {
		t.Errorf("dropped beside the picture it is %q", prompt)
	}
}

// A region is drawn on the picture.
func TestRegion(t *testing.T) {
	v := newCards(t, "a AND b", "Concept 2")
	v.size(1280, 900)
	v.click("button", "Concept 2 has a region")
	v.awaitValue("textbox", "Prompt", "a AND b @(0-0.5, 0-1)")
	v.drag(v.on("#sheet", 0.9, 0.8), v.on("#sheet", 0.4, 0.2))
	v.awaitValue("textbox", "Prompt", "a AND b @(0.4-0.9, 0.2-0.8)")
	v.drag(v.on("#sheet", 0.1, 0.1), v.on("#sheet", 0.2, 0.2)) // it was drawn already
	v.enter("spinbutton", "Concept 2, region: right edge", "0.7")
	v.awaitValue("textbox", "Prompt", "a AND b @(0.4-0.7, 0.2-0.8)")
	v.click("button", "Concept 2 has a region")
	v.awaitValue("textbox", "Prompt", "a AND b")
}

package e2e

import (
	"fmt"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/dom"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/counterpoint/counterpoint/weights/scenes"
)

// value returns what is in a field, once there is one.
func (v *visit) value(role, name string) string {
	v.Helper()
	return callOn[string](v, v.await(role, name), "return this.value")
}

// awaitValue waits until a field holds text.
func (v *visit) awaitValue(role, name, want string) {
	v.Helper()
	for got := v.value(role, name); got != want; got = v.value(role, name) {
		v.pause(fmt.Errorf("%s %q holds %q, want %q", role, name, got, want))
	}
}

// callOn runs the body of a function whose this is the node.
func callOn[T any](v *visit, node cdp.BackendNodeID, body string) T {
	v.Helper()
	object, err := chromedp.Call(v.ctx, dom.ResolveNode, dom.ResolveNodeParams{BackendNodeID: node})
	if err != nil {
		v.Fatal(err)
	}
	value, err := chromedp.Run(v.ctx, chromedp.CallFunctionOn[T]("function() { "+body+" }", func(p *runtime.CallFunctionOnParams) { p.ObjectID = object.Object.ObjectID }))
	if err != nil {
		v.Fatal(err)
	}
	return value
}

// cards opens the page on the CPU, which is quick for a tiny model, and waits for the cards of a prompt.
func newCards(t *testing.T, prompt, last string) *visit {
	t.Helper()
	v := newVisit(t, newOrigin(t, tinyModel(t)).url+"?device=cpu")
	v.awaitText("status", "^Ready$")
	v.enter("textbox", "Prompt", " ") // or the cards of the prompt before would be taken for this one's
	v.enter("textbox", "Prompt", prompt)
	v.await("textbox", last)
	return v
}

// Cards and prompt are two views of one expression: an edit of either is one of the other, and touches nothing else.
func TestCards(t *testing.T) {
	v := newCards(t, "a red  cube AND  été :1.2 AND (a OR b)", "Concept 2")
	v.awaitValue("textbox", "Concept 2", "été")
	v.enter("textbox", "Concept 2", "a blue sphere")
	v.awaitValue("textbox", "Prompt", "a red  cube AND  a blue sphere :1.2 AND (a OR b)")
	v.enter("spinbutton", "Weight of concept 1", "2")
	v.awaitValue("textbox", "Prompt", "a red cube :2 AND  a blue sphere :1.2 AND (a OR b)")
	v.awaitValue("slider", "Weight of concept 1", "2")
	v.click("button", "Not concept 2")
	v.click("button", "Concept 3 has a region")
	v.awaitValue("textbox", "Prompt", "a red cube :2 AND  NOT a blue sphere :1.2 AND (a OR b) @(0-0.5, 0-1)")
	v.enter("textbox", "New concept", "a AND b")
	v.press("\r")
	v.awaitValue("textbox", "Prompt", `a red cube :2 AND  NOT a blue sphere :1.2 AND (a OR b) @(0-0.5, 0-1) AND "a AND b"`)
	v.click("button", "Remove concept 3")
	v.awaitValue("textbox", "Prompt", `a red cube :2 AND  NOT a blue sphere :1.2 AND "a AND b"`)

	v.enter("textbox", "Prompt", "one :0.5 @0-0.4 AND two")
	v.awaitValue("textbox", "Concept 1", "one")
	v.awaitValue("spinbutton", "Weight of concept 1", "0.5")
	v.awaitValue("spinbutton", "Concept 1, part of the steps: end", "0.4")
	v.awaitValue("textbox", "Concept 2", "two")
	if _, err := v.find("textbox", "Concept 3"); err == nil {
		t.Error("a card is left of the prompt before")
	}
}

// A card that is switched off is no part of the prompt, and survives an edit of the others, a run and a reload.
func TestCardOff(t *testing.T) {
	v := newCards(t, "a :2 AND b AND c", "Concept 3")
	v.click("switch", "Concept 1 is on")
	v.awaitValue("textbox", "Prompt", "b AND c")
	v.enter("spinbutton", "Weight of concept 2", "0.5")
	v.awaitValue("textbox", "Prompt", "b :0.5 AND c")
	v.enter("spinbutton", "Seed", "11")
	v.enter("spinbutton", "Steps", "2")
	v.click("button", "Generate")
	v.awaitText("status", "^Done in ")
	if _, r := v.download(); r.Request.Prompt != "b :0.5 AND c" {
		t.Errorf("it made %q", r.Request.Prompt)
	}
	v.do("reloading", chromedp.Reload())
	v.awaitText("status", "^Ready$")
	v.awaitValue("textbox", "Concept 3", "c")
	if prompt, seed := v.value("textbox", "Prompt"), v.value("spinbutton", "Seed"); prompt != "b :0.5 AND c" || seed != "11" {
		t.Errorf("after a reload: %q, seed %s", prompt, seed)
	}
	v.click("switch", "Concept 1 is on")
	v.awaitValue("textbox", "Prompt", "a :2 AND b :0.5 AND c")
}

// A prompt that can't be read leaves the cards from before, which can't be edited then; and says where it is at fault.
func TestUnreadablePrompt(t *testing.T) {
	v := newCards(t, "a AND b", "Concept 2")
	v.enter("textbox", "Prompt", "a AND")
	for remarks := ""; remarks == ""; remarks = evaluate[string](v, `document.getElementById("remarks").textContent`) {
		v.pause(fmt.Errorf("no remark on an unfinished prompt"))
	}
	if said := v.tryText("alert", ""); said != "" {
		t.Errorf("who is still typing is alarmed: %q", said)
	}
	if !evaluate[bool](v, `document.querySelector("#cards input").disabled`) {
		t.Error("a card that is not the prompt's can be edited")
	}
	v.enter("textbox", "Prompt", "a AND b AND c")
	v.await("textbox", "Concept 3")
	v.enter("textbox", "Concept 1", "x")
	v.awaitValue("textbox", "Prompt", "x AND b AND c")
	v.enter("textbox", "Prompt", " ")
	v.enter("textbox", "New concept", "y")
	v.press("\r")
	v.awaitValue("textbox", "Prompt", "y")
}

// Words are offered while they are typed, and one that the model does not know is mended with a click.
func TestWords(t *testing.T) {
	v := newVisit(t, newOrigin(t, scenes.Model).url+"?device=cpu")
	v.awaitText("status", "^Ready$")
	v.enter("textbox", "Prompt", "a yel")
	v.await("option", "yellow")
	v.press(kb.ArrowDown)
	v.press(kb.Tab)
	v.awaitValue("textbox", "Prompt", "a yellow")
	v.enter("textbox", "Prompt", "é AND a yellow cubbe")
	v.click("button", "cube")
	v.awaitValue("textbox", "Prompt", "é AND a yellow cube")
	v.awaitValue("textbox", "Concept 2", "a yellow cube")
}

// Undo takes back edits of prompt, cards and settings alike.
func TestUndo(t *testing.T) {
	v := newCards(t, "a AND b", "Concept 2")
	v.click("button", "Not concept 2")
	v.awaitValue("textbox", "Prompt", "a AND NOT b")
	v.enter("spinbutton", "Steps", "7")
	undo := func() { v.do("undoing", chromedp.KeyEvent("z", chromedp.KeyModifiers(chromedp.ModifierCtrl))) }
	undo()
	v.awaitValue("textbox", "Prompt", "a AND NOT b")
	undo()
	v.awaitValue("textbox", "Prompt", "a AND b")
	v.do("redoing", chromedp.KeyEvent("y", chromedp.KeyModifiers(chromedp.ModifierCtrl)))
	v.awaitValue("textbox", "Prompt", "a AND NOT b")
}

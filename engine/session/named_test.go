package session

import (
	"bytes"
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/counterpoint/counterpoint/engine/device"
	"github.com/counterpoint/counterpoint/engine/recipe"
	"github.com/counterpoint/counterpoint/weights"
)

// manifestWith is the tiny model's manifest with something else in it: that of another model with the same shards.
func (p *page) manifestWith(old, now string) []byte {
	p.t.Helper()
	m := p.files[weights.ManifestName]
	changed := bytes.ReplaceAll(m, []byte(old), []byte(now))
	if bytes.Equal(m, changed) {
		p.t.Fatalf("no %s in the manifest", old)
	}
	return changed
}

func (p *page) twin() []byte { return p.manifestWith(`"scenesish"`, `"twin"`) }

// with sends a with, and receives what ends it.
func (p *page) with(id int, name string, manifest ...[]byte) (kind string, head map[string]any) {
	p.t.Helper()
	p.send(fmt.Sprintf(`{"type":"with","id":%d,"name":%q}`, id, name), manifest...)
	kind, head, _ = p.until("named", "cancelled", "error")
	return kind, head
}

// wantNamed fails unless an answer lists models by these names: "name=model".
func (p *page) wantNamed(head map[string]any, want ...string) {
	p.t.Helper()
	var got []string
	models, ok := head["models"].([]any)
	for _, m := range models {
		about := m.(map[string]any)
		got = append(got, fmt.Sprint(about["as"], "=", about["name"]))
		if about["weight_bytes"] == 0.0 || about["samplers"] == nil {
			p.t.Errorf("model %v is not described", about)
		}
	}
	if !ok || !slices.Equal(got, want) {
		p.t.Errorf("%v of models %q, want %q", head["type"], got, want)
	}
}

// named lists what is open beside the model.
func (p *page) named(want ...string) {
	p.t.Helper()
	p.send(`{"type":"info","id":99}`)
	_, head, _ := p.until("info")
	p.wantNamed(head, want...)
}

// TestNamed opens models beside the open one, and takes them away again.
func TestNamed(t *testing.T) {
	p := visit(t, Options{})
	p.open()
	needs := map[any]int{}
	p.onHead = func(kind string, head map[string]any, _ [][]byte) {
		if kind == "need" || kind == "loading" {
			needs[head["model"]]++
		}
	}
	_, head := p.with(2, "b", p.twin())
	p.wantNamed(head, "b=twin")
	if needs["b"] < 2 || len(needs) != 1 {
		t.Errorf("messages of loading it by model: %v", needs)
	}
	clear(needs)
	_, head = p.with(3, "c", p.twin()) // is open
	p.wantNamed(head, "b=twin", "c=twin")
	_, head = p.with(4, "a", p.files[weights.ManifestName]) // is the open one
	p.wantNamed(head, "a=scenesish", "b=twin", "c=twin")
	_, head = p.with(5, "c", p.files[weights.ManifestName])
	p.wantNamed(head, "a=scenesish", "b=twin", "c=scenesish")
	_, head = p.with(6, "b", p.twin())
	p.wantNamed(head, "a=scenesish", "b=twin", "c=scenesish")
	if len(needs) > 0 {
		t.Errorf("what is open is loaded again: %v", needs)
	}

	request := `{"prompt":"a: a red cube AND b: a blue sphere AND NOT c: a tree","seed":5,"steps":3,"width":32,"height":32}`
	p.send(`{"type":"explain","id":7,"request":` + request + `}`)
	_, head, _ = p.until("explained", "error")
	term := head["tree"].(map[string]any)["operands"].([]any)[1].(map[string]any)
	if term["model"] != "b" || term["text"] != "a blue sphere" || term["body"] != "b: a blue sphere" {
		t.Errorf("a term is read as %v", term)
	}
	var file []byte
	p.onHead = func(kind string, _ map[string]any, frames [][]byte) {
		if kind == "picture" {
			file = frames[0]
		}
	}
	p.send(`{"type":"generate","id":8,"request":` + request + `}`)
	_, head, _ = p.until("done", "error")
	var of []any
	rows, _ := head["rows"].([]any)
	for _, row := range rows {
		of = append(of, row.(map[string]any)["model"])
	}
	if want := []any{nil, nil, nil, "b", "b"}; !reflect.DeepEqual(of, want) {
		t.Errorf("%v has rows of models %v, want %v", head["type"], of, want)
	}
	r, err := recipe.Decode(bytes.NewReader(file))
	if err != nil || len(r.Models) != 3 || r.Models[1].As != "b" || r.Models[1].Name != "twin" {
		t.Errorf("the recipe has models %+v, %v", r.Models, err)
	}
	if said, _ := head["models"].([]any); len(said) != 3 || said[1].(map[string]any)["as"] != "b" {
		t.Errorf("done has models %v", head["models"])
	}

	_, head = p.with(9, "b")
	p.wantNamed(head, "a=scenesish", "c=scenesish")
	_, head = p.with(10, "b") // has none
	p.wantNamed(head, "a=scenesish", "c=scenesish")
	p.open()
	p.named()
}

func TestNamedErrors(t *testing.T) {
	p := visit(t, Options{})
	want := func(code Code, name, message string, manifest ...[]byte) {
		t.Helper()
		if _, head := p.with(2, name, manifest...); head["code"] != string(code) || !strings.Contains(fmt.Sprint(head["message"]), message) {
			t.Errorf("%v, want an error of code %s with %q", head, code, message)
		}
	}
	want(NoModel, "m", "no model", p.twin())
	want(NoModel, "m", "no model")
	p.named()
	p.open()
	want(BadRequest, "Upper", `"Upper" is no name`, p.twin())
	want(UnknownModel, "m", "", []byte("{"))
	want(UnknownModel, "m", "AutoencoderPitch", p.manifestWith(`"AutoencoderPatch"`, `"AutoencoderPitch"`))
	loaded := false
	p.onHead = func(kind string, _ map[string]any, _ [][]byte) { loaded = loaded || kind == "loading" }
	want(Mismatch, "m", "other noise levels", p.manifestWith(`"squaredcos_cap_v2"`, `"linear"`))
	if loaded {
		t.Error("weights that do not fit were loaded")
	}
	p.named()
	p.onNeed = func(need) ([]byte, string) { return nil, "the network is down" }
	want(MissingShard, "m", "the network is down", p.twin())
	p.onNeed = nil
	if kind, head := p.with(3, "m", p.twin()); kind != "named" { // a way on
		t.Errorf("%s %v", kind, head)
	}
	p.onNeed = func(n need) ([]byte, string) {
		p.send(`{"type":"with","id":5,"name":"n"}`)
		p.send(`{"type":"cancel","id":4}`)
		return nil, "too late"
	}
	p.send(`{"type":"with","id":4,"name":"m"}`, p.manifestWith(`"scenesish"`, `"third"`))
	if busy := p.wantError(Busy); busy["id"] != 5.0 {
		t.Errorf("busy is about %v", busy["id"])
	}
	if kind, head, _ := p.until("named", "cancelled", "error"); kind != "cancelled" || head["id"] != 4.0 {
		t.Errorf("%s %v, want cancelled", kind, head)
	}
	p.named() // the name was taken from the one before
}

// TestNamedWithHelpers: helpers, which have the open model alone, are not asked about a prompt that names others, be they the
// same one.
func TestNamedWithHelpers(t *testing.T) {
	r := visitWithHelpers(t, 2)
	r.with(2, "a", r.files[weights.ManifestName])
	r.with(3, "b", r.twin())
	for i, prompt := range []string{"a: a red cube AND a blue sphere", "b: a red cube AND a blue sphere AND the sand"} {
		var pictures [2][]byte
		for peers := range 2 {
			clear(r.relayed)
			pictures[peers], _ = r.pictureOf(prompt, 4+2*i+peers, 2*peers, 1)
			if len(r.relayed) > 0 {
				t.Errorf("%q: relayed %v", prompt, r.relayed)
			}
		}
		if len(pictures[0]) == 0 || !bytes.Equal(pictures[0], pictures[1]) {
			t.Errorf("%q: helpers make another picture", prompt)
		}
	}
	r.picture(8, 2, 1)
	if r.relayed["assist"] != 2 {
		t.Errorf("for a prompt that names none: relayed %v", r.relayed)
	}
}

// TestNamedLost loses the device at each run of a network and while models are opened: all of them come back, to the picture
// of an undisturbed run.
func TestNamedLost(t *testing.T) {
	opened, left := 0, 1<<30
	p := visit(t, Options{OpenDevice: func(context.Context, string) (Opened, error) {
		if opened++; opened == 1 {
			return Opened{Device: mortal{portable(t), &left, device.ErrLost}}, nil
		}
		return Opened{Device: portable(t)}, nil
	}})
	request := `{"prompt":"a red cube AND b: a blue sphere OR a: the sand","seed":5,"steps":2,"width":32,"height":32}`
	begin := func(n int) {
		t.Helper()
		p.send(`{"type":"close","id":2}`)
		p.until("closed")
		opened, left = 0, n
		p.open()
		p.with(3, "a", p.files[weights.ManifestName])
		_, head := p.with(4, "b", p.twin())
		p.wantNamed(head, "a=scenesish", "b=twin")
	}
	begin(1 << 30)
	want := p.generate(5, 1, request)
	for n := range 1<<30 - left {
		begin(n)
		got := p.generate(5, 1, request)
		if got.kind != "done" || len(got.lost) != 1 || !bytes.Equal(got.pictures[0], want.pictures[0]) {
			t.Fatalf("lost in run %d: %s %v, lost after steps %v, or another picture", n+1, got.kind, got.head, got.lost)
		}
		p.named("a=scenesish", "b=twin")
	}

	begin(1 << 30)
	left = 0 // at the next run
	opened = 1
	p.onNeed = func(n need) ([]byte, string) { return nil, "the network is down" }
	if got := p.generate(5, 0, request); got.head["code"] != string(MissingShard) {
		t.Errorf("offline: %s %v", got.kind, got.head)
	}
	p.onNeed = nil
	p.named("a=scenesish", "b=twin") // though on no device
	_, head := p.with(6, "b")
	p.wantNamed(head, "a=scenesish")
	_, head = p.with(7, "b", p.twin()) // opens all that was lost
	p.wantNamed(head, "a=scenesish", "b=twin")
	if got := p.generate(8, 0, request); got.kind != "done" || !bytes.Equal(got.pictures[0], want.pictures[0]) {
		t.Errorf("with all opened again: %s %v, or another picture", got.kind, got.head)
	}
}

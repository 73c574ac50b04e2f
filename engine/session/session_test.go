package session

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"testing"

	"github.com/counterpoint/counterpoint/weights"
)

// small is a request that takes little time.
const small = `{"prompt":"a red cube AND a blue sphere:1.5","seed":5,"steps":4,"guidance_scale":4,"width":64,"height":40}`

// needThreads skips a test that interrupts a generation on the CPU: with one thread and no preemption, nothing does.
func needThreads(t *testing.T) {
	if runtime.GOOS == "js" {
		t.Skip("needs threads")
	}
}

func TestCancel(t *testing.T) {
	needThreads(t)
	p := visit(t, Options{})
	p.open()
	long := `{"prompt":"a red cube","seed":5,"steps":500,"width":64,"height":40}`
	for id := 2; id < 4; id++ { // the session goes on
		p.send(fmt.Sprintf(`{"type":"generate","id":%d,"request":%s}`, id, long))
		for {
			kind, head, _ := p.next()
			if kind == "event" && head["step"] == 2.0 {
				break
			}
			if kind == "done" || kind == "error" {
				t.Fatalf("got %s %v", kind, head)
			}
		}
		p.send(fmt.Sprintf(`{"type":"cancel","id":%d}`, id))
		kind, head, _ := p.until("cancelled", "picture", "done", "error")
		if kind != "cancelled" || head["id"] != float64(id) {
			t.Fatalf("got %s %v, want cancelled", kind, head)
		}
	}
	p.send(`{"type":"cancel","id":3}`) // it has ended: ignored
	p.send(`{"type":"generate","id":4,"request":` + small + `}`)
	p.until("done")
}

// TestRestart cancels and asks again without waiting.
func TestRestart(t *testing.T) {
	needThreads(t)
	p := visit(t, Options{})
	p.open()
	p.send(`{"type":"generate","id":2,"request":{"prompt":"a red cube","steps":500,"width":64,"height":40}}`)
	p.until("event")
	p.send(`{"type":"cancel","id":2}`)
	p.send(`{"type":"generate","id":3,"request":` + small + `}`)
	if kind, head, _ := p.until("cancelled", "done", "error"); kind != "cancelled" || head["id"] != 2.0 {
		t.Fatalf("got %s %v, want 2 cancelled", kind, head)
	}
	if kind, head, _ := p.until("cancelled", "done", "error"); kind != "done" || head["id"] != 3.0 {
		t.Fatalf("got %s %v, want 3 done", kind, head)
	}
}

// TestKeep stops a generation early. Its recipe makes the same picture again.
func TestKeep(t *testing.T) {
	keep(t, `{"prompt":"a red cube","seed":5,"steps":50,"width":64,"height":40}`, 64)
}

// TestKeepSmaller stops one at the smaller picture that is made first: that is kept.
func TestKeepSmaller(t *testing.T) {
	keep(t, `{"prompt":"a red cube","seed":5,"steps":50,"width":64,"height":48,"hires":2}`, 32)
}

func keep(t *testing.T, request string, width float64) {
	needThreads(t)
	p := visit(t, Options{})
	p.open()
	p.send(fmt.Sprintf(`{"type":"generate","id":2,"output":["rgba"],"request":%s}`, request))
	p.until("event") // the texts
	p.until("event") // a step
	p.send(`{"type":"cancel","id":2,"keep":true}`)
	_, sizes, kept := p.until("picture")
	kind, head, _ := p.until("done", "cancelled", "error")
	if kind != "done" {
		t.Fatalf("got %s %v, want done", kind, head)
	}
	made := head["request"].(map[string]any)
	if after, _ := made["stop_after"].(float64); after < 1 || after > 49 {
		t.Fatalf("stopped after %v steps", made["stop_after"])
	}
	if made["width"] != width || sizes["width"] != width {
		t.Errorf("kept a picture %v wide, of a recipe for %v, want %v", sizes["width"], made["width"], width)
	}
	recipe, err := json.Marshal(made)
	if err != nil {
		t.Fatal(err)
	}
	p.send(fmt.Sprintf(`{"type":"generate","id":3,"output":["rgba"],"request":%s}`, recipe))
	_, _, again := p.until("picture")
	p.until("done")
	if !bytes.Equal(kept[0], again[0]) {
		t.Error("the recipe of a picture that was stopped early makes another picture")
	}
}

func TestPreview(t *testing.T) {
	p := visit(t, Options{})
	model := p.open()["model"].(map[string]any)
	if model["previews"] != true {
		t.Fatal("the tiny model has no previews")
	}
	previews := 0
	p.onHead = func(kind string, head map[string]any, frames [][]byte) {
		if kind != "preview" {
			return
		}
		previews++
		if head["width"] != 8.0 || head["height"] != 5.0 || len(frames) != 1 || len(frames[0]) != 4*8*5 {
			t.Errorf("preview %v with %d frames", head, len(frames))
		}
	}
	p.send(`{"type":"generate","id":2,"preview_every":2,"request":{"prompt":"a red cube","steps":7,"batch":2,"width":64,"height":40}}`)
	p.until("done")
	if previews != 2*3 {
		t.Errorf("%d previews, want one of both pictures after steps 2, 4 and 6", previews)
	}
}

func TestBusy(t *testing.T) {
	needThreads(t)
	p := visit(t, Options{})
	p.open()
	p.send(`{"type":"generate","id":2,"request":{"prompt":"a red cube","steps":500,"width":64,"height":40}}`)
	p.until("event")
	for i, head := range []string{
		`{"type":"generate","id":3,"request":{"prompt":"a tree"}}`,
		`{"type":"close","id":3}`,
	} {
		p.send(head)
		if got := p.wantError(Busy); got["id"] != 3.0 {
			t.Errorf("message %d: error is about %v", i, got["id"])
		}
	}
	p.send(`{"type":"info","id":2}`) // an id in use
	if got := p.wantError(BadRequest); got["id"] != nil {
		t.Errorf("the error about an id in use ends request %v", got["id"])
	}
	p.send(`{"type":"explain","id":3,"request":{"prompt":"a red cube"}}`) // answered meanwhile
	p.until("explained")
	p.send(`{"type":"info","id":3}`)
	if _, head, _ := p.until("info"); head["model"] == nil || head["device"] == nil {
		t.Errorf("info %v names no model or device", head)
	}
	p.send(`{"type":"cancel","id":2}`)
	p.until("cancelled")
	p.send(`{"type":"close","id":4}`)
	p.until("closed")
	p.send(`{"type":"generate","id":5,"request":` + small + `}`)
	p.wantError(NoModel)
	p.send(`{"type":"explain","id":6,"request":` + small + `}`)
	p.wantError(NoModel)
}

func TestRequestErrors(t *testing.T) {
	p := visit(t, Options{})
	p.open()
	for _, kind := range []string{"generate", "explain"} {
		p.send(fmt.Sprintf(`{"type":%q,"id":2,"request":{"prompt":"ein Würfel AND"}}`, kind))
		if got := p.wantError(Syntax); got["column"] != 15.0 || got["offset"] != 15.0 || got["message"] == "" {
			t.Errorf("%s: %v, want the column after AND", kind, got)
		}
		p.send(fmt.Sprintf(`{"type":%q,"id":3,"request":{"prompt":"a cube","width":77}}`, kind))
		if got := p.wantError(BadRequest); got["field"] != "width" {
			t.Errorf("%s: %v, want one about width", kind, got)
		}
	}
	p.send(`{"type":"generate","id":4,"output":["jpeg"],"request":{"prompt":"a cube"}}`)
	if got := p.wantError(BadRequest); got["field"] != "output" {
		t.Errorf("%v, want one about output", got)
	}
}

func TestShards(t *testing.T) {
	manifest := func(p *page) { p.send(`{"type":"open","id":1,"protocol":1}`, p.files[weights.ManifestName]) }
	flip := func(data []byte) []byte {
		bad := bytes.Clone(data)
		bad[len(bad)/2] ^= 1
		return bad
	}

	t.Run("corrupt once", func(t *testing.T) {
		p := visit(t, Options{})
		faults := 0
		p.onNeed = func(n need) ([]byte, string) {
			if n.Fault != "" {
				faults++
				return p.files[n.Name], ""
			}
			return flip(p.files[n.Name]), ""
		}
		p.open()
		if faults == 0 {
			t.Error("no file was asked for again")
		}
	})
	for name, damage := range map[string]func([]byte) []byte{
		"corrupt":   flip,
		"truncated": func(b []byte) []byte { return b[:len(b)-1] },
		"longer":    func(b []byte) []byte { return append(bytes.Clone(b), 0) },
		"empty":     func([]byte) []byte { return []byte{} },
	} {
		t.Run(name, func(t *testing.T) {
			p := visit(t, Options{})
			var asked []string
			p.onNeed = func(n need) ([]byte, string) {
				asked = append(asked, n.Name)
				return damage(p.files[n.Name]), ""
			}
			manifest(p)
			got := p.wantError(CorruptShard)
			if len(asked) != 2 || got["name"] != asked[0] || got["hint"] == nil {
				t.Errorf("asked for %v, error %v", asked, got)
			}
			p.onNeed = nil // a way on
			p.open()
		})
	}
	t.Run("missing", func(t *testing.T) {
		p := visit(t, Options{})
		n := 0
		p.onNeed = func(n1 need) ([]byte, string) {
			if n++; n > 2 {
				return nil, "the network is down"
			}
			return p.files[n1.Name], ""
		}
		manifest(p)
		got := p.wantError(MissingShard)
		if got["name"] == nil || !bytes.Contains([]byte(got["message"].(string)), []byte("the network is down")) {
			t.Errorf("error %v", got)
		}
	})
	t.Run("cancelled", func(t *testing.T) {
		p := visit(t, Options{})
		p.files = map[string][]byte{weights.ManifestName: p.files[weights.ManifestName]}
		p.carrier.toEngine.put(sent{[]byte(`{"type":"open","id":1,"protocol":1}`), [][]byte{p.files[weights.ManifestName]}})
		p.onNeed = func(need) ([]byte, string) {
			p.send(`{"type":"cancel","id":1}`)
			return nil, "too late"
		}
		if kind, head, _ := p.until("cancelled", "opened", "error"); kind != "cancelled" {
			t.Errorf("got %s %v, want cancelled", kind, head)
		}
	})
	t.Run("manifest", func(t *testing.T) {
		p := visit(t, Options{})
		for _, bad := range []string{"", "{", `{"format":"counterpoint-weights","version":2}`} {
			p.send(`{"type":"open","id":1,"protocol":1}`, []byte(bad))
			p.wantError(UnknownModel)
		}
		text := bytes.Replace(p.files[weights.ManifestName], []byte(`"AutoencoderPatch"`), []byte(`"AutoencoderPitch"`), 2)
		p.send(`{"type":"open","id":1,"protocol":1}`, text)
		if got := p.wantError(UnknownModel); !bytes.Contains([]byte(got["message"].(string)), []byte("AutoencoderPitch")) {
			t.Errorf("error %v does not name the class", got)
		}
	})
}

func TestOpenErrors(t *testing.T) {
	p := visit(t, Options{OpenDevice: func(context.Context, string) (Opened, error) {
		return Opened{}, errors.New("the GPU computes wrong values")
	}})
	m := p.files[weights.ManifestName]
	p.send(`{"type":"open","id":1,"protocol":1}`, m)
	if got := p.wantError(NoDevice); got["message"] != "the GPU computes wrong values" {
		t.Errorf("error %v", got)
	}
	p.send(`{"type":"open","id":1,"protocol":1,"device":"webgpu"}`, m)
	p.wantError(NoDevice)
	p.send(`{"type":"open","id":1,"protocol":1,"device":"abacus"}`, m)
	p.wantError(BadRequest)
	p.send(`{"type":"open","id":1,"protocol":2}`, m)
	p.wantError(BadVersion)
}

//go:build js && wasm

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"runtime"
	"syscall/js"
	"testing"
	"time"

	"github.com/counterpoint/counterpoint/engine/session"
)

// page is the other end of a worker's messages. It reads the model's files from disk, outside of Go's memory.
type page struct {
	t    *testing.T
	port js.Value
	got  chan js.Value
}

// visit serves a session over a MessageChannel, whose port is like a worker's scope, and receives its ready.
func visit(t *testing.T) *page {
	channel := js.Global().Get("MessageChannel").New()
	inside, outside := channel.Get("port1"), channel.Get("port2")
	p := &page{t, outside, make(chan js.Value, 1<<10)}
	outside.Set("onmessage", js.FuncOf(func(_ js.Value, args []js.Value) any {
		p.got <- args[0].Get("data")
		return nil
	}))
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	s := session.New(newWorker(inside), session.Options{Version: "counterpoint test", Devices: devices, OpenDevice: openDevice})
	inside.Call("start")
	go func() {
		defer close(ended)
		_ = s.Serve(ctx)
	}()
	t.Cleanup(func() {
		cancel()
		<-ended
		outside.Call("close")
	})
	p.until("ready")
	return p
}

func (p *page) send(head string, frames ...any) {
	p.port.Call("postMessage", map[string]any{"head": head, "frames": frames})
}

// file is the bytes of one of the model's files, as a Uint8Array.
func (p *page) file(name string) js.Value {
	return js.Global().Get("fs").Call("readFileSync", "../weights/scenes/"+name)
}

// until answers what the engine needs and returns the first message of one of the types, with its frames.
func (p *page) until(kinds ...string) (head map[string]any, frames js.Value) {
	p.t.Helper()
	timeout := time.After(time.Minute)
	for {
		select {
		case data := <-p.got:
			head = nil
			if err := json.Unmarshal([]byte(data.Get("head").String()), &head); err != nil {
				p.t.Fatal(err)
			}
			if head["type"] == "need" {
				p.send(fmt.Sprintf(`{"type":"shard","id":%v,"name":%q}`, head["id"], head["name"]), p.file(head["name"].(string)))
			}
			for _, k := range kinds {
				if head["type"] == k {
					return head, data.Get("frames")
				}
			}
		case <-timeout:
			p.t.Fatalf("no message of type %v", kinds)
		}
	}
}

// TestVisit opens the model that is shipped, cancels a picture of many short steps and makes another.
func TestVisit(t *testing.T) {
	p := visit(t)
	p.send(`{"type":"open","id":1,"protocol":1}`, p.file("manifest.json").Get("buffer").Call("slice",
		p.file("manifest.json").Get("byteOffset")))
	if head, _ := p.until("opened", "error"); head["type"] != "opened" {
		t.Fatal(head)
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	t.Logf("loading took %.1f MiB of Go's heap", float64(m.HeapSys)/(1<<20))
	if m.HeapSys > 64<<20 {
		t.Errorf("loading took %d bytes of Go's heap, want at most 64 MiB", m.HeapSys)
	}

	p.send(`{"type":"generate","id":2,"request":{"prompt":"a red cube","steps":900,"width":32,"height":32}}`)
	p.until("event")
	time.Sleep(100 * time.Millisecond) // into a step, all of which are shorter than pauseAfter
	asked := time.Now()
	p.send(`{"type":"cancel","id":2}`)
	if head, _ := p.until("cancelled", "done", "error"); head["type"] != "cancelled" {
		t.Fatal(head)
	}
	if took := time.Since(asked); took > 5*time.Second {
		t.Errorf("a cancel took %v", took)
	}

	p.send(`{"type":"generate","id":3,"output":["rgba","png"],"request":{"prompt":"a red cube","steps":2,"width":32,"height":32}}`)
	head, frames := p.until("picture", "error")
	if head["type"] != "picture" || frames.Length() != 2 || frames.Index(0).Length() != 4*32*32 {
		t.Fatal(head)
	}
	file := make([]byte, frames.Index(1).Length())
	if js.CopyBytesToGo(file, frames.Index(1)); !bytes.HasPrefix(file, []byte("\x89PNG")) || !bytes.Contains(file, []byte("a red cube")) {
		t.Errorf("the PNG file begins with %q", file[:8])
	}
	p.until("done")
}

// TestForeignMessages sends what pages should not. All of it is refused, none stops the worker.
func TestForeignMessages(t *testing.T) {
	p := visit(t)
	for _, data := range []any{nil, 7, "text", map[string]any{}, map[string]any{"head": 7},
		map[string]any{"head": map[string]any{"type": "info", "id": 1}},
		map[string]any{"head": `{"type":"info","id":1}`, "frames": []any{"text"}},
		map[string]any{"head": `{"type":"info","id":1}`, "frames": make([]any, 1<<12)}} {
		p.port.Call("postMessage", data)
		if head, _ := p.until("error", "info"); head["code"] != "bad_request" {
			t.Errorf("%v: %v", data, head)
		}
	}
	p.port.Call("postMessage", map[string]any{"head": `{"type":"info","id":1}`}) // frames may be absent
	p.until("info")
}

func TestFrame(t *testing.T) {
	array := uint8Array.New(10)
	for i := range 10 {
		array.SetIndex(i, i)
	}
	f := frame{array.Call("subarray", 2, 9), 7}
	got, err := io.ReadAll(io.NewSectionReader(f, 1, 5))
	if err != nil || !bytes.Equal(got, []byte{3, 4, 5, 6, 7}) {
		t.Errorf("read %v, %v", got, err)
	}
	for offset, want := range map[int64]int{-1: 0, 0: 4, 5: 2, 7: 0, 8: 0} {
		n, err := f.ReadAt(make([]byte, 4), offset)
		if n != want || (err == io.EOF) != (n < 4) {
			t.Errorf("at %d: %d bytes, %v; want %d", offset, n, err, want)
		}
	}
}

func TestOpenDevice(t *testing.T) {
	for name, ok := range map[string]bool{"cpu": true, "abacus": false} {
		o, err := openDevice(t.Context(), name)
		if (err == nil) != ok {
			t.Errorf("%s: %v", name, err)
		}
		if err == nil {
			o.Device.Close()
		}
	}
}

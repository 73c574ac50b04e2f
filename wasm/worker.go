//go:build js && wasm

package main

import (
	"context"
	"io"
	"sync"
	"syscall/js"

	"github.com/counterpoint/counterpoint/engine/session"
)

var uint8Array, arrayBuffer = js.Global().Get("Uint8Array"), js.Global().Get("ArrayBuffer")

// worker carries messages between the page and a Web Worker.
type worker struct {
	scope   js.Value // the worker's global scope, or a MessagePort
	mu      sync.Mutex
	waiting []session.Message
	more    chan struct{} // holds a token while there may be waiting messages
}

var _ session.Carrier = (*worker)(nil)

// newWorker listens from now on, for good.
func newWorker(scope js.Value) *worker {
	w := &worker{scope: scope, more: make(chan struct{}, 1)}
	scope.Call("addEventListener", "message", js.FuncOf(func(_ js.Value, args []js.Value) any {
		w.put(message(args[0].Get("data")))
		return nil
	}))
	return w
}

// put must not wait: it runs in the worker's event loop, on which all of Go waits.
func (w *worker) put(m session.Message) {
	w.mu.Lock()
	w.waiting = append(w.waiting, m)
	w.mu.Unlock()
	select {
	case w.more <- struct{}{}:
	default:
	}
}

// message reads {head: string, frames: (ArrayBuffer | Uint8Array)[]}. Anything else becomes a message without a head, which
// the session refuses.
func message(data js.Value) session.Message {
	if data.Type() != js.TypeObject || data.Get("head").Type() != js.TypeString {
		return session.Message{}
	}
	m := session.Message{Head: []byte(data.Get("head").String())}
	frames := data.Get("frames")
	if frames.Type() != js.TypeObject {
		return m
	}
	for i := range min(frames.Length(), session.MaxFrames+1) {
		f := frames.Index(i)
		if f.InstanceOf(arrayBuffer) {
			f = uint8Array.New(f)
		}
		if !f.InstanceOf(uint8Array) {
			return session.Message{}
		}
		m.Frames = append(m.Frames, frame{f, int64(f.Length())})
	}
	return m
}

// Receive waits for the next message. The page is never gone before the worker is.
func (w *worker) Receive(ctx context.Context) (session.Message, error) {
	for {
		w.mu.Lock()
		if len(w.waiting) > 0 {
			m := w.waiting[0]
			w.waiting = w.waiting[1:]
			w.mu.Unlock()
			return m, nil
		}
		w.mu.Unlock()
		select {
		case <-w.more:
		case <-ctx.Done():
			return session.Message{}, ctx.Err()
		}
	}
}

// Send copies the frames out of Go's memory and transfers the copies.
func (w *worker) Send(head []byte, frames [][]byte) error {
	copies, buffers := make([]any, len(frames)), make([]any, len(frames))
	for i, f := range frames {
		c := uint8Array.New(len(f))
		js.CopyBytesToJS(c, f)
		copies[i], buffers[i] = c, c.Get("buffer")
	}
	w.scope.Call("postMessage", map[string]any{"head": string(head), "frames": copies}, buffers)
	return nil
}

// frame is a received Uint8Array. Its bytes stay outside of Go's memory until they are read.
type frame struct {
	array js.Value
	size  int64
}

func (f frame) Size() int64 { return f.size }

func (f frame) ReadAt(p []byte, offset int64) (int, error) {
	if offset < 0 || offset >= f.size {
		return 0, io.EOF
	}
	n := js.CopyBytesToGo(p, f.array.Call("subarray", offset, min(offset+int64(len(p)), f.size)))
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

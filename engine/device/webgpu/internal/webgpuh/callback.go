//go:build (linux || darwin || windows) && (amd64 || arm64)

package webgpuh

import (
	"math"
	"strings"
	"sync"
	"unsafe"

	"github.com/ebitengine/purego"
)

// The library calls back one of two functions, since what purego makes of a Go function is never freed. They find the
// function that is meant by a number, which they are given as userdata.

// answer is what a callback was called with.
type answer struct {
	// Status and object, status and type of error, or device and reason; the second is 0 where there is only a status.
	first, second uintptr
	message       string
}

// status of the call, in either kind.
func (a answer) status() uint32 { return uint32(a.first) }

// handlers are functions waiting for their callbacks.
var handlers = registry{byID: map[uintptr]handler{}}

type registry struct {
	mu   sync.Mutex
	last uintptr
	byID map[uintptr]handler
}

type handler struct {
	f     func(answer)
	stays bool // after the first call
}

func (r *registry) add(h handler) uintptr {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.last++
	r.byID[r.last] = h
	return r.last
}

func (r *registry) remove(id uintptr) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.byID, id)
}

// replace has f called instead, unless a callback has come already.
func (r *registry) replace(id uintptr, f func(answer)) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	_, waiting := r.byID[id]
	if waiting {
		r.byID[id] = handler{f: f}
	}
	return waiting
}

func (r *registry) call(id uintptr, a answer) {
	r.mu.Lock()
	h := r.byID[id]
	if !h.stays {
		delete(r.byID, id)
	}
	r.mu.Unlock()
	if h.f != nil {
		h.f(a)
	}
}

// answerPair is called with a pair of values, a message and the userdata.
var answerPair = sync.OnceValue(func() uintptr { return purego.NewCallback(onPair) })

// answerStatus is called with a status, a message and the userdata. QueueOnSubmittedWorkDone's has had a message only since
// 2025-04.
var answerStatus = sync.OnceValue(func() uintptr { return purego.NewCallback(onStatus) })

// request is an asynchronous call that was not answered yet.
type request struct {
	id      uintptr
	answers chan answer
	info    callbackInfo
}

// newRequest makes a request to be answered through answerPair or answerStatus.
func newRequest(callback uintptr) request {
	answers := make(chan answer, 1)
	id := handlers.add(handler{f: func(a answer) { answers <- a }})
	return request{id, answers, newInfo(callback, id)}
}

// newInfo passes the number twice, which tells onStatus the userdata from a message.
func newInfo(callback, id uintptr) callbackInfo {
	return callbackInfo{mode: modeProcessEvents, callback: callback, userdata1: id, userdata2: id}
}

// maxMessage cuts messages. They quote the source of shaders.
const maxMessage = 1 << 16

// text copies what the library wrote.
func (s stringView) text() string {
	if s.data == nil {
		return ""
	}
	length := min(s.length, maxMessage)
	if s.length == math.MaxUint {
		for length = 0; length < maxMessage && *(*byte)(unsafe.Add(s.data, length)) != 0; length++ {
		}
	}
	return strings.TrimSpace(strings.ToValidUTF8(string(unsafe.Slice((*byte)(s.data), length)), "\uFFFD"))
}

// pointer makes an address outside of Go's memory, come as a number, a pointer.
func pointer(address uintptr) unsafe.Pointer { return *(*unsafe.Pointer)(unsafe.Pointer(&address)) }

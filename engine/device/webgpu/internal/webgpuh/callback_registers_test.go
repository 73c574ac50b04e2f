//go:build (linux || darwin || windows) && (amd64 || arm64) && !(windows && amd64)

package webgpuh

import (
	"runtime"
	"testing"
	"unsafe"
)

// TestStatusForms calls onStatus as libraries from before and after 2025-04 do.
func TestStatusForms(t *testing.T) {
	message := []byte("why")
	for _, want := range []answer{{first: 2}, {first: 3, message: "why"}, {first: 1}} {
		r := newRequest(0)
		switch {
		case want.message != "":
			onStatus(want.first, uintptr(unsafe.Pointer(&message[0])), 3, r.info.userdata1, r.info.userdata2)
		case want.first == 2: // what is in the registers after the arguments is anything
			onStatus(want.first, r.info.userdata1, r.info.userdata2, 12345, 67890)
		default:
			onStatus(want.first, 0, 0, r.info.userdata1, r.info.userdata2)
		}
		if got := <-r.answers; got != want {
			t.Errorf("%+v, want %+v", got, want)
		}
	}
	runtime.KeepAlive(message)
}

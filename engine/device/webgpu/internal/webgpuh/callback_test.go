//go:build (linux || darwin || windows) && (amd64 || arm64)

package webgpuh

import (
	"math"
	"strings"
	"testing"
	"unsafe"
)

func TestText(t *testing.T) {
	terminated := []byte("to the zero\x00and no further")
	for want, s := range map[string]stringView{
		"":            {},
		"some":        {data: unsafe.Pointer(unsafe.StringData("something")), length: 4},
		"to the zero": {data: unsafe.Pointer(&terminated[0]), length: math.MaxUint},
		"\uFFFD!":     view("\xff! \n"),
	} {
		if got := s.text(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	if got := (stringView{length: math.MaxUint}).text(); got != "" {
		t.Errorf("no text: %q", got)
	}
	if got := view(strings.Repeat("a", maxMessage+1)).text(); len(got) != maxMessage {
		t.Errorf("a message of %d bytes", len(got))
	}
}

func TestRegistry(t *testing.T) {
	r := registry{byID: map[uintptr]handler{}}
	var calls []string
	called := func(name string) func(answer) {
		return func(a answer) { calls = append(calls, name+" "+a.message) }
	}
	once, always := r.add(handler{f: called("once")}), r.add(handler{f: called("always"), stays: true})
	late, removed := r.add(handler{f: called("in time")}), r.add(handler{f: called("removed")})
	r.remove(removed)
	if !r.replace(late, called("late")) {
		t.Error("an answer came early")
	}
	for _, message := range []string{"1", "2"} {
		for _, id := range []uintptr{once, always, late, removed, 99} {
			r.call(id, answer{message: message})
		}
	}
	if got, want := strings.Join(calls, ", "), "once 1, always 1, late 1, always 2"; got != want {
		t.Errorf("calls: %s; want %s", got, want)
	}
	if r.replace(once, called("never")) {
		t.Error("replaced what had been called")
	}
}

//go:build js && wasm

// The wasm program is the engine for a Web Worker: the session protocol (engine/session/PROTOCOL.md) over the worker's
// messages. Fetching and storing is JavaScript's part.
package main

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"runtime/debug"
	"syscall/js"

	"github.com/counterpoint/counterpoint/engine/session"
)

func main() {
	s := session.New(newWorker(js.Global()), session.Options{
		Version:    "counterpoint " + release(),
		Devices:    devices,
		OpenDevice: openDevice,
	})
	if err := s.Serve(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// release is the version of the module that this program was built from.
func release() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "(devel)"
	}
	return cmp.Or(info.Main.Version, "(devel)")
}

//go:build js && wasm

// The wasm program is the engine for a Web Worker: the session protocol (engine/session/PROTOCOL.md) over the worker's
// messages. Fetching and storing is JavaScript's part.
package main

import (
	"context"
	"fmt"
	"os"
	"syscall/js"

	"github.com/counterpoint/counterpoint/engine/session"
)

func main() {
	s := session.New(newWorker(js.Global()), session.Options{
		Version:    "counterpoint " + version,
		Devices:    devices,
		OpenDevice: openDevice,
	})
	if err := s.Serve(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// version is that of the commit that this program was built from, as the Makefile has the linker set it.
var version = "(devel)"

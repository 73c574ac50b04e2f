//go:build js && wasm

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"syscall/js"
)

// origin is a packed model's folder on the server of the page.
type origin struct{ url string }

// Open fetches a file whole.
func (o origin) Open(_ context.Context, name string) (io.ReadCloser, error) {
	response, err := await(js.Global().Call("fetch", o.url+name))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if status := response.Get("status").Int(); status != 200 {
		return nil, fmt.Errorf("%s: status %d: %w", name, status, fs.ErrNotExist)
	}
	buffer, err := await(response.Call("arrayBuffer"))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	array := js.Global().Get("Uint8Array").New(buffer)
	data := make([]byte, array.Length())
	js.CopyBytesToGo(data, array)
	return io.NopCloser(bytes.NewReader(data)), nil
}

// await returns what a promise is fulfilled with.
func await(promise js.Value) (js.Value, error) {
	fulfilled, rejected := make(chan js.Value, 1), make(chan error, 1)
	fulfill := js.FuncOf(func(_ js.Value, args []js.Value) any {
		fulfilled <- args[0]
		return nil
	})
	defer fulfill.Release()
	reject := js.FuncOf(func(_ js.Value, args []js.Value) any {
		rejected <- errors.New(args[0].Call("toString").String())
		return nil
	})
	defer reject.Release()
	promise.Call("then", fulfill, reject)
	select {
	case v := <-fulfilled:
		return v, nil
	case err := <-rejected:
		return js.Undefined(), err
	}
}

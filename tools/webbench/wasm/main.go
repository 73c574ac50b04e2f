//go:build js && wasm

// The wasm program is Counterpoint's engine in a worker of webbench (page/counterpoint.js). It leaves its methods on
// globalThis.counterpoint: each takes JSON and returns a promise of JSON.
package main

import (
	"context"
	"encoding/json"
	"syscall/js"
)

func main() {
	b := &bench{}
	js.Global().Set("counterpoint", map[string]any{
		"open":  method(b.open),
		"time":  method(b.time),
		"check": method(b.check),
	})
	select {}
}

// method makes a function for JavaScript, whose promise is rejected with the error's text.
func method[P, R any](f func(ctx context.Context, argument P) (R, error)) js.Func {
	return js.FuncOf(func(_ js.Value, args []js.Value) any {
		text := args[0].String()
		var executor js.Func
		executor = js.FuncOf(func(_ js.Value, args []js.Value) any {
			resolve, reject := args[0], args[1]
			go func() { // a callback must not wait
				defer executor.Release()
				result, err := invoke(f, text)
				if err != nil {
					reject.Invoke(js.Global().Get("Error").New(err.Error()))
					return
				}
				resolve.Invoke(result)
			}()
			return nil
		})
		return js.Global().Get("Promise").New(executor)
	})
}

func invoke[P, R any](f func(ctx context.Context, argument P) (R, error), text string) (string, error) {
	var argument P
	if err := json.Unmarshal([]byte(text), &argument); err != nil {
		return "", err
	}
	result, err := f(context.Background(), argument)
	if err != nil {
		return "", err
	}
	encoded, err := json.Marshal(result)
	return string(encoded), err
}

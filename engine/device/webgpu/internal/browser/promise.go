//go:build js

package browser

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"syscall/js"

	"github.com/counterpoint/counterpoint/engine/device/webgpu/internal/gpu"
)

// invoke calls a function and returns what it throws as an error.
func invoke(f js.Value, args ...any) (result js.Value, err error) {
	defer func() {
		if r := recover(); r != nil {
			thrown, ok := r.(js.Error)
			if !ok {
				panic(r)
			}
			err = failure(thrown.Value)
		}
	}()
	return f.Invoke(args...), nil
}

// await returns what a promise is fulfilled with, or what it is rejected with as an error. Other goroutines and the event
// loop go on meanwhile. When ctx is done it returns; what the promise stands for goes on.
func await(ctx context.Context, promise js.Value) (js.Value, error) {
	type outcome struct {
		value js.Value
		err   error
	}
	settled := make(chan outcome, 1)
	var fulfill, reject js.Func
	settle := func(o outcome) any {
		fulfill.Release()
		reject.Release()
		settled <- o
		return nil
	}
	fulfill = js.FuncOf(func(_ js.Value, args []js.Value) any { return settle(outcome{value: args[0]}) })
	reject = js.FuncOf(func(_ js.Value, args []js.Value) any { return settle(outcome{err: failure(args[0])}) })
	promise.Call("then", fulfill, reject)
	select {
	case o := <-settled:
		return o.value, o.err
	case <-ctx.Done():
		return js.Undefined(), ctx.Err()
	}
}

// call is invoke for a function that returns a promise, and await.
func call(ctx context.Context, f js.Value, args ...any) (js.Value, error) {
	if err := ctx.Err(); err != nil {
		return js.Undefined(), err
	}
	promise, err := invoke(f, args...)
	if err != nil {
		return js.Undefined(), err
	}
	return await(ctx, promise)
}

// failure makes an error of what was thrown. Its name tells the kinds apart that gpu.js knows.
func failure(thrown js.Value) error {
	if thrown.Type() != js.TypeObject {
		return fmt.Errorf("JavaScript threw %v", thrown)
	}
	text := func(property string) string {
		if v := thrown.Get(property); v.Type() == js.TypeString {
			return v.String()
		}
		return ""
	}
	name, message := text("name"), strings.TrimSpace(text("message"))
	switch {
	case name == "DeviceLost":
		return fmt.Errorf("%w: %s", gpu.ErrLost, message)
	case name == "NoAdapter":
		return fmt.Errorf("%w: %s", gpu.ErrNone, message)
	case message == "":
		return errors.New(name) // as some of the browser's own have it
	}
	return errors.New(message)
}

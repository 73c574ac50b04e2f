//go:build js && wasm

package main

import (
	"context"
	"syscall/js"
	"time"

	"github.com/counterpoint/counterpoint/engine/device"
	"github.com/counterpoint/counterpoint/engine/device/choose"
	"github.com/counterpoint/counterpoint/engine/graph"
	"github.com/counterpoint/counterpoint/engine/session"
)

// devices are the names that openDevice knows, beside "auto".
var devices = []string{"webgpu", "cpu"}

// openDevice opens a device by its name.
func openDevice(ctx context.Context, name string) (session.Opened, error) {
	c, err := choose.Open(ctx, choose.Options{Device: name, Threads: 1, GPUs: choose.WebGPU{}}) // Go has one thread here
	if err != nil {
		return session.Opened{}, err
	}
	d := c.Device
	if d.Info().Name == "cpu" {
		d = polite{d, &pacer{time.Now()}}
	}
	return session.Opened{Device: d, Why: c.Why, SelfTest: c.Tested}, nil
}

// polite is a device that computes in Go and lets the worker's messages in between. While Go computes, the event loop
// waits, and a page's cancel with it.
type polite struct {
	device.Device
	pace *pacer
}

func (d polite) Compile(p *graph.Program, w device.Weights) (device.Executable, error) {
	e, err := d.Device.Compile(p, w)
	if err != nil {
		return nil, err
	}
	return politeExecutable{e, d.pace}, nil
}

type politeExecutable struct {
	device.Executable
	pace *pacer
}

func (e politeExecutable) Run(ctx context.Context, rows int) error {
	return e.Executable.Run(pausing{ctx, e.pace}, rows)
}

// pacer knows when the event loop last had its turn. All executables of a device share it: runs of a small picture are
// shorter than pauseAfter, one after the other.
type pacer struct{ last time.Time }

// pauseAfter is how long a message may wait, beside the time of one instruction.
const pauseAfter = 30 * time.Millisecond

// pausing is a context that returns to the event loop now and then when it is asked whether it is done, which devices do
// between instructions.
type pausing struct {
	context.Context
	pace *pacer
}

func (c pausing) Err() error {
	if time.Since(c.pace.last) >= pauseAfter {
		pause()
		c.pace.last = time.Now()
	}
	return c.Context.Err()
}

// pause returns once the event loop has delivered what waited. A timer would do it, but browsers make those wait for 4 ms.
func pause() {
	delivered := make(chan struct{})
	wake := js.FuncOf(func(js.Value, []js.Value) any {
		close(delivered)
		return nil
	})
	defer wake.Release()
	if turn := js.Global().Get("setImmediate"); turn.Type() == js.TypeFunction {
		turn.Invoke(wake) // Node, where a port that is always busy keeps out all others
	} else {
		ports.Get("port1").Set("onmessage", wake)
		ports.Get("port2").Call("postMessage", js.Null())
	}
	<-delivered
}

var ports = js.Global().Get("MessageChannel").New()

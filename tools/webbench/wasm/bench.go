//go:build js && wasm

package main

import (
	"context"
	"syscall/js"

	"github.com/counterpoint/counterpoint/engine"
	"github.com/counterpoint/counterpoint/engine/device"
	"github.com/counterpoint/counterpoint/engine/device/choose"
	"github.com/counterpoint/counterpoint/engine/graph"
	"github.com/counterpoint/counterpoint/tools/webbench/internal/message"
)

// bench is a model on a device.
type bench struct {
	model     origin
	engine    *engine.Engine
	encodings []message.Encoding // of the latest evaluations
}

type openOptions struct{ Device, Model string }

// open opens the model on a device.
func (b *bench) open(ctx context.Context, o openOptions) (device.Info, error) {
	d, err := choose.Open(ctx, choose.Options{Device: o.Device, GPUs: choose.WebGPU{}})
	if err != nil {
		return device.Info{}, err
	}
	b.model = origin{o.Model}
	b.engine, err = engine.OpenSource(ctx, b.model, engine.Options{Device: watched{d, b}})
	return d.Info(), err
}

// time is engine.Bench, with more evaluations that warm up.
func (b *bench) time(ctx context.Context, o message.Timing) (*message.Timed, error) {
	b.encodings = nil
	more := o.Warmup - 1 // engine.Bench itself has one
	r, err := b.engine.Bench(ctx, engine.BenchOptions{Rows: o.Rows, Repeat: more + o.Repeat})
	if err != nil {
		return nil, err
	}
	timed := &message.Timed{Times: r.Times[more:], GFLOP: r.GFLOP}
	if len(b.encodings) > 0 {
		timed.Encodings = b.encodings[o.Warmup:]
	}
	return timed, nil
}

type checkOptions struct{ Prompt string }

// check compares a step of the prompt with the CPU's.
func (b *bench) check(ctx context.Context, o checkOptions) (*engine.Fidelity, error) {
	d, err := choose.Open(ctx, choose.Options{Device: "cpu"})
	if err != nil {
		return nil, err
	}
	defer d.Close()
	cpu, err := engine.OpenSource(ctx, b.model, engine.Options{Device: d})
	if err != nil {
		return nil, err
	}
	defer cpu.Close()
	return engine.Compare(ctx, cpu, b.engine, engine.Request{Prompt: o.Prompt, Steps: 1})
}

// watched is a device that notes what encoding the UNet takes. Its executables are no device.Profiler, so that engine.Bench
// runs nothing but what it times.
type watched struct {
	device.Device
	bench *bench
}

func (d watched) Compile(p *graph.Program, w device.Weights) (device.Executable, error) {
	e, err := d.Device.Compile(p, w)
	if err != nil || p.Name != "unet" {
		return e, err
	}
	return watchedExecutable{e, d.bench}, nil
}

type watchedExecutable struct {
	device.Executable
	bench *bench
}

func (e watchedExecutable) Run(ctx context.Context, rows int) error {
	before, _ := encoded()
	err := e.Executable.Run(ctx, rows)
	if now, ok := encoded(); ok {
		e.bench.encodings = append(e.bench.encodings, now.Since(before))
	}
	return err
}

// encoded is what site/gpu.js has counted since it opened the device, if there is one.
func encoded() (e message.Encoding, ok bool) {
	opened := js.Global().Get("openedGPU")
	if opened.IsUndefined() {
		return e, false
	}
	s := opened.Get("stats")
	return message.Encoding{Submits: s.Get("submits").Int(), Commands: s.Get("commands").Int(), Milliseconds: s.Get("encodeMs").Float()}, true
}

// Webbench times one evaluation of the UNet in Chromium: Counterpoint's engine against ONNX Runtime Web, each on WebGPU and
// on the CPU, in one browser, in turns.
//
// It needs Chromium, ONNX Runtime Web's files and the UNet as an ONNX file:
//
//	npm pack onnxruntime-web && tar xf onnxruntime-web-*.tgz
//	go run ./tools/counterpoint inspect --export /tmp/scenes
//	(cd tools/train && python bench_onnxruntime.py /tmp/scenes --rows 3 --onnx /tmp/unet.onnx)
//	go run ./tools/webbench --onnx /tmp/unet.onnx --ort package
//
// A round gives each contender some evaluations that warm up and some that are timed, so that what else the machine does
// falls on all; a ratio is that of times from the same round. Before, the results are compared: those of ONNX Runtime's
// providers with each other, and Counterpoint's on WebGPU with its own on the CPU, which the engine's tests hold against
// PyTorch. Where they differ nothing is timed.
//
// Every GFLOP/s is of the same operations: those that Counterpoint counts in its evaluation. ONNX Runtime does a little
// more: it computes the keys and values of the text each time, which Counterpoint does once a prompt (2.66 GFLOP against
// 2.64 with three rows of the default model). It has float32 weights, and Counterpoint the packed ones.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"regexp"
	"syscall"

	"github.com/counterpoint/counterpoint/weights/scenes"
)

// options are the command line's.
type options struct {
	onnx, ort string // the UNet, and the unpacked npm package
	model     string // a packed model's folder, "" for the default model
	chromium  string
	toolchain string
	adapter   string
	only      *regexp.Regexp // names of contenders
	rows      int
	repeat    int
	json      bool
}

func parse(args []string, output io.Writer) (options, error) {
	o := options{only: regexp.MustCompile("")}
	f := flag.NewFlagSet("webbench", flag.ContinueOnError)
	f.SetOutput(output)
	f.StringVar(&o.onnx, "onnx", "", "the UNet as an ONNX `file`")
	f.StringVar(&o.ort, "ort", "", "the unpacked npm package onnxruntime-web: its `folder`")
	f.StringVar(&o.model, "model", "", "the same model, packed: its `folder` (default: the shipped one)")
	f.StringVar(&o.chromium, "chromium", "chromium", "the browser's `program`")
	f.StringVar(&o.toolchain, "toolchain", "go1.27.3", "the Go `version` that builds the engine, with its simd package")
	f.StringVar(&o.adapter, "adapter", "swiftshader", "Chromium's WebGPU adapter: swiftshader, or default for what the machine has")
	f.Func("only", "time contenders whose name matches this `expression`, such as \"JSPI|wasm\"; Counterpoint on WebGPU always", func(text string) (err error) {
		o.only, err = regexp.Compile(text)
		return err
	})
	f.IntVar(&o.rows, "rows", 3, "rows of an evaluation, which the ONNX file must have")
	f.IntVar(&o.repeat, "repeat", 10, "evaluations to time, of each contender")
	f.BoolVar(&o.json, "json", false, "print one JSON object")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	switch {
	case f.NArg() > 0:
		return o, fmt.Errorf("unexpected argument %q", f.Arg(0))
	case o.onnx == "" || o.ort == "":
		return o, errors.New("-onnx and -ort must be given")
	case o.rows < 1 || o.repeat < 1:
		return o, errors.New("-rows and -repeat must be at least 1")
	}
	return o, nil
}

func main() {
	o, err := parse(os.Args[1:], os.Stderr)
	if errors.Is(err, flag.ErrHelp) {
		return
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "webbench:", err)
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, o, os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "webbench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, o options, out, progress io.Writer) error {
	var model fs.FS = scenes.Model
	if o.model != "" {
		model = os.DirFS(o.model)
	}
	dir, err := os.MkdirTemp("", "webbench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	handler, err := newHandler(sources{engine: dir, ort: o.ort, onnx: o.onnx, model: model})
	if err != nil {
		return err
	}
	fmt.Fprintln(progress, "building the engine with", o.toolchain)
	if err := build(ctx, o.toolchain, dir); err != nil {
		return err
	}
	url, closeServer, err := listen(handler)
	if err != nil {
		return err
	}
	defer closeServer()
	p, err := openPage(ctx, o, url)
	if err != nil {
		return err
	}
	defer p.close()
	r, err := measure(p, o, progress)
	if err != nil {
		return err
	}
	if o.json {
		e := json.NewEncoder(out)
		e.SetIndent("", "  ")
		return e.Encode(r)
	}
	return r.print(out)
}

package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/counterpoint/counterpoint/engine/device/choose"
	"github.com/counterpoint/counterpoint/engine/device/null"
	"github.com/counterpoint/counterpoint/engine/device/selftest"
	"github.com/counterpoint/counterpoint/engine/device/webgpu"
)

// deviceOptions say where to compute.
type deviceOptions struct {
	name    string
	adapter string
	library string
	half    bool
	threads int
}

// deviceFlags adds the flags that choose where to compute; o holds the default.
func deviceFlags(cmd *cobra.Command, o *deviceOptions) {
	f := cmd.Flags()
	f.StringVar(&o.name, "device", cmp.Or(o.name, "auto"), "where to compute: auto (a GPU that passes the self-test, else the CPU), cpu or webgpu")
	f.StringVar(&o.adapter, "adapter", "", "for --device webgpu: part of the `name` of an adapter that doctor lists")
	f.StringVar(&o.library, "webgpu-library", os.Getenv(envLibrary), "a shared `library` with webgpu.h's interface: wgpu-native or Dawn")
	f.BoolVar(&o.half, "f16", false, "let a GPU that can multiply in f16")
	f.IntVarP(&o.threads, "threads", "t", 0, "threads of the CPU (default all cores)")
}

// open opens the device, and says with -v why it is that one.
func (o deviceOptions) open(ctx context.Context, c *console) (*choose.Choice, error) {
	switch {
	case o.threads < 0:
		return nil, usagef("--threads: %d, want 1 or more, or 0 for all cores", o.threads)
	case o.adapter != "" && o.name != "webgpu":
		return nil, usagef("--adapter: only --device webgpu has adapters")
	case o.name == "null": // for tests: it plans all and computes nothing
		return &choose.Choice{Device: null.New()}, nil
	}
	gpus := o.gpus()
	var err error
	if gpus.Tunings, err = readTunings(); err != nil {
		c.warnf("%v", err) // a GPU is as right without, if less fast
	}
	choice, err := choose.Open(ctx, choose.Options{Device: o.name, Adapter: o.adapter, Threads: o.threads, GPUs: gpus})
	var unknown *choose.Unknown
	switch {
	case errors.As(err, &unknown):
		return nil, usagef("--device: %v", err)
	case errors.Is(err, webgpu.ErrNone), errors.Is(err, selftest.ErrWrong):
		return nil, withHint(err, "--device cpu works everywhere; counterpoint doctor lists what there is")
	case err != nil:
		return nil, err
	}
	info := choice.Info()
	c.verbosef("device %s, %s: %s", info.Name, info.Adapter, choice.Why)
	return choice, nil
}

func (o deviceOptions) gpus() choose.WebGPU { return choose.WebGPU{Library: o.library, F16: o.half} }

// describeAdapter prints an adapter and its limits in lines.
func describeAdapter(a webgpu.Adapter) []string {
	first := a.String()
	for _, s := range []string{a.Vendor, a.Architecture, a.Driver} {
		if s != "" {
			first += ", " + s
		}
	}
	l := a.Limits
	features := "no f16"
	if a.F16 {
		features = "f16"
	}
	switch {
	case a.Subgroups && a.SubgroupMax > 0:
		features += fmt.Sprintf(", subgroups of %d to %d", a.SubgroupMin, a.SubgroupMax)
	case a.Subgroups:
		features += ", subgroups"
	default:
		features += ", no subgroups"
	}
	return []string{first,
		fmt.Sprintf("buffers to %.0f MiB, bindings to %.0f MiB, %d storage buffers a shader",
			mebibytes(int64(min(l.MaxBufferSize, 1<<62))), mebibytes(int64(min(l.MaxStorageBufferBindingSize, 1<<62))), l.MaxStorageBuffers),
		fmt.Sprintf("workgroups of %d with %d KiB, %s", l.MaxInvocations, l.MaxWorkgroupStorage>>10, features),
	}
}

// checkAdapters tells of every adapter and how the self-test went on it. It fails only if a GPU computes wrong values.
func (o deviceOptions) checkAdapters(ctx context.Context, tell func(name, format string, args ...any)) error {
	gpus := o.gpus()
	adapters, err := gpus.Adapters(ctx)
	if err != nil {
		tell("adapters", "none: %v", err)
		return nil
	}
	var wrong []error
	for i, a := range adapters {
		for j, line := range describeAdapter(a) {
			tell([]string{fmt.Sprintf("adapter %d", i), "", ""}[j], "%s", line)
		}
		start := time.Now()
		d, err := gpus.Open(ctx, i)
		var results []selftest.Result
		if err == nil {
			results, err = selftest.Run(ctx, d)
			err = errors.Join(err, d.Close())
		}
		if err != nil {
			tell("", "REFUSED: %v", err)
			wrong = append(wrong, err)
			continue
		}
		tell("", "%s", describeSelfTest(results, time.Since(start)))
	}
	return errors.Join(wrong...)
}

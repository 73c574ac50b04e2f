package main

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"time"

	"github.com/counterpoint/counterpoint/engine/device/selftest"
	"github.com/counterpoint/counterpoint/weights"
	"github.com/spf13/cobra"
)

func newDoctor(c *console) *cobra.Command {
	var model string
	var o deviceOptions
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Check this machine: adapters, device, kernels, model, and whether it computes right",
		Args:  arguments(cobra.NoArgs),
		RunE:  func(cmd *cobra.Command, _ []string) error { return doctor(cmd.Context(), c, model, o) },
	}
	modelFlag(cmd, &model)
	deviceFlags(cmd, &o)
	return cmd
}

// doctor prints what it finds, a line each; a check that fails is a line too, and then the command fails.
func doctor(ctx context.Context, c *console, model string, o deviceOptions) error {
	var failed []string
	tell := func(name, format string, args ...any) {
		fmt.Fprintf(c.out, "%-10s %s\n", name, fmt.Sprintf(format, args...))
	}
	check := func(name, found string, err error) {
		if err != nil {
			failed = append(failed, name)
			found = "FAILED: " + err.Error()
		}
		tell(name, "%s", found)
	}
	b := readBuild()
	tell("version", "%s, %s", b.program(), b.Go)
	tell("system", "%s, %s", b.Platform, plural(runtime.NumCPU(), "core"))
	tell("kernels", "%s", kernelNames())
	models, err := modelsFolder()
	check("models", models, err)
	found, err := checkModel(ctx, model)
	check("model", found, err)
	if o.name == "auto" || o.name == "webgpu" {
		if err := o.checkAdapters(ctx, tell); err != nil {
			failed = append(failed, "adapters")
		}
	}
	d, err := o.open(ctx, c)
	if err != nil {
		check("device", "", err)
	} else {
		defer d.Close()
		info := d.Info()
		why := ""
		if d.Why != "" {
			why = ": " + d.Why
		}
		tell("device", "%s, %s%s", info.Name, info.Adapter, why)
		start := time.Now()
		results, err := selftest.Run(ctx, d)
		check("self-test", describeSelfTest(results, time.Since(start)), err)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if len(failed) > 0 {
		return fmt.Errorf("not well: %s", strings.Join(failed, ", "))
	}
	return nil
}

// describeSelfTest sums up a self-test that a device passed.
func describeSelfTest(results []selftest.Result, took time.Duration) string {
	var worst selftest.Result
	for _, r := range results {
		if r.Error >= worst.Error {
			worst = r
		}
	}
	return fmt.Sprintf("%s passed in %v, squared error at most %.1g of the result's (%s)",
		plural(len(results), "operator"), took.Round(time.Millisecond), worst.Error, worst.Operator)
}

// checkModel verifies every shard of a model.
func checkModel(ctx context.Context, name string) (string, error) {
	files, where, err := findModel(name)
	if err != nil {
		return "", err
	}
	m, err := weights.Open(files)
	if err != nil {
		return "", err
	}
	start := time.Now()
	if err := m.Verify(ctx); err != nil {
		return "", err
	}
	s := summarize(m)
	return fmt.Sprintf("%s %s, %s, %.1f MiB in %s verified in %v, %s", s.Name, s.Hash, s.Profile, mebibytes(s.Bytes),
		plural(s.Shards, "shard"), time.Since(start).Round(time.Millisecond), where), nil
}

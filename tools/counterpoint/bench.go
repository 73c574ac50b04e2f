package main

import (
	"context"
	"fmt"
	"time"

	"github.com/counterpoint/counterpoint/engine"
	"github.com/spf13/cobra"
)

func newBench(c *console) *cobra.Command {
	var model string
	var o deviceOptions
	var b engine.BenchOptions
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "bench",
		Short: "Time the UNet, operator by operator, and a whole picture",
		Args:  arguments(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return bench(cmd.Context(), c, model, o, b, asJSON)
		},
	}
	modelFlag(cmd, &model)
	deviceFlags(cmd, &o)
	f := cmd.Flags()
	f.IntVar(&b.Rows, "rows", 3, "rows of an evaluation: a prompt's terms and the unconditional")
	f.IntVarP(&b.Width, "width", "W", 0, "width of the picture in pixels")
	f.IntVarP(&b.Height, "height", "H", 0, "height of the picture in pixels")
	f.IntVar(&b.Repeat, "repeat", 20, "evaluations to time")
	f.BoolVar(&asJSON, "json", false, "print one JSON object")
	return cmd
}

func bench(ctx context.Context, c *console, model string, o deviceOptions, b engine.BenchOptions, asJSON bool) error {
	d, err := o.open(ctx, c)
	if err != nil {
		return err
	}
	defer d.Close()
	e, err := openEngine(ctx, c, model, d, nil)
	if err != nil {
		return err
	}
	defer e.Close()
	r, err := e.Bench(ctx, b)
	if err != nil {
		return err
	}
	if asJSON {
		return c.object(r)
	}
	fmt.Fprintf(c.out, "%s %s (%s) on %s, %s\n", r.Model.Name, r.Model.Hash, r.Model.Profile, r.Device.Name, r.Device.Adapter)
	fmt.Fprintf(c.out, "one evaluation, %d rows at %dx%d: %.1f ms (median of %d), %.2f GFLOP, %.1f GFLOP/s\n\n",
		r.Rows, r.Width, r.Height, r.Median, len(r.Times), r.GFLOP, r.GFLOP/r.Median*1e3)
	fmt.Fprintf(c.out, "%-14s %5s %9s %9s\n", "operator", "count", "ms", "GFLOP/s")
	for _, u := range r.Operators {
		rate := "-"
		if u.GFLOP > 0 {
			rate = fmt.Sprintf("%.1f", u.Rate())
		}
		fmt.Fprintf(c.out, "%-14s %5d %9.2f %9s\n", u.Name, u.Count, u.Time, rate)
	}
	return benchPicture(ctx, c, e, b)
}

// benchPicture times a picture of two concepts, texts and decoding included.
func benchPicture(ctx context.Context, c *console, e *engine.Engine, b engine.BenchOptions) error {
	start := time.Now()
	for ev, err := range e.Generate(ctx, engine.Request{Prompt: "a red cube AND a blue sphere", Width: b.Width, Height: b.Height}) {
		if err != nil {
			return err
		}
		if r := ev.Result; r != nil {
			_, err := fmt.Fprintf(c.out, "\na picture of two concepts, %dx%d in %d steps of %s: %.2f s\n",
				r.Request.Width, r.Request.Height, r.Request.Steps, r.Request.Sampler, time.Since(start).Seconds())
			return err
		}
	}
	return nil
}

package main

import (
	"context"
	"fmt"
	"slices"

	"github.com/counterpoint/counterpoint/engine"
	"github.com/spf13/cobra"
)

func newCompare(c *console) *cobra.Command {
	var o deviceOptions
	var prompt string
	var seeds int
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "compare ORIGINAL COPY",
		Short: "Measure what packing a model in fewer bits costs",
		Long: `Measure what packing a model in fewer bits costs: run both packed models from the
same seeds, and print how far the copy's scores and pictures are from the
original's, in decibels. At each step the copy is evaluated at the original's
latents, so that its errors do not add up over steps.`,
		Args: arguments(cobra.ExactArgs(2)),
		RunE: func(cmd *cobra.Command, args []string) error {
			return compare(cmd.Context(), c, args[0], args[1], prompt, seeds, o, asJSON)
		},
	}
	deviceFlags(cmd, &o)
	f := cmd.Flags()
	f.StringVarP(&prompt, "prompt", "p", "a red cube AND a blue sphere", "what to generate")
	f.IntVar(&seeds, "seeds", 16, "pictures to compare")
	f.BoolVar(&asJSON, "json", false, "print one JSON object a seed")
	return cmd
}

func compare(ctx context.Context, c *console, original, copied, prompt string, seeds int, o deviceOptions, asJSON bool) error {
	if seeds < 1 {
		return usagef("--seeds: %d, want at least 1", seeds)
	}
	d, err := o.open(ctx, c)
	if err != nil {
		return err
	}
	defer d.Close()
	a, err := openEngine(ctx, c, original, d, nil)
	if err != nil {
		return err
	}
	defer a.Close()
	b, err := openEngine(ctx, c, copied, d, nil)
	if err != nil {
		return err
	}
	defer b.Close()

	var pictures []float64
	var steps, composed [][]float64 // by seed
	for seed := range seeds {
		f, err := engine.Compare(ctx, a, b, engine.Request{Prompt: prompt, Seed: uint64(seed)})
		if err != nil {
			return err
		}
		c.progress("comparing", "", int64(seed+1), int64(seeds))
		if asJSON {
			if err := c.object(f); err != nil {
				return err
			}
		}
		pictures, steps, composed = append(pictures, f.Picture), append(steps, f.Steps), append(composed, f.Composed)
	}
	c.erase()
	if asJSON {
		return nil
	}
	fmt.Fprintf(c.out, "%s (%s) against %s (%s), %d seeds of %q\n\n", b.Model().Name, b.Model().Profile, a.Model().Name, a.Model().Profile, seeds, prompt)
	fmt.Fprintf(c.out, "step  rows dB, least  median   composed dB, least  median\n")
	for i := range steps[0] {
		rows, sums := column(steps, i), column(composed, i)
		fmt.Fprintf(c.out, "%4d  %14.1f  %6.1f   %18.1f  %6.1f\n", i+1, slices.Min(rows), engine.Median(rows), slices.Min(sums), engine.Median(sums))
	}
	_, err = fmt.Fprintf(c.out, "\npictures: median %.1f dB, least %.1f dB\n", engine.Median(pictures), slices.Min(pictures))
	return err
}

func column(table [][]float64, i int) []float64 {
	out := make([]float64, len(table))
	for k, row := range table {
		out[k] = row[i]
	}
	return out
}

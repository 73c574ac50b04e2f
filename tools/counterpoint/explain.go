package main

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/counterpoint/counterpoint/engine"
	"github.com/counterpoint/counterpoint/engine/compose"
	"github.com/counterpoint/counterpoint/engine/device/null"
	"github.com/spf13/cobra"
)

func newExplain(c *console) *cobra.Command {
	var model string
	var request engine.Request
	var sentence bool
	var with beside
	var inputs inputs
	cmd := &cobra.Command{
		Use:   "explain PROMPT",
		Short: "Show what a prompt means: its tree, rows, coefficients and cost",
		Long: `Show what a prompt means: the tree of concepts, the rows that a step evaluates
with the coefficient of each in the sum, and what that costs. Nothing is computed.`,
		Example: `  counterpoint explain "a red cube AND (a tree AND NOT snow) :1.5"`,
		Args:    arguments(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			request.Prompt = args[0]
			names, err := with.names()
			if err != nil {
				return err
			}
			if _, err := compose.Parse(request.Prompt, names...); err != nil && !sentence {
				return inPrompt(request.Prompt, err)
			}
			if err := inputs.read(cmd.Flags(), &request); err != nil {
				return err
			}
			// The null device plans a generation and computes nothing, so this is what the engine would do.
			d := null.New()
			e, closeModels, err := openBeside(cmd.Context(), c, model, with, d)
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, closeModels()) }()
			if sentence {
				d, err := e.Decompose(request.Prompt)
				if err != nil {
					return inPrompt(request.Prompt, err)
				}
				fmt.Fprintf(c.out, "%s\n", d.Explain())
				request.Prompt = d.Prompt
			}
			result, err := generate(cmd.Context(), c, e, request)
			if err != nil {
				return inPrompt(request.Prompt, err)
			}
			c.warnings(result.Warnings)
			x, err := e.Explain(request)
			if err != nil {
				return err
			}
			return explain(c.out, x, d.FLOPs)
		},
	}
	f := cmd.Flags()
	f.BoolVar(&sentence, "decompose", false, "take the prompt for a sentence, and show the composition that is made of it first")
	compositionFlags(f, &request)
	samplingFlags(f, &request)
	inputs.flags(f, &request)
	modelFlag(cmd, &model)
	withFlag(cmd, &with)
	return cmd
}

// explain prints an explanation; its evaluations take so many operations.
func explain(w io.Writer, x *engine.Explanation, flops int64) error {
	var b strings.Builder
	printTree(&b, x.Prompt.Root, "", "")
	b.WriteString("\n")
	table := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "row\tcoefficient\tconcept")
	for i, row := range x.Rows {
		fmt.Fprintf(table, "%d\t%+.4g\t%s\n", i, row.Coef, describe(row, x.Places[i]))
	}
	if err := table.Flush(); err != nil {
		return err
	}
	printEmphasis(&b, x)
	q := &x.Request
	fmt.Fprintf(&b, "\n%s\n\n", x.Formula)
	fmt.Fprintf(&b, "%s in %s%s: %d evaluations of the network, %.2f GFLOP in all for %dx%d pixels\n",
		plural(len(x.Rows), "row"), steps(q), extras(q), x.Evaluations, float64(flops)/1e9, q.Width, q.Height)
	fmt.Fprintf(&b, "guidance %.4g in all", x.Guidance)
	if x.Asked-x.Guidance > 1e-9*x.Asked {
		fmt.Fprintf(&b, ", of %.4g asked for: all coefficients are scaled down to the cap of %.4g", x.Asked, q.MaxGuidance)
	}
	b.WriteString("\n")
	_, err := io.WriteString(w, b.String())
	return err
}

// printEmphasis tells what of the rows' texts has a weight, and how long they are if they take more than one chunk.
func printEmphasis(b *strings.Builder, x *engine.Explanation) {
	gap := "\n"
	for i, runs := range x.Emphasis {
		var parts []string
		for _, r := range runs {
			parts = append(parts, fmt.Sprintf("%q ×%.4g", strings.TrimSpace(r.Text), r.Weight))
		}
		if n := x.Chunks[i]; n > 1 {
			parts = append(parts, plural(n, "chunk")+" of tokens")
		}
		if len(parts) > 0 {
			fmt.Fprintf(b, "%srow %d: %s\n", gap, i, strings.Join(parts, ", "))
			gap = ""
		}
	}
}

// extras tells what a picture costs beside its steps.
func extras(q *engine.Request) (s string) {
	if n := q.Verified(); n > 0 {
		s = fmt.Sprintf(" and %s of verification", plural(n, "level"))
	}
	if q.BestOf > 1 {
		s += fmt.Sprintf(", for each of %d candidates", q.BestOf)
	}
	return s
}

// describe names a row's concept, and its place: the one it was given, or that it has some drawn.
func describe(row compose.Row, placed []engine.Placed) string {
	s := row.Text
	switch {
	case row.Unconditional && s == "":
		s = "(unconditional)"
	case row.Unconditional:
		s += "  (negative prompt)"
	}
	if row.Model != "" {
		s = row.Model + ": " + s
	}
	switch {
	case row.Place != nil:
		s += "  " + row.Place.String()
	case len(placed) == 1:
		s += "  at a place drawn from the seed"
	case len(placed) > 1:
		s += fmt.Sprintf("  its %d things at places that fit, drawn from the seed", len(placed))
	}
	return s
}

// printTree prints a node after first, and what is below it after rest.
func printTree(b *strings.Builder, n compose.Node, first, rest string) {
	l := n.Label()
	name := l.Text
	if l.Op != "term" {
		name = strings.ToUpper(l.Op)
	} else if l.Model != "" {
		name = l.Model + ": " + name
	}
	b.WriteString(first + strings.Join(append([]string{name}, l.Suffixes()...), "  ") + "\n")
	below := n.Children()
	for i, x := range below {
		if i < len(below)-1 {
			printTree(b, x, rest+"├─ ", rest+"│  ")
		} else {
			printTree(b, x, rest+"└─ ", rest+"   ")
		}
	}
}

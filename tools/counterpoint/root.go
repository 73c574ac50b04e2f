package main

import (
	"context"

	"github.com/spf13/cobra"
)

// run runs the command line and returns the exit status.
func run(ctx context.Context, args []string, c *console) int {
	root := newRoot(c)
	root.SetArgs(args)
	root.SetIn(c.in)
	root.SetOut(c.out)
	root.SetErr(c.log)
	err := root.ExecuteContext(ctx)
	c.fail(ctx, err)
	return exitStatus(ctx, err)
}

func newRoot(c *console) *cobra.Command {
	root := &cobra.Command{
		Use:   "counterpoint",
		Short: "Compose pictures from concepts, on this machine",
		Long: `Compose pictures from concepts, on this machine.

Each concept of a prompt is scored by the model on its own, and the scores are
combined at every step:

  counterpoint generate "a red cube AND a blue sphere AND NOT a tree"`,
		SilenceErrors: true,
		SilenceUsage:  true,

		SuggestionsMinimumDistance: 2,

		Version: "-", // the template below says all
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return nil
			}
			err := usagef("unknown command %q", args[0])
			if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
				return withHint(err, "did you mean %q?", near[0])
			}
			return withHint(err, "counterpoint --help lists the commands")
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetVersionTemplate(readBuild().String())
	root.Flags().Bool("version", false, "print the version")
	f := root.PersistentFlags()
	f.Var(&c.mode, "color", "colour messages: auto, always or never")
	f.BoolVarP(&c.quiet, "quiet", "q", false, "say nothing but errors")
	f.BoolVarP(&c.verbose, "verbose", "v", false, "say more")
	root.PersistentPreRunE = func(*cobra.Command, []string) error { c.begin(); return nil }
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return withHint(usageError{err}, "%s --help lists the flags", cmd.CommandPath())
	})
	root.AddCommand(
		newGenerate(c), newExplain(c), newServe(c), newSite(c), newPack(c), newInspect(c), newCompare(c), newBench(c), newTune(c), newDoctor(c), newEnv(c),
		newVersion(c),
	)
	return root
}

// arguments wraps an argument check of cobra's, so that a failure counts as a usage error.
func arguments(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if err := check(cmd, args); err != nil {
			return withHint(usageError{err}, "usage: %s", cmd.UseLine())
		}
		return nil
	}
}

// modelFlag adds the flag that chooses a model.
func modelFlag(cmd *cobra.Command, model *string) {
	cmd.Flags().StringVarP(model, "model", "m", builtIn,
		"packed model: a `folder`, or a name in the models folder")
}

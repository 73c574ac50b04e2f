package main

import (
	"context"
	"errors"
	"strings"

	"github.com/counterpoint/counterpoint/engine"
	"github.com/counterpoint/counterpoint/engine/compose"
	"github.com/counterpoint/counterpoint/engine/device"
	"github.com/spf13/cobra"
)

// beside are models that prompts may name, as --with has them: NAME=MODEL.
type beside []string

// withFlag adds the flag that opens models beside the one of modelFlag.
func withFlag(cmd *cobra.Command, b *beside) {
	cmd.Flags().StringArrayVar((*[]string)(b), "with", nil,
		"another model, `NAME=MODEL`, which shares the autoencoder: it scores terms such as \"NAME: a red cube\"; may be repeated")
}

// names are those that prompts may begin terms with. Errors are of usage.
func (b beside) names() ([]string, error) {
	var names []string
	for _, s := range b {
		name, model, _ := strings.Cut(s, "=")
		if model == "" {
			return nil, withHint(usagef("--with %s: no model", s), "write --with objects=./objects for a model in a folder")
		}
		if err := compose.CheckModel(name); err != nil {
			return nil, usagef("--with: %w", err)
		}
		names = append(names, name)
	}
	return names, nil
}

// openBeside opens a model on a device, and the others that prompts may name. Close closes all of them.
func openBeside(ctx context.Context, c *console, model string, b beside, d device.Device) (e *engine.Engine, close func() error, err error) {
	var opened []*engine.Engine
	close = func() error {
		var errs []error
		for _, e := range opened {
			errs = append(errs, e.Close())
		}
		return errors.Join(errs...)
	}
	for _, s := range append([]string{"=" + model}, b...) {
		name, model, _ := strings.Cut(s, "=")
		other, err := openEngine(ctx, c, model, d, e)
		if err != nil {
			return nil, nil, errors.Join(err, close())
		}
		opened = append(opened, other)
		if e == nil {
			e = other
			continue
		}
		if err := e.With(name, other); err != nil {
			return nil, nil, errors.Join(err, close())
		}
	}
	return e, close, nil
}

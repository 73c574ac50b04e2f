package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"github.com/counterpoint/counterpoint/engine/device/webgpu"
)

func newTune(c *console) *cobra.Command {
	o := deviceOptions{name: "webgpu"}
	cmd := &cobra.Command{
		Use:   "tune",
		Short: "Measure which tiles are fastest on a GPU, and keep the result",
		Long: `Measure which tiles of a matrix product are fastest on a GPU, and keep the result for every later run on it. It takes about
a second on a GPU, and can be repeated. Pictures don't depend on it, but for rounding.`,
		Args: arguments(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error { return tune(cmd.Context(), c, o) },
	}
	deviceFlags(cmd, &o)
	return cmd
}

func tune(ctx context.Context, c *console, o deviceOptions) error {
	d, err := o.open(ctx, c)
	if err != nil {
		return err
	}
	defer d.Close()
	gpu, ok := d.Device.(*webgpu.Device)
	if !ok {
		return usagef("--device: only a GPU is tuned, not %s (%s)", d.Info().Name, d.Why)
	}
	t, err := gpu.Tune(ctx, func(done, total int) { c.progress("tuning", "", int64(done), int64(total)) })
	c.erase()
	if err != nil {
		return err
	}
	if err := keepTuning(t); err != nil {
		return err
	}
	fmt.Fprintf(c.out, "%s\n%-28s %12s %12s\n", t.Adapter, "tile", "few", "many")
	for _, s := range t.Tiles {
		fmt.Fprintf(c.out, "%-28v %6.1f GFLOP/s %6.1f GFLOP/s\n", s.Tile, s.Few, s.Many)
	}
	return nil
}

// maxTunings bounds the file of tunings.
const maxTunings = 1 << 20

// readTunings returns what was measured on this machine so far.
func readTunings() ([]webgpu.Tuning, error) {
	path, err := dataPath("tuning.json")
	if err != nil {
		return nil, nil // no home, so nothing was ever kept
	}
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var list []webgpu.Tuning
	if err := json.NewDecoder(io.LimitReader(f, maxTunings)).Decode(&list); err != nil {
		return nil, fmt.Errorf("%s: %w; counterpoint tune makes it anew", path, err)
	}
	return list, nil
}

// keepTuning stores a tuning in place of an earlier one of the same adapter.
func keepTuning(t webgpu.Tuning) error {
	path, err := dataPath("tuning.json")
	if err != nil {
		return err
	}
	list, _ := readTunings() // a file that can't be read is replaced
	list = slices.DeleteFunc(list, func(old webgpu.Tuning) bool { return old.Adapter == t.Adapter && old.Half == t.Half })
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return err
	}
	return writeFile(path, func(w io.Writer) error {
		e := json.NewEncoder(w)
		e.SetIndent("", "  ")
		return e.Encode(append(list, t))
	})
}

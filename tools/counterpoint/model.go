package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/counterpoint/counterpoint/engine"
	"github.com/counterpoint/counterpoint/engine/device"
	"github.com/counterpoint/counterpoint/weights"
	"github.com/counterpoint/counterpoint/weights/scenes"
)

// builtIn is the name of the model inside the program.
const builtIn = "scenes"

// findModel finds a packed model: the one that is built in, a folder, or one in the models folder by its name. Where says in
// words which it took.
func findModel(name string) (model fs.FS, where string, err error) {
	if name == builtIn {
		return scenes.Model, "built in", nil
	}
	if name == "" {
		return nil, "", usagef("the model has no name")
	}
	folder := name
	if isName(name) {
		models, err := modelsFolder()
		if err != nil {
			return nil, "", err
		}
		folder = filepath.Join(models, name)
	}
	model = os.DirFS(folder)
	switch _, err := fs.Stat(model, weights.ManifestName); {
	case errors.Is(err, fs.ErrNotExist):
		return nil, "", withHint(fmt.Errorf("no packed model in %s: there is no %s", folder, weights.ManifestName), "%s", hereInstead(name))
	case err != nil:
		return nil, "", err
	}
	return model, folder, nil
}

// isName tells a model's name from a path.
func isName(s string) bool {
	return s != "." && s != ".." && !strings.ContainsFunc(s, func(r rune) bool { return r == '/' || r < 0x80 && os.IsPathSeparator(uint8(r)) })
}

// hereInstead says what may have been meant by a model that isn't there.
func hereInstead(name string) string {
	has := func(file string) bool { _, err := os.Stat(filepath.Join(name, file)); return err == nil }
	switch {
	case has("model_index.json"):
		return fmt.Sprintf("that is a diffusers folder: counterpoint pack %s -o DIR makes a packed model of it", name)
	case isName(name) && has(weights.ManifestName):
		return fmt.Sprintf("for the folder here write .%c%s", filepath.Separator, name)
	case isName(name):
		return fmt.Sprintf("a name is looked up in the models folder (%s is built in), a path has a slash: ./%s", builtIn, name)
	}
	return "counterpoint pack makes one of a diffusers folder"
}

// openEngine opens a model on a device, beside another that it is to score with unless that is nil.
func openEngine(ctx context.Context, c *console, model string, d device.Device, beside *engine.Engine) (*engine.Engine, error) {
	files, where, err := findModel(model)
	if err != nil {
		return nil, err
	}
	e, err := engine.Open(ctx, files, engine.Options{
		Device:   d,
		Beside:   beside,
		Progress: func(done, total int64) { c.progress("loading", "", done, total) },
	})
	c.erase()
	if err != nil {
		return nil, err
	}
	info := e.Model()
	c.verbosef("model %s %s (%s), %s, %.1f MiB on the device", info.Name, info.Hash, info.Profile, where, mebibytes(e.WeightBytes()))
	return e, nil
}

func mebibytes(n int64) float64 { return float64(n) / (1 << 20) }

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestRun(t *testing.T) {
	dir := t.TempDir()
	if err := run(t.Context(), []string{"-n", "3", "-size", "8", "-o", dir}); err != nil {
		t.Fatal(err)
	}
	if err := run(t.Context(), []string{"-png", "3", "-size", "8", "-o", dir}); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"images-00000.bin", "truth-00000.jsonl", "index.json", "sheet.png"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			t.Error(err)
		}
	}
}

func TestRunErrors(t *testing.T) {
	for _, c := range []struct{ args, want string }{
		{"-n 3", "want -o FOLDER"},
		{"-o out more", "no other arguments"},
		{"-o out -split test", `split "test"`},
		{"-o out -only cars", `only "cars"`},
		{"-o out -only backgrounds -split heldout", "no combination is held out"},
		{"-o out -n 0", "n 0"},
		{"-o out -start 3", "start 3"},
	} {
		t.Chdir(t.TempDir())
		if err := run(t.Context(), strings.Fields(c.args)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("scenes %s: got %v, want %q", c.args, err, c.want)
		}
		if _, err := os.Stat("out"); err == nil {
			t.Errorf("scenes %s: left a folder", c.args)
		}
	}
}

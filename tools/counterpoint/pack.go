package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"

	"github.com/counterpoint/counterpoint/weights/pack"
	"github.com/spf13/cobra"
)

func newPack(c *console) *cobra.Command {
	var dir string
	var o pack.Options
	cmd := &cobra.Command{
		Use:   "pack FOLDER -o DIR",
		Short: "Pack a diffusers folder into quantized shards",
		Long: `Pack a model, as diffusers saves it, into a manifest and quantized, compressed
shards. Pickled weights are refused: they run code when they are read.`,
		Example: `  counterpoint pack my-model/ -o packed/ --profile int4`,
		Args:    arguments(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			if dir == "" {
				return withHint(usagef("pack needs a folder for the packed model"), "counterpoint pack %s -o DIR", args[0])
			}
			return packModel(cmd.Context(), c, args[0], dir, o)
		},
	}
	f := cmd.Flags()
	f.StringVarP(&dir, "output", "o", "", "folder for the packed model")
	f.TextVar(&o.Profile, "profile", pack.ProfileInt8, "`encoding` of most weights: int8, int4, f16 or f32")
	f.IntVar(&o.Group, "group", pack.DefaultGroup, "input channels that share a scale, a power of two")
	f.StringVar(&o.Name, "name", "", "the model's name (default its counterpoint.json's, else the folder's)")
	f.StringVar(&o.License, "license", "", "its licence, as SPDX spells it")
	f.StringVar(&o.Attribution, "attribution", "", "whom to name")
	return cmd
}

func packModel(ctx context.Context, c *console, folder, dir string, o pack.Options) error {
	if o.Name == "" {
		var err error
		if o.Name, err = ownModelName(folder); err != nil {
			return err
		}
	}
	o.Progress = func(p pack.Progress) { c.progress("packing", "", p.Done, p.Total) }
	report, err := pack.Pack(ctx, os.DirFS(folder), dir, o)
	c.erase()
	if err != nil {
		return fmt.Errorf("packing %s: %w", folder, err)
	}
	for _, name := range report.Skipped {
		c.notef("left out %s: it makes no pictures", name)
	}
	return printReport(c.out, report)
}

// ownModelName is the name that a model's makers gave it, or else its folder's.
func ownModelName(folder string) (string, error) {
	f, err := pack.OpenFolder(os.DirFS(folder))
	if err != nil {
		return "", fmt.Errorf("packing %s: %w", folder, err)
	}
	var extra struct{ Name string }
	if f.Extra != nil {
		if err := json.Unmarshal(f.Extra, &extra); err != nil {
			return "", fmt.Errorf("packing %s: counterpoint.json: %w", folder, err)
		}
	}
	if extra.Name != "" {
		return extra.Name, nil
	}
	path, err := filepath.Abs(folder)
	return filepath.Base(path), err
}

func printReport(w io.Writer, r *pack.Report) error {
	t := newTable(w)
	t.row("shard", "component", "encoding", "raw", "stored", "ratio")
	var raw, stored int64
	for _, s := range r.Shards {
		encoding := "-"
		if s.Encoding != 0 {
			encoding = s.Encoding.String()
		}
		t.row(shortName(s.File), s.Component, encoding, s.Raw, s.Stored, ratio(s.Stored, s.Raw))
		raw, stored = raw+s.Raw, stored+s.Stored
	}
	t.row("total", "", "", raw, stored, ratio(stored, raw))
	t.row()
	t.row("encoding", "tensors", "elements", "raw", "stored", "bits", "SNR")
	for _, e := range r.Encodings {
		snr := "exact"
		if v := e.Noise.SNR(); !math.IsInf(v, 1) {
			snr = fmt.Sprintf("%.1f dB", v)
		}
		t.row(e.Encoding, e.Tensors, e.Elements, e.Raw, e.Stored, fmt.Sprintf("%.2f", 8*float64(e.Stored)/float64(e.Elements)), snr)
	}
	return t.flush()
}

// shortName shortens a shard's file name, a long hash and a suffix.
func shortName(file string) string {
	hash, suffix, _ := strings.Cut(file, ".")
	return hash[:min(12, len(hash))] + "…." + suffix
}

func ratio(part, whole int64) string {
	if whole == 0 {
		return "-"
	}
	return fmt.Sprintf("%.0f%%", 100*float64(part)/float64(whole))
}

// table prints rows of cells in columns.
type table struct{ w *tabwriter.Writer }

func newTable(w io.Writer) table { return table{tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)} }

func (t table) row(cells ...any) {
	for i, cell := range cells {
		if i > 0 {
			fmt.Fprint(t.w, "\t")
		}
		fmt.Fprint(t.w, cell)
	}
	fmt.Fprintln(t.w)
}

func (t table) flush() error { return t.w.Flush() }

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/counterpoint/counterpoint/weights"
	"github.com/counterpoint/counterpoint/weights/pack"
	"github.com/spf13/cobra"
)

func newInspect(c *console) *cobra.Command {
	var asJSON, tensors bool
	var export string
	cmd := &cobra.Command{
		Use:   "inspect [DIR|NAME]",
		Short: "Describe a packed model and verify its shards",
		Long: `Describe a packed model, a folder or one by name (default the one built in), and
verify every shard. With --export its weights are written, dequantized, as the
diffusers folder that it was packed from.`,
		Args: arguments(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			name := builtIn
			if len(args) > 0 {
				name = args[0]
			}
			return inspect(cmd.Context(), c, name, inspection{asJSON, tensors, export})
		},
	}
	f := cmd.Flags()
	f.BoolVar(&asJSON, "json", false, "print one JSON object")
	f.BoolVar(&tensors, "tensors", false, "list every tensor")
	f.StringVar(&export, "export", "", "write the dequantized weights to this folder")
	return cmd
}

type inspection struct {
	json, tensors bool
	export        string
}

// modelSummary is what inspect prints.
type modelSummary struct {
	Name        string             `json:"name"`
	Hash        string             `json:"hash"`
	Profile     string             `json:"profile"`
	License     string             `json:"license,omitempty"`
	Attribution string             `json:"attribution,omitempty"`
	Components  []componentSummary `json:"components"`
	Shards      int                `json:"shards"`
	Bytes       int64              `json:"bytes"`     // stored
	RawBytes    int64              `json:"raw_bytes"` // decompressed
	Extra       json.RawMessage    `json:"extra,omitempty"`
	Tensors     []tensorSummary    `json:"tensors,omitempty"`
}

type componentSummary struct {
	Name     string `json:"name"`
	Class    string `json:"class"`
	Tensors  int    `json:"tensors"`
	Elements int64  `json:"elements"`
}

type tensorSummary struct {
	Name     string           `json:"name"`
	Shape    []int            `json:"shape"`
	Encoding weights.Encoding `json:"encoding"`
	Group    int              `json:"group,omitempty"`
}

func inspect(ctx context.Context, c *console, name string, o inspection) error {
	files, _, err := findModel(name)
	if err != nil {
		return err
	}
	m, err := weights.Open(files)
	if err != nil {
		return err
	}
	if err := m.Verify(ctx); err != nil {
		return err
	}
	s := summarize(m)
	if o.json || o.tensors {
		for i := range m.Manifest().Tensors {
			t := &m.Manifest().Tensors[i]
			s.Tensors = append(s.Tensors, tensorSummary{t.Name, t.Shape, t.Encoding, t.Group})
		}
	}
	if o.json {
		err = c.object(s)
	} else {
		err = s.print(c.out)
	}
	if err != nil || o.export == "" {
		return err
	}
	if err := pack.Export(ctx, m, o.export); err != nil {
		return err
	}
	c.notef("wrote %s", o.export)
	return nil
}

func summarize(m *weights.Model) modelSummary {
	f := m.Manifest()
	s := modelSummary{
		Name: f.Name, Hash: m.Hash()[:10], Profile: f.Profile, License: f.License, Attribution: f.Attribution,
		Shards: len(f.Shards), Extra: f.Extra,
	}
	for _, shard := range f.Shards {
		s.Bytes += shard.Bytes
		s.RawBytes += shard.RawBytes
	}
	for _, component := range m.Components() {
		sum := componentSummary{Name: component.Name, Class: component.Class}
		for i := range f.Tensors {
			if t := &f.Tensors[i]; strings.HasPrefix(t.Name, component.Name+"/") {
				sum.Tensors++
				sum.Elements += elements(t.Shape)
			}
		}
		s.Components = append(s.Components, sum)
	}
	return s
}

func elements(shape []int) int64 {
	n := int64(1)
	for _, d := range shape {
		n *= int64(d)
	}
	return n
}

func (s *modelSummary) print(w io.Writer) error {
	t := newTable(w)
	t.row("model", s.Name)
	t.row("hash", s.Hash)
	t.row("profile", s.Profile)
	if s.License != "" {
		t.row("license", s.License)
	}
	if s.Attribution != "" {
		t.row("attribution", s.Attribution)
	}
	t.row("shards", fmt.Sprintf("%d, all verified", s.Shards))
	t.row("bytes", fmt.Sprintf("%d stored, %d decompressed", s.Bytes, s.RawBytes))
	t.row()
	t.row("component", "class", "tensors", "elements")
	for _, c := range s.Components {
		t.row(c.Name, c.Class, c.Tensors, c.Elements)
	}
	if len(s.Tensors) > 0 {
		t.row()
		t.row("tensor", "shape", "encoding", "group")
		for _, x := range s.Tensors {
			t.row(x.Name, x.Shape, x.Encoding, x.Group)
		}
	}
	return t.flush()
}

package pack

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/counterpoint/counterpoint/weights"
)

// Export writes the model into dir as the diffusers folder it was packed from,
// with float32 weights: exactly the values the packed ones stand for. The index
// is written last.
func Export(ctx context.Context, m *weights.Model, dir string) error {
	if err := exportFiles(ctx, m, dir); err != nil {
		return err
	}
	for _, c := range m.Components() {
		if roleOf(c) != network {
			continue
		}
		if err := exportNetwork(ctx, m, c, dir); err != nil {
			return err
		}
	}
	return exportFile(dir, indexName, m.Manifest().Index)
}

// exportFiles writes the configs, the tokenizers' files and counterpoint.json.
func exportFiles(ctx context.Context, m *weights.Model, dir string) error {
	for _, c := range m.Components() {
		if c.Config == nil {
			continue
		}
		config, err := inFloat32(c.Config)
		if err != nil {
			return malformed("config of "+c.Name, "%v", err)
		}
		if err := exportFile(dir, c.Name+"/"+configFile(c), config); err != nil {
			return err
		}
	}
	for _, f := range m.Manifest().Files {
		data, err := m.File(ctx, f.Name)
		if err != nil {
			return err
		}
		if err := exportFile(dir, f.Name, data); err != nil {
			return err
		}
	}
	if extra := m.Manifest().Extra; extra != nil {
		return exportFile(dir, extraName, extra)
	}
	return nil
}

// inFloat32 makes a config say what the exported weights are. transformers loads
// into the type that it names, and would round them to the original's.
func inFloat32(config json.RawMessage) (json.RawMessage, error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(config, &fields); err != nil {
		return nil, err
	}
	changed := false
	for _, name := range []string{"dtype", "torch_dtype"} {
		if _, ok := fields[name]; ok {
			fields[name], changed = json.RawMessage(`"float32"`), true
		}
	}
	if !changed {
		return config, nil
	}
	return json.Marshal(fields)
}

func exportFile(dir, name string, data []byte) error {
	path := filepath.Join(dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return err
	}
	return writeFile(path, data)
}

// exportNetwork writes a component's safetensors file. Its header is known from
// the manifest, so each slab goes to its place as it comes.
func exportNetwork(ctx context.Context, m *weights.Model, c weights.Component, dir string) (err error) {
	prefix := c.Name + "/"
	var infos []SafetensorInfo
	for _, t := range m.Manifest().Tensors {
		if name, ok := strings.CutPrefix(t.Name, prefix); ok {
			infos = append(infos, SafetensorInfo{name, TypeF32, t.Shape})
		}
	}
	header, at, err := safetensorsHeader(infos, map[string]string{"format": "pt"})
	if err != nil {
		return fmt.Errorf("%s: %w", c.Name, err)
	}
	begin := make(map[string]int64, len(infos))
	for i, info := range infos {
		begin[prefix+info.Name] = at[i]
	}

	path := filepath.Join(dir, c.Name, weightsFile(c)+".safetensors")
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return err
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() {
		if err = errors.Join(err, f.Close()); err != nil {
			err = errors.Join(err, os.Remove(path))
		}
	}()
	if _, err := f.Write(header); err != nil {
		return err
	}
	var values []float32
	var data []byte
	want := func(t *weights.TensorInfo) bool { return strings.HasPrefix(t.Name, prefix) }
	return m.EachOf(ctx, want, func(t weights.Tensor) error {
		values = t.Float32s(values)
		data = slices.Grow(data[:0], 4*len(values))[:4*len(values)]
		TypeF32.encode(data, values)
		_, err := f.WriteAt(data, begin[t.Name]+4*int64(t.First)*int64(t.Layout().Row()))
		return err
	})
}

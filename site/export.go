package site

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// ErrNoEngine reports a program that was built without the browser engine.
var ErrNoEngine = errors.New("this program was built without the browser engine")

// Exported counts what Export wrote.
type Exported struct {
	Files int
	Bytes int64
	// Engine is the size of the WebAssembly as most hosts will send it, compressed with brotli.
	Engine int64
}

// Export writes the app and the packed model in the root of model to dir, for any static host: beside each file that
// compresses, file.br and file.gz, and _headers, in which Netlify and Cloudflare Pages look up the headers that Handler
// sends. Paths in it are relative to where dir will be, so it works at the root of a site and, but for _headers, below.
func Export(ctx context.Context, model fs.FS, dir string) (Exported, error) {
	if !HasEngine() {
		return Exported{}, ErrNoEngine
	}
	return export(ctx, embedded, model, dir)
}

func export(ctx context.Context, app, model fs.FS, dir string) (Exported, error) {
	files, err := shellFiles(app, model)
	if err != nil {
		return Exported{}, err
	}
	shards, err := shardNames(model)
	if err != nil {
		return Exported{}, err
	}
	e := exporter{dir: dir}
	for name, data := range files {
		if err := e.put(ctx, name, data, exported); err != nil {
			return e.Exported, err
		}
	}
	for _, name := range shards {
		data, err := fs.ReadFile(model, name)
		if err != nil {
			return e.Exported, err
		}
		if err := e.put(ctx, modelFolder+name, data, nil); err != nil {
			return e.Exported, err
		}
	}
	return e.Exported, e.put(ctx, "_headers", headersFile(shards), nil)
}

type exporter struct {
	Exported
	dir string
}

// put writes a file and its encodings, or removes what an earlier export left of them.
func (e *exporter) put(ctx context.Context, name string, data []byte, encodings []encoding) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	path := filepath.Join(e.dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return err
	}
	if err := e.write(path, data); err != nil {
		return err
	}
	for _, each := range encodings {
		encoded, err := each.encode(data)
		switch {
		case err != nil:
			return fmt.Errorf("%s: %s: %w", name, each.name, err)
		case len(encoded) >= len(data):
			if err := os.Remove(path + each.extension); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
			continue
		}
		if err := e.write(path+each.extension, encoded); err != nil {
			return err
		}
		if each.name == "br" && name == engineFiles[0] {
			e.Engine = int64(len(encoded))
		}
	}
	return nil
}

func (e *exporter) write(path string, data []byte) error {
	e.Files++
	e.Bytes += int64(len(data))
	return os.WriteFile(path, data, 0o666)
}

// shardNames lists a manifest's shards.
func shardNames(model fs.FS) ([]string, error) {
	data, err := fs.ReadFile(model, manifestName)
	if err != nil {
		return nil, fmt.Errorf("site: model: %w", err)
	}
	var manifest struct {
		Shards []struct {
			SHA256      string `json:"sha256"`
			Compression string `json:"compression"`
		} `json:"shards"`
	}
	if err := json.Unmarshal(data, &manifest); err != nil {
		return nil, fmt.Errorf("site: model: %s: %w", manifestName, err)
	}
	var names []string
	for i, s := range manifest.Shards {
		name := s.SHA256 + "." + s.Compression
		if !isShard(name) {
			return nil, fmt.Errorf("site: model: %s: shard %d: %q is no shard's name", manifestName, i, name)
		}
		names = append(names, name)
	}
	slices.Sort(names)
	return names, nil
}

// headersFile writes Netlify's and Cloudflare Pages' _headers. Where two rules match, such hosts join both values of a
// header, so no header is in two rules; their own default for the rest is to ask again, as ours.
func headersFile(shards []string) []byte {
	var b strings.Builder
	b.WriteString("/*\n")
	for _, h := range everywhere {
		fmt.Fprintf(&b, "  %s: %s\n", h.name, h.value)
	}
	fmt.Fprintf(&b, "/%s\n  Cache-Control: %s\n", workerName, cacheDay)
	for _, name := range shards {
		fmt.Fprintf(&b, "/%s%s\n  Cache-Control: %s\n", modelFolder, name, cacheForever)
	}
	return []byte(b.String())
}

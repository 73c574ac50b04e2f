// Package site is the web app: static files, which it embeds, and how they are served. [Handler] answers a browser, and
// [Export] writes a folder for any static host.
//
// The app is ES modules without a build step. Only dist/ is built, by "make wasm": the engine as WebAssembly, and the
// script of Go's that starts it. A program built without them has a page that can't compute: see [HasEngine].
package site

import (
	"embed"
	"fmt"
	"io/fs"
	"path"
	"strings"
)

//go:embed index.html example.html counterpoint.d.ts manifest.webmanifest *.css *.svg *.png *.js app/*.js lib/*.js all:dist
var embedded embed.FS

// engineFiles are what "make wasm" makes.
var engineFiles = []string{"dist/counterpoint.wasm", "dist/wasm_exec.js"}

// HasEngine tells whether the browser engine was there when this program was built.
func HasEngine() bool { return hasEngine(embedded) }

func hasEngine(files fs.FS) bool {
	for _, name := range engineFiles {
		if _, err := fs.Stat(files, name); err != nil {
			return false
		}
	}
	return true
}

// types are the media types by a file's extension. The operating system's own table is not asked: on Windows programs
// change it, and a script of type text/plain does not run.
var types = map[string]string{
	".css":         "text/css; charset=utf-8",
	".html":        "text/html; charset=utf-8",
	".js":          "text/javascript; charset=utf-8",
	".json":        "application/json",
	".png":         "image/png",
	".raw":         "application/octet-stream", // a shard
	".svg":         "image/svg+xml",
	".ts":          "text/plain; charset=utf-8", // declarations, for editors
	".wasm":        "application/wasm",
	".webmanifest": "application/manifest+json",
	".zst":         "application/octet-stream", // a shard; its compression is the format's, not the transfer's
}

// mediaType returns the type of a file, "" for one that is never served.
func mediaType(name string) string { return types[path.Ext(name)] }

// modelFolder is where the packed model is, below the page.
const modelFolder = "model/"

const manifestName = "manifest.json"

// isShard tells whether a file's name is a shard's: the SHA-256 of what it holds, and how that is stored.
func isShard(name string) bool {
	digest, kind, _ := strings.Cut(name, ".")
	return len(digest) == 64 && strings.Trim(digest, "0123456789abcdef") == "" && (kind == "raw" || kind == "zst")
}

// readAll reads the app's own files: name to content.
func readAll(files fs.FS) (map[string][]byte, error) {
	found := make(map[string][]byte)
	err := fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || mediaType(name) == "" {
			return err
		}
		found[name], err = fs.ReadFile(files, name)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("site: %w", err)
	}
	return found, nil
}

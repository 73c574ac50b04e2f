package site

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
)

// The shell is all that the page needs beside shards: its files and the model's manifest. The service worker keeps it as one
// version, which is a hash of everything in it, so that a visit has files of one version alone. What is there for other
// people's pages is served too, but no part of it.

const workerName = "sw.js"

// inShell tells whether the app's own page needs a file.
func inShell(name string) bool {
	return !strings.HasPrefix(name, "example.") && !strings.HasSuffix(name, ".d.ts")
}

// unversioned stands in index.html where the version will.
const unversioned = `<meta name="version" content="devel">`

// shellFile is what the service worker must know of a file.
type shellFile struct {
	SHA256 string `json:"sha256"`
	Type   string `json:"type"`
}

// shellFiles reads the app and the manifest of the packed model in the root of model: name to content, with the version in
// the page and the list of all files at the head of the service worker.
func shellFiles(app, model fs.FS) (map[string][]byte, error) {
	files, err := readAll(app)
	if err != nil {
		return nil, err
	}
	files[modelFolder+manifestName], err = fs.ReadFile(model, manifestName)
	if err != nil {
		return nil, fmt.Errorf("site: model: %w", err)
	}
	worker, ok := files[workerName]
	if !ok {
		return files, nil
	}
	version := versionOf(files)
	files["index.html"] = bytes.Replace(files["index.html"], []byte(unversioned), fmt.Appendf(nil, `<meta name="version" content="%s">`, version), 1)
	head, err := workerHead(version, files)
	if err != nil {
		return nil, err
	}
	files[workerName] = append(head, worker...)
	return files, nil
}

// versionOf hashes names and contents.
func versionOf(files map[string][]byte) string {
	all := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if !inShell(name) {
			continue
		}
		fmt.Fprintf(all, "%s %x\n", name, sha256.Sum256(files[name]))
	}
	return hex.EncodeToString(all.Sum(nil)[:8])
}

// workerHead is the script that tells the service worker what to keep, and which headers hosts may have left out.
func workerHead(version string, files map[string][]byte) ([]byte, error) {
	list := make(map[string]shellFile, len(files))
	for name, data := range files {
		if name != workerName && inShell(name) {
			list[name] = shellFile{fmt.Sprintf("%x", sha256.Sum256(data)), mediaType(name)}
		}
	}
	headers := make(map[string]string, len(everywhere))
	for _, h := range everywhere {
		headers[h.name] = h.value
	}
	shell, err := json.Marshal(map[string]any{"version": version, "files": list, "headers": headers})
	if err != nil {
		return nil, err
	}
	return fmt.Appendf(nil, "const shell = %s;\n", shell), nil
}

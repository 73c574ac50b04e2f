package site

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"image/png"
	"maps"
	"strings"
	"testing"
	"testing/fstest"
)

func shellApp() fstest.MapFS {
	app := testApp()
	app["index.html"] = file("<!doctype html>" + unversioned)
	app[workerName] = file("addEventListener();")
	app["example.html"] = file("")
	return app
}

// shellOf reads what the service worker is told.
func shellOf(t *testing.T, files map[string][]byte) (shell struct {
	Version string
	Files   map[string]shellFile
	Headers map[string]string
}) {
	t.Helper()
	line, rest, _ := strings.Cut(string(files[workerName]), "\n")
	if !strings.Contains(rest, "addEventListener(") {
		t.Errorf("the service worker goes on with %q", rest)
	}
	if err := json.Unmarshal([]byte(strings.TrimSuffix(strings.TrimPrefix(line, "const shell = "), ";")), &shell); err != nil {
		t.Fatal(err)
	}
	return shell
}

// The service worker knows each file that is served, by the hash of what is served, and the headers; the page its version.
func TestShell(t *testing.T) {
	files, err := shellFiles(shellApp(), testModel())
	if err != nil {
		t.Fatal(err)
	}
	shell := shellOf(t, files)
	delete(files, "example.html") // not the page's
	if len(shell.Files) != len(files)-1 || shell.Headers["Content-Security-Policy"] != policy {
		t.Errorf("it knows %d of %d files, headers %v", len(shell.Files), len(files)-1, shell.Headers)
	}
	for name, listed := range shell.Files {
		if want := (shellFile{fmt.Sprintf("%x", sha256.Sum256(files[name])), mediaType(name)}); listed != want {
			t.Errorf("%s: %v, want %v", name, listed, want)
		}
	}
	if page := string(files["index.html"]); !strings.Contains(page, `content="`+shell.Version+`"`) {
		t.Errorf("the page lacks version %q: %s", shell.Version, page)
	}
}

// A change of any file, the worker and the manifest among them, is another version; the same files are the same.
func TestVersion(t *testing.T) {
	versions := make(map[string]string)
	see := func(what string, app, model fstest.MapFS) {
		files, err := shellFiles(app, model)
		if err != nil {
			t.Fatal(err)
		}
		version := shellOf(t, files).Version
		if before, ok := versions[version]; ok {
			t.Errorf("%s and %s have the same version", what, before)
		}
		versions[version] = what
	}
	see("the app", shellApp(), testModel())
	for name := range maps.Keys(shellApp()) {
		if mediaType(name) == "" || !inShell(name) {
			continue
		}
		app := shellApp()
		app[name] = file(string(app[name].Data) + " ")
		see(name, app, testModel())
	}
	model := testModel()
	model[manifestName] = file(string(model[manifestName].Data) + " ")
	see(manifestName, shellApp(), model)
	app := shellApp()
	app["example.html"] = file("another")
	files, err := shellFiles(app, testModel())
	if err != nil {
		t.Fatal(err)
	}
	if again := shellOf(t, files).Version; versions[again] != "the app" {
		t.Errorf("the same files, but for what is no part of the page, have version %s at another time", again)
	}
}

// The page has a place for its version, and the policy for hosts that send no headers, less what only a header may say.
func TestPage(t *testing.T) {
	page, err := embedded.ReadFile("index.html")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(page, []byte(unversioned)) {
		t.Errorf("index.html lacks %s", unversioned)
	}
	if want := strings.TrimSuffix(policy, "; frame-ancestors 'none'"); !bytes.Contains(page, []byte(`"Content-Security-Policy" content="`+want+`"`)) {
		t.Errorf("index.html lacks the policy %s", want)
	}
}

// The manifest's icons are there, in the sizes that it says.
func TestManifest(t *testing.T) {
	data, err := embedded.ReadFile("manifest.webmanifest")
	if err != nil {
		t.Fatal(err)
	}
	var manifest struct {
		Icons []struct{ Src, Sizes, Type string }
	}
	if err := json.Unmarshal(data, &manifest); err != nil || len(manifest.Icons) == 0 {
		t.Fatalf("%d icons, %v", len(manifest.Icons), err)
	}
	for _, icon := range manifest.Icons {
		data, err := embedded.ReadFile(icon.Src)
		if err != nil || mediaType(icon.Src) != icon.Type {
			t.Errorf("%s: %v, type %q, want %q", icon.Src, err, icon.Type, mediaType(icon.Src))
		}
		if icon.Type != "image/png" {
			continue
		}
		config, err := png.DecodeConfig(bytes.NewReader(data))
		if size := fmt.Sprintf("%dx%d", config.Width, config.Height); err != nil || size != icon.Sizes {
			t.Errorf("%s: %s, %v, want %s", icon.Src, size, err, icon.Sizes)
		}
	}
}

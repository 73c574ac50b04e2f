package site

import (
	"bytes"
	"context"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

var shardName = strings.Repeat("0123456789abcdef", 4) + ".zst"

const page = "<!doctype html><title>page</title>" + // long enough to be worth compressing
	"<p>aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

func file(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text)} }

func testApp() fstest.MapFS {
	return fstest.MapFS{"index.html": file(page), "app/main.js": file("1"), "dist/.gitignore": file("*"),
		"dist/counterpoint.wasm": file("\x00asm"), "dist/wasm_exec.js": file("2")}
}

func testModel() fstest.MapFS {
	return fstest.MapFS{
		"manifest.json": file(`{"shards": [{"sha256": "` + shardName[:64] + `", "compression": "zst"}]}`),
		shardName:       file("weights"),
		"secret.json":   file("{}"),
	}
}

func get(t *testing.T, h http.Handler, path string, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, "http://localhost"+path, nil)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func testHandler(t *testing.T) http.Handler {
	t.Helper()
	h, err := newHandler(testApp(), testModel())
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func TestServed(t *testing.T) {
	h := testHandler(t)
	for _, c := range []struct{ path, mediaType, cache, body string }{
		{"/", "text/html; charset=utf-8", cacheChecked, page},
		{"/app/main.js", "text/javascript; charset=utf-8", cacheChecked, "1"},
		{"/dist/counterpoint.wasm", "application/wasm", cacheChecked, "\x00asm"},
		{"/model/" + shardName, "application/octet-stream", cacheForever, "weights"},
	} {
		w := get(t, h, c.path)
		if w.Code != http.StatusOK || w.Body.String() != c.body {
			t.Errorf("%s: status %d, body %q", c.path, w.Code, w.Body)
		}
		for name, want := range map[string]string{
			"Content-Type": c.mediaType, "Cache-Control": c.cache, "Content-Security-Policy": policy,
			"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Content-Encoding": "",
		} {
			if got := w.Header().Get(name); got != want {
				t.Errorf("%s: %s %q, want %q", c.path, name, got, want)
			}
		}
		tag := w.Header().Get("ETag")
		if again := get(t, h, c.path, "If-None-Match", tag); again.Code != http.StatusNotModified || tag == "" {
			t.Errorf("%s: asked with tag %q: status %d, want 304", c.path, tag, again.Code)
		}
	}
}

// A shard whose download broke is sent from there on.
func TestRange(t *testing.T) {
	w := get(t, testHandler(t), "/model/"+shardName, "Range", "bytes=2-", "Accept-Encoding", "gzip, br, zstd")
	if w.Code != http.StatusPartialContent || w.Body.String() != "ights" || w.Header().Get("Content-Range") != "bytes 2-6/7" || w.Header().Get("Content-Encoding") != "" {
		t.Errorf("status %d, body %q, headers %v", w.Code, w.Body, w.Header())
	}
}

// Nothing is served but the app, the manifest and what is called as a shard.
func TestNotServed(t *testing.T) {
	h := testHandler(t)
	for _, path := range []string{
		"/dist/.gitignore", "/dist/", "/dist", "/site.go", "/model/secret.json", "/model/", "/model/../secret.json",
		"/model/" + strings.ToUpper(shardName), "/model/" + strings.Repeat("0", 64) + ".zst", "/model/" + shardName[1:], "//index.html",
	} {
		if w := get(t, h, path); w.Code != http.StatusNotFound || w.Header().Get("Content-Security-Policy") != policy {
			t.Errorf("%s: status %d, want 404 with the policy", path, w.Code)
		}
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "http://localhost/", nil))
	if w.Code != http.StatusMethodNotAllowed {
		t.Errorf("POST: status %d, want 405", w.Code)
	}
	if _, err := newHandler(testApp(), fstest.MapFS{}); err == nil {
		t.Error("a model without a manifest is served")
	}
}

func decode(t *testing.T, name string, data []byte) string {
	t.Helper()
	var r io.Reader = bytes.NewReader(data)
	var err error
	switch name {
	case "zstd":
		r, err = zstd.NewReader(r)
	case "gzip":
		r, err = gzip.NewReader(r)
	case "br":
		r = brotli.NewReader(r)
	}
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestEncodings(t *testing.T) {
	h := testHandler(t)
	tags := make(map[string]string)
	for _, c := range []struct{ accept, want string }{
		{"gzip, deflate, br, zstd", "zstd"},
		{"gzip, deflate, br", "gzip"},
		{"zstd;q=0.1, gzip;q=0.8", "gzip"},
		{"GZIP", "gzip"},
		{"*", "zstd"},
		{"zstd;q=0, *;q=0.5", "gzip"},
		{"zstd;q=x", ""},
		{"identity", ""},
		{"br", ""},
		{"", ""},
	} {
		w := get(t, h, "/", "Accept-Encoding", c.accept)
		if got := w.Header().Get("Content-Encoding"); got != c.want {
			t.Errorf("%q: encoding %q, want %q", c.accept, got, c.want)
			continue
		}
		if text := decode(t, c.want, w.Body.Bytes()); text != page {
			t.Errorf("%q: %q", c.accept, text)
		}
		if vary := w.Header().Get("Vary"); vary != "Accept-Encoding" {
			t.Errorf("%q: Vary %q", c.accept, vary)
		}
		tags[w.Header().Get("ETag")] = c.want
	}
	if len(tags) != 3 {
		t.Errorf("tags %v, want one for each of 3 representations", tags)
	}
	if w := get(t, h, "/model/"+shardName, "Accept-Encoding", "gzip"); w.Header().Get("Content-Encoding") != "" {
		t.Error("a shard, which is compressed, is compressed again")
	}
	if w := get(t, h, "/", "Accept-Encoding", "gzip", "Range", "bytes=0-3"); w.Body.String() != page[:4] {
		t.Errorf("the first four bytes are %q", w.Body)
	}
}

func TestLoopbackOnly(t *testing.T) {
	h := LoopbackOnly(testHandler(t), &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 8080})
	for host, want := range map[string]int{
		"localhost:8080": 200, "LOCALHOST:8080": 200, "127.0.0.1:8080": 200, "[::1]:8080": 200,
		"localhost": 421, "localhost:80": 421, "evil.example:8080": 421, "localhost.evil.example:8080": 421, "127.0.0.1:8080.evil.example": 421, "": 421,
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Host = host
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != want {
			t.Errorf("host %q: status %d, want %d", host, w.Code, want)
		}
	}
}

func TestExport(t *testing.T) {
	dir := t.TempDir()
	stale := filepath.Join(dir, "app", "main.js.br") // of a longer script
	if err := os.MkdirAll(filepath.Dir(stale), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(stale, []byte("old"), 0o666); err != nil {
		t.Fatal(err)
	}
	written, err := export(t.Context(), testApp(), testModel(), dir)
	if err != nil {
		t.Fatal(err)
	}
	var files []string
	var size int64
	err = fs.WalkDir(os.DirFS(dir), ".", func(name string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			files = append(files, name)
			info, err := d.Info()
			if err != nil {
				return err
			}
			size += info.Size()
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	want := "_headers app/main.js dist/counterpoint.wasm dist/wasm_exec.js index.html index.html.br index.html.gz model/" + shardName +
		" model/manifest.json"
	got := strings.Join(files, " ")
	if got = strings.ReplaceAll(strings.ReplaceAll(got, " model/manifest.json.br", ""), " model/manifest.json.gz", ""); got != want {
		t.Errorf("files\n%s\nwant\n%s", got, want)
	}
	if written.Files != len(files) || written.Bytes != size {
		t.Errorf("it counts %d files, %d bytes; there are %d, %d", written.Files, written.Bytes, len(files), size)
	}
	for _, e := range exported {
		data, err := os.ReadFile(filepath.Join(dir, "index.html"+e.extension))
		if err != nil {
			t.Fatal(err)
		}
		if text := decode(t, e.name, data); text != page {
			t.Errorf("%s: %q", e.extension, text)
		}
	}
	headers, err := os.ReadFile(filepath.Join(dir, "_headers"))
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{"/*\n  Content-Security-Policy: " + policy + "\n", "/model/" + shardName + "\n  Cache-Control: " + cacheForever + "\n"} {
		if !strings.Contains(string(headers), line) {
			t.Errorf("_headers lacks %q:\n%s", line, headers)
		}
	}
}

func TestExportRefuses(t *testing.T) {
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := export(cancelled, testApp(), testModel(), t.TempDir()); err != context.Canceled {
		t.Errorf("cancelled: %v", err)
	}
	bad := testModel()
	bad["manifest.json"] = file(`{"shards": [{"sha256": "../../x", "compression": "zst"}]}`)
	if _, err := export(t.Context(), testApp(), bad, t.TempDir()); err == nil || !strings.Contains(err.Error(), "no shard's name") {
		t.Errorf("a shard called ../../x: %v", err)
	}
}

// Page, style and all modules are light on any line: 100 kB as transferred, the engine aside, and what is for other pages.
func TestShellSize(t *testing.T) {
	const most = 100_000
	files, err := readAll(embedded)
	if err != nil {
		t.Fatal(err)
	}
	size := 0
	for name, data := range files {
		if strings.HasPrefix(name, "dist/") || !inShell(name) {
			continue
		}
		encoded, err := bestBr.encode(data)
		if err != nil {
			t.Fatal(err)
		}
		size += min(len(encoded), len(data))
	}
	if t.Logf("%d bytes", size); size > most {
		t.Errorf("the page is %d bytes without the engine, at most %d", size, most)
	}
}

// Every file of the app has a media type, so that none is left behind; and all that it loads is its own.
func TestEmbedded(t *testing.T) {
	files, err := readAll(embedded)
	if err != nil {
		t.Fatal(err)
	}
	err = fs.WalkDir(embedded, ".", func(name string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && files[name] == nil && name != "dist/.gitignore" {
			t.Errorf("%s has no media type", name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range files {
		if strings.HasPrefix(name, "dist/") {
			continue
		}
		for _, scheme := range []string{"http://", "https://", "//cdn"} {
			if text := strings.ReplaceAll(string(data), "http://www.w3.org/2000/svg", ""); strings.Contains(text, scheme) {
				t.Errorf("%s names another origin: %s", name, scheme)
			}
		}
	}
	if hasEngine(fstest.MapFS{"dist/wasm_exec.js": file("")}) || !hasEngine(testApp()) {
		t.Error("hasEngine tells wrongly whether the engine is there")
	}
}

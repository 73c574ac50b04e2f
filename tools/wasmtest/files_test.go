// Package wasmtest tests what runs programs for js/wasm: the same test passes natively, in Node (exec.mjs) and in Chromium
// (chromium), where files are our own script's.
package wasmtest

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantErr(t *testing.T, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("error %v, want %v", err, want)
	}
}

func wantContent(t *testing.T, name, want string) {
	t.Helper()
	got, err := os.ReadFile(name)
	must(t, err)
	if string(got) != want {
		t.Errorf("%s holds %q, want %q", name, got, want)
	}
}

// TestModule reads what is there before the test.
func TestModule(t *testing.T) {
	const self = "files_test.go"
	data, err := os.ReadFile(self)
	must(t, err)
	if !strings.Contains(string(data), "func TestModule(") {
		t.Errorf("%s is another file, of %d bytes", self, len(data))
	}
	info, err := os.Stat(self)
	must(t, err)
	if info.Size() != int64(len(data)) || !info.Mode().IsRegular() || info.ModTime().Year() < 2000 {
		t.Errorf("%s: %d bytes, %v, %v; it holds %d bytes", self, info.Size(), info.Mode(), info.ModTime(), len(data))
	}
	folder, err := os.Getwd()
	must(t, err)
	absolute, err := os.Stat(filepath.Join(folder, "..", "wasmtest", self))
	must(t, err)
	if !os.SameFile(info, absolute) {
		t.Errorf("%s in %s is another file", self, folder)
	}
	names, err := filepath.Glob("../../go.*")
	must(t, err)
	if want := []string{"../../go.mod", "../../go.sum"}; !slices.Equal(names, want) {
		t.Errorf("the module's folder has %q, want %q", names, want)
	}
	_, err = os.Stat("nothing")
	wantErr(t, err, fs.ErrNotExist)
	_, err = os.Stat("files_test.go/nothing")
	wantErr(t, err, syscall.ENOTDIR)
}

// TestFile writes and reads a file in every order.
func TestFile(t *testing.T) {
	name := filepath.Join(t.TempDir(), "f")
	_, err := os.Open(name)
	wantErr(t, err, fs.ErrNotExist)
	f, err := os.Create(name)
	must(t, err)
	for range 3 {
		_, err = f.WriteString("abc")
		must(t, err)
	}
	_, err = f.WriteAt([]byte("XY"), 1)
	must(t, err)
	at, err := f.Seek(-1, io.SeekEnd)
	must(t, err)
	rest, err := io.ReadAll(f)
	must(t, err)
	if at != 8 || string(rest) != "c" {
		t.Errorf("at %d: %q, want 8, c", at, rest)
	}
	wantContent(t, name, "aXYabcabc")
	must(t, f.Truncate(4))
	must(t, os.Truncate(name, 6))
	must(t, f.Sync())
	must(t, f.Close())
	wantContent(t, name, "aXYa\x00\x00")
	wantErr(t, f.Close(), fs.ErrClosed)

	f, err = os.OpenFile(name, os.O_APPEND|os.O_WRONLY, 0)
	must(t, err)
	_, err = f.WriteString("!")
	must(t, err)
	must(t, f.Close())
	wantContent(t, name, "aXYa\x00\x00!")
	_, err = os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	wantErr(t, err, fs.ErrExist)

	f, err = os.Open(name)
	must(t, err)
	_, err = f.WriteString("?")
	wantErr(t, err, syscall.EBADF)
	part := make([]byte, 3)
	_, err = f.ReadAt(part, 1)
	must(t, err)
	if n, err := f.ReadAt(make([]byte, 3), 6); n != 1 || err != io.EOF || string(part) != "XYa" {
		t.Errorf("read %q, then %d bytes and %v; want XYa, then 1 and EOF", part, n, err)
	}
	must(t, f.Close())
	must(t, os.Chmod(name, 0o600))
	info, err := os.Stat(name)
	must(t, err)
	if info.Mode() != 0o600 {
		t.Errorf("mode %v, want %v", info.Mode(), fs.FileMode(0o600))
	}
}

// TestFolders makes, moves and removes.
func TestFolders(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	must(t, os.MkdirAll(at("a/b"), 0o755))
	wantErr(t, os.Mkdir(at("a"), 0o755), fs.ErrExist)
	wantErr(t, os.Mkdir(at("x/y"), 0o755), fs.ErrNotExist)
	wantErr(t, os.WriteFile(at("x/y"), nil, 0o644), fs.ErrNotExist)
	must(t, os.WriteFile(at("a/b/f"), []byte("1"), 0o644))
	wantErr(t, os.Remove(at("a/b")), syscall.ENOTEMPTY)
	wantErr(t, os.Remove(at("a/nothing")), fs.ErrNotExist)
	_, err := os.OpenFile(at("a"), os.O_WRONLY, 0)
	wantErr(t, err, syscall.EISDIR)

	must(t, os.Rename(at("a/b"), at("c")))
	must(t, os.WriteFile(at("g"), []byte("2"), 0o644))
	must(t, os.Rename(at("g"), at("c/f")))
	wantContent(t, at("c/f"), "2")
	wantErr(t, os.Rename(at("c"), at("c/d")), syscall.EINVAL)
	wantErr(t, os.Rename(at("nothing"), at("c")), fs.ErrNotExist)
	var walked []string
	must(t, fs.WalkDir(os.DirFS(dir), ".", func(path string, _ fs.DirEntry, err error) error {
		walked = append(walked, path)
		return err
	}))
	if want := []string{".", "a", "c", "c/f"}; !slices.Equal(walked, want) {
		t.Errorf("the folder has %q, want %q", walked, want)
	}

	t.Chdir(at("c"))
	wantContent(t, "f", "2")
	wantContent(t, "../c/./f", "2")
	must(t, os.Rename(at("c/f"), at("a/f")))
	must(t, os.RemoveAll(at("a")))
	_, err = os.Stat(at("a/f"))
	wantErr(t, err, fs.ErrNotExist)
}

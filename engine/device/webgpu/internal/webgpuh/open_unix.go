//go:build (linux || darwin) && (amd64 || arm64)

package webgpuh

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/ebitengine/purego"
)

var names = map[string][]string{
	"linux":  {"libwebgpu_dawn.so", "libwgpu_native.so"},
	"darwin": {"libwebgpu_dawn.dylib", "libwgpu_native.dylib"},
}[runtime.GOOS]

// open loads a shared library. It stays loaded.
func open(path string) (uintptr, error) {
	if filepath.Base(path) != path {
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
			return 0, &missingError{err}
		}
	}
	lib, err := purego.Dlopen(path, purego.RTLD_NOW|purego.RTLD_LOCAL)
	if err != nil && filepath.Base(path) == path && nowhere(path, err) {
		return 0, &missingError{err}
	}
	return lib, err
}

// nowhere tells a library that the loader does not find from one that it cannot use, which may lack a library itself. The
// loader's errors are but words: glibc's, musl's or macOS's.
func nowhere(name string, err error) bool {
	words := strings.ToLower(err.Error())
	return strings.Contains(words, "no such file") && strings.Contains(words, strings.ToLower(name)) &&
		!strings.Contains(words, "needed by") && !strings.Contains(words, "library not loaded")
}

func symbol(lib uintptr, name string) (uintptr, error) { return purego.Dlsym(lib, name) }

//go:build windows && (amd64 || arm64)

package webgpuh

import (
	"errors"
	"fmt"
	"path/filepath"

	"golang.org/x/sys/windows"
)

var names = []string{"webgpu_dawn.dll", "wgpu_native.dll"}

// open loads a shared library. It stays loaded. The folder the program was started in is not searched.
func open(path string) (uintptr, error) {
	flags := uintptr(windows.LOAD_LIBRARY_SEARCH_DEFAULT_DIRS)
	if filepath.Base(path) != path {
		full, err := filepath.Abs(path)
		if err != nil {
			return 0, err
		}
		path, flags = full, flags|windows.LOAD_LIBRARY_SEARCH_DLL_LOAD_DIR
	}
	lib, err := windows.LoadLibraryEx(path, 0, flags)
	if err != nil {
		err = fmt.Errorf("%s: %w", path, err)
		if errors.Is(err, windows.ERROR_MOD_NOT_FOUND) || errors.Is(err, windows.ERROR_FILE_NOT_FOUND) {
			return 0, &missingError{err}
		}
		return 0, err
	}
	return uintptr(lib), nil
}

func symbol(lib uintptr, name string) (uintptr, error) {
	return windows.GetProcAddress(windows.Handle(lib), name)
}

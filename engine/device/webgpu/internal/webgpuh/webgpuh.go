//go:build (linux || darwin || windows) && (amd64 || arm64)

// Package webgpuh is package gpu over a shared library that has the C interface of webgpu.h: Dawn, or wgpu-native from
// release 24 on. The library is loaded while the program runs, so a program built without cgo reaches the GPU too.
//
// The interface is https://github.com/webgpu-native/webgpu-headers. Releases from before its numbers were last changed, in
// the summer of 2025, are known by the functions they have (see dialect).
package webgpuh

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/counterpoint/counterpoint/engine/device/webgpu/internal/gpu"
)

// LibraryVariable is the environment variable that names the library.
const LibraryVariable = "COUNTERPOINT_WEBGPU_LIBRARY"

// New loads the library at path; if path is empty, the one that LibraryVariable names; if that is empty too, the first of
// the usual names that is found, next to the executable or by the system's loader. The error wraps gpu.ErrNone and says
// what was looked for.
func New(path string) (gpu.Provider, error) {
	origin := "the library asked for"
	if path == "" {
		path, origin = os.Getenv(LibraryVariable), LibraryVariable
	}
	if path != "" {
		p, err := load(path)
		if err != nil {
			return nil, fmt.Errorf("%w: %s: %w", gpu.ErrNone, origin, err)
		}
		return p, nil
	}
	places := candidates()
	var broken []error // libraries that are there and cannot be used
	for _, place := range places {
		p, err := load(place)
		if err == nil {
			return p, nil
		}
		var missing *missingError
		if !errors.As(err, &missing) {
			broken = append(broken, err)
		}
	}
	if len(broken) > 0 {
		return nil, fmt.Errorf("%w: %w", gpu.ErrNone, errors.Join(broken...))
	}
	return nil, fmt.Errorf("%w: no WebGPU library: %s is not set, and there is none of %s", gpu.ErrNone, LibraryVariable, strings.Join(places, ", "))
}

// candidates lists where a library may be: next to the executable by its path, elsewhere by its name alone.
func candidates() []string {
	var places []string
	if executable, err := os.Executable(); err == nil {
		if real, err := filepath.EvalSymlinks(executable); err == nil {
			executable = real
		}
		for _, name := range names {
			places = append(places, filepath.Join(filepath.Dir(executable), name))
		}
	}
	return append(places, names...)
}

// load opens a library and the WebGPU in it.
func load(path string) (*provider, error) {
	lib, err := open(path)
	if err != nil {
		return nil, err
	}
	p := &provider{}
	if p.procs, err = resolve(path, lib); err != nil {
		return nil, err
	}
	p.dialect = p.procs.dialect()
	if p.instance = p.CreateInstance(nil); p.instance == 0 {
		return nil, fmt.Errorf("%s: %s makes no instance", path, p.library)
	}
	return p, nil
}

// missingError is a library that is not there.
type missingError struct{ err error }

func (e *missingError) Error() string { return e.err.Error() }
func (e *missingError) Unwrap() error { return e.err }

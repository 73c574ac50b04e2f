//go:build (linux || darwin || windows) && (amd64 || arm64)

package webgpuh

import (
	"cmp"
	"errors"
	"fmt"
	"sync"

	"github.com/counterpoint/counterpoint/engine/device/webgpu/internal/gpu"
)

// errClosed is the error of all calls of a device that was closed.
var errClosed = fmt.Errorf("%w: it was closed", gpu.ErrLost)

// noReason stands for an empty message.
const noReason = "no reason is given"

// faults are what a device has reported by callbacks. They come on any thread and at any time, also while the library is
// being called.
type faults struct {
	mu         sync.Mutex
	lost       error // once and for all
	uncaptured error // the first one since errors were last taken
}

// lose is called with the device, the reason and a message.
func (f *faults) lose(a answer) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.lost == nil {
		f.lost = fmt.Errorf("%w: %s", gpu.ErrLost, cmp.Or(a.message, noReason))
	}
}

// close makes errClosed the error of all calls to come.
func (f *faults) close() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.lost = errClosed
}

func (f *faults) closed() bool { return f.loss() == errClosed }

// loss returns why the device is gone, or nil.
func (f *faults) loss() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.lost
}

// record is called with the device, the type of an error and a message.
func (f *faults) record(a answer) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.uncaptured == nil {
		f.uncaptured = newError(uint32(a.second), a.message)
	}
}

// take returns the error that calls fail with now, if there is one.
func (f *faults) take() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.lost != nil {
		return f.lost
	}
	err := f.uncaptured
	f.uncaptured = nil
	return err
}

// newError makes an error of the library's words.
func newError(kind uint32, message string) error {
	message = cmp.Or(message, noReason)
	switch kind {
	case errorNone:
		return nil
	case errorOutOfMemory:
		return fmt.Errorf("out of GPU memory: %s", message)
	case errorInternal:
		return fmt.Errorf("internal error of the GPU's driver: %s", message)
	default:
		return errors.New(message)
	}
}

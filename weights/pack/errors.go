package pack

import (
	"errors"
	"fmt"

	"github.com/counterpoint/counterpoint/weights"
)

// ErrPickle is wrapped when a folder holds a component's weights as a pickle
// only. Pickles run code when they are read, so this package never reads them.
var ErrPickle = errors.New("pickled weights")

// malformed is a weights.FormatError of kind weights.ErrFormat.
func malformed(where, format string, args ...any) error {
	return &weights.FormatError{Where: where, What: fmt.Sprintf(format, args...), Kind: weights.ErrFormat}
}

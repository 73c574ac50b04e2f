package weights

import (
	"errors"
	"fmt"
)

// What a reader's errors wrap, for errors.Is. A missing file wraps
// fs.ErrNotExist instead.
var (
	// ErrFormat is wrapped by every error about malformed input: a manifest, a
	// shard, a safetensors file or a config that breaks its format's rules.
	ErrFormat = errors.New("malformed data")
	// ErrHash is wrapped when a shard's bytes are not those its name promises.
	ErrHash = errors.New("sha256 mismatch")
	// ErrVersion is wrapped when a manifest is of a version this package does
	// not know.
	ErrVersion = errors.New("unsupported format version")
	// ErrNoTensor is wrapped when a tensor is asked for that the model lacks.
	ErrNoTensor = errors.New("no such tensor")
)

// FormatError says what is wrong with some input and where.
type FormatError struct {
	Where string // what was being read: "shard 3f2a9c01b7de", "tensor unet/conv_in.weight"
	What  string // the fault: "sha256 mismatch: got 77…, want 3f…"
	Kind  error  // ErrFormat, ErrHash or ErrVersion
}

func (e *FormatError) Error() string { return e.Where + ": " + e.What }

// Unwrap gives the sentinel the error belongs to.
func (e *FormatError) Unwrap() error { return e.Kind }

// malformed is a FormatError of kind ErrFormat.
func malformed(where, format string, args ...any) error {
	return &FormatError{Where: where, What: fmt.Sprintf(format, args...), Kind: ErrFormat}
}

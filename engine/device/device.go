// Package device is the interface a [graph.Program] runs on. An implementation is one folder below and passes the suite
// in devicetest. Nothing above this package knows which device it has.
package device

import (
	"context"
	"errors"
	"time"

	"github.com/counterpoint/counterpoint/engine/graph"
)

// ErrLost is wrapped by the errors of a device that is gone, with all it held: unplugged, reset by its driver. Opening it
// again may succeed.
var ErrLost = errors.New("device lost")

// ErrMemory is wrapped by the errors of a device that has too little memory for what is asked of it.
var ErrMemory = errors.New("device: out of memory")

// ErrClosed reports the use of something whose Close has been called.
var ErrClosed = errors.New("device: closed")

// Info describes a device for people and for the compiler.
type Info struct {
	Name    string        // as a user chooses it: "cpu", "webgpu", "null"
	Adapter string        // what it runs on: "AVX-512, 2 threads"
	Half    bool          // products may be rounded to f16
	Options graph.Options // limits that shape programs
}

// Device holds weights and buffers and runs programs over them. All methods may be called from one goroutine at a time.
// Work is done in the order of the calls, which may return before it is: what one writes the next ones read.
type Device interface {
	Info() Info
	// NewWeights makes an empty store of resident weights.
	NewWeights() Weights
	// NewBuffer makes a buffer of n elements of four bytes, all zero.
	NewBuffer(n int) (Buffer, error)
	// Compile prepares p to run with the weights of w, all of which must be there.
	Compile(p *graph.Program, w Weights) (Executable, error)
	// Combine sets dst to a linear combination of views of its length. dst may be one of the terms' views, whole, but
	// overlaps none in part.
	Combine(dst View, terms []Term) error
	// Mix is Combine for the pictures of a batch, with coefficients, masks and rows from the device.
	Mix(m Mix) error
	// Dots sums products of views.
	Dots(o Dots) error
	// Eval runs a program over scalars.
	Eval(o Eval) error
	// Resample draws pictures by their weights.
	Resample(r Resample) error
	Close() error
}

// Weights are a model's weights on a device, kept packed as they came.
type Weights interface {
	// Put copies a weight to the device. Data and Scales may be reused afterwards.
	Put(w graph.Weight) error
	// Bytes returns the device memory they take.
	Bytes() int64
	Close() error
}

// Buffer is device memory for float32 or int32 elements.
type Buffer interface {
	Len() int
	WriteFloats(ctx context.Context, offset int, src []float32) error
	WriteInts(ctx context.Context, offset int, src []int32) error
	// ReadFloats waits for all work submitted before it.
	ReadFloats(ctx context.Context, offset int, dst []float32) error
	Close() error
}

// Executable is a program on a device, with a buffer bound to each input and output.
type Executable interface {
	// Bind gives the named input or output a buffer of at least its size. It stays bound until another takes its place.
	Bind(name string, b Buffer) error
	// Run executes the program over the given number of rows, at most its MaxRows. A cancelled ctx stops it between
	// instructions and leaves outputs undefined.
	Run(ctx context.Context, rows int) error
	Close() error
}

// Preparer is a Device that makes of a program, whatever its weights hold, what takes long to make and lasts.
type Preparer interface {
	// Prepare begins to make what Compile of p would wait for, and doesn't wait. The weights may yet be missing.
	Prepare(p *graph.Program) error
}

// View is a run of elements of a buffer.
type View struct {
	Buffer Buffer
	Offset int
	Len    int
}

// Term is a view and its coefficient.
type Term struct {
	View View
	Coef float64
}

// Profiler is an Executable that can time its instructions.
type Profiler interface {
	// Profile runs as Run does and adds the time of each of the program's instructions to spent.
	Profile(ctx context.Context, rows int, spent []time.Duration) error
}

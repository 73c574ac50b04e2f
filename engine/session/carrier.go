package session

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
)

// The limits on a message, whatever carries it.
const (
	MaxHead   = 1 << 20   // bytes of the head
	MaxFrames = 16        // frames of a message
	MaxBytes  = 256 << 20 // bytes of all its frames together
)

// Carrier takes messages between a page and an engine, whole and in order.
type Carrier interface {
	// Receive waits for the page's next message. Once the page is gone it answers io.EOF.
	Receive(ctx context.Context) (Message, error)
	// Send hands a message over to the page; it may keep none of the slices. It is not called by two goroutines at a time.
	Send(head []byte, frames [][]byte) error
}

// Message is one message from the page.
type Message struct {
	Head   []byte
	Frames []Frame
}

// Frame is bytes that a carrier has received. They may lie outside of Go's heap until they are read.
type Frame interface {
	io.ReaderAt
	Size() int64
}

// check holds a message to the limits.
func (m Message) check() error {
	sizes := make([]uint64, len(m.Frames))
	for i, f := range m.Frames {
		sizes[i] = uint64(f.Size())
	}
	return checkSizes(uint64(len(m.Head)), sizes)
}

func checkSizes(head uint64, frames []uint64) error {
	if head < 1 || head > MaxHead {
		return fmt.Errorf("head of %d bytes, want 1 to %d", head, MaxHead)
	}
	if len(frames) > MaxFrames {
		return fmt.Errorf("%d frames, at most %d are allowed", len(frames), MaxFrames)
	}
	var total uint64
	for _, n := range frames {
		if n > MaxBytes-total {
			return fmt.Errorf("frames of more than %d bytes", MaxBytes)
		}
		total += n
	}
	return nil
}

// readAll copies a frame into Go's heap.
func readAll(f Frame) ([]byte, error) {
	data := make([]byte, f.Size())
	if _, err := io.ReadFull(io.NewSectionReader(f, 0, f.Size()), data); err != nil {
		return nil, fmt.Errorf("reading a frame of %d bytes: %w", len(data), err)
	}
	return data, nil
}

// word is the size of the integers of the binary form.
const word = 4

// AppendBinary appends the binary form of a message to dst. It fails if the message is beyond the limits.
func AppendBinary(dst, head []byte, frames [][]byte) ([]byte, error) {
	sizes := make([]uint64, len(frames))
	for i, f := range frames {
		sizes[i] = uint64(len(f))
	}
	if err := checkSizes(uint64(len(head)), sizes); err != nil {
		return dst, fmt.Errorf("session: message: %w", err)
	}
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(head)))
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(frames)))
	for _, n := range sizes {
		dst = binary.LittleEndian.AppendUint32(dst, uint32(n))
	}
	dst = append(dst, head...)
	for _, f := range frames {
		dst = append(dst, f...)
	}
	return dst, nil
}

// ParseBinary splits a message in binary form into head and frames, which are parts of data. It checks all lengths before
// it uses any.
func ParseBinary(data []byte) (head []byte, frames [][]byte, err error) {
	fail := func(format string, args ...any) ([]byte, [][]byte, error) {
		return nil, nil, fmt.Errorf("session: message: "+format, args...)
	}
	if len(data) < 2*word {
		return fail("%d bytes, too few for its lengths", len(data))
	}
	headSize, count := uint64(binary.LittleEndian.Uint32(data)), binary.LittleEndian.Uint32(data[word:])
	rest := data[2*word:]
	if count > MaxFrames {
		return fail("%d frames, at most %d are allowed", count, MaxFrames)
	}
	if uint64(len(rest)) < uint64(count)*word {
		return fail("%d bytes, too few for the lengths of %d frames", len(data), count)
	}
	sizes := make([]uint64, count)
	want := headSize
	for i := range sizes {
		sizes[i] = uint64(binary.LittleEndian.Uint32(rest[i*word:]))
		want += sizes[i]
	}
	rest = rest[count*word:]
	if err := checkSizes(headSize, sizes); err != nil {
		return fail("%w", err)
	}
	if uint64(len(rest)) != want {
		return fail("%d bytes of head and frames, the lengths say %d", len(rest), want)
	}
	head, rest = rest[:headSize:headSize], rest[headSize:]
	for _, n := range sizes {
		frames = append(frames, rest[:n:n])
		rest = rest[n:]
	}
	return head, frames, nil
}

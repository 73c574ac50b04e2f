package weights

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/zstd"
)

// shardReader reads and verifies shards one after another, with buffers and a
// decoder it uses again. The zero value is ready.
type shardReader struct {
	stored, raw, scratch []byte
	decoder              *zstd.Decoder
}

func (r *shardReader) close() {
	if r.decoder != nil {
		r.decoder.Close()
	}
}

// read gives the decompressed bytes of a shard, valid until the next read.
func (r *shardReader) read(ctx context.Context, src Source, s ShardInfo) ([]byte, error) {
	raw, err := r.readFrom(ctx, src.Open, s)
	if again, ok := src.(Refetcher); ok && (errors.Is(err, ErrHash) || errors.Is(err, ErrFormat)) {
		return r.readFrom(ctx, func(ctx context.Context, name string) (io.ReadCloser, error) {
			return again.Refetch(ctx, name, err)
		}, s)
	}
	return raw, err
}

func (r *shardReader) readFrom(ctx context.Context, open func(context.Context, string) (io.ReadCloser, error), s ShardInfo) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	where := "shard " + s.short()
	f, err := open(ctx, s.File())
	if err != nil {
		return nil, fmt.Errorf("%s: %w", where, err)
	}
	defer f.Close()
	r.stored = grow(r.stored, s.Bytes)
	n, err := io.ReadFull(f, r.stored)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, malformed(where, "truncated: %d bytes, want %d", n, s.Bytes)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", where, err)
	}
	if n, _ := io.ReadFull(f, make([]byte, 1)); n > 0 {
		return nil, malformed(where, "longer than the %d bytes it should have", s.Bytes)
	}
	sum := sha256.Sum256(r.stored)
	if got := hex.EncodeToString(sum[:]); got != s.SHA256 {
		return nil, &FormatError{where, fmt.Sprintf("sha256 mismatch: got %s, want %s", got, s.SHA256), ErrHash}
	}
	if s.Compression == Raw {
		return r.stored, nil
	}
	return r.decompress(where, s.RawBytes)
}

// decompress expands r.stored to exactly size bytes, and never to more.
func (r *shardReader) decompress(where string, size int64) ([]byte, error) {
	if r.decoder == nil {
		d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1),
			zstd.WithDecoderMaxMemory(MaxShard), zstd.WithDecoderMaxWindow(MaxShard), zstd.WithDecodeAllCapLimit(true))
		if err != nil {
			return nil, fmt.Errorf("starting zstd: %w", err)
		}
		r.decoder = d
	}
	r.raw = grow(r.raw, size)
	raw, err := r.decoder.DecodeAll(r.stored, r.raw[:0:size])
	if errors.Is(err, zstd.ErrDecoderSizeExceeded) {
		return nil, malformed(where, "decompresses to more than the declared %d bytes", size)
	}
	if err != nil {
		return nil, malformed(where, "zstd: %v", err)
	}
	if int64(len(raw)) != size {
		return nil, malformed(where, "decompresses to %d bytes, want %d", len(raw), size)
	}
	return raw, nil
}

// grow gives a slice of n bytes, b's memory if it is large enough.
func grow(b []byte, n int64) []byte {
	if int64(cap(b)) < n {
		return make([]byte, n)
	}
	return b[:n]
}

// In a shard, a plane of elements of several bytes is split: the lowest byte of
// every element, then the next byte of every element, and so on. The upper
// bytes of weights are alike (sign and exponent), so zstd finds something there.

// join undoes Split in place.
func (r *shardReader) join(plane []byte, elementSize int) {
	if elementSize == 1 {
		return
	}
	r.scratch = grow(r.scratch, int64(len(plane)))
	copy(r.scratch, plane)
	n := len(plane) / elementSize
	for j := range elementSize {
		for i, b := range r.scratch[j*n : (j+1)*n] {
			plane[i*elementSize+j] = b
		}
	}
}

// Split appends the plane to dst, byte planes one after the other.
func Split(dst, plane []byte, elementSize int) []byte {
	for j := range elementSize {
		for i := j; i < len(plane); i += elementSize {
			dst = append(dst, plane[i])
		}
	}
	return dst
}

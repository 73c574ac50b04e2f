package pack

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/klauspost/compress/zstd"

	"github.com/counterpoint/counterpoint/weights"
)

// shardWriter collects planes into shards of at most MaxShard bytes and writes
// them to a folder. A shard is its data planes, then its scale planes.
type shardWriter struct {
	dir     string
	encoder *zstd.Encoder
	written []weights.ShardInfo
	reports []ShardReport
	content ShardReport // what the open shard holds

	data, scales []byte          // of the open shard, already split
	scaleSpans   []*weights.Span // into scales, until flush moves them behind the data
}

func newShardWriter(dir string) (*shardWriter, error) {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, err
	}
	encoder, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedBestCompression),
		zstd.WithEncoderConcurrency(1), zstd.WithEncoderCRC(false))
	if err != nil {
		return nil, fmt.Errorf("starting zstd: %w", err)
	}
	return &shardWriter{dir: dir, encoder: encoder}, nil
}

func (w *shardWriter) close() { w.encoder.Close() }

// index is the open shard's index in the manifest.
func (w *shardWriter) index() int { return len(w.written) }

func (w *shardWriter) empty() bool { return len(w.data) == 0 }

// fits tells whether planes of the given sizes can be added to the open shard.
func (w *shardWriter) fits(data, scales int64) bool {
	return weights.AlignUp(weights.AlignUp(int64(len(w.data)))+data)+weights.AlignUp(int64(len(w.scales)))+scales <= weights.MaxShard
}

// addData adds a data plane, or a file.
func (w *shardWriter) addData(plane []byte, elementSize int) (s weights.Span) {
	w.data, s = addPlane(w.data, plane, elementSize)
	return s
}

// addScales adds a scale plane, whose span is right only after flush.
func (w *shardWriter) addScales(plane []byte) *weights.Span {
	s := new(weights.Span)
	w.scales, *s = addPlane(w.scales, plane, 2)
	w.scaleSpans = append(w.scaleSpans, s)
	return s
}

func addPlane(dst, plane []byte, elementSize int) ([]byte, weights.Span) {
	dst = pad(dst)
	s := weights.Span{Offset: int64(len(dst)), Length: int64(len(plane))}
	return weights.Split(dst, plane, elementSize), s
}

// pad appends zeros up to where a plane may begin.
func pad(b []byte) []byte {
	return append(b, make([]byte, weights.AlignUp(int64(len(b)))-int64(len(b)))...)
}

// flush writes the open shard and begins the next.
func (w *shardWriter) flush() (weights.ShardInfo, error) {
	raw := w.data
	if len(w.scales) > 0 {
		raw = pad(raw)
		for _, s := range w.scaleSpans {
			s.Offset += int64(len(raw))
		}
		raw = append(raw, w.scales...)
	}
	info := weights.ShardInfo{Compression: weights.Raw, RawBytes: int64(len(raw))}
	stored := w.encoder.EncodeAll(raw, nil)
	if len(stored) < len(raw) {
		info.Compression = weights.Zstd
	} else {
		stored = raw
	}
	sum := sha256.Sum256(stored)
	info.SHA256 = hex.EncodeToString(sum[:])
	info.Bytes = int64(len(stored))
	if err := writeFile(filepath.Join(w.dir, info.File()), stored); err != nil {
		return weights.ShardInfo{}, err
	}
	report := w.content
	report.File, report.Compression, report.Raw, report.Stored = info.File(), info.Compression, info.RawBytes, info.Bytes
	w.written = append(w.written, info)
	w.reports = append(w.reports, report)
	w.data, w.scales, w.scaleSpans = raw[:0], w.scales[:0], nil
	return info, nil
}

// finish writes the manifest and removes the shards it does not name.
func (w *shardWriter) finish(manifest []byte) error {
	if err := writeFile(filepath.Join(w.dir, weights.ManifestName), manifest); err != nil {
		return err
	}
	keep := make(map[string]bool)
	for _, s := range w.written {
		keep[s.File()] = true
	}
	entries, err := os.ReadDir(w.dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if weights.IsShardFile(e.Name()) && !keep[e.Name()] {
			if err := os.Remove(filepath.Join(w.dir, e.Name())); err != nil {
				return err
			}
		}
	}
	return nil
}

// writeFile writes a file whole or not at all, readable by all as os.CreateTemp's
// files are not.
func writeFile(name string, data []byte) error {
	f, err := os.CreateTemp(filepath.Dir(name), ".tmp-*")
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	err = errors.Join(err, f.Chmod(0o644), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}

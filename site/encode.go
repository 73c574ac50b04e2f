package site

import (
	"bytes"
	"io"
	"strconv"
	"strings"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// encoding is a compression of transfer.
type encoding struct {
	name      string // in Accept-Encoding and Content-Encoding
	extension string // of a file compressed beforehand, as static hosts look for it
	writer    func(io.Writer) (io.WriteCloser, error)
}

var (
	zstandard = encoding{"zstd", ".zst", func(w io.Writer) (io.WriteCloser, error) { return zstd.NewWriter(w) }}
	fastGzip  = encoding{"gzip", ".gz", func(w io.Writer) (io.WriteCloser, error) { return gzip.NewWriterLevel(w, gzip.DefaultCompression) }}
	bestGzip  = encoding{"gzip", ".gz", func(w io.Writer) (io.WriteCloser, error) { return gzip.NewWriterLevel(w, gzip.BestCompression) }}
	bestBr    = encoding{"br", ".br", func(w io.Writer) (io.WriteCloser, error) {
		return brotli.NewWriterOptions(w, brotli.WriterOptions{Quality: brotli.BestCompression, LGWin: 24}), nil
	}}
)

// served are the encodings that Handler makes when first asked, best first; exported are those that Export writes, where
// time is no matter.
var (
	served   = []encoding{zstandard, fastGzip}
	exported = []encoding{bestBr, bestGzip}
)

func (e encoding) encode(data []byte) ([]byte, error) {
	var out bytes.Buffer
	w, err := e.writer(&out)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(data); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// choose returns the index of the encoding to answer an Accept-Encoding header with, the earliest of those that it likes
// best, or -1 for none (RFC 9110, 12.5.3).
func choose(accept string, among []encoding) int {
	quality := make(map[string]float64)
	for item := range strings.SplitSeq(accept, ",") {
		name, parameters, _ := strings.Cut(item, ";")
		q := 1.0
		if key, value, _ := strings.Cut(strings.TrimSpace(parameters), "="); strings.EqualFold(key, "q") {
			var err error
			if q, err = strconv.ParseFloat(value, 64); err != nil {
				q = 0
			}
		}
		quality[strings.ToLower(strings.TrimSpace(name))] = q
	}
	best, at := 0.0, -1
	for i, e := range among {
		q, named := quality[e.name]
		if !named {
			q = quality["*"]
		}
		if q > best {
			best, at = q, i
		}
	}
	return at
}

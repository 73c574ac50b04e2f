package weights

import (
	"context"
	"io"
	"io/fs"
)

// Source is where a packed model's files come from: a folder, an embedded file
// system, a fetcher over HTTP. What it gives is not trusted.
type Source interface {
	// Open opens manifest.json or a shard by its file name. The reader is
	// closed by the caller and should fail once ctx is done. A file that is not
	// there is an error wrapping fs.ErrNotExist.
	Open(ctx context.Context, name string) (io.ReadCloser, error)
}

// A Refetcher is a Source that can get a file again, from further off: a cache
// whose copy has gone bad, say.
type Refetcher interface {
	Source
	// Refetch is Open once the bytes that Open gave were refused because of err.
	Refetch(ctx context.Context, name string, err error) (io.ReadCloser, error)
}

// FS makes a Source of a folder.
func FS(fsys fs.FS) Source { return fsSource{fsys} }

type fsSource struct{ fsys fs.FS }

func (s fsSource) Open(_ context.Context, name string) (io.ReadCloser, error) {
	return s.fsys.Open(name)
}

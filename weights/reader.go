package weights

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"sort"
)

// Model is a packed model whose manifest has been read and checked. It holds no
// weights: they are read from its source each time. It is safe for concurrent use.
type Model struct {
	src        Source
	manifest   *Manifest
	hash       string
	components []Component
	// slabs lists, for each shard, the parts in it by their data's offset.
	slabs [][]slab
}

// slab names a part of a tensor; First is the number of its first row.
type slab struct{ tensor, part, first int }

// Open opens a packed model in a folder, given its manifest.json's.
func Open(fsys fs.FS) (*Model, error) { return OpenSource(context.Background(), FS(fsys)) }

// OpenSource opens a packed model: it reads and checks the manifest, and
// nothing else. Errors wrap ErrFormat, ErrVersion, fs.ErrNotExist or what the
// source answered.
func OpenSource(ctx context.Context, src Source) (*Model, error) {
	data, err := readManifest(ctx, src)
	if err != nil {
		return nil, err
	}
	manifest, err := ParseManifest(data)
	if err != nil {
		return nil, err
	}
	components, err := ParseIndex(manifest.Index)
	if err != nil {
		return nil, malformed(ManifestName, "index: %v", err)
	}
	for i := range components {
		components[i].Config = manifest.Configs[components[i].Name]
	}
	sum := sha256.Sum256(data)
	m := &Model{
		src: src, manifest: manifest, hash: hex.EncodeToString(sum[:]),
		components: components, slabs: make([][]slab, len(manifest.Shards)),
	}
	for i, t := range manifest.Tensors {
		first := 0
		for j, p := range t.Parts {
			m.slabs[p.Shard] = append(m.slabs[p.Shard], slab{i, j, first})
			first += p.Rows
		}
	}
	for _, s := range m.slabs {
		slices.SortStableFunc(s, func(a, b slab) int {
			return cmp.Compare(m.part(a).Data.Offset, m.part(b).Data.Offset)
		})
	}
	return m, nil
}

func readManifest(ctx context.Context, src Source) ([]byte, error) {
	f, err := src.Open(ctx, ManifestName)
	if err != nil {
		return nil, fmt.Errorf("opening the model: %w", err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxManifest+1))
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", ManifestName, err)
	}
	return data, nil
}

func (m *Model) part(s slab) *PartInfo { return &m.manifest.Tensors[s.tensor].Parts[s.part] }

// Manifest gives the model's manifest, not to be modified.
func (m *Model) Manifest() *Manifest { return m.manifest }

// Hash is the SHA-256 of manifest.json in hexadecimal. Since shards are named by
// their hashes, it stands for the whole model.
func (m *Model) Hash() string { return m.hash }

// Lookup describes the tensor of the given name, "unet/conv_in.weight".
func (m *Model) Lookup(name string) (*TensorInfo, bool) {
	ts := m.manifest.Tensors
	i := sort.Search(len(ts), func(i int) bool { return ts[i].Name >= name })
	if i == len(ts) || ts[i].Name != name {
		return nil, false
	}
	return &ts[i], true
}

// Components lists the model's components, sorted by name.
func (m *Model) Components() []Component { return m.components }

// Component gives the component of the given name, as "unet" or "scheduler".
func (m *Model) Component(name string) (Component, error) {
	for _, c := range m.components {
		if c.Name == name {
			return c, nil
		}
	}
	return Component{}, fmt.Errorf("model %s has no component %q", m.manifest.Name, name)
}

// Each hands every tensor to f, shard by shard in the manifest's order. A
// shard's size and hash are verified before the first of its tensors is handed
// out. The tensor's planes are views of a buffer that is used again after f
// returns; a tensor larger than a shard comes as several slabs of rows.
//
// Each stops at the first error, f's included, or when ctx is done. One shard
// is in memory at a time, stored and decompressed.
func (m *Model) Each(ctx context.Context, f func(Tensor) error) error {
	return m.EachOf(ctx, func(*TensorInfo) bool { return true }, f)
}

// EachOf is Each for the tensors that want accepts; a shard that holds none of
// them is not read.
func (m *Model) EachOf(ctx context.Context, want func(*TensorInfo) bool, f func(Tensor) error) error {
	wanted := make([]bool, len(m.manifest.Tensors))
	for i := range wanted {
		wanted[i] = want(&m.manifest.Tensors[i])
	}
	var r shardReader
	defer r.close()
	for i, slabs := range m.slabs {
		slabs = slices.DeleteFunc(slices.Clone(slabs), func(s slab) bool { return !wanted[s.tensor] })
		if len(slabs) == 0 {
			continue
		}
		raw, err := r.read(ctx, m.src, m.manifest.Shards[i])
		if err != nil {
			return err
		}
		for _, s := range slabs {
			if err := ctx.Err(); err != nil {
				return err
			}
			t := m.view(raw, s, &r)
			if err := t.Validate(); err != nil {
				return err
			}
			if err := f(t); err != nil {
				return err
			}
		}
	}
	return nil
}

// view makes a tensor of a slab in a decompressed shard, putting its planes'
// bytes back in order in place.
func (m *Model) view(raw []byte, s slab, r *shardReader) Tensor {
	info, part := &m.manifest.Tensors[s.tensor], m.part(s)
	t := Tensor{
		Name: info.Name, Shape: info.Shape, Encoding: info.Encoding, Group: info.Group,
		First: s.first, Rows: part.Rows, Data: part.Data.of(raw),
	}
	r.join(t.Data, t.Encoding.ElementSize())
	if part.Scales != nil {
		t.Scales = part.Scales.of(raw)
		r.join(t.Scales, 2)
	}
	return t
}

// of gives the span's bytes, with no room to append into its neighbour's.
func (s Span) of(raw []byte) []byte {
	return raw[s.Offset : s.Offset+s.Length : s.Offset+s.Length]
}

// Tensor reads one whole tensor, with the shards that hold it. It is for a few
// tensors; use Load or Each for many. Errors wrap ErrNoTensor if there is none
// of that name.
func (m *Model) Tensor(ctx context.Context, name string) (Tensor, error) {
	if _, ok := m.Lookup(name); !ok {
		return Tensor{}, fmt.Errorf("tensor %s: %w", name, ErrNoTensor)
	}
	ts, err := m.Load(ctx, func(t *TensorInfo) bool { return t.Name == name })
	return ts[name], err
}

// Load reads the tensors that want accepts (all, if it is nil) whole, each in
// memory of its own.
func (m *Model) Load(ctx context.Context, want func(*TensorInfo) bool) (map[string]Tensor, error) {
	if want == nil {
		want = func(*TensorInfo) bool { return true }
	}
	whole := make(map[string]Tensor)
	err := m.EachOf(ctx, want, func(t Tensor) error {
		l := t.Layout()
		data, scales := l.RowBytes(t.Encoding, t.Group)
		w, ok := whole[t.Name]
		if !ok {
			w = t
			w.First, w.Rows = 0, l.Out
			w.Data = make([]byte, data*int64(l.Out))
			w.Scales = make([]byte, scales*int64(l.Out))
			whole[t.Name] = w
		}
		copy(w.Data[data*int64(t.First):], t.Data)
		copy(w.Scales[scales*int64(t.First):], t.Scales)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return whole, nil
}

// File reads a file kept in the model, as "tokenizer/vocab.json".
func (m *Model) File(ctx context.Context, name string) ([]byte, error) {
	files, err := m.Files(ctx, func(f string) bool { return f == name })
	if err != nil {
		return nil, err
	}
	data, ok := files[name]
	if !ok {
		return nil, &fs.PathError{Op: "read", Path: name, Err: fs.ErrNotExist}
	}
	return data, nil
}

// Files reads the files kept in the model whose names want accepts. Each shard
// that holds any is read once.
func (m *Model) Files(ctx context.Context, want func(name string) bool) (map[string][]byte, error) {
	var r shardReader
	defer r.close()
	files := make(map[string][]byte)
	for i, s := range m.manifest.Shards {
		var raw []byte
		for _, f := range m.manifest.Files {
			if f.Shard != i || !want(f.Name) {
				continue
			}
			if raw == nil {
				var err error
				if raw, err = r.read(ctx, m.src, s); err != nil {
					return nil, err
				}
			}
			files[f.Name] = slices.Clone(f.Span.of(raw))
		}
	}
	return files, nil
}

// Verify reads every shard, and checks its hash, its size and its tensors.
func (m *Model) Verify(ctx context.Context) error {
	var r shardReader
	defer r.close()
	for i, s := range m.manifest.Shards {
		raw, err := r.read(ctx, m.src, s)
		if err != nil {
			return err
		}
		for _, s := range m.slabs[i] {
			t := m.view(raw, s, &r)
			if err := t.Validate(); err != nil {
				return err
			}
		}
	}
	return nil
}

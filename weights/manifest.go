package weights

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Constants of format version 1; see FORMAT.md.
const (
	Format        = "counterpoint-weights"
	FormatVersion = 1
	// KindLatentDiffusion is the only kind of model version 1 has: text
	// encoders, a UNet and an autoencoder, in diffusers' layout.
	KindLatentDiffusion = "latent-diffusion"
	// ManifestName is the manifest's file name, beside the shards.
	ManifestName = "manifest.json"
	// MaxShard is the largest size of a shard, stored or decompressed, in bytes.
	MaxShard = 16 << 20
	// PlaneAlign is what the offset of a plane in its shard is a multiple of.
	PlaneAlign = 16

	maxManifest  = 16 << 20
	maxTensors   = 1 << 20
	maxShards    = 1 << 16
	maxFiles     = 1 << 10
	maxName      = 256
	maxPartsEach = 1 << 12
)

// Manifest describes a packed model: what manifest.json holds.
type Manifest struct {
	Format      string `json:"format"`
	Version     int    `json:"version"`
	Kind        string `json:"kind"`
	Name        string `json:"name"`
	License     string `json:"license,omitempty"`
	Attribution string `json:"attribution,omitempty"`
	// Profile is the name of the profile it was packed with. It is a label:
	// each tensor states its own encoding.
	Profile string `json:"profile"`
	// Index is the folder's model_index.json; components that were not packed
	// are [null, null] in it.
	Index json.RawMessage `json:"index"`
	// Configs holds each component's config.json (scheduler_config.json for a
	// scheduler), as it was in the folder.
	Configs map[string]json.RawMessage `json:"configs"`
	// Extra is the folder's counterpoint.json: what the model's makers declare
	// beyond diffusers' configs. Absent when the folder has none.
	Extra json.RawMessage `json:"extra,omitempty"`
	// Files are small files kept whole, in shards: the tokenizers'. Sorted by name.
	Files []FileInfo `json:"files"`
	// Shards are referred to by their index here.
	Shards []ShardInfo `json:"shards"`
	// Tensors is sorted by name.
	Tensors []TensorInfo `json:"tensors"`
}

// ShardInfo describes a shard.
type ShardInfo struct {
	SHA256      string      `json:"sha256"`      // of the stored bytes, in lower-case hexadecimal
	Compression Compression `json:"compression"` // of the stored bytes
	Bytes       int64       `json:"bytes"`       // size of the stored file
	RawBytes    int64       `json:"raw_bytes"`   // size when decompressed
}

// File gives the shard's file name: its hash and a suffix that tells how it is
// compressed.
func (s ShardInfo) File() string { return s.SHA256 + "." + string(s.Compression) }

// IsShardFile tells whether a file is named like a shard.
func IsShardFile(name string) bool {
	hash, compression, _ := strings.Cut(name, ".")
	return isHash(hash) && (compression == string(Raw) || compression == string(Zstd))
}

// Compression is how a shard is stored.
type Compression string

// The compressions of format version 1.
const (
	Raw  Compression = "raw"
	Zstd Compression = "zst"
)

// Span is a range of bytes of a decompressed shard.
type Span struct {
	Offset int64 `json:"offset"`
	Length int64 `json:"length"`
}

// FileInfo describes a file kept in a shard.
type FileInfo struct {
	Name  string `json:"name"` // path in the folder, as "tokenizer/vocab.json"
	Shard int    `json:"shard"`
	Span
}

// TensorInfo describes a tensor.
type TensorInfo struct {
	Name     string     `json:"name"`
	Shape    []int      `json:"shape"` // PyTorch's
	Encoding Encoding   `json:"encoding"`
	Group    int        `json:"group,omitempty"`
	Parts    []PartInfo `json:"parts"`
}

// Layout gives the tensor's stored layout.
func (t *TensorInfo) Layout() Layout { return LayoutOf(t.Shape) }

// PartInfo says where a slab of a tensor's rows lies. A tensor's parts are in
// order and together hold each of its rows once.
type PartInfo struct {
	Shard  int   `json:"shard"`
	Rows   int   `json:"rows"`
	Data   Span  `json:"data"`
	Scales *Span `json:"scales,omitempty"` // if and only if the encoding is quantized
}

// ParseManifest reads and checks a manifest. It checks everything that can be
// checked without a shard; all that is wrong with a manifest is found here, and
// nothing of one is used before.
func ParseManifest(data []byte) (*Manifest, error) {
	if len(data) > maxManifest {
		return nil, malformed(ManifestName, "%d bytes, at most %d are allowed", len(data), maxManifest)
	}
	// Version first: a later format may have other fields, and that should read
	// as a version too new, not as a malformed file.
	var head struct {
		Format  string `json:"format"`
		Version int    `json:"version"`
	}
	if err := json.Unmarshal(data, &head); err != nil {
		return nil, malformed(ManifestName, "%v", err)
	}
	if head.Format != Format {
		return nil, malformed(ManifestName, "format %q, want %q", head.Format, Format)
	}
	if head.Version != FormatVersion {
		return nil, &FormatError{ManifestName,
			fmt.Sprintf("format version %d, this reader knows version %d", head.Version, FormatVersion), ErrVersion}
	}
	m := new(Manifest)
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(m); err != nil {
		return nil, malformed(ManifestName, "%v", err)
	}
	if err := m.check(); err != nil {
		return nil, err
	}
	return m, nil
}

// Encode gives the manifest as JSON, an entry of a list a line: the same bytes
// for the same manifest.
func (m *Manifest) Encode() ([]byte, error) {
	var b bytes.Buffer
	b.WriteString("{\n")
	first := true
	field := func(name string, v any) error {
		if !first {
			b.WriteString(",\n")
		}
		first = false
		fmt.Fprintf(&b, "  %q: ", name)
		j, err := compactJSON(v)
		b.Write(j)
		return err
	}
	head := []struct {
		name string
		v    any
		omit bool
	}{
		{"format", m.Format, false},
		{"version", m.Version, false},
		{"kind", m.Kind, false},
		{"name", m.Name, false},
		{"license", m.License, m.License == ""},
		{"attribution", m.Attribution, m.Attribution == ""},
		{"profile", m.Profile, false},
		{"index", m.Index, false},
		{"configs", m.Configs, false},
		{"extra", m.Extra, len(m.Extra) == 0},
	}
	for _, f := range head {
		if f.omit {
			continue
		}
		if err := field(f.name, f.v); err != nil {
			return nil, fmt.Errorf("manifest field %s: %w", f.name, err)
		}
	}
	err := errors.Join(
		list(&b, "files", m.Files),
		list(&b, "shards", m.Shards),
		list(&b, "tensors", m.Tensors),
	)
	b.WriteString("\n}\n")
	return b.Bytes(), err
}

// list writes a field holding a list, an entry a line.
func list[T any](b *bytes.Buffer, name string, entries []T) error {
	fmt.Fprintf(b, ",\n  %q: [", name)
	for i, e := range entries {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString("\n    ")
		j, err := compactJSON(e)
		if err != nil {
			return fmt.Errorf("manifest field %s[%d]: %w", name, i, err)
		}
		b.Write(j)
	}
	if len(entries) > 0 {
		b.WriteString("\n  ")
	}
	b.WriteByte(']')
	return nil
}

// compactJSON marshals without escaping <, > and &, which CLIP's files are full of.
func compactJSON(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// check applies FORMAT.md's rules.
func (m *Manifest) check() error {
	if m.Kind != KindLatentDiffusion {
		return malformed(ManifestName, "kind %q, want %q", m.Kind, KindLatentDiffusion)
	}
	if m.Name == "" || len(m.Name) > maxName {
		return malformed(ManifestName, "name of %d bytes, want 1 to %d", len(m.Name), maxName)
	}
	components, err := m.checkConfigs()
	if err != nil {
		return err
	}
	if err := m.checkShards(); err != nil {
		return err
	}
	spans := make([][]Span, len(m.Shards))
	if err := m.checkFiles(components, spans); err != nil {
		return err
	}
	if err := m.checkTensors(components, spans); err != nil {
		return err
	}
	for i, s := range spans {
		if err := checkTiling(m.Shards[i], s); err != nil {
			return err
		}
	}
	return nil
}

// checkConfigs checks the JSON taken from the folder, and gives the names of the
// components.
func (m *Manifest) checkConfigs() (map[string]bool, error) {
	index, err := ParseIndex(m.Index)
	if err != nil {
		return nil, malformed(ManifestName, "index: %v", err)
	}
	components := make(map[string]bool, len(index))
	for _, c := range index {
		components[c.Name] = true
	}
	for name, config := range m.Configs {
		if !components[name] {
			return nil, malformed(ManifestName, "config of %.80q, which the index does not name", name)
		}
		if !isObject(config) {
			return nil, malformed(ManifestName, "config of %.80q is not an object", name)
		}
	}
	if m.Extra != nil && !isObject(m.Extra) {
		return nil, malformed(ManifestName, "extra is not an object")
	}
	return components, nil
}

func isObject(j json.RawMessage) bool {
	return bytes.HasPrefix(bytes.TrimLeft(j, " \t\r\n"), []byte("{"))
}

func (m *Manifest) checkShards() error {
	if len(m.Shards) > maxShards {
		return malformed(ManifestName, "%d shards, at most %d are allowed", len(m.Shards), maxShards)
	}
	for i, s := range m.Shards {
		where := fmt.Sprintf("shard %d", i)
		if !isHash(s.SHA256) {
			return malformed(where, "sha256 %.80q is not 64 lower-case hexadecimal digits", s.SHA256)
		}
		if s.RawBytes < 1 || s.RawBytes > MaxShard {
			return malformed(where, "raw_bytes %d, want 1 to %d", s.RawBytes, MaxShard)
		}
		switch s.Compression {
		case Raw:
			if s.Bytes != s.RawBytes {
				return malformed(where, "bytes %d differ from raw_bytes %d of a raw shard", s.Bytes, s.RawBytes)
			}
		case Zstd:
			if s.Bytes < 1 || s.Bytes >= s.RawBytes {
				return malformed(where, "bytes %d, want less than raw_bytes %d", s.Bytes, s.RawBytes)
			}
		default:
			return malformed(where, "unknown compression %.80q (want raw or zst)", s.Compression)
		}
	}
	return nil
}

func isHash(s string) bool {
	return len(s) == 64 && strings.Trim(s, "0123456789abcdef") == ""
}

func (m *Manifest) checkFiles(components map[string]bool, spans [][]Span) error {
	if len(m.Files) > maxFiles {
		return malformed(ManifestName, "%d files, at most %d are allowed", len(m.Files), maxFiles)
	}
	for i, f := range m.Files {
		where := fmt.Sprintf("file %.80q", f.Name)
		if err := CheckName(f.Name, components); err != nil {
			return malformed(where, "%v", err)
		}
		if i > 0 && f.Name <= m.Files[i-1].Name {
			return malformed(where, "listed twice or out of order, after %q", m.Files[i-1].Name)
		}
		if err := m.checkSpan(f.Shard, f.Span, spans); err != nil {
			return malformed(where, "%v", err)
		}
	}
	return nil
}

func (m *Manifest) checkTensors(components map[string]bool, spans [][]Span) error {
	if len(m.Tensors) > maxTensors {
		return malformed(ManifestName, "%d tensors, at most %d are allowed", len(m.Tensors), maxTensors)
	}
	for i := range m.Tensors {
		t := &m.Tensors[i]
		where := fmt.Sprintf("tensor %.80q", t.Name)
		if err := CheckName(t.Name, components); err != nil {
			return malformed(where, "%v", err)
		}
		if i > 0 && t.Name <= m.Tensors[i-1].Name {
			return malformed(where, "listed twice or out of order, after %q", m.Tensors[i-1].Name)
		}
		if err := CheckShape(t.Shape); err != nil {
			return malformed(where, "%v", err)
		}
		if err := checkEncoding(t.Encoding, t.Group, len(t.Shape)); err != nil {
			return malformed(where, "%v", err)
		}
		if err := m.checkParts(t, spans); err != nil {
			return malformed(where, "%v", err)
		}
	}
	return nil
}

func (m *Manifest) checkParts(t *TensorInfo, spans [][]Span) error {
	if len(t.Parts) > maxPartsEach {
		return fmt.Errorf("%d parts, at most %d are allowed", len(t.Parts), maxPartsEach)
	}
	l := t.Layout()
	data, scales := l.RowBytes(t.Encoding, t.Group)
	rest := l.Out
	for _, p := range t.Parts {
		if p.Rows < 1 || p.Rows > rest {
			return fmt.Errorf("part of %d rows where %d are left", p.Rows, rest)
		}
		rest -= p.Rows
		if want := data * int64(p.Rows); p.Data.Length != want {
			return fmt.Errorf("data plane of %d bytes, %d rows of shape %v in %v take %d",
				p.Data.Length, p.Rows, t.Shape, t.Encoding, want)
		}
		if err := m.checkSpan(p.Shard, p.Data, spans); err != nil {
			return fmt.Errorf("data plane: %w", err)
		}
		if (p.Scales != nil) != t.Encoding.Quantized() {
			return fmt.Errorf("encoding %v, scales given: %t", t.Encoding, p.Scales != nil)
		}
		if p.Scales == nil {
			continue
		}
		if want := scales * int64(p.Rows); p.Scales.Length != want {
			return fmt.Errorf("scale plane of %d bytes, %d rows of shape %v in groups of %d take %d",
				p.Scales.Length, p.Rows, t.Shape, t.Group, want)
		}
		if err := m.checkSpan(p.Shard, *p.Scales, spans); err != nil {
			return fmt.Errorf("scale plane: %w", err)
		}
	}
	if rest != 0 {
		return fmt.Errorf("parts hold %d of %d rows", l.Out-rest, l.Out)
	}
	return nil
}

// checkSpan checks that a span lies in its shard, and notes it there.
func (m *Manifest) checkSpan(shard int, s Span, spans [][]Span) error {
	if shard < 0 || shard >= len(m.Shards) {
		return fmt.Errorf("shard %d of %d", shard, len(m.Shards))
	}
	size := m.Shards[shard].RawBytes
	if s.Offset < 0 || s.Length < 1 || s.Offset > size || s.Length > size-s.Offset {
		return fmt.Errorf("bytes %d+%d are outside shard %d of %d bytes", s.Offset, s.Length, shard, size)
	}
	if s.Offset%PlaneAlign != 0 {
		return fmt.Errorf("offset %d is not a multiple of %d", s.Offset, PlaneAlign)
	}
	spans[shard] = append(spans[shard], s)
	return nil
}

// checkTiling checks that the spans of a shard follow one another with only
// padding to the next multiple of PlaneAlign between them, from its first byte
// to its last. So nothing overlaps and nothing is hidden.
func checkTiling(shard ShardInfo, spans []Span) error {
	slices.SortStableFunc(spans, func(a, b Span) int { return cmp.Compare(a.Offset, b.Offset) })
	where := "shard " + shard.short()
	end := int64(0)
	for _, s := range spans {
		switch want := AlignUp(end); {
		case s.Offset < end:
			return malformed(where, "overlapping planes: one starts at %d, before the end of another at %d", s.Offset, end)
		case s.Offset != want:
			return malformed(where, "no plane holds bytes %d to %d", end, s.Offset)
		}
		end = s.Offset + s.Length
	}
	if end != shard.RawBytes {
		return malformed(where, "no plane holds bytes %d to %d", end, shard.RawBytes)
	}
	return nil
}

// short is the beginning of the shard's hash, for messages.
func (s ShardInfo) short() string { return s.SHA256[:12] }

// AlignUp gives the least multiple of PlaneAlign that is not below n.
func AlignUp(n int64) int64 { return (n + PlaneAlign - 1) &^ (PlaneAlign - 1) }

// CheckName checks the name of a tensor or file: the name of one of the
// components, a slash, and letters, digits and "._-" in slash-separated pieces
// that do not begin with a dot. So a name never leads out of the folder it is
// written to.
func CheckName(name string, components map[string]bool) error {
	if len(name) > maxName {
		return fmt.Errorf("name of %d bytes, at most %d are allowed", len(name), maxName)
	}
	component, rest, ok := strings.Cut(name, "/")
	if !ok || !components[component] {
		return errors.New("name does not begin with a component of the index")
	}
	for p := range strings.SplitSeq(rest, "/") {
		if !isNamePiece(p) {
			return fmt.Errorf("bad name: %.80q (want letters, digits and ._- between slashes)", p)
		}
	}
	return nil
}

// isNamePiece tells whether a string can name a component, or be a piece of a
// tensor's or file's name.
func isNamePiece(s string) bool {
	return s != "" && s[0] != '.' && !strings.ContainsFunc(s, func(r rune) bool { return !isNameRune(r) })
}

func isNameRune(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '.' || r == '_' || r == '-'
}

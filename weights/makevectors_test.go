package weights_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/klauspost/compress/zstd"

	"github.com/counterpoint/counterpoint/weights"
	"github.com/counterpoint/counterpoint/weights/internal/weightstest"
	"github.com/counterpoint/counterpoint/weights/pack"
)

var update = flag.Bool("update", false, "write testdata/vectors")

// The shards of the sound model that vectors are made of.
const (
	filesShard = iota
	floatShard
	int8Shard
	int4Shard
)

// Its tensors, in the order in which they are handed out.
const (
	convIn = "unet/conv_in.weight"
	norm   = "unet/norm.weight"
	toK    = "unet/a.attn2.to_k.weight"
	conv   = "unet/b.conv.weight"
	linear = "unet/c.weight"
)

// defect is a way to break the sound model, and what a reader makes of it.
type defect struct {
	comment string
	expect  string
	message string
	tensors string // handed out before the defect is met
	make    func(*breaker)
}

// defects are the vectors, by file name.
var defects = map[string]defect{
	"sound": {"a model in profile int4, with nothing wrong", "ok", "", strings.Join([]string{convIn, norm, toK, conv, linear}, " "), func(*breaker) {}},
	"sound-no-extra": {"license, attribution and extra are optional", "ok", "", strings.Join([]string{convIn, norm, toK, conv, linear}, " "), func(b *breaker) {
		b.manifest.License, b.manifest.Attribution, b.manifest.Extra = "", "", nil
	}},

	"manifest-missing": {"there is no manifest", "missing", "manifest.json", "", func(b *breaker) { b.noManifest = true }},
	"manifest-empty":   {"the manifest is an empty file", "format", "manifest.json", "", func(b *breaker) { b.edit = func(string) string { return "" } }},
	"manifest-bad-json": {"a comma too many", "format", "manifest.json", "", func(b *breaker) {
		b.edit = func(s string) string { return strings.Replace(s, `"version": 1,`, `"version": 1,,`, 1) }
	}},
	"manifest-truncated":     {"the manifest ends in the middle", "format", "manifest.json", "", func(b *breaker) { b.edit = func(s string) string { return s[:len(s)/2] } }},
	"manifest-trailing":      {"something follows the manifest's object", "format", "after top-level value", "", func(b *breaker) { b.edit = func(s string) string { return s + "{}\n" } }},
	"manifest-not-an-object": {"the manifest is a list", "format", "manifest.json", "", func(b *breaker) { b.edit = func(s string) string { return "[" + s + "]\n" } }},
	"unknown-field":          {"a field that version 1 does not have", "format", "colour", "", func(b *breaker) { b.replace(`"version": 1,`, `"version": 1, "colour": "red",`) }},
	"other-format":           {"another program's manifest", "format", `format "gguf"`, "", func(b *breaker) { b.manifest.Format = "gguf" }},
	"version-future":         {"version 2, with a field that version 1 does not have", "version", "version 2", "", func(b *breaker) { b.replace(`"version": 1,`, `"version": 2, "colour": "red",`) }},
	"version-zero":           {"version 0", "version", "version 0", "", func(b *breaker) { b.manifest.Version = 0 }},
	"unknown-kind":           {"a kind of model that version 1 does not have", "format", `kind "language"`, "", func(b *breaker) { b.manifest.Kind = "language" }},
	"no-name":                {"the model has no name", "format", "name", "", func(b *breaker) { b.manifest.Name = "" }},
	"index-not-an-object":    {"the index is a list", "format", "index", "", func(b *breaker) { b.manifest.Index = []byte("[]") }},
	"index-bad-component":    {"a component's name that leads out of the folder", "format", `"../unet"`, "", func(b *breaker) { b.replace(`"vae":`, `"../unet": ["a", "b"], "vae":`) }},
	"config-unknown":         {"a config of a component that the index lacks", "format", `"prior"`, "", func(b *breaker) { b.manifest.Configs["prior"] = []byte("{}") }},
	"config-not-an-object":   {"a config that is a number", "format", `config of "unet"`, "", func(b *breaker) { b.manifest.Configs["unet"] = []byte("7") }},
	"extra-not-an-object":    {"extra is a list", "format", "extra", "", func(b *breaker) { b.manifest.Extra = []byte("[1]") }},

	"shard-name-short":    {"a hash of 63 digits", "format", "64 lower-case hexadecimal digits", "", func(b *breaker) { b.shard(int8Shard).SHA256 = b.shard(int8Shard).SHA256[1:] }},
	"shard-name-upper":    {"a hash in upper case: two names for one shard", "format", "64 lower-case hexadecimal digits", "", func(b *breaker) { s := b.shard(int8Shard); s.SHA256 = strings.ToUpper(s.SHA256) }},
	"shard-name-path":     {"a hash that is a path", "format", "64 lower-case hexadecimal digits", "", func(b *breaker) { b.shard(int8Shard).SHA256 = strings.Repeat("../", 20) + "abcd" }},
	"shard-hash-wrong":    {"the file is named as the manifest says, but its bytes have another hash", "hash", "shard 000000000000: sha256 mismatch", convIn + " " + norm, func(b *breaker) { b.rename(int8Shard, strings.Repeat("0", 64)) }},
	"shard-missing":       {"the file of a shard is not there", "missing", "shard ", convIn + " " + norm, func(b *breaker) { delete(b.shards, b.shard(int8Shard).File()) }},
	"shard-empty":         {"the file of a shard is empty", "format", "truncated: 0 bytes", convIn + " " + norm, func(b *breaker) { b.store(int8Shard, nil) }},
	"shard-truncated":     {"a shard lacks its last byte", "format", "truncated", convIn + " " + norm, func(b *breaker) { b.store(int8Shard, b.stored(int8Shard)[:b.shard(int8Shard).Bytes-1]) }},
	"shard-trailing":      {"a shard has a byte too many", "format", "longer than", convIn + " " + norm, func(b *breaker) { b.store(int8Shard, append(b.stored(int8Shard), 0)) }},
	"shard-flipped-first": {"the lowest bit of a shard's first byte is flipped", "hash", "sha256 mismatch", convIn + " " + norm, func(b *breaker) { b.stored(int8Shard)[0] ^= 1 }},
	"shard-flipped-last":  {"the highest bit of a shard's last byte is flipped", "hash", "sha256 mismatch", convIn + " " + norm, func(b *breaker) { b.stored(int8Shard)[b.shard(int8Shard).Bytes-1] ^= 0x80 }},
	"shard-flipped-scale": {"a bit of a scale is flipped in the last shard", "hash", "sha256 mismatch", convIn + " " + norm + " " + toK, func(b *breaker) { b.stored(int4Shard)[b.tensor(linear).Parts[0].Scales.Offset] ^= 4 }},
	"shard-of-another":    {"a shard begins with another's bytes", "hash", "sha256 mismatch", "", func(b *breaker) { copy(b.stored(floatShard), b.stored(int8Shard)) }},
	"shard-size-zero":     {"a shard of no bytes", "format", "raw_bytes 0", "", func(b *breaker) { s := b.shard(int8Shard); s.Bytes, s.RawBytes = 0, 0 }},
	"shard-size-negative": {"a shard of a negative size", "format", "raw_bytes -16", "", func(b *breaker) { s := b.shard(int8Shard); s.Bytes, s.RawBytes = -16, -16 }},
	"shard-size-over": {"a shard larger than 16 MiB", "format", "raw_bytes 16777232", "", func(b *breaker) {
		s := b.shard(int8Shard)
		s.Bytes, s.RawBytes = weights.MaxShard+16, weights.MaxShard+16
	}},
	"shard-size-wild":        {"a size that does not fit 64 bits", "format", "raw_bytes", "", func(b *breaker) { b.replace(`"raw_bytes":`, `"raw_bytes":1000000000000000000000`) }},
	"shard-raw-sizes-differ": {"a raw shard whose two sizes differ", "format", "differ", "", func(b *breaker) { b.shard(int8Shard).Bytes++ }},
	"shard-zst-not-smaller":  {"a compressed shard that is no smaller", "format", "want less than raw_bytes", "", func(b *breaker) { b.shard(int8Shard).Compression = weights.Zstd }},
	"compression-unknown":    {"a compression that version 1 does not have", "format", `compression "br"`, "", func(b *breaker) { b.shard(int8Shard).Compression = "br" }},
	"zst-bomb":               {"the shard's frame of 230 bytes expands to seven megabytes", "format", "more than the declared", convIn + " " + norm, func(b *breaker) { b.compress(int8Shard, zeros(7<<20)) }},
	"zst-longer":             {"the shard's frame expands to one byte more than declared", "format", "more than the declared", convIn + " " + norm, func(b *breaker) { b.compress(int8Shard, frame(make([]byte, b.shard(int8Shard).RawBytes+1))) }},
	"zst-shorter":            {"the shard's frame expands to one byte less than declared", "format", "decompresses to", convIn + " " + norm, func(b *breaker) { b.compress(int8Shard, frame(make([]byte, b.shard(int8Shard).RawBytes-1))) }},
	"zst-trailing": {"bytes that are no frame follow the shard's frame", "format", "zstd", convIn + " " + norm, func(b *breaker) {
		b.compress(int8Shard, append(frame(make([]byte, b.shard(int8Shard).RawBytes)), "garbage"...))
	}},
	"zst-no-frame": {"the shard is called compressed and is not", "format", "zstd", convIn + " " + norm, func(b *breaker) { b.compress(int8Shard, []byte("these are no bytes of zstd")) }},

	"file-duplicate": {"a file is listed twice", "format", "listed twice", "", func(b *breaker) { b.manifest.Files = append(b.manifest.Files, b.manifest.Files[0]) }},
	"file-path":      {"a file's name leads out of the folder", "format", "bad name", "", func(b *breaker) { b.manifest.Files[0].Name = "tokenizer/../../merges.txt" }},
	"file-absolute":  {"a file's name is an absolute path", "format", "does not begin with a component", "", func(b *breaker) { b.manifest.Files[0].Name = "/etc/merges.txt" }},
	"file-outside":   {"a file reaches past its shard's end", "format", "outside shard", "", func(b *breaker) { b.manifest.Files[0].Length++ }},

	"tensor-duplicate":         {"a tensor is listed twice", "format", "listed twice", "", func(b *breaker) { b.manifest.Tensors = append(b.manifest.Tensors, *b.tensor(norm)) }},
	"tensor-unsorted":          {"tensors are not in the order of names", "format", "out of order", "", func(b *breaker) { t := b.manifest.Tensors; t[0], t[1] = t[1], t[0] }},
	"tensor-unknown-component": {"a tensor of a component that the index lacks", "format", "does not begin with a component", "", func(b *breaker) { b.tensor(norm).Name = "xnet/norm.weight" }},
	"tensor-name-characters":   {"a tensor's name with a line break", "format", "bad name", "", func(b *breaker) { b.tensor(norm).Name = "unet/norm\n.weight" }},
	"tensor-name-long":         {"a tensor's name of 257 bytes", "format", "257 bytes", "", func(b *breaker) { b.tensor(norm).Name = "unet/norm" + strings.Repeat("x", 248) }},
	"shape-wrong":              {"a shape with one row more than there are", "format", norm, "", func(b *breaker) { b.tensor(norm).Shape[0]++ }},
	"shape-transposed":         {"a shape whose product is right and whose rows are not", "format", linear, "", func(b *breaker) { s := b.tensor(linear).Shape; s[0], s[1] = s[1], s[0] }},
	"shape-zero":               {"a dimension of 0", "format", "out of range", "", func(b *breaker) { b.tensor(linear).Shape[0] = 0 }},
	"shape-negative":           {"two negative dimensions, whose product is right", "format", "out of range", "", func(b *breaker) { s := b.tensor(linear).Shape; s[0], s[1] = -s[0], -s[1] }},
	"shape-overflow":           {"dimensions whose product is 0 in 64 bits", "format", "out of range", "", func(b *breaker) { b.tensor(linear).Shape = []int{1 << 32, 1 << 32} }},
	"shape-wild":               {"a dimension that does not fit 64 bits", "format", "shape", "", func(b *breaker) { b.replace(`"shape":[`, `"shape":[100000000000000000000,`) }},
	"shape-rank":               {"more dimensions than eight", "format", "rank 9", "", func(b *breaker) { b.tensor(norm).Shape = []int{8, 1, 1, 1, 1, 1, 1, 1, 1} }},
	"encoding-unknown":         {"an encoding that version 1 does not have", "format", `encoding "int3"`, "", func(b *breaker) { b.replace(`"encoding":"int4"`, `"encoding":"int3"`) }},
	"encoding-wider":           {"the encoding says f32 where there are f16", "format", norm, "", func(b *breaker) { b.tensor(norm).Encoding = weights.F32 }},
	"encoding-of-a-vector":     {"a quantized tensor of rank 1", "format", "rank 1", "", func(b *breaker) { b.tensor(norm).Encoding, b.tensor(norm).Group = weights.Int8, 32 }},
	"group-missing":            {"a quantized tensor without a group", "format", "group 0", "", func(b *breaker) { b.tensor(linear).Group = 0 }},
	"group-odd":                {"a group that is no power of two", "format", "group 24", "", func(b *breaker) { b.tensor(linear).Group = 24 }},
	"group-wrong":              {"half the group, so twice the scales", "format", "scale plane", "", func(b *breaker) { b.tensor(linear).Group /= 2 }},
	"group-of-floats":          {"a float tensor with a group", "format", "group 32", "", func(b *breaker) { b.tensor(norm).Group = 32 }},
	"parts-none":               {"a tensor with no part", "format", "0 of 8 rows", "", func(b *breaker) { b.tensor(norm).Parts = nil }},
	"parts-short":              {"parts that lack the last row", "format", norm, "", func(b *breaker) { p := &b.tensor(norm).Parts[0]; p.Rows--; p.Data.Length -= 2 }},
	"parts-twice":              {"a part is listed twice", "format", "part of 8 rows where 0 are left", "", func(b *breaker) { t := b.tensor(norm); t.Parts = append(t.Parts, t.Parts[0]) }},
	"part-no-rows":             {"a part of no rows", "format", "part of 0 rows", "", func(b *breaker) { b.tensor(norm).Parts[0].Rows = 0 }},
	"part-wild-rows":           {"a part of so many rows that their size overflows", "format", "rows where 8 are left", "", func(b *breaker) { b.tensor(norm).Parts[0].Rows = 1<<63 - 1 }},
	"part-unknown-shard":       {"a part in a shard that is not listed", "format", "shard 4 of 4", "", func(b *breaker) { b.tensor(norm).Parts[0].Shard = 4 }},
	"part-negative-shard":      {"a part in shard -1", "format", "shard -1", "", func(b *breaker) { b.tensor(norm).Parts[0].Shard = -1 }},
	"scales-missing":           {"a quantized tensor without scales", "format", "scales given: false", "", func(b *breaker) { b.tensor(linear).Parts[0].Scales = nil }},
	"scales-of-floats":         {"a float tensor with scales", "format", "scales given: true", "", func(b *breaker) { b.tensor(norm).Parts[0].Scales = &weights.Span{0, 16} }},
	"plane-outside":            {"a plane that begins behind its shard's end", "format", "outside shard", "", func(b *breaker) { b.tensor(norm).Parts[0].Data.Offset = 1 << 20 }},
	"plane-negative":           {"a plane that begins before its shard", "format", "outside shard", "", func(b *breaker) { b.tensor(norm).Parts[0].Data.Offset = -16 }},
	"plane-wild":               {"a plane whose end overflows", "format", "outside shard", "", func(b *breaker) { b.tensor(norm).Parts[0].Data.Offset = 1<<63 - 16 }},
	"plane-length":             {"a plane of the wrong length", "format", "data plane of 17 bytes", "", func(b *breaker) { b.tensor(norm).Parts[0].Data.Length = 17 }},
	"planes-misaligned":        {"a plane that begins at no multiple of 16", "format", "not a multiple of 16", "", func(b *breaker) { b.tensor(norm).Parts[0].Data.Offset -= 8 }},
	"planes-overlapping":       {"two planes that share 16 bytes", "format", "overlapping planes", "", func(b *breaker) { b.tensor(norm).Parts[0].Data.Offset -= 16 }},
	"planes-equal":             {"two planes that are the same bytes", "format", "overlapping planes", "", func(b *breaker) { p := &b.tensor(linear).Parts[0]; p.Scales.Offset = p.Data.Offset }},
	"planes-hole": {"16 bytes of a shard belong to no plane", "format", "no plane holds", "", func(b *breaker) {
		s := b.shard(floatShard)
		s.Bytes, s.RawBytes = s.Bytes+32, s.RawBytes+32
		b.tensor(norm).Parts[0].Data.Offset += 32
	}},
	"planes-trailing": {"the last bytes of a shard belong to no plane", "format", "no plane holds", "", func(b *breaker) { s := b.shard(floatShard); s.Bytes, s.RawBytes = s.Bytes+1, s.RawBytes+1 }},
	"shard-unused": {"a shard that nothing lies in", "format", "no plane holds", "", func(b *breaker) {
		b.manifest.Shards = append(b.manifest.Shards, weights.ShardInfo{strings.Repeat("0", 64), weights.Raw, 16, 16})
	}},

	"value-infinite": {"a float16 weight that is infinite", "format", norm + ": element 3 is not finite", convIn, func(b *breaker) { b.poke(floatShard, b.tensor(norm).Parts[0].Data, 3, 0x7c00) }},
	"scale-nan":      {"a scale that is NaN", "format", toK + ": scale 1 is not finite", convIn + " " + norm, func(b *breaker) { b.poke(int8Shard, *b.tensor(toK).Parts[0].Scales, 1, 0x7e00) }},
}

// TestVectorsAreCurrent makes each vector, the sound model with its defect, and
// compares it with the one that is checked in. So it also pins what a packed
// model's bytes are, on every machine. With -update it writes them instead.
func TestVectorsAreCurrent(t *testing.T) {
	const dir = "testdata/vectors"
	if *update {
		if err := errors.Join(os.RemoveAll(dir), os.MkdirAll(dir, 0o777)); err != nil {
			t.Fatal(err)
		}
	}
	sound := soundModel(t)
	for name, d := range defects {
		b := newBreaker(t, sound)
		d.make(b)
		v := vector{d.expect, d.message, strings.Fields(d.tensors), d.comment, b.files()}
		path := filepath.Join(dir, name)
		if *update {
			if err := os.WriteFile(path, []byte(v.format()), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		switch data, err := os.ReadFile(path); {
		case err != nil:
			t.Error(err)
		case string(data) != v.format():
			t.Errorf("%s is not what this package makes of it; if it should be, go test -update", path)
		}
	}
}

// breaker is the sound model in a form in which it can be broken.
type breaker struct {
	t          *testing.T
	manifest   *weights.Manifest
	shards     map[string][]byte
	noManifest bool
	edit       func(manifest string) string // applied to the manifest's text at last
}

// soundModel gives the files of the model that has no defect.
func soundModel(t *testing.T) map[string][]byte {
	t.Helper()
	values := map[string][]float32{}
	var infos []pack.SafetensorInfo
	for i, t := range []struct {
		name  string
		shape []int
		sigma float64
	}{{convIn, []int{6, 4, 3, 1}, 0.1}, {norm, []int{8}, 1}, {toK, []int{6, 40}, 0.1}, {conv, []int{5, 9, 1, 2}, 0.1}, {linear, []int{6, 33}, 0.1}} {
		name := strings.TrimPrefix(t.name, "unet/")
		values[name] = weightstest.Gaussian(uint64(i+1), weights.LayoutOf(t.shape).Len(), t.sigma)
		infos = append(infos, pack.SafetensorInfo{Name: name, DType: pack.TypeF32, Shape: t.shape})
	}
	var unet bytes.Buffer
	if err := pack.WriteSafetensors(&unet, infos, nil, func(name string) ([]float32, error) { return values[name], nil }); err != nil {
		t.Fatal(err)
	}
	folder := fstest.MapFS{
		"model_index.json":                         {Data: []byte(`{"_class_name": "Tiny", "tokenizer": ["transformers", "CLIPTokenizer"], "unet": ["diffusers", "UNet2DConditionModel"], "vae": [null, null]}`)},
		"counterpoint.json":                        {Data: []byte(`{"place_channels": 1}`)},
		"unet/config.json":                         {Data: []byte(`{"in_channels": 4}`)},
		"tokenizer/merges.txt":                     {Data: []byte("#version: 0.2\n" + strings.Repeat("a b\n", 30))},
		"unet/diffusion_pytorch_model.safetensors": {Data: unet.Bytes()},
	}
	dir := t.TempDir()
	_, err := pack.Pack(context.Background(), folder, dir, pack.Options{
		Profile: pack.ProfileInt4, Name: "vector", License: "Apache-2.0", Attribution: "nobody",
	})
	if err != nil {
		t.Fatal(err)
	}
	files := make(map[string][]byte)
	entries, err := os.ReadDir(dir)
	for _, e := range entries {
		if err == nil {
			files[e.Name()], err = os.ReadFile(filepath.Join(dir, e.Name()))
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func newBreaker(t *testing.T, sound map[string][]byte) *breaker {
	t.Helper()
	b := &breaker{t: t, shards: make(map[string][]byte), edit: func(s string) string { return s }}
	for name, data := range sound {
		b.shards[name] = bytes.Clone(data)
	}
	var err error
	if b.manifest, err = weights.ParseManifest(b.shards[weights.ManifestName]); err != nil {
		t.Fatal(err)
	}
	delete(b.shards, weights.ManifestName)
	return b
}

func (b *breaker) files() fstest.MapFS {
	fsys := make(fstest.MapFS)
	for name, data := range b.shards {
		fsys[name] = &fstest.MapFile{Data: data}
	}
	if b.noManifest {
		return fsys
	}
	text, err := b.manifest.Encode()
	if err != nil {
		b.t.Fatal(err)
	}
	fsys[weights.ManifestName] = &fstest.MapFile{Data: []byte(b.edit(string(text)))}
	return fsys
}

func (b *breaker) shard(i int) *weights.ShardInfo { return &b.manifest.Shards[i] }

func (b *breaker) stored(i int) []byte { return b.shards[b.shard(i).File()] }

func (b *breaker) store(i int, data []byte) { b.shards[b.shard(i).File()] = data }

func (b *breaker) tensor(name string) *weights.TensorInfo {
	for i := range b.manifest.Tensors {
		if t := &b.manifest.Tensors[i]; t.Name == name {
			return t
		}
	}
	b.t.Fatalf("no tensor %s", name)
	return nil
}

// replace changes the first occurrence of a text in the manifest.
func (b *breaker) replace(old, new string) {
	b.edit = func(s string) string {
		if !strings.Contains(s, old) {
			b.t.Fatalf("the manifest does not contain %q", old)
		}
		return strings.Replace(s, old, new, 1)
	}
}

// rename gives a shard another name, in the manifest and as a file.
func (b *breaker) rename(i int, hash string) {
	data := b.stored(i)
	delete(b.shards, b.shard(i).File())
	b.shard(i).SHA256 = hash
	b.store(i, data)
}

// compress puts a stored form in a shard's place, with the hash it has.
func (b *breaker) compress(i int, stored []byte) {
	delete(b.shards, b.shard(i).File())
	sum := sha256.Sum256(stored)
	s := b.shard(i)
	s.SHA256, s.Compression, s.Bytes = hex.EncodeToString(sum[:]), weights.Zstd, int64(len(stored))
	b.store(i, stored)
}

// poke sets a float16 of a plane, and the shard's hash to what it then is.
func (b *breaker) poke(i int, plane weights.Span, element int64, h uint16) {
	data := b.stored(i)
	if b.shard(i).Compression != weights.Raw {
		b.t.Fatalf("shard %d is compressed", i)
	}
	data[plane.Offset+element] = byte(h)
	data[plane.Offset+plane.Length/2+element] = byte(h >> 8)
	sum := sha256.Sum256(data)
	b.rename(i, hex.EncodeToString(sum[:]))
}

// frame compresses.
func frame(raw []byte) []byte {
	e, err := zstd.NewWriter(nil)
	if err != nil {
		panic(err)
	}
	return e.EncodeAll(raw, nil)
}

// zeros is a frame of n zeros, n a multiple of 1<<17: one run-length block of
// four bytes for each 128 KiB.
func zeros(n int) []byte {
	b := []byte{0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x38} // magic, no content size, a window of 128 KiB
	for i := 0; i < n; i += 1 << 17 {
		header := uint32(1<<17<<3 | 1<<1) // size, type RLE
		if i+1<<17 == n {
			header |= 1 // last block
		}
		b = binary.LittleEndian.AppendUint32(b, header)
	}
	return b
}

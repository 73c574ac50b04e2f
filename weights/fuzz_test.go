package weights_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"

	"github.com/counterpoint/counterpoint/weights"
)

// FuzzManifest: what parses is encoded to bytes that parse to the same, and
// what does not gives nothing.
func FuzzManifest(f *testing.F) {
	for _, name := range []string{"sound", "planes-overlapping", "shape-overflow", "part-wild-rows", "version-future"} {
		data, err := os.ReadFile(filepath.Join("testdata/vectors", name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(parseVector(f, string(data)).files[weights.ManifestName].Data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := weights.ParseManifest(data)
		if err != nil {
			if m != nil {
				t.Error("a manifest came with an error")
			}
			return
		}
		once, err := m.Encode()
		if err != nil {
			t.Fatal(err)
		}
		again, err := weights.ParseManifest(once)
		if err != nil {
			t.Fatalf("%v, in\n%s", err, once)
		}
		if twice, err := again.Encode(); err != nil || !bytes.Equal(once, twice) {
			t.Errorf("encoded to\n%s\nand then to\n%s\n(%v)", once, twice, err)
		}
	})
}

// FuzzShard puts any bytes in a shard's place, under the hash they have: nothing
// but what was declared may come out.
func FuzzShard(f *testing.F) {
	f.Add(frame(make([]byte, 1024)), uint32(1024), false)
	f.Add(frame(bytes.Repeat([]byte("weights"), 100)), uint32(700), false)
	f.Add(zeros(1<<20), uint32(1024), false)
	f.Add(make([]byte, 64), uint32(64), true)
	f.Fuzz(func(t *testing.T, stored []byte, rawBytes uint32, raw bool) {
		sum := sha256.Sum256(stored)
		s := weights.ShardInfo{hex.EncodeToString(sum[:]), weights.Zstd, int64(len(stored)), int64(rawBytes)}
		if raw {
			s.Compression, s.RawBytes = weights.Raw, s.Bytes
		}
		m := weights.Manifest{
			Format: weights.Format, Version: weights.FormatVersion, Kind: weights.KindLatentDiffusion, Name: "fuzz",
			Index: []byte(`{"unet": ["diffusers", "UNet2DConditionModel"]}`), Shards: []weights.ShardInfo{s},
			Tensors: []weights.TensorInfo{{"unet/w", []int{int(s.RawBytes), 1}, weights.Int8, 8, nil}},
		}
		// A row of an int8 matrix of one column is a byte and its scale.
		rows := int(s.RawBytes) / 3
		data := weights.Span{0, int64(rows)}
		m.Tensors[0].Shape[0] = rows
		scales := weights.Span{weights.AlignUp(data.Length), 2 * int64(rows)}
		m.Tensors[0].Parts = []weights.PartInfo{{0, rows, data, &scales}}
		m.Shards[0].RawBytes = scales.Offset + scales.Length
		if raw {
			m.Shards[0].Bytes = m.Shards[0].RawBytes
		}
		text, err := m.Encode()
		if err != nil {
			t.Fatal(err)
		}
		model, err := weights.Open(fstest.MapFS{weights.ManifestName: {Data: text}, s.File(): {Data: stored}})
		if err != nil {
			return
		}
		handed := 0
		err = model.Each(context.Background(), func(x weights.Tensor) error {
			handed++
			if len(x.Data) != rows || len(x.Scales) != 2*rows || len(x.Float32s(nil)) != rows {
				t.Errorf("%d rows came as %d and %d bytes", rows, len(x.Data), len(x.Scales))
			}
			return nil
		})
		if (err == nil) != (handed == 1) {
			t.Errorf("%d tensors were handed out, with error %v", handed, err)
		}
	})
}

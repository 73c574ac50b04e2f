package session

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"testing"

	"github.com/counterpoint/counterpoint/weights"
	"github.com/counterpoint/counterpoint/weights/scenes"
	"github.com/klauspost/compress/zstd"
)

// heapLimit bounds Go's heap while a model is loaded; in a browser that is memory never given back.
const heapLimit = 64 << 20

// heapPeak is the largest heap that it has seen.
type heapPeak uint64

func (p *heapPeak) sample() {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	*p = max(*p, heapPeak(m.HeapAlloc))
}

func (p heapPeak) check(t *testing.T) {
	t.Helper()
	t.Logf("%.1f MiB of heap", float64(p)/(1<<20))
	if p > heapLimit {
		t.Errorf("Go's heap came to %d bytes while loading, want at most %d", p, heapLimit)
	}
}

// TestHeapOfShippedModel opens the model that is shipped, weights on the CPU, which keeps them in Go's heap.
func TestHeapOfShippedModel(t *testing.T) {
	p := visit(t, Options{})
	p.files = make(map[string][]byte)
	data, err := fs.ReadFile(scenes.Model, weights.ManifestName)
	if err != nil {
		t.Fatal(err)
	}
	p.files[weights.ManifestName] = data
	runtime.GC()
	var peak heapPeak
	p.onNeed = func(n need) ([]byte, string) {
		peak.sample()
		data, err := fs.ReadFile(scenes.Model, n.Name)
		if err != nil {
			t.Error(err)
		}
		return data, ""
	}
	p.onHead = func(string, map[string]any, [][]byte) { peak.sample() }
	p.open()
	peak.sample()
	peak.check(t)
}

// TestHeapOfLargeShards streams shards of the largest size, compressed and of two-byte elements, which takes a buffer more:
// 128 MiB in all. The page has them in files, as a browser has them outside of Go's heap.
func TestHeapOfLargeShards(t *testing.T) {
	const count = 8
	m := weights.Manifest{Format: weights.Format, Version: weights.FormatVersion, Kind: weights.KindLatentDiffusion, Name: "large",
		Index: []byte(`{"unet":["diffusers","UNet2DConditionModel"]}`)}
	dir := t.TempDir()
	for i := range count {
		m.Shards = append(m.Shards, writeLargeShard(t, dir, uint64(i)))
		m.Tensors = append(m.Tensors, weights.TensorInfo{Name: "unet/w" + strconv.Itoa(i), Shape: []int{weights.MaxShard / 2}, Encoding: weights.F16,
			Parts: []weights.PartInfo{{Shard: i, Rows: weights.MaxShard / 2, Data: weights.Span{Length: weights.MaxShard}}}})
	}
	text, err := m.Encode()
	if err != nil {
		t.Fatal(err)
	}
	carrier := memory{newQueue(), newQueue()}
	j := &job{id: 1, shards: make(chan shardAnswer, 1)}
	source := &pageSource{session: New(carrier, Options{}), job: j, manifest: &manifest{&m, text}}
	go func() {
		for i := range count {
			if _, err := carrier.toPage.take(t.Context()); err != nil {
				return
			}
			f, err := os.Open(filepath.Join(dir, m.Shards[i].File()))
			if err != nil {
				t.Error(err)
			}
			j.answer(&shard{Name: m.Shards[i].File()}, []Frame{fileFrame{f, m.Shards[i].Bytes}})
		}
	}()
	model, err := weights.OpenSource(context.Background(), source)
	if err != nil {
		t.Fatal(err)
	}
	runtime.GC()
	var peak heapPeak
	if err := model.Each(t.Context(), func(weights.Tensor) error { peak.sample(); return nil }); err != nil {
		t.Fatal(err)
	}
	peak.check(t)
}

type fileFrame struct {
	*os.File
	size int64
}

func (f fileFrame) Size() int64 { return f.size }

// writeLargeShard writes a shard of small halves, whose upper bytes compress.
func writeLargeShard(t *testing.T, dir string, seed uint64) weights.ShardInfo {
	t.Helper()
	raw := make([]byte, weights.MaxShard)
	random := rand.NewChaCha8([32]byte{byte(seed)})
	if _, err := random.Read(raw[:len(raw)/2]); err != nil {
		t.Fatal(err)
	}
	encoder, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1))
	if err != nil {
		t.Fatal(err)
	}
	defer encoder.Close()
	stored := encoder.EncodeAll(raw, nil)
	sum := sha256.Sum256(stored)
	s := weights.ShardInfo{SHA256: hex.EncodeToString(sum[:]), Compression: weights.Zstd, Bytes: int64(len(stored)), RawBytes: int64(len(raw))}
	if err := os.WriteFile(filepath.Join(dir, s.File()), stored, 0o644); err != nil {
		t.Fatal(err)
	}
	return s
}

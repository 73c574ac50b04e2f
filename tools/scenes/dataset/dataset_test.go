package dataset

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"image/png"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/counterpoint/counterpoint/tools/scenes/render"
	"github.com/counterpoint/counterpoint/tools/scenes/scene"
)

func config(n, workers int) Config {
	return Config{N: n, Size: 16, Seed: 5, Split: scene.Train, Workers: workers}
}

func write(t *testing.T, dir string, c Config) {
	t.Helper()
	if err := Write(t.Context(), dir, c); err != nil {
		t.Fatal(err)
	}
}

// files returns the content of every file in dir.
func files(t *testing.T, dir string) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for _, e := range entries {
		b, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		all[e.Name()] = string(b)
	}
	return all
}

func TestWrite(t *testing.T) {
	dir := t.TempDir()
	c := config(12, 2)
	var done []int
	c.Progress = func(n int) { done = append(done, n) }
	write(t, dir, c)
	got := files(t, dir)
	if names := slices.Sorted(maps.Keys(got)); !slices.Equal(names, []string{"images-00000.bin", "index.json", "truth-00000.jsonl"}) {
		t.Fatalf("files %q", names)
	}
	if !slices.Equal(done, []int{12}) {
		t.Errorf("progress %v, want [12]", done)
	}
	images := got["images-00000.bin"]
	if len(images) != 12*3*16*16 {
		t.Fatalf("%d bytes of images", len(images))
	}
	lines := strings.Split(strings.TrimSuffix(got["truth-00000.jsonl"], "\n"), "\n")
	if len(lines) != 12 {
		t.Fatalf("%d lines of truth", len(lines))
	}
	objects := 0
	for i, line := range lines {
		s, err := scene.Sample(5, i, scene.Train, scene.Everything)
		if err != nil {
			t.Fatal(err)
		}
		if images[3*16*16*i:3*16*16*(i+1)] != string(render.Image(s, 16)) {
			t.Errorf("picture %d is not scene %d", i, i)
		}
		var truth Truth
		if err := json.Unmarshal([]byte(line), &truth); err != nil {
			t.Fatal(err)
		}
		again, err := json.Marshal(truth)
		if err != nil || string(again) != line {
			t.Errorf("line %d is not what it was after reading and writing: %v", i, err)
		}
		if truth.ID != i || truth.Seed != 5 || truth.Background != s.Background ||
			len(truth.Objects) != len(s.Objects) || len(truth.Relations) != len(s.Relations()) {
			t.Errorf("line %d: %s", i, line)
		}
		for k, o := range truth.Objects {
			if o.Shape != s.Objects[k].Shape || o.On != s.Objects[k].On || o.Centre[0] <= o.Box[0] || o.Centre[1] >= o.Box[3] {
				t.Errorf("line %d: object %d: %+v", i, k, o)
			}
		}
		objects += len(truth.Objects)
	}
	var index Index
	if err := json.Unmarshal([]byte(got["index.json"]), &index); err != nil {
		t.Fatal(err)
	}
	counted := 0
	for _, n := range index.Counts.Shapes {
		counted += n
	}
	if index.N != 12 || index.Size != 16 || index.Split != "train" || counted != objects {
		t.Errorf("index %+v, want %d objects", index, objects)
	}
}

// A scene depends neither on the number of workers nor on how many scenes there are.
func TestIndependence(t *testing.T) {
	one, many := t.TempDir(), t.TempDir()
	write(t, one, config(6, 1))
	write(t, many, config(20, 5))
	a, b := files(t, one), files(t, many)
	for _, name := range []string{"images-00000.bin", "truth-00000.jsonl"} {
		if !strings.HasPrefix(b[name], a[name]) {
			t.Errorf("%s: 6 scenes of 1 worker do not begin 20 scenes of 5", name)
		}
	}
}

func TestChunks(t *testing.T) {
	dir := t.TempDir()
	c := config(ChunkScenes+2, 2)
	c.Size = 8
	write(t, dir, c)
	before := files(t, dir)
	if len(before["images-00000.bin"]) != ChunkScenes*3*8*8 || len(before["images-00001.bin"]) != 2*3*8*8 {
		t.Fatal("chunks have the wrong lengths")
	}
	// What is missing is made again, and nothing else is touched.
	stamp, err := os.Stat(filepath.Join(dir, "images-00000.bin"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"images-00001.bin", "index.json"} {
		if err := os.Remove(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	write(t, dir, c)
	if !maps.Equal(files(t, dir), before) {
		t.Error("the resumed files differ")
	}
	again, err := os.Stat(filepath.Join(dir, "images-00000.bin"))
	if err != nil || !os.SameFile(stamp, again) {
		t.Errorf("a chunk that was there was written again: %v", err)
	}
	// A later start writes the chunk with the same number.
	later := t.TempDir()
	c.Start, c.N = ChunkScenes, 2
	write(t, later, c)
	if files(t, later)["images-00001.bin"] != before["images-00001.bin"] {
		t.Error("a chunk depends on where the run began")
	}
}

// A folder is never filled with two kinds of data.
func TestOtherData(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, config(4, 1))
	for name, change := range map[string]func(*Config){
		"seed":  func(c *Config) { c.Seed = 6 },
		"split": func(c *Config) { c.Split = scene.Heldout },
		"only":  func(c *Config) { c.Only = scene.Objects },
		"size":  func(c *Config) { c.Size = 24 },
		"n":     func(c *Config) { c.N = 5 },
	} {
		c := config(4, 1)
		change(&c)
		if err := Write(t.Context(), dir, c); err == nil || !strings.Contains(err.Error(), "truth-00000.jsonl") {
			t.Errorf("another %s: got %v", name, err)
		}
	}
}

func TestInvalid(t *testing.T) {
	for want, change := range map[string]func(*Config){
		"n 0":       func(c *Config) { c.N = 0 },
		"start 7":   func(c *Config) { c.Start = 7 },
		"size 4":    func(c *Config) { c.Size = 4 },
		"workers 0": func(c *Config) { c.Workers = 0 },
	} {
		c := config(4, 1)
		change(&c)
		dir := filepath.Join(t.TempDir(), "new")
		if err := Write(t.Context(), dir, c); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
		if _, err := os.Stat(dir); err == nil {
			t.Errorf("%s: the folder was made all the same", want)
		}
	}
}

func TestCancel(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	dir := t.TempDir()
	if err := Write(ctx, dir, config(10, 2)); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
	if left := files(t, dir); len(left) > 0 {
		t.Errorf("%d files left", len(left))
	}
}

func TestSheet(t *testing.T) {
	var b bytes.Buffer
	if err := WriteSheet(t.Context(), &b, config(100, 2), 11); err != nil {
		t.Fatal(err)
	}
	im, err := png.Decode(&b)
	if err != nil {
		t.Fatal(err)
	}
	if size := im.Bounds().Size(); size.X != sheetColumns*16 || size.Y != 2*16 {
		t.Errorf("the sheet is %v", size)
	}
	s, err := scene.Sample(5, 9, scene.Train, scene.Everything)
	if err != nil {
		t.Fatal(err)
	}
	r, g, bl, _ := im.At(16+3, 16+5).RGBA() // the tenth picture is second in the second row
	if p := render.Image(s, 16)[3*(5*16+3):]; byte(r>>8) != p[0] || byte(g>>8) != p[1] || byte(bl>>8) != p[2] {
		t.Errorf("pixel %d %d %d, want %v", r>>8, g>>8, bl>>8, p[:3])
	}
}

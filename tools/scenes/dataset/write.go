package dataset

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"

	"github.com/counterpoint/counterpoint/tools/scenes/render"
	"github.com/counterpoint/counterpoint/tools/scenes/scene"
)

// ChunkScenes is the number of scenes in a chunk; the last chunk may hold fewer.
const ChunkScenes = 1000

// Config says which scenes to write.
type Config struct {
	Start   int // index of the first scene, a multiple of ChunkScenes
	N       int // number of scenes
	Size    int // side of a picture, in pixels
	Seed    uint64
	Split   scene.Split
	Only    scene.Only
	Workers int

	// Progress, if set, is called after each chunk with the number of scenes done so far.
	Progress func(done int)
}

func (c *Config) validate() error {
	switch {
	case c.N <= 0:
		return fmt.Errorf("n %d: want a positive number of scenes", c.N)
	case c.Start < 0 || c.Start%ChunkScenes != 0:
		return fmt.Errorf("start %d: want a multiple of %d", c.Start, ChunkScenes)
	case c.Size < 8 || c.Size > 4096:
		return fmt.Errorf("size %d: want 8 to 4096 pixels", c.Size)
	case c.Workers < 1:
		return fmt.Errorf("workers %d: want at least 1", c.Workers)
	}
	return scene.Check(c.Split, c.Only)
}

// Write writes the scenes of c into dir. Chunks that are there already are kept, if they begin with the scene they
// should. A chunk appears whole or not at all.
func Write(ctx context.Context, dir string, c Config) error {
	if err := c.validate(); err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	for done := 0; done < c.N; {
		first := c.Start + done
		n := min(ChunkScenes, c.N-done)
		if err := writeChunk(ctx, dir, &c, first, n); err != nil {
			return err
		}
		done += n
		if c.Progress != nil {
			c.Progress(done)
		}
	}
	return writeIndex(dir, &c)
}

func chunkPaths(dir string, first int) (images, truth string) {
	k := first / ChunkScenes
	return filepath.Join(dir, fmt.Sprintf("images-%05d.bin", k)), filepath.Join(dir, fmt.Sprintf("truth-%05d.jsonl", k))
}

func writeChunk(ctx context.Context, dir string, c *Config, first, n int) error {
	images, truth := chunkPaths(dir, first)
	// The images are renamed into place last, so where they are, the truth is.
	have, err := os.Stat(images)
	if err == nil {
		return c.check(truth, have.Size(), first, n)
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	bytesEach := 3 * c.Size * c.Size
	pixels := make([]byte, n*bytesEach)
	lines := make([][]byte, n)
	err = parallel(ctx, c.Workers, n, func(i int) error {
		s, err := scene.Sample(c.Seed, first+i, c.Split, c.Only)
		if err != nil {
			return err
		}
		copy(pixels[i*bytesEach:], render.Image(s, c.Size))
		lines[i], err = json.Marshal(NewTruth(s))
		return err
	})
	if err != nil {
		return err
	}
	if err := writeFile(truth, append(bytes.Join(lines, []byte("\n")), '\n')); err != nil {
		return err
	}
	return writeFile(images, pixels)
}

// check reports whether a chunk on disk is the one that would be written, as far as its length and first line tell.
func (c *Config) check(truth string, have int64, first, n int) error {
	if want := int64(n) * 3 * int64(c.Size) * int64(c.Size); have != want {
		return fmt.Errorf("%s: its images have %d bytes, want %d (another size or number of scenes?)", truth, have, want)
	}
	s, err := scene.Sample(c.Seed, first, c.Split, c.Only)
	if err != nil {
		return err
	}
	want, err := json.Marshal(NewTruth(s))
	if err != nil {
		return err
	}
	f, err := os.Open(truth)
	if err != nil {
		return err
	}
	defer f.Close()
	got, err := bufio.NewReader(f).ReadBytes('\n')
	if err != nil || !bytes.Equal(bytes.TrimSuffix(got, []byte("\n")), want) {
		return fmt.Errorf("%s: holds another scene %d than seed %d, split %s and only %q make", truth, first, c.Seed, c.Split, c.Only)
	}
	return nil
}

// parallel calls f for 0..n-1 from several goroutines, until one fails or ctx is done.
func parallel(ctx context.Context, workers, n int, f func(i int) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var next atomic.Int64
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for ctx.Err() == nil {
				i := int(next.Add(1)) - 1
				if i >= n {
					return
				}
				if err := f(i); err != nil {
					cancel(err)
				}
			}
		})
	}
	wg.Wait()
	return context.Cause(ctx)
}

// writeFile writes a file under another name first, so that it is never seen half written.
func writeFile(path string, data []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*")
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	err = errors.Join(err, f.Chmod(0o644), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		os.Remove(f.Name())
	}
	return err
}

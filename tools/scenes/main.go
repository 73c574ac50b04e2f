// Command scenes renders small 3-D scenes and writes them as training data: pictures, what is true of them, and
// partial captions.
//
//	scenes -n 30000 -size 128 -seed 1 -split train -o DIR
//	scenes -n 4000 -only backgrounds -o DIR   # or objects: one part of the world
//	scenes -png 64 -o DIR       # a contact sheet of the first 64 scenes, DIR/sheet.png
//
// A run that was stopped goes on where it was. Package dataset describes the files.
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"syscall"
	"time"

	"github.com/counterpoint/counterpoint/tools/scenes/dataset"
	"github.com/counterpoint/counterpoint/tools/scenes/scene"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		stop()
		if errors.Is(err, flag.ErrHelp) {
			os.Exit(2)
		}
		fmt.Fprintln(os.Stderr, "scenes: error:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("scenes", flag.ContinueOnError)
	var (
		n       = flags.Int("n", 1000, "number of `scenes`")
		size    = flags.Int("size", 128, "side of a picture in `pixels`")
		seed    = flags.Uint64("seed", 1, "seed of the data set")
		start   = flags.Int("start", 0, fmt.Sprintf("index of the first scene, a multiple of %d", dataset.ChunkScenes))
		out     = flags.String("o", "", "`folder` to write to")
		split   = flags.String("split", string(scene.Train), "train, heldout or all combinations")
		only    = flags.String("only", "", "backgrounds without objects, or objects in the studio; both, if not given")
		workers = flags.Int("workers", runtime.GOMAXPROCS(0), "scenes rendered at a time")
		sheet   = flags.Int("png", 0, "write a contact sheet of the first `k` scenes, and no data")
	)
	if err := flags.Parse(args); err != nil {
		return flag.ErrHelp
	}
	if *out == "" || flags.NArg() > 0 {
		return errors.New("want -o FOLDER and no other arguments")
	}
	s, err := scene.ParseSplit(*split)
	if err != nil {
		return err
	}
	o, err := scene.ParseOnly(*only)
	if err != nil {
		return err
	}
	c := dataset.Config{Start: *start, N: *n, Size: *size, Seed: *seed, Split: s, Only: o, Workers: *workers}
	if *sheet > 0 {
		return writeSheet(ctx, *out, c, *sheet)
	}
	began := time.Now()
	c.Progress = func(done int) {
		fmt.Fprintf(os.Stderr, "\r%d of %d scenes, %.0f a second ", done, c.N, float64(done)/time.Since(began).Seconds())
	}
	defer fmt.Fprintln(os.Stderr)
	return dataset.Write(ctx, *out, c)
}

func writeSheet(ctx context.Context, dir string, c dataset.Config, k int) error {
	var b bytes.Buffer
	if err := dataset.WriteSheet(ctx, &b, c, k); err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	path := filepath.Join(dir, "sheet.png")
	fmt.Fprintln(os.Stderr, path)
	return os.WriteFile(path, b.Bytes(), 0o666)
}

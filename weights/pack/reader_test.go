package pack

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/counterpoint/counterpoint/weights"
)

func TestEachReadsOnlyWantedShards(t *testing.T) {
	dir, report := pack(t, testPipeline().folder(t), Options{})
	src := &countingSource{Source: weights.FS(os.DirFS(dir))}
	m, err := weights.OpenSource(context.Background(), src)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	want := func(x *weights.TensorInfo) bool { return strings.HasPrefix(x.Name, "vae/") }
	if err := m.EachOf(context.Background(), want, func(x weights.Tensor) error {
		got = append(got, x.Name)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if len(got) != 4 {
		t.Errorf("handed out %q, want the four of vae", got)
	}
	opened := []string{weights.ManifestName}
	for _, s := range report.Shards {
		if s.Component == "vae" {
			opened = append(opened, s.File)
		}
	}
	if !slices.Equal(src.opened, opened) {
		t.Errorf("opened %q, want %q", src.opened, opened)
	}
	if src.open != 0 {
		t.Errorf("%d readers were left open", src.open)
	}
}

// countingSource notes what is opened, and how much is not closed.
type countingSource struct {
	weights.Source
	opened []string
	open   int
	wrap   func(io.Reader) io.Reader
}

func (s *countingSource) Open(ctx context.Context, name string) (io.ReadCloser, error) {
	f, err := s.Source.Open(ctx, name)
	if err != nil {
		return nil, err
	}
	s.opened = append(s.opened, name)
	s.open++
	var r io.Reader = f
	if s.wrap != nil && name != weights.ManifestName {
		r = s.wrap(r)
	}
	return &countingReader{r, f, s}, nil
}

type countingReader struct {
	io.Reader
	io.Closer
	s *countingSource
}

func (r *countingReader) Close() error {
	r.s.open--
	return r.Closer.Close()
}

func TestReadersOfAllManners(t *testing.T) {
	dir, _ := pack(t, testPipeline().folder(t), Options{})
	broken := errors.New("the line is down")
	for name, c := range map[string]struct {
		wrap func(io.Reader) io.Reader
		want error
	}{
		"one byte at a time":    {iotest.OneByteReader, nil},
		"error beside the data": {iotest.DataErrReader, nil},
		"fails at once":         {func(io.Reader) io.Reader { return iotest.ErrReader(broken) }, broken},
		"fails midway":          {func(r io.Reader) io.Reader { return io.MultiReader(io.LimitReader(r, 9), iotest.ErrReader(broken)) }, broken},
		"never ends":            {func(r io.Reader) io.Reader { return io.MultiReader(r, forever{}) }, weights.ErrFormat},
	} {
		src := &countingSource{Source: weights.FS(os.DirFS(dir)), wrap: c.wrap}
		m, err := weights.OpenSource(context.Background(), src)
		if err != nil {
			t.Fatal(err)
		}
		if err := m.Verify(context.Background()); !errors.Is(err, c.want) {
			t.Errorf("%s: error is %v, want %v", name, err, c.want)
		}
		if src.open != 0 {
			t.Errorf("%s: %d readers were left open", name, src.open)
		}
	}
}

type forever struct{}

func (forever) Read(p []byte) (int, error) { return len(p), nil }

func TestEachStops(t *testing.T) {
	dir, _ := pack(t, testPipeline().folder(t), Options{})
	m := open(t, dir)
	stop := errors.New("enough")
	calls := 0
	if err := m.Each(context.Background(), func(weights.Tensor) error { calls++; return stop }); !errors.Is(err, stop) || calls != 1 {
		t.Errorf("error %v after %d calls, want %v after one", err, calls, stop)
	}
	ctx, cancel := context.WithCancel(context.Background())
	calls = 0
	if err := m.Each(ctx, func(weights.Tensor) error { calls++; cancel(); return nil }); !errors.Is(err, context.Canceled) || calls != 1 {
		t.Errorf("error %v after %d calls, want %v after one", err, calls, context.Canceled)
	}
	if _, err := Pack(ctx, testPipeline().folder(t), t.TempDir(), Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("packing: error %v, want %v", err, context.Canceled)
	}
	if err := Export(ctx, m, t.TempDir()); !errors.Is(err, context.Canceled) {
		t.Errorf("exporting: error %v, want %v", err, context.Canceled)
	}
}

func TestModelLookups(t *testing.T) {
	folder := testPipeline().folder(t)
	dir, _ := pack(t, folder, Options{})
	m := open(t, dir)
	ctx := context.Background()
	if _, err := m.Tensor(ctx, "unet/none"); !errors.Is(err, weights.ErrNoTensor) {
		t.Errorf("error for a missing tensor is %v", err)
	}
	if _, err := m.File(ctx, "tokenizer/none"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error for a missing file is %v", err)
	}
	if got, err := m.File(ctx, "tokenizer/vocab.json"); err != nil || !bytes.Equal(got, folder["tokenizer/vocab.json"].Data) {
		t.Errorf("vocab.json is %q (%v)", got, err)
	}
	if info, ok := m.Lookup("unet/conv_in.weight"); !ok || info.Encoding != weights.F16 || !slices.Equal(info.Shape, []int{16, 5, 3, 3}) {
		t.Errorf("conv_in is %v", info)
	}
	if _, err := m.Component("prior"); err == nil {
		t.Error("no error for a missing component")
	}
	if _, err := m.Component("safety_checker"); err == nil {
		t.Error("a component that was left out is still named")
	}
	text, err := os.ReadFile(filepath.Join(dir, weights.ManifestName))
	if err != nil {
		t.Fatal(err)
	}
	if sum := sha256.Sum256(text); m.Hash() != hex.EncodeToString(sum[:]) {
		t.Errorf("hash %s is not the manifest's", m.Hash())
	}
	if man := m.Manifest(); man.Name != "tiny" || man.License != "Apache-2.0" || man.Profile != "int8" {
		t.Errorf("manifest says name %q, license %q, profile %q", man.Name, man.License, man.Profile)
	}
}

func TestDecodeFillsInDefaults(t *testing.T) {
	dir, _ := pack(t, testPipeline().folder(t), Options{})
	c, err := open(t, dir).Component("scheduler")
	if err != nil {
		t.Fatal(err)
	}
	var s struct {
		BetaStart    float64 `json:"beta_start"`
		BetaEnd      float64 `json:"beta_end"`
		BetaSchedule string  `json:"beta_schedule"`
		Spacing      string  `json:"timestep_spacing"`
		ClipSample   bool    `json:"clip_sample"`
	}
	if err := c.Decode(&s); err != nil {
		t.Fatal(err)
	}
	if s.BetaStart != 0.0001 || s.BetaEnd != 0.012 || s.BetaSchedule != "linear" || s.Spacing != "leading" || !s.ClipSample {
		t.Errorf("decoded %+v, want beta_end as given and DDIMScheduler's defaults", s)
	}
	c.Config = []byte(`{"beta_end": "large"}`)
	if err := c.Decode(&s); !errors.Is(err, weights.ErrFormat) || !strings.Contains(err.Error(), "scheduler") {
		t.Errorf("error is %v, want one about the scheduler's config", err)
	}
}

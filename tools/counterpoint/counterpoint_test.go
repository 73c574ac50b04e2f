package main

import (
	"bytes"
	"context"
	"errors"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/counterpoint/counterpoint/engine/compose"
	"github.com/counterpoint/counterpoint/engine/recipe"
)

// command runs a command line off a terminal.
func command(ctx context.Context, args ...string) (status int, stdout, stderr []byte) {
	var out, log bytes.Buffer
	status = run(ctx, args, newConsole(strings.NewReader(""), &out, &log))
	return status, out.Bytes(), log.Bytes()
}

// Standard output takes the picture's bytes alone; the recipe inside makes the same picture again, and is left out on demand.
func TestPictureOnStdout(t *testing.T) {
	t.Setenv(envModels, testModels(t))
	args := []string{"generate", "a red cube AND été", "-m", "tiny", "--steps", "2", "-o", "-", "-s", "5"}
	status, file, said := command(t.Context(), args...)
	if status != 0 || !bytes.Contains(said, []byte("seed 5")) {
		t.Fatalf("status %d: %s", status, said)
	}
	img, err := png.Decode(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	if b := img.Bounds(); b.Dx() != 64 || b.Dy() != 64 {
		t.Errorf("picture of %v, want 64x64", b)
	}
	r, err := recipe.Decode(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	if r.Request.Prompt != args[1] || r.Request.Seed != 5 || r.Request.Steps != 2 || r.Model.Name != "scenesish" || len(r.Rows) != 3 {
		t.Errorf("recipe %+v", r)
	}
	if _, again, _ := command(t.Context(), args...); !bytes.Equal(file, again) {
		t.Error("the same command makes another file")
	}
	_, plain, _ := command(t.Context(), append(args, "--no-metadata")...)
	if _, err := recipe.Decode(bytes.NewReader(plain)); !errors.Is(err, recipe.ErrNone) {
		t.Errorf("--no-metadata: %v, want ErrNone", err)
	}
	if bytes.Equal(plain, file) || len(plain) == 0 {
		t.Errorf("--no-metadata: %d bytes, with metadata %d", len(plain), len(file))
	}
}

// Picture k of a batch is the picture of seed + k.
func TestBatchSeeds(t *testing.T) {
	t.Setenv(envModels, testModels(t))
	t.Chdir(t.TempDir())
	base := []string{"generate", "a AND b", "-m", "tiny", "--steps", "2", "-q"}
	for _, more := range [][]string{{"-s", "9", "-b", "2", "-o", "batch.png"}, {"-s", "10", "-o", "alone.png"}} {
		if status, _, said := command(t.Context(), append(base, more...)...); status != 0 {
			t.Fatalf("status %d: %s", status, said)
		}
	}
	batch, err := os.ReadFile("batch-0001.png")
	if err != nil {
		t.Fatal(err)
	}
	alone, err := os.ReadFile("alone.png")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(batch, alone) {
		t.Error("the second picture of seed 9 is not the first of seed 10")
	}
}

// cancelOn cancels when a text has been written to it.
type cancelOn struct {
	bytes.Buffer
	text   string
	cancel context.CancelFunc
}

func (w *cancelOn) Write(b []byte) (int, error) {
	n, err := w.Buffer.Write(b)
	if strings.Contains(w.String(), w.text) {
		w.cancel()
	}
	return n, err
}

// An interrupt ends a generation, however long, with status 130 and no file.
func TestInterrupt(t *testing.T) {
	t.Setenv(envModels, testModels(t))
	t.Chdir(t.TempDir())
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	log := &cancelOn{text: "on the device", cancel: cancel} // what -v says before the first step
	var out bytes.Buffer
	start := time.Now()
	status := run(ctx, []string{"generate", "a", "-m", "tiny", "--steps", "1000", "-W", "512", "-H", "512", "-v"}, newConsole(nil, &out, log))
	if status != statusInterrupted {
		t.Errorf("status %d, want %d", status, statusInterrupted)
	}
	if took := time.Since(start); took > 10*time.Second {
		t.Errorf("it took %v to stop", took)
	}
	if !strings.HasSuffix(log.String(), "counterpoint: interrupted\n") {
		t.Errorf("it said %q", log.String())
	}
	if files := list(t); out.Len() > 0 || files != "" {
		t.Errorf("it left output %q and files %q", out.String(), files)
	}
}

// A file is there whole or not at all, also when another of that name was there.
func TestWriteFile(t *testing.T) {
	t.Chdir(t.TempDir())
	put := func(text string, err error) func(io.Writer) error {
		return func(w io.Writer) error {
			if _, err := io.WriteString(w, text); err != nil {
				return err
			}
			return err
		}
	}
	if err := writeFile("a.png", put("first", nil)); err != nil {
		t.Fatal(err)
	}
	broken := errors.New("broken")
	if err := writeFile("a.png", put("second", broken)); !errors.Is(err, broken) {
		t.Errorf("got %v, want the writer's error", err)
	}
	own := &output{dir: "new", format: ownName, next: true}
	if _, err := own.write(0, put("third", broken)); !errors.Is(err, broken) {
		t.Errorf("got %v, want the writer's error", err)
	}
	if got, err := os.ReadFile("a.png"); string(got) != "first" || err != nil {
		t.Errorf("the old file holds %q, %v", got, err)
	}
	if files := list(t); files != "a.png\n" {
		t.Errorf("files %q, want a.png alone", files)
	}
}

func TestNumbersCountOn(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"counterpoint-0004.png", "counterpoint-12.png", "counterpoint-x.png", "counterpoint-99999999999.png", "other-0050.png"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	o, err := parseOutput(dir, 1, nil)
	if err != nil {
		t.Fatal(err)
	}
	got, err := o.write(0, func(io.Writer) error { return nil })
	if want := filepath.Join(dir, "counterpoint-0013.png"); got != want || err != nil {
		t.Errorf("got %s, %v; want %s", got, err, want)
	}
}

func TestDataFolder(t *testing.T) {
	home := filepath.FromSlash("/home/me")
	if !filepath.IsAbs(home) {
		home = `C:\me`
	}
	abs := filepath.Join(home, "data")
	for _, c := range []struct {
		goos, variable, value, want string
	}{
		{"linux", "XDG_DATA_HOME", "", filepath.Join(home, ".local", "share")},
		{"linux", "XDG_DATA_HOME", abs, abs},
		{"linux", "XDG_DATA_HOME", "relative", filepath.Join(home, ".local", "share")},
		{"freebsd", "XDG_DATA_HOME", abs, abs},
		{"darwin", "XDG_DATA_HOME", abs, filepath.Join(home, "Library", "Application Support")},
		{"windows", "LocalAppData", "", filepath.Join(home, "AppData", "Local")},
		{"windows", "LocalAppData", abs, abs},
	} {
		getenv := func(name string) string {
			if name == c.variable {
				return c.value
			}
			return ""
		}
		if got := dataFolder(c.goos, home, getenv); got != c.want {
			t.Errorf("%s with %s=%q: %s, want %s", c.goos, c.variable, c.value, got, c.want)
		}
	}
}

// A flag counts before the environment.
func TestColorPrecedence(t *testing.T) {
	for _, c := range []struct {
		mode    colorMode
		noColor string
		live    bool
		want    bool
	}{
		{"", "", true, true}, {"", "", false, false}, {"", "1", true, false}, {"auto", "1", true, false},
		{"always", "1", false, true}, {"never", "", true, false},
	} {
		t.Setenv("NO_COLOR", c.noColor)
		if got := c.mode.wants(c.live); got != c.want {
			t.Errorf("--color=%s, NO_COLOR=%q, terminal %v: %v, want %v", &c.mode, c.noColor, c.live, got, c.want)
		}
	}
}

func TestProgressLine(t *testing.T) {
	for _, c := range []struct {
		done, total, counted int64
		took                 time.Duration
		width                int
		want                 string
	}{
		{5, 20, 4, 2 * time.Second, 80, "denoising  ██████████░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░  5/20  2.0 steps/s  8 s left"},
		{0, 20, 0, 0, 30, "denoising  ░░░░░░░░░░░░░  0/20"},
		{20, 20, 10, time.Second, 46, "denoising  20/20  10.0 steps/s  0 s left"},
		{5, 1000, 5, 10 * time.Second, 20, "denoising  5/1000  0"},
		{0, 0, 0, 0, 20, "denoising  0/0"},
	} {
		got := progressLine("denoising", "steps", c.done, c.total, c.counted, c.took, c.width)
		if n := len([]rune(got)); n > c.width {
			t.Errorf("%q has %d columns, more than %d", got, n, c.width)
		}
		if got != c.want {
			t.Errorf("got  %q\nwant %q", got, c.want)
		}
	}
	if got := estimate(125 * time.Second); got != "2:05 min left" {
		t.Errorf("estimate: %q", got)
	}
}

func TestCaret(t *testing.T) {
	long := strings.Repeat("x", 200)
	for _, c := range []struct {
		prompt string
		offset int
		want   string
	}{
		{"a OR b", 2, "a OR b\n  ^"},
		{"a\nb OR c\nd", 4, "b OR c\n  ^"},
		{"雪é\u0301 OR", len("雪é\u0301 "), "雪é\u0301 OR\n    ^"},
		{"a\tb", 2, "a b\n  ^"},
		{long, 100, "…" + long[:50] + long[:50] + "…\n" + strings.Repeat(" ", 51) + "^"},
		{"a AND", 5, "a AND\n     ^"},
	} {
		if got := caret(c.prompt, c.offset); got != c.want {
			t.Errorf("caret(%q, %d):\n%s\nwant\n%s", c.prompt, c.offset, got, c.want)
		}
	}
	if _, err := compose.Parse("a AND"); err == nil {
		t.Error("the last case is no error")
	}
}

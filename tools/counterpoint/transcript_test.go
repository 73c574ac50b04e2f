package main

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/counterpoint/counterpoint/weights/pack"
)

// A transcript in testdata is a list of commands and what each must say, to the byte:
//
//	# why
//	$ generate "a red cube" -m tiny      the arguments of counterpoint; or "ls", which lists the files there are
//	< a blue sphere                      a line of standard input
//	> counterpoint-0000.png              a line of standard output
//	! counterpoint: seed 7, …            a line of standard error; … stands for anything
//	= 2                                  the exit status, 0 unless given
//
// Each runs in an empty folder of its own. The model "tiny" is a random one of our own architecture, "tinier"
// another with the same autoencoder, "clip" one of Stable Diffusion's architecture, with chunks of 7 tokens.
func TestTranscripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("transcripts: %d, %v", len(files), err)
	}
	models := testModels(t)
	for _, file := range files {
		script, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			t.Chdir(t.TempDir())
			t.Setenv(envModels, models)
			for _, name := range []string{envCPU, envDebug, "NO_COLOR"} {
				t.Setenv(name, "")
			}
			for _, step := range parseTranscript(t, string(script)) {
				step.run(t)
			}
		})
	}
}

// testModels packs the test model once and returns its models folder.
func testModels(t *testing.T) string {
	t.Helper()
	dir, err := packedOnce()
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

var packedOnce = sync.OnceValues(func() (string, error) {
	for _, m := range []struct {
		folder, of string
		profile    pack.Profile
		name       string // of one that does not say
	}{{"tiny", "scenesish", pack.ProfileInt8, ""}, {"tinier", "scenesish", pack.ProfileInt4, ""}, {"clip", "nonsquare", pack.ProfileInt8, "clip"}} {
		_, err := pack.Pack(context.Background(), os.DirFS("../../engine/testdata/goldens/"+m.of+"/model"),
			filepath.Join(packedDir, m.folder), pack.Options{Profile: m.profile, Name: m.name})
		if err != nil {
			return "", err
		}
	}
	return packedDir, nil
})

var packedDir string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "counterpoint-test-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	packedDir = dir
	code := m.Run()
	if err := os.RemoveAll(dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

type transcriptStep struct {
	line                int
	args                []string
	stdin, stdout, said string
	status              int
}

var argument = regexp.MustCompile(`"([^"]*)"|'([^']*)'|(\S+)`)

func parseTranscript(t *testing.T, script string) []*transcriptStep {
	t.Helper()
	var steps []*transcriptStep
	for i, line := range strings.Split(script, "\n") {
		kind, rest, _ := strings.Cut(line, " ")
		if len(steps) == 0 && kind != "$" && kind != "#" && kind != "" {
			t.Fatalf("line %d: before the first command", i+1)
		}
		step := func() *transcriptStep { return steps[len(steps)-1] }
		switch kind {
		case "", "#":
		case "$":
			s := &transcriptStep{line: i + 1}
			for _, m := range argument.FindAllStringSubmatch(rest, -1) {
				s.args = append(s.args, m[1]+m[2]+m[3])
			}
			steps = append(steps, s)
		case "<":
			step().stdin += rest + "\n"
		case ">":
			step().stdout += rest + "\n"
		case "!":
			step().said += rest + "\n"
		case "=":
			if _, err := fmt.Sscan(rest, &step().status); err != nil {
				t.Fatalf("line %d: %v", i+1, err)
			}
		default:
			t.Fatalf("line %d: unknown mark %q", i+1, kind)
		}
	}
	return steps
}

func (s *transcriptStep) run(t *testing.T) {
	t.Helper()
	var stdout, said bytes.Buffer
	status := 0
	if slices.Equal(s.args, []string{"ls"}) {
		stdout.WriteString(list(t))
	} else {
		status = run(t.Context(), s.args, newConsole(strings.NewReader(s.stdin), &stdout, &said))
	}
	for _, c := range []struct{ what, got, want string }{
		{"standard output", stdout.String(), s.stdout},
		{"standard error", said.String(), s.said},
		{"status", fmt.Sprint(status), fmt.Sprint(s.status)},
	} {
		if !matches(c.got, c.want) {
			t.Errorf("line %d: %q: %s:\ngot\n%s\nwant\n%s", s.line, s.args, c.what, c.got, c.want)
		}
	}
}

func matches(got, want string) bool {
	pattern := strings.ReplaceAll(regexp.QuoteMeta(want), "…", `[^\n]*`)
	return regexp.MustCompile(`\A` + pattern + `\z`).MatchString(got)
}

// list names all files below the current folder, sorted, with a slash whatever the system has.
func list(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	err := fs.WalkDir(os.DirFS("."), ".", func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			fmt.Fprintln(&b, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

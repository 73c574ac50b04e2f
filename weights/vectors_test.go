package weights_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/counterpoint/counterpoint/weights"
	"github.com/counterpoint/counterpoint/weights/pack"
)

// vector is a file of testdata/vectors: a packed model with at most one defect.
type vector struct {
	expect  string   // a key of expectations
	message string   // what the error's text has to contain
	tensors []string // handed out by Each before the error
	comment string
	files   fstest.MapFS
}

// expectations maps what a vector expects to what its error must wrap.
var expectations = map[string]error{
	"ok":      nil,
	"format":  weights.ErrFormat,
	"hash":    weights.ErrHash,
	"version": weights.ErrVersion,
	"missing": fs.ErrNotExist,
}

func TestVectors(t *testing.T) {
	paths, err := filepath.Glob("testdata/vectors/*")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, path := range paths {
		names = append(names, filepath.Base(path))
	}
	if want := slices.Sorted(maps.Keys(defects)); !slices.Equal(names, want) {
		t.Errorf("testdata/vectors holds %q, want one for each defect (go test -update)", names)
	}
	for _, path := range paths {
		t.Run(filepath.Base(path), func(t *testing.T) {
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			testVector(t, parseVector(t, string(data)))
		})
	}
}

// testVector takes a vector through every road by which bytes leave a model.
func testVector(t *testing.T, v vector) {
	var tensors []string
	roads := map[string]func(*weights.Model) error{
		"Each": func(m *weights.Model) error {
			return m.Each(context.Background(), func(x weights.Tensor) error {
				tensors = append(tensors, x.Name)
				return nil
			})
		},
		"Load":   func(m *weights.Model) error { _, err := m.Load(context.Background(), nil); return err },
		"Verify": func(m *weights.Model) error { return m.Verify(context.Background()) },
		"Export": func(m *weights.Model) error { return pack.Export(context.Background(), m, t.TempDir()) },
	}
	for road, take := range roads {
		m, err := weights.Open(v.files)
		if err == nil {
			err = take(m)
		}
		want, known := expectations[v.expect]
		switch {
		case !known:
			t.Fatalf("unknown expectation %q", v.expect)
		case want == nil && err != nil:
			t.Errorf("%s: %v", road, err)
		case want != nil && !errors.Is(err, want):
			t.Errorf("%s: error is %v, want one that wraps %v", road, err, want)
		case want != nil && !strings.Contains(err.Error(), v.message):
			t.Errorf("%s: error %q does not say %q", road, err, v.message)
		}
	}
	if !slices.Equal(tensors, v.tensors) {
		t.Errorf("handed out %q, want %q", tensors, v.tensors)
	}
	if v.expect != "ok" {
		return
	}
	m, err := weights.ParseManifest(v.files[weights.ManifestName].Data)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := m.Encode(); err != nil || !bytes.Equal(again, v.files[weights.ManifestName].Data) {
		t.Errorf("the manifest is encoded differently from how it was parsed (%v):\n%s", err, again)
	}
}

// parseVector reads the form that format writes.
func parseVector(t testing.TB, text string) vector {
	t.Helper()
	v := vector{files: make(fstest.MapFS)}
	head, rest, _ := strings.Cut(text, "\n-- ")
	for line := range strings.Lines(head) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
		switch key {
		case "expect":
			v.expect = value
		case "error":
			v.message = value
		case "tensors":
			v.tensors = strings.Fields(value)
		case "comment":
			v.comment = value
		default:
			t.Fatalf("unknown line in the head: %q", line)
		}
	}
	for section := range strings.SplitSeq(rest, "\n-- ") {
		name, body, _ := strings.Cut(section, " --")
		data := []byte(strings.TrimPrefix(body, "\n"))
		if name != weights.ManifestName {
			var err error
			if data, err = base64.StdEncoding.DecodeString(strings.ReplaceAll(body, "\n", "")); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
		}
		v.files[name] = &fstest.MapFile{Data: data}
	}
	return v
}

// format writes a vector: a head one can read, the manifest, the shards.
func (v vector) format() string {
	var b strings.Builder
	fmt.Fprintf(&b, "comment: %s\nexpect: %s\n", v.comment, v.expect)
	if v.message != "" {
		fmt.Fprintf(&b, "error: %s\n", v.message)
	}
	if len(v.tensors) > 0 {
		fmt.Fprintf(&b, "tensors: %s\n", strings.Join(v.tensors, " "))
	}
	if m, ok := v.files[weights.ManifestName]; ok {
		fmt.Fprintf(&b, "-- %s --\n%s", weights.ManifestName, m.Data)
	}
	for _, name := range slices.Sorted(maps.Keys(v.files)) {
		if name == weights.ManifestName {
			continue
		}
		fmt.Fprintf(&b, "\n-- %s --", name)
		text := base64.StdEncoding.EncodeToString(v.files[name].Data)
		for line := range slices.Chunk([]byte(text), 100) {
			fmt.Fprintf(&b, "\n%s", line)
		}
	}
	b.WriteByte('\n')
	return b.String()
}

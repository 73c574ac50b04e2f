package main

import (
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/counterpoint/counterpoint/tools/webbench/internal/message"
	"github.com/counterpoint/counterpoint/weights/scenes"
)

func TestParse(t *testing.T) {
	for args, want := range map[string]string{
		"":                                  "-onnx and -ort",
		"-onnx a":                           "-onnx and -ort",
		"-onnx a -ort b more":               `"more"`,
		"-onnx a -ort b -rows 0":            "at least 1",
		"-onnx a -ort b -only (":            "missing closing )",
		"--onnx a --ort b --repeat 3":       "",
		"-onnx a -ort b -only JSPI -rows 1": "",
	} {
		o, err := parse(strings.Fields(args), io.Discard)
		switch {
		case want == "" && (err != nil || o.onnx != "a" || o.ort != "b"):
			t.Errorf("%q: got %+v, %v", args, o, err)
		case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
			t.Errorf("%q: got error %v, want one about %s", args, err, want)
		}
	}
}

func TestContenders(t *testing.T) {
	names := func(cores int, only string) (list []string) {
		for _, c := range contenders(cores, regexp.MustCompile(only)) {
			list = append(list, c.name())
		}
		return list
	}
	if got := len(names(8, "")); got != 7 {
		t.Errorf("%d contenders on eight cores, want 7", got)
	}
	want := []string{"Counterpoint, webgpu", "ONNX Runtime Web, wasm, 1 thread"}
	if got := names(1, "wasm"); !slices.Equal(got, want) {
		t.Errorf("on one core, of those with wasm: %q, want %q", got, want)
	}
}

// A page gets shared memory only if it and all it loads come with the headers for it, and runs what has the right type.
func TestHandler(t *testing.T) {
	dir := t.TempDir()
	put := func(name, content string) {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	put("package/dist/ort.min.mjs", "library")
	put("unet.onnx", "network")
	put(engineFile, "engine")
	put(startFile, "start")
	s := sources{engine: dir, ort: filepath.Join(dir, "package"), onnx: filepath.Join(dir, "unet.onnx"), model: scenes.Model}
	h, err := newHandler(s)
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]struct{ kind, content string }{
		"/":                         {"text/html", "page.js"},
		"/page.js":                  {"text/javascript", "webbench"},
		"/ort/ort.min.mjs":          {"text/javascript", "library"},
		"/unet.onnx":                {"", "network"},
		"/counterpoint.wasm":        {"application/wasm", "engine"},
		"/wasm_exec.js":             {"text/javascript", "start"},
		"/site/gpu.js":              {"text/javascript", "counterpointGPU"},
		modelPath + "manifest.json": {"application/json", "scenes"},
	} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
		if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), want.content) {
			t.Errorf("%s: status %d without %q", path, w.Code, want.content)
		}
		if kind := w.Header().Get("Content-Type"); !strings.HasPrefix(kind, want.kind) {
			t.Errorf("%s: type %q, want %q", path, kind, want.kind)
		}
		for name, value := range map[string]string{
			"Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp", "Cross-Origin-Resource-Policy": "same-origin",
		} {
			if got := w.Header().Get(name); got != value {
				t.Errorf("%s: %s: %q, want %q", path, name, got, value)
			}
		}
	}
	s.onnx = filepath.Join(dir, "nothing.onnx")
	if _, err := newHandler(s); err == nil {
		t.Error("no error without the ONNX file")
	}
}

func TestDifference(t *testing.T) {
	nse, most := difference([]float64{3, 4.5, 0}, []float64{3, 4, 0})
	if math.Abs(nse-0.01) > 1e-15 || most != 0.5 {
		t.Errorf("got %v and %v, want 0.01 and 0.5", nse, most)
	}
	for _, got := range [][]float64{{1}, {1, math.NaN()}} {
		if nse, _ := difference(got, []float64{1, 2}); nse <= maxError {
			t.Errorf("%v passes for 1, 2", got)
		}
	}
}

func TestReport(t *testing.T) {
	wrong := 0.25
	r := &report{Browser: "Chrome/1", Adapter: "swiftshader", ONNXRuntime: "1.2.3", Model: "scenes", Rows: 3, Fidelity: 120, Results: []*result{
		{Engine: counterpoint, Provider: "webgpu"},
		{Engine: onnxruntime, Provider: "webgpu", Difference: &wrong},
	}}
	r.add(0, message.Timed{Times: []float64{110, 90}, GFLOP: 2, Encodings: []message.Encoding{{Submits: 7, Commands: 100, Milliseconds: 0.5}}})
	r.add(1, message.Timed{Times: []float64{400}})
	r.add(0, message.Timed{Times: []float64{100}, GFLOP: 2})
	r.add(1, message.Timed{Times: []float64{500, 399}})
	r.summarize()
	var text strings.Builder
	if err := r.print(&text); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"2.00 GFLOP; medians of 3",
		"Counterpoint      webgpu    100.0  20.0     1.00",
		"ONNX Runtime Web  webgpu    400.0  5.0      3.99   2.5e-01",
		"120 dB", "100 dispatches in 7 submits an evaluation, encoded in 0.50 ms",
	} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("no %q in\n%s", want, text.String())
		}
	}
}

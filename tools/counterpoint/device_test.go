package main

import (
	"bytes"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/counterpoint/counterpoint/engine/device/testdevices"
)

// TestGPU uses the adapter that the environment names as a person would: doctor tells of it, generate runs on it.
func TestGPU(t *testing.T) {
	adapter := testdevices.WebGPU(t).Adapter()
	t.Setenv(envModels, testModels(t))
	t.Chdir(t.TempDir())
	for _, tt := range []struct {
		args []string
		want []string // in what it prints, on both streams
	}{
		{[]string{"doctor", "-m", "tiny"}, []string{"adapter 0", adapter.String(), "MiB, bindings to", "8 operators passed"}},
		{[]string{"generate", "a red cube", "-m", "tiny", "--steps", "2", "-v", "--device", "webgpu", "--adapter", strings.ToUpper(adapter.Name)},
			[]string{"device webgpu, " + adapter.String() + ": it passed the self-test", "on webgpu (" + adapter.String(), "counterpoint-0000.png"}},
	} {
		var out, log bytes.Buffer
		if status := run(t.Context(), tt.args, newConsole(nil, &out, &log)); status != 0 {
			t.Errorf("%q ended with status %d: %s", tt.args, status, log.String())
		}
		for _, want := range tt.want {
			if !strings.Contains(out.String()+log.String(), want) {
				t.Errorf("%q printed\n%s%s\nwithout %q", tt.args, out.String(), log.String(), want)
			}
		}
	}
}

// TestTune keeps what it measures, in place of what was kept before, and says so if the file is damaged.
func TestTune(t *testing.T) {
	adapter := testdevices.WebGPU(t).Adapter()
	t.Setenv("XDG_DATA_HOME", t.TempDir())
	path, err := dataPath("tuning.json")
	if err != nil {
		t.Fatal(err)
	}
	var out, log bytes.Buffer
	if status := run(t.Context(), []string{"tune", "--adapter", adapter.Name}, newConsole(nil, &out, &log)); status != 0 {
		t.Fatalf("status %d: %s", status, log.String())
	}
	if !strings.HasPrefix(out.String(), adapter.String()+"\n") || strings.Count(out.String(), "\n") < 4 {
		t.Errorf("it printed %q", out.String())
	}
	kept, err := readTunings()
	if err != nil || len(kept) != 1 || kept[0].Adapter != adapter.String() || len(kept[0].Tiles) < 2 {
		t.Fatalf("it kept %+v, %v", kept, err)
	}
	again, other := kept[0], kept[0]
	again.Tiles, other.Adapter = again.Tiles[:1], "another"
	if err := errors.Join(keepTuning(other), keepTuning(again)); err != nil {
		t.Fatal(err)
	}
	if kept, err = readTunings(); err != nil || len(kept) != 2 || len(kept[0].Tiles) < 2 || len(kept[1].Tiles) != 1 {
		t.Errorf("with one more and one anew it keeps %+v, %v", kept, err)
	}
	if err := os.WriteFile(path, []byte("[{"), 0o666); err != nil {
		t.Fatal(err)
	}
	t.Setenv(envModels, testModels(t))
	log.Reset()
	run(t.Context(), []string{"doctor", "--device", "cpu", "-m", "tiny"}, newConsole(nil, &out, &log))
	if !strings.Contains(log.String(), "tuning.json") {
		t.Errorf("of a damaged file it says %q", log.String())
	}
}

// TestGPUErrors asks for what is not there.
func TestGPUErrors(t *testing.T) {
	for _, tt := range []struct {
		args, want string
	}{
		{"generate a --device webgpu --webgpu-library /nowhere/libwebgpu.so", "/nowhere/libwebgpu.so"},
		{"generate a --device webgpu --adapter Voodoo2 --webgpu-library /nowhere/libwebgpu.so", "no WebGPU adapter"},
	} {
		var out, log bytes.Buffer
		status := run(t.Context(), strings.Fields(tt.args), newConsole(nil, &out, &log))
		if status != 1 || !strings.Contains(log.String(), tt.want) || !strings.Contains(log.String(), "hint: --device cpu works everywhere") {
			t.Errorf("%s: status %d: %s", tt.args, status, log.String())
		}
	}
}

package site

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// The page's scripts that need no page are tested in Node.
func TestScripts(t *testing.T) {
	node, err := exec.LookPath("node")
	if err != nil {
		if os.Getenv("COUNTERPOINT_E2E") == "required" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	files, err := filepath.Glob("tests/*.mjs")
	if err != nil || len(files) == 0 {
		t.Fatalf("tests %q, %v", files, err)
	}
	out, err := exec.CommandContext(t.Context(), node, append([]string{"--test"}, files...)...).CombinedOutput()
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

//go:build !js

package main

import (
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// TestDependencies keeps out of the browser what JavaScript does better, or what would make every visit longer.
func TestDependencies(t *testing.T) {
	list := exec.Command("go", "list", "-deps", ".")
	list.Env = append(os.Environ(), "GOOS=js", "GOARCH=wasm")
	out, err := list.Output()
	if err != nil {
		t.Fatal(err)
	}
	deps := strings.Fields(string(out))
	const ours = "github.com/counterpoint/counterpoint/"
	if !slices.Contains(deps, ours+"engine/session") {
		t.Fatalf("the program does not depend on engine/session: %d packages listed", len(deps))
	}
	for _, d := range deps {
		switch {
		case d == "net/http", d == "net", d == "crypto/tls", d == "regexp", d == "image/jpeg", d == "image/gif",
			d == "html/template", d == "text/template", d == "testing",
			d == ours+"weights/scenes", d == ours+"weights/pack", strings.HasPrefix(d, ours+"tools"), strings.HasPrefix(d, ours+"site"):
			t.Errorf("the program carries %s", d)
		}
	}
}

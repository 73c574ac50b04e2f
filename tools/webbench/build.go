package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

const program = "github.com/counterpoint/counterpoint/tools/webbench/wasm"

// Files that build writes.
const (
	engineFile = "counterpoint.wasm"
	startFile  = "wasm_exec.js"
)

// build writes the engine for browsers, and the script that starts it, into a folder.
func build(ctx context.Context, toolchain, dir string) error {
	if _, err := goCommand(ctx, toolchain, "build", "-trimpath", "-ldflags=-s -w", "-o", filepath.Join(dir, engineFile), program); err != nil {
		return err
	}
	root, err := goCommand(ctx, toolchain, "env", "GOROOT")
	if err != nil {
		return err
	}
	script, err := os.ReadFile(filepath.Join(strings.TrimSpace(root), "lib", "wasm", startFile))
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, startFile), script, 0o644)
}

func goCommand(ctx context.Context, toolchain string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Env = append(os.Environ(), "GOTOOLCHAIN="+toolchain, "GOEXPERIMENT=simd", "GOOS=js", "GOARCH=wasm")
	var complaint strings.Builder
	cmd.Stderr = &complaint
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("go %s: %w\n%s", strings.Join(args, " "), err, complaint.String())
	}
	return string(out), nil
}

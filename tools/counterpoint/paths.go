package main

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"runtime"

	"github.com/counterpoint/counterpoint/engine/device/cpu/kernel"
	"github.com/spf13/cobra"
)

// Environment variables. A flag counts before them.
const (
	envModels = "COUNTERPOINT_MODELS"
	envHost   = "COUNTERPOINT_HOST"
	envDebug  = "COUNTERPOINT_DEBUG"
	envCPU    = kernel.LevelVariable

	envLibrary = "COUNTERPOINT_WEBGPU_LIBRARY"
)

// modelsFolder is where models are looked for by name: COUNTERPOINT_MODELS, or counterpoint/models in the place the system
// has for programs' data.
func modelsFolder() (string, error) {
	if dir := os.Getenv(envModels); dir != "" {
		return dir, nil
	}
	return dataPath("models")
}

// dataPath is the path of what the program keeps under a name, in the place the system has for programs' data.
func dataPath(name string) (string, error) {
	home, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("no folder for %s: %w", name, err)
	}
	return filepath.Join(dataFolder(runtime.GOOS, home, os.Getenv), "counterpoint", name), nil
}

// dataFolder is an operating system's place for programs' data. By the XDG specification a relative path there counts as
// none.
func dataFolder(goos, home string, getenv func(string) string) string {
	fallback := func(variable string, under ...string) string {
		if dir := getenv(variable); variable != "" && filepath.IsAbs(dir) {
			return dir
		}
		return filepath.Join(append([]string{home}, under...)...)
	}
	switch goos {
	case "windows":
		return fallback("LocalAppData", "AppData", "Local")
	case "darwin", "ios":
		return fallback("", "Library", "Application Support")
	}
	return fallback("XDG_DATA_HOME", ".local", "share")
}

func newEnv(c *console) *cobra.Command {
	return &cobra.Command{
		Use:   "env",
		Short: "Print environment variables and paths",
		Args:  arguments(cobra.NoArgs),
		RunE: func(*cobra.Command, []string) error {
			models, err := modelsFolder()
			if err != nil {
				return err
			}
			program, err := os.Executable()
			if err != nil {
				return err
			}
			for _, line := range [][2]string{
				{envModels, models},
				{envHost, cmp.Or(os.Getenv(envHost), defaultHost)},
				{envCPU, os.Getenv(envCPU)},
				{envLibrary, os.Getenv(envLibrary)},
				{envDebug, os.Getenv(envDebug)},
				{"NO_COLOR", os.Getenv("NO_COLOR")},
				{"TERM", os.Getenv("TERM")},
				{"program", program},
			} {
				if _, err := fmt.Fprintf(c.out, "%s=%s\n", line[0], line[1]); err != nil {
					return err
				}
			}
			return nil
		},
	}
}

package main

import (
	"cmp"
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/counterpoint/counterpoint/engine/device/cpu/kernel"
	"github.com/spf13/cobra"
)

// build tells how this program was made.
type build struct {
	Release  string
	Commit   string // "" where unknown
	Modified bool   // since the commit
	Go       string
	Platform string
	Cgo      bool
}

func readBuild() build {
	b := build{Release: "(devel)", Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return b
	}
	b.Release = cmp.Or(info.Main.Version, b.Release)
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			b.Commit = s.Value
		case "vcs.modified":
			b.Modified = s.Value == "true"
		case "CGO_ENABLED":
			b.Cgo = s.Value == "1"
		}
	}
	return b
}

// program is the release as pictures name it.
func (b build) program() string { return "counterpoint " + b.Release }

func (b build) String() string {
	var s strings.Builder
	row := func(key, value string) { fmt.Fprintf(&s, "%-8s %s\n", key, value) }
	s.WriteString(b.program() + "\n")
	commit := cmp.Or(b.Commit, "unknown")
	if b.Modified {
		commit += ", modified"
	}
	row("commit", commit)
	row("go", b.Go+" "+b.Platform)
	row("kernels", kernelNames())
	row("cgo", map[bool]string{true: "yes", false: "no"}[b.Cgo])
	return s.String()
}

// kernelNames tells the level of the CPU kernels in use and which there are.
func kernelNames() string {
	var names []string
	for _, l := range kernel.Supported() {
		names = append(names, l.String())
	}
	level, err := kernel.Detect()
	if err != nil {
		return err.Error()
	}
	return fmt.Sprintf("%s (of %s)", level, strings.Join(names, ", "))
}

func newVersion(c *console) *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version, and how it was built",
		Args:  arguments(cobra.NoArgs),
		RunE: func(*cobra.Command, []string) error {
			_, err := io.WriteString(c.out, readBuild().String())
			return err
		},
	}
}

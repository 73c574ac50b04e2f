package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// openTerminal opens a pseudo-terminal; what is written to it can be read from the other end.
func openTerminal(t *testing.T) (terminal, other *os.File) {
	t.Helper()
	other, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { other.Close() })
	n, err := unix.IoctlGetInt(int(other.Fd()), unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(int(other.Fd()), unix.TIOCSPTLCK, 0)
	}
	if err == nil {
		err = unix.IoctlSetWinsize(int(other.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: 60})
	}
	if err == nil {
		terminal, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	}
	if err != nil {
		t.Fatal(err)
	}
	return terminal, other
}

// onTerminal runs a command with standard error on a terminal and returns what that showed.
func onTerminal(t *testing.T, args ...string) string {
	t.Helper()
	terminal, other := openTerminal(t)
	shown := make(chan string)
	go func() {
		var b bytes.Buffer
		io.Copy(&b, other) // ends with an error when the terminal is closed
		shown <- b.String()
	}()
	run(t.Context(), args, newConsole(nil, io.Discard, terminal))
	terminal.Close()
	return <-shown
}

// The bar and colours are for terminals that can, and go away before anything else is said.
func TestTerminal(t *testing.T) {
	t.Setenv(envModels, testModels(t))
	t.Chdir(t.TempDir())
	args := []string{"generate", "a red cube", "-m", "tiny", "--steps", "3"}
	for _, c := range []struct {
		term, noColor string
		args          []string
		bar, color    bool
	}{
		{"xterm", "", nil, true, true},
		{"xterm", "1", nil, true, false},
		{"xterm", "", []string{"--color=never"}, true, false},
		{"xterm", "", []string{"--quiet"}, false, true},
		{"dumb", "", nil, false, false},
	} {
		t.Setenv("TERM", c.term)
		t.Setenv("NO_COLOR", c.noColor)
		what := fmt.Sprintf("TERM=%s NO_COLOR=%q %v", c.term, c.noColor, c.args)
		shown := onTerminal(t, append(args, c.args...)...)
		if got := strings.Contains(shown, "█"); got != c.bar {
			t.Errorf("%s: bar %v, want %v: %q", what, got, c.bar, shown)
		}
		if c.bar && !strings.Contains(shown, "\r\x1b[Kcounterpoint: seed ") {
			t.Errorf("%s: the bar is not erased before the summary: %q", what, shown)
		}
		for _, line := range strings.Split(shown, "\r") {
			if n := len([]rune(strings.TrimPrefix(line, "\x1b[K"))); strings.Contains(line, "█") && n > 60+len("\x1b[K") {
				t.Errorf("%s: a bar of %d columns on a terminal of 60: %q", what, n, line)
			}
		}
		failed := onTerminal(t, append([]string{"generate", "a OR NOT b"}, c.args...)...)
		if got := strings.Contains(failed, "\x1b[31merror:\x1b[0m"); got != c.color {
			t.Errorf("%s: red %v, want %v: %q", what, got, c.color, failed)
		}
	}
}

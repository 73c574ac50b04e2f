package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/counterpoint/counterpoint/engine/compose"
	"golang.org/x/term"
)

// console is where a command reads, writes its results and speaks. The rules:
//
//   - out gets results and nothing else;
//   - log gets the rest, with "counterpoint:" in front, in lower case and without a full stop: an error, then its hint;
//   - colour and redrawn lines are for terminals only.
type console struct {
	in  io.Reader
	out io.Writer
	log io.Writer

	mode    colorMode
	quiet   bool // errors only
	verbose bool
	color   bool // log takes colours
	live    bool // log is a terminal whose last line can be drawn again

	bar bar
}

func newConsole(in io.Reader, out, log io.Writer) *console {
	c := &console{in: in, out: out, log: log}
	c.begin()
	return c
}

// begin settles how to speak, once flags are known.
func (c *console) begin() {
	c.live = isTerminal(c.log) && os.Getenv("TERM") != "dumb" && enableEscapes(c.log)
	c.color = c.mode.wants(c.live)
	_, debug := os.LookupEnv(envDebug)
	c.verbose = c.verbose || debug && os.Getenv(envDebug) != ""
}

func isTerminal(stream any) bool {
	f, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// width is how many columns log has.
func (c *console) width() int {
	if f, ok := c.log.(*os.File); ok {
		if w, _, err := term.GetSize(int(f.Fd())); err == nil && w > 0 {
			return w
		}
	}
	return 80
}

// ANSI colours.
const (
	red    = "31"
	yellow = "33"
	cyan   = "36"
)

func (c *console) paint(color, text string) string {
	if !c.color {
		return text
	}
	return "\x1b[" + color + "m" + text + "\x1b[0m"
}

func (c *console) say(kind, color, format string, args ...any) {
	c.erase()
	if kind != "" {
		kind = c.paint(color, kind+":") + " "
	}
	fmt.Fprintf(c.log, "counterpoint: %s%s\n", kind, fmt.Sprintf(format, args...))
}

func (c *console) warnf(format string, args ...any) {
	if !c.quiet {
		c.say("warning", yellow, format, args...)
	}
}

func (c *console) hintf(format string, args ...any) {
	if !c.quiet {
		c.say("hint", cyan, format, args...)
	}
}

func (c *console) notef(format string, args ...any) {
	if !c.quiet {
		c.say("", "", format, args...)
	}
}

func (c *console) verbosef(format string, args ...any) {
	if c.verbose {
		c.notef(format, args...)
	}
}

// warnings shows what a prompt's author may not have meant.
func (c *console) warnings(ws []compose.Warning) {
	for _, w := range ws {
		c.warnf("%s", w)
		if w.Hint != "" {
			c.hintf("%s", w.Hint)
		}
	}
}

// fail reports how the command ended, if not well. It speaks even when quiet.
func (c *console) fail(ctx context.Context, err error) {
	if err == nil {
		return
	}
	if interrupted(ctx, err) {
		c.say("", "", "interrupted")
		return
	}
	c.say("error", red, "%s", err)
	if p, ok := errors.AsType[promptError](err); ok {
		for _, line := range strings.Split(caret(p.prompt, p.Offset), "\n") {
			fmt.Fprintf(c.log, "    %s\n", line)
		}
		if p.Hint != "" {
			c.say("hint", cyan, "%s", p.Hint)
		}
	}
	if h, ok := errors.AsType[hintError](err); ok {
		c.say("hint", cyan, "%s", h.hint)
	}
}

// object writes a result as one line of JSON.
func (c *console) object(v any) error {
	enc := json.NewEncoder(c.out)
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}

// colorMode is the value of --color.
type colorMode string

func (m *colorMode) String() string {
	if *m == "" {
		return "auto"
	}
	return string(*m)
}

func (m *colorMode) Type() string { return "when" }

func (m *colorMode) Set(s string) error {
	switch s {
	case "auto", "always", "never":
		*m = colorMode(s)
		return nil
	}
	return errors.New("want auto, always or never")
}

// wants decides on colours: a flag before NO_COLOR, which counts unless empty, before what the terminal can do.
func (m *colorMode) wants(live bool) bool {
	switch *m {
	case "always":
		return true
	case "never":
		return false
	}
	return live && os.Getenv("NO_COLOR") == ""
}

package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/counterpoint/counterpoint/engine/compose"
	"github.com/spf13/pflag"
)

// promptSource holds the flags that say where prompts come from.
type promptSource struct {
	prompt  string
	file    string // of one prompt
	prompts string // file of a prompt a line
}

// maxPrompts is how many prompts a file may hold.
const maxPrompts = 100_000

func (p *promptSource) flags(f *pflag.FlagSet) {
	f.StringVarP(&p.prompt, "prompt", "p", "", "the prompt")
	f.StringVar(&p.file, "prompt-file", "", "read the prompt from a file")
	f.StringVar(&p.prompts, "prompts", "", "a `file` with a prompt on each line, for a picture each")
}

// read finds the prompts in the one place where they were given.
func (p *promptSource) read(flags *pflag.FlagSet, args []string, stdin io.Reader) ([]string, error) {
	given := len(args)
	for _, name := range []string{"prompt", "prompt-file", "prompts"} {
		if flags.Changed(name) {
			given++
		}
	}
	switch {
	case given == 0:
		return nil, withHint(usagef("no prompt"), `counterpoint generate "a red cube AND a blue sphere"`)
	case given > 1:
		return nil, withHint(usagef("more than one prompt: give it as an argument, with --prompt or with --prompt-file"),
			"many at once: --prompts FILE, one on each line")
	case flags.Changed("prompts"):
		return readFile(p.prompts, stdin, maxPrompts*(compose.MaxPromptBytes+2), promptLines)
	case flags.Changed("prompt-file"):
		return readFile(p.file, stdin, compose.MaxPromptBytes+2, wholePrompt)
	}
	prompt := p.prompt
	if len(args) > 0 {
		prompt = args[0]
	}
	if prompt == "-" {
		return readFile(prompt, stdin, compose.MaxPromptBytes+2, wholePrompt)
	}
	return []string{prompt}, nil
}

// readFile reads at most max bytes of the file, "-" being stdin, and splits them into prompts.
func readFile(name string, stdin io.Reader, max int64, split func(string) ([]string, error)) (prompts []string, err error) {
	in := stdin
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		in = f
	}
	text, err := io.ReadAll(io.LimitReader(in, max))
	if err != nil {
		return nil, err
	}
	return split(string(text))
}

// wholePrompt is all of the text but the line break at its end; a larger one than the language allows was cut, which its
// parser then reports.
func wholePrompt(text string) ([]string, error) {
	return []string{strings.TrimRight(text, "\r\n")}, nil
}

// promptLines are the lines of the text that aren't blank.
func promptLines(text string) ([]string, error) {
	var prompts []string
	for line := range strings.Lines(text) {
		if line = strings.TrimRight(line, "\r\n"); strings.TrimSpace(line) != "" {
			prompts = append(prompts, line)
		}
	}
	switch {
	case len(prompts) == 0:
		return nil, errors.New("no prompt in the file")
	case len(prompts) > maxPrompts:
		return nil, fmt.Errorf("%d prompts, at most %d", len(prompts), maxPrompts)
	}
	return prompts, nil
}

package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode"

	"github.com/counterpoint/counterpoint/engine"
	"github.com/counterpoint/counterpoint/engine/compose"
)

// Exit statuses.
const (
	statusOK          = 0
	statusFailed      = 1
	statusUsage       = 2
	statusInterrupted = 130
)

// usageError is a fault of the command line.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// hintError is an error with a way out.
type hintError struct {
	error
	hint string
}

func (e hintError) Unwrap() error { return e.error }

func withHint(err error, format string, args ...any) error {
	return hintError{err, fmt.Sprintf(format, args...)}
}

// promptError is a fault in a prompt together with the prompt.
type promptError struct {
	*compose.SyntaxError
	prompt string
}

func (e promptError) Unwrap() error { return e.SyntaxError }

// inPrompt adds the prompt to an error about it.
func inPrompt(prompt string, err error) error {
	if syntax, ok := errors.AsType[*compose.SyntaxError](err); ok {
		return promptError{syntax, prompt}
	}
	return err
}

// interrupted tells whether the error comes of the user's interrupt.
func interrupted(ctx context.Context, err error) bool {
	return ctx.Err() != nil && errors.Is(err, context.Canceled)
}

func exitStatus(ctx context.Context, err error) int {
	_, usage := errors.AsType[usageError](err)
	_, syntax := errors.AsType[*compose.SyntaxError](err)
	_, request := errors.AsType[*engine.RequestError](err)
	switch {
	case err == nil:
		return statusOK
	case interrupted(ctx, err):
		return statusInterrupted
	case usage, syntax, request:
		return statusUsage
	}
	return statusFailed
}

// caret returns the line of the prompt that holds byte offset, and one with a caret below it. Of a long line it shows the
// part around.
func caret(prompt string, offset int) string {
	offset = min(offset, len(prompt))
	start := strings.LastIndexByte(prompt[:offset], '\n') + 1
	before := []rune(prompt[start:offset])
	rest, _, _ := strings.Cut(prompt[offset:], "\n")
	after := []rune(rest)
	const context = 50 // runes to each side
	if cut := len(before) - context; cut > 0 {
		before = append([]rune{'…'}, before[cut:]...)
	}
	if len(after) > context {
		after = append(after[:context:context], '…')
	}
	return printable(before) + printable(after) + "\n" + strings.Repeat(" ", columns(before)) + "^"
}

func printable(runes []rune) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, string(runes))
}

// columns is how many columns of a terminal the runes take.
func columns(runes []rune) int {
	n := 0
	for _, r := range runes {
		switch {
		case unicode.Is(unicode.Mn, r):
		case unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul), r >= 0x1f300 && r < 0x1fb00:
			n += 2
		default:
			n++
		}
	}
	return n
}

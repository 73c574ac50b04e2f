//go:build !windows

package main

import "io"

// enableEscapes reports whether the terminal obeys ANSI escape sequences.
func enableEscapes(io.Writer) bool { return true }

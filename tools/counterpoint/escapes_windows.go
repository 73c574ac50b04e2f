package main

import (
	"io"
	"os"

	"golang.org/x/sys/windows"
)

// enableEscapes makes a console obey ANSI escape sequences, which Windows 10 can and older ones can't, and reports whether
// it does.
func enableEscapes(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	var mode uint32
	h := windows.Handle(f.Fd())
	if windows.GetConsoleMode(h, &mode) != nil {
		return false
	}
	return windows.SetConsoleMode(h, mode|windows.ENABLE_VIRTUAL_TERMINAL_PROCESSING) == nil
}

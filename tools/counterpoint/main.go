// Counterpoint composes pictures from concepts:
//
//	counterpoint generate "a red cube AND a blue sphere AND NOT a tree"
//
// Results go to standard output, everything said about them to standard error. The exit status is 0, 1 for a failure, 2 for a
// command line or prompt that makes no sense, 130 after an interrupt.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // so that a second interrupt ends the process at once
	os.Exit(run(ctx, os.Args[1:], newConsole(os.Stdin, os.Stdout, os.Stderr)))
}

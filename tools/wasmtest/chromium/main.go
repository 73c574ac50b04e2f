// Command chromium runs a Go program for js/wasm in Chromium: in a Web Worker, as the web app runs the engine, with WebGPU on
// a software adapter.
//
//	go build -o bin/wasmtest-chromium ./tools/wasmtest/chromium
//	GOOS=js GOARCH=wasm go test -exec "$PWD/bin/wasmtest-chromium" ./engine/device/webgpu -run TestDevice
//
// The program finds itself in the folder it was started in, and sees the files of the module around it. What it writes stays
// in its own memory, but for its output. COUNTERPOINT_CHROMIUM names a browser outside the usual places.
//
// The exit status is the program's. It is not 0, and stderr says why, where the program ended without one, where the tab or
// the browser crashed, or where a GPU device was lost that nobody destroyed, as all are if the GPU process crashes.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/chromedp/cdproto/inspector"
	"github.com/chromedp/chromedp"
	"github.com/counterpoint/counterpoint/tools/internal/chromium"
)

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: chromium PROGRAM.wasm [ARGUMENT...]")
		os.Exit(2)
	}
	// The go command sends SIGQUIT to a test that is over its time.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGQUIT)
	code, err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "wasmtest:", err)
		code = 1
	}
	os.Exit(code)
}

// run runs the program argv[0] to its end, and returns its exit status.
func run(ctx context.Context, argv []string, stdout, stderr io.Writer) (int, error) {
	p, err := newProgram(ctx, argv, stdout, stderr)
	if err != nil {
		return 0, err
	}
	defer p.close()
	tab, closeBrowser, err := openTab(ctx, p.url+"page.html")
	defer closeBrowser()
	if err != nil {
		return 0, err
	}
	return p.wait(ctx, tab)
}

// wait waits for the end of a program that openTab has opened.
func (p *program) wait(ctx, tab context.Context) (int, error) {
	select {
	case code := <-p.exited:
		return code, nil
	case <-tab.Done():
		return 0, ended(ctx, tab)
	}
}

// errCrashed is why a tab's context ends when its process does.
var errCrashed = errors.New("the tab crashed")

// openTab starts a browser with one tab. The tab's context ends when the tab or the browser crashes, or when ctx ends, and
// the browser with it. What closes the browser waits until it is gone, and is never nil.
func openTab(ctx context.Context, url string) (tab context.Context, closeBrowser func(), err error) {
	path, err := chromium.Find()
	if err != nil {
		return nil, func() {}, err
	}
	options := append(chromium.Options(), chromedp.ExecPath(path), chromedp.WSURLReadTimeout(time.Minute))
	ctx, crash := context.WithCancelCause(ctx)
	ctx, cancelBrowser := chromedp.NewExecAllocator(ctx, options...)
	tab, cancelTab := chromedp.NewContext(ctx)
	closeBrowser = func() {
		cancelTab()
		cancelBrowser()
		crash(nil)
	}
	crashes := chromedp.Events(tab, inspector.TargetCrashed)
	if err := chromedp.Do(tab, chromedp.Navigate(url)); err != nil {
		return nil, closeBrowser, fmt.Errorf("starting %s: %w", path, err)
	}
	go func() {
		for _, err := range crashes {
			if err == nil {
				crash(errCrashed)
			}
			return
		}
	}()
	return tab, closeBrowser, nil
}

// ended tells why a tab's context, which was made from ctx, has ended.
func ended(ctx, tab context.Context) error {
	if ctx.Err() != nil { // a signal
		return context.Cause(ctx)
	}
	if cause := context.Cause(tab); cause == errCrashed {
		return cause
	}
	return fmt.Errorf("the browser is gone: %w", chromedp.Do(tab))
}

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"time"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/chromedp"
)

// tab is the page in a running Chromium.
type tab struct {
	ctx     context.Context
	cancel  []context.CancelFunc
	version string // of the browser
}

// openPage starts Chromium without anything that would ask the network.
func openPage(ctx context.Context, o options, url string) (*tab, error) {
	flags := []chromedp.ExecAllocatorOption{
		chromedp.ExecPath(o.chromium),
		chromedp.NoFirstRun,
		chromedp.NoDefaultBrowserCheck,
		chromedp.Headless,
		chromedp.Flag("enable-unsafe-webgpu", true),
		chromedp.Flag("use-webgpu-adapter", o.adapter),
		chromedp.Flag("disable-gpu-watchdog", true), // a software adapter is slow, not hung
		chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-sync", true),
		chromedp.Flag("disable-dev-shm-usage", true),
		chromedp.WSURLReadTimeout(time.Minute),
	}
	if os.Geteuid() == 0 {
		flags = append(flags, chromedp.NoSandbox) // which Chromium refuses to make as root
	}
	t := &tab{}
	ctx, cancel := chromedp.NewExecAllocator(ctx, flags...)
	t.cancel = append(t.cancel, cancel)
	t.ctx, cancel = chromedp.NewContext(ctx)
	t.cancel = append(t.cancel, cancel)
	if err := t.open(url); err != nil {
		t.close()
		return nil, fmt.Errorf("%s: %w", o.chromium, err)
	}
	return t, nil
}

func (t *tab) open(url string) error {
	if err := chromedp.Do(t.ctx, chromedp.Navigate(url)); err != nil {
		return err
	}
	v, err := chromedp.CallBrowser(t.ctx, browser.GetVersion, cdp.Empty{})
	t.version = v.Product
	return err
}

// close ends Chromium.
func (t *tab) close() {
	for i := len(t.cancel) - 1; i >= 0; i-- {
		t.cancel[i]()
	}
}

// evaluate calls a method of the page's webbench object and returns its value; of a promise, what it is resolved with.
func evaluate[T any](t *tab, method string, args ...any) (value T, err error) {
	encoded, err := json.Marshal(append([]any{}, args...)) // [] rather than null
	if err != nil {
		return value, err
	}
	return chromedp.Run(t.ctx, chromedp.Evaluate[T](fmt.Sprintf("webbench.%s(...%s)", method, encoded), chromedp.EvalAwaitPromise))
}

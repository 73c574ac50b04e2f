package e2e

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/chromedp"
	"github.com/counterpoint/counterpoint/site"
	"github.com/counterpoint/counterpoint/tools/internal/chromium"
)

const envRequired = "COUNTERPOINT_E2E"

// missing ends a test for want of something: it fails where the tests are required.
func missing(t *testing.T, format string, args ...any) {
	t.Helper()
	if os.Getenv(envRequired) == "required" {
		t.Fatalf(format, args...)
	}
	t.Skipf(format, args...)
}

// running is one browser, for all tests. Each visit has a browser context of its own: its storage begins empty.
var running struct {
	ctx    context.Context // nil while there is none
	cancel []context.CancelFunc
	proxy  *proxy
}

// startChromium starts the browser, unless it runs. All its requests, whoever makes them, go through running.proxy.
func startChromium(t *testing.T) {
	t.Helper()
	path, err := chromium.Find()
	if err != nil {
		missing(t, "%v", err)
	}
	if !site.HasEngine() {
		missing(t, "the browser engine was not built: run make wasm")
	}
	if running.proxy == nil {
		running.proxy = newProxy()
	}
	if running.ctx == nil {
		launch(t, path)
	}
}

func launch(t *testing.T, path string, more ...chromedp.ExecAllocatorOption) {
	t.Helper()
	options := append(chromium.Options(), chromedp.ExecPath(path), chromedp.WSURLReadTimeout(time.Minute),
		chromedp.ProxyServer(running.proxy.address()), chromedp.Flag("proxy-bypass-list", "<-loopback>")) // proxy localhost too
	ctx, cancelAllocator := chromedp.NewExecAllocator(context.Background(), append(options, more...)...)
	ctx, cancelBrowser := chromedp.NewContext(ctx)
	running.ctx, running.cancel = ctx, []context.CancelFunc{cancelBrowser, cancelAllocator}
	if err := chromedp.Do(ctx); err != nil {
		stopChromium()
		t.Fatalf("starting %s: %v", path, err)
	}
}

func stopChromium() {
	if running.ctx != nil {
		chromedp.Cancel(running.ctx) // waits until it has written its profile
	}
	for _, cancel := range running.cancel {
		cancel()
	}
	running.ctx, running.cancel = nil, nil
}

func TestMain(m *testing.M) {
	code := m.Run()
	stopChromium()
	if packed != "" {
		if err := os.RemoveAll(packed); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}

// newTab opens a tab in a browser context of its own, whose downloads go to a folder. It is closed after the test.
func newTab(t *testing.T, downloads string) context.Context {
	t.Helper()
	startChromium(t)
	ctx, cancelTab := chromedp.NewContext(running.ctx, chromedp.WithNewBrowserContext())
	t.Cleanup(cancelTab)
	err := chromedp.Do(ctx) // opens it; what ends this context closes the tab
	if err == nil {
		_, err = chromedp.CallBrowser(ctx, browser.SetDownloadBehavior, browser.SetDownloadBehaviorParams{
			Behavior: browser.SetDownloadBehaviorBehaviorAllow, BrowserContextID: chromedp.FromContext(ctx).BrowserContextID,
			DownloadPath: downloads, EventsEnabled: new(true),
		})
	}
	if err != nil {
		t.Fatal(err)
	}
	return ctx
}

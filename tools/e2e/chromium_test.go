package e2e

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/chromedp"
	"github.com/counterpoint/counterpoint/site"
)

const (
	envRequired = "COUNTERPOINT_E2E"
	envChromium = "COUNTERPOINT_CHROMIUM"
)

// flags make a Chromium that has WebGPU without a GPU, and keep it from asking its makers for anything.
var flags = []chromedp.ExecAllocatorOption{
	chromedp.NoFirstRun,
	chromedp.NoDefaultBrowserCheck,
	chromedp.Headless,
	chromedp.NoSandbox, // which containers don't give
	chromedp.Flag("enable-unsafe-webgpu", true),
	chromedp.Flag("use-webgpu-adapter", "swiftshader"),
	chromedp.Flag("disable-gpu-watchdog", true), // a software adapter is slow, not hung
	chromedp.Flag("disable-quic", true),
	chromedp.Flag("disable-background-networking", true),
	chromedp.Flag("disable-component-update", true),
	chromedp.Flag("disable-sync", true),
	chromedp.Flag("disable-features", "AutofillServerCommunication,OptimizationHints,MediaRouter,Translate"),
	chromedp.Flag("disable-dev-shm-usage", true),
}

// missing ends a test for want of something: it fails where the tests are required.
func missing(t *testing.T, format string, args ...any) {
	t.Helper()
	if os.Getenv(envRequired) == "required" {
		t.Fatalf(format, args...)
	}
	t.Skipf(format, args...)
}

func findChromium(t *testing.T) string {
	t.Helper()
	names := []string{"chromium", "chromium-browser", "google-chrome", "chrome"}
	if name := os.Getenv(envChromium); name != "" {
		names = []string{name}
	}
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	missing(t, "no Chromium (looked for %q); %s names one", names, envChromium)
	return ""
}

// chromium is one running browser, for all tests. Each visit has a browser context of its own: its storage begins empty.
var chromium struct {
	once   sync.Once
	ctx    context.Context
	cancel []context.CancelFunc
	proxy  *proxy
	err    error
}

// startChromium starts the browser, unless it runs. All its requests, whoever makes them, go through chromium.proxy.
func startChromium(t *testing.T) {
	t.Helper()
	path := findChromium(t)
	if !site.HasEngine() {
		missing(t, "the browser engine was not built: run make wasm")
	}
	chromium.once.Do(func() {
		chromium.proxy = newProxy()
		options := append(flags[:len(flags):len(flags)], chromedp.ExecPath(path), chromedp.WSURLReadTimeout(time.Minute),
			chromedp.ProxyServer(chromium.proxy.address()), chromedp.Flag("proxy-bypass-list", "<-loopback>")) // proxy localhost too
		ctx, cancelAllocator := chromedp.NewExecAllocator(context.Background(), options...)
		ctx, cancelBrowser := chromedp.NewContext(ctx)
		chromium.ctx, chromium.cancel = ctx, []context.CancelFunc{cancelBrowser, cancelAllocator}
		chromium.err = chromedp.Do(ctx)
	})
	if chromium.err != nil {
		t.Fatalf("starting %s: %v", path, chromium.err)
	}
}

func TestMain(m *testing.M) {
	code := m.Run()
	for _, cancel := range chromium.cancel {
		cancel()
	}
	if packed != "" {
		if err := os.RemoveAll(packed); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}

// newTab opens a tab in a browser context of its own, whose downloads go to a folder. It is closed after the test.
func newTab(t *testing.T, patience time.Duration, downloads string) context.Context {
	t.Helper()
	startChromium(t)
	ctx, cancelTab := chromedp.NewContext(chromium.ctx, chromedp.WithNewBrowserContext())
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
	ctx, cancel := context.WithTimeoutCause(ctx, patience, fmt.Errorf("%s took longer than %v", t.Name(), patience))
	t.Cleanup(cancel)
	return ctx
}

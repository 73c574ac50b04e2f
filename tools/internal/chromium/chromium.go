// Package chromium finds a Chromium for tests, and gives it a GPU that is software.
package chromium

import (
	"fmt"
	"os"
	"os/exec"

	"github.com/chromedp/chromedp"
)

// Env names an environment variable: the browser to run, where it is none of the usual names on the PATH.
const Env = "COUNTERPOINT_CHROMIUM"

// Find returns the path of a Chromium.
func Find() (string, error) {
	names := []string{"chromium", "chromium-browser", "google-chrome", "chrome"}
	if name := os.Getenv(Env); name != "" {
		names = []string{name}
	}
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("no Chromium (looked for %q); %s names one", names, Env)
}

// Options make a Chromium that has WebGPU without a GPU, and keep it from asking its makers for anything.
func Options() []chromedp.ExecAllocatorOption {
	return []chromedp.ExecAllocatorOption{
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
		chromedp.Flag("gaia-url", "https://127.0.0.1:9"), // where it asks who is signed in: nobody listens
		chromedp.Flag("disable-features", "AutofillServerCommunication,OptimizationHints,MediaRouter,Translate"),
		chromedp.Flag("disable-dev-shm-usage", true),
	}
}

package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/counterpoint/counterpoint/tools/internal/chromium"
)

// patience is far more than anything here takes.
const patience = 2 * time.Minute

// build builds testdata/program.
func build(t *testing.T) string {
	t.Helper()
	if _, err := chromium.Find(); err != nil {
		if os.Getenv("COUNTERPOINT_E2E") == "required" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	file := filepath.Join(t.TempDir(), "program.wasm")
	build := exec.Command("go", "build", "-o", file, "./testdata/program")
	build.Env = append(os.Environ(), "GOOS=js", "GOARCH=wasm")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return file
}

func TestRun(t *testing.T) {
	program := build(t)
	t.Setenv("COUNTERPOINT_TEST_WORD", "hello")
	t.Setenv("SECRET", "secret")
	for _, c := range []struct {
		does           string
		code           int
		stdout, stderr string // stderr: in part
	}{
		{"speak", 0, "out hello \n", "err\n"},
		{"3", 3, "", ""},
		{"panic", 2, "", "panic: on purpose"},
		{"throw wait", 1, "waiting\n", "wasmtest: Error: on purpose"},
		{"destroy speak", 0, "out hello \n", "err\n"},
	} {
		t.Run(c.does, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			var stdout, stderr bytes.Buffer
			code, err := run(ctx, append([]string{program}, strings.Fields(c.does)...), &stdout, &stderr)
			if code != c.code || err != nil {
				t.Errorf("exit status %d and error %v, want %d and none", code, err, c.code)
			}
			if stdout.String() != c.stdout || !strings.Contains(stderr.String(), c.stderr) {
				t.Errorf("it printed %q and %q, want %q and %q", stdout.String(), stderr.String(), c.stdout, c.stderr)
			}
		})
	}
}

// A crash of any of the browser's processes is the program's failure, and so is the end of anybody's patience.
func TestCrash(t *testing.T) {
	program := build(t)
	for _, c := range []struct {
		does  string
		crash func(tab context.Context, cancel func())
		says  string
	}{
		{"wait", func(tab context.Context, _ func()) { chromedp.Call(tab, page.Crash, cdp.Empty{}) }, "the tab crashed"},
		{"wait", func(tab context.Context, _ func()) { chromedp.CallBrowser(tab, browser.Crash, cdp.Empty{}) }, "the browser is gone"},
		{"wait", func(_ context.Context, cancel func()) { cancel() }, "enough"},
		{"open", func(tab context.Context, _ func()) { chromedp.CallBrowser(tab, browser.CrashGPUProcess, cdp.Empty{}) }, "a GPU device was lost"},
	} {
		t.Run(c.says, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			ctx, stop := context.WithCancelCause(ctx)
			stdout, output := io.Pipe()
			var stderr bytes.Buffer
			p, err := newProgram(ctx, []string{program, c.does}, output, &stderr)
			if err != nil {
				t.Fatal(err)
			}
			defer p.close()
			tab, closeBrowser, err := openTab(ctx, p.url+"page.html")
			defer closeBrowser()
			if err != nil {
				t.Fatal(err)
			}
			context.AfterFunc(ctx, func() { output.CloseWithError(context.Cause(ctx)) })
			if _, err := io.ReadFull(stdout, make([]byte, len("waiting\n"))); err != nil {
				t.Fatal(err)
			}
			go c.crash(tab, func() { stop(errors.New("enough")) })
			code, err := p.wait(ctx, tab)
			if err == nil && code == 0 {
				t.Error("it succeeded")
			}
			if said := stderr.String(); !strings.Contains(said, c.says) && (err == nil || !strings.Contains(err.Error(), c.says)) {
				t.Errorf("status %d, error %v, and it printed %q; want %q", code, err, said, c.says)
			}
		})
	}
}

// TestModuleOnly asks for files as no worker of ours does.
func TestModuleOnly(t *testing.T) {
	p, err := newProgram(t.Context(), []string{"program"}, io.Discard, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	defer p.close()
	get := func(path, host string) (int, string) {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, p.url+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		if host != "" {
			r.Host = host
		}
		response, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatal(err)
		}
		return response.StatusCode, string(body)
	}
	for _, c := range []struct {
		path, host string
		status     int
		holds      string
	}{
		{"module/go.mod", "", http.StatusOK, "module github.com/counterpoint/counterpoint"},
		{"module/", "", http.StatusOK, `{"name":"go.mod","isFolder":false,`},
		{"module/tools/wasmtest/", "", http.StatusOK, `{"name":"chromium","isFolder":true,`},
		{"module/nothing", "", http.StatusNotFound, ""},
		{"module/..%2f..%2fetc%2fpasswd", "", http.StatusForbidden, ""},
		{"module/%2fetc%2fpasswd", "", http.StatusForbidden, ""},
		{"module/go.mod", "elsewhere.example", http.StatusMisdirectedRequest, ""},
	} {
		if status, body := get(c.path, c.host); status != c.status || !strings.Contains(body, c.holds) {
			t.Errorf("%s of %q: %d %.100q, want %d with %q", c.path, c.host, status, body, c.status, c.holds)
		}
	}
}

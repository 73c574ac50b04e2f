package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/counterpoint/counterpoint/site"
	"github.com/counterpoint/counterpoint/weights/scenes"
)

// The server prints where it is, answers to its own names only, and an interrupt is its regular end.
func TestServe(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	listener, err := listen(ctx, "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	handler, err := site.Handler(scenes.Model)
	if err != nil {
		t.Fatal(err)
	}
	printed, out := io.Pipe()
	var said bytes.Buffer
	ended := make(chan error, 1)
	go func() {
		ended <- serve(ctx, newConsole(nil, out, &said), handler, listener)
		out.Close()
	}()
	line := make([]byte, 100)
	n, err := printed.Read(line)
	if err != nil {
		t.Fatal(err)
	}
	address := strings.TrimSpace(string(line[:n]))
	if want := "http://" + listener.Addr().String() + "/"; address != want {
		t.Fatalf("it prints %q, want %q", address, want)
	}
	for host, want := range map[string]int{"": http.StatusOK, "rebound.example": http.StatusMisdirectedRequest} {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Host = host
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if answer.StatusCode != want {
			t.Errorf("host %q: status %d, want %d", host, answer.StatusCode, want)
		}
	}
	cancel()
	select {
	case err := <-ended:
		if err != nil {
			t.Errorf("after an interrupt: %v", err)
		}
	case <-time.After(2 * drain):
		t.Fatal("an interrupt doesn't stop it")
	}
}

func TestListenRefuses(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	_, err = listen(t.Context(), taken.Addr().String())
	hint, ok := errors.AsType[hintError](err)
	if !ok || !strings.Contains(err.Error(), "another program listens there") || !strings.Contains(hint.hint, ":0") {
		t.Errorf("a port in use: %v", err)
	}
	if _, err := listen(t.Context(), "8080"); exitStatus(t.Context(), err) != statusUsage {
		t.Errorf("an address without a port: %v, want a usage error", err)
	}
}

// A program without the browser engine says so and what to do.
func TestNoEngine(t *testing.T) {
	hint, ok := errors.AsType[hintError](noEngine(site.ErrNoEngine))
	if !ok || !strings.Contains(hint.hint, "make site") {
		t.Errorf("no hint with %v", site.ErrNoEngine)
	}
	if site.HasEngine() {
		return
	}
	for _, args := range [][]string{{"serve", "--listen", "127.0.0.1:0"}, {"site", "-o", t.TempDir()}} {
		status, _, said := command(t.Context(), args...)
		if status != statusFailed || !bytes.Contains(said, []byte("built without the browser engine")) {
			t.Errorf("%v: status %d, %s", args, status, said)
		}
	}
}

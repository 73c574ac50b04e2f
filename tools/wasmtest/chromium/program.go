package main

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"github.com/counterpoint/counterpoint/site"
)

//go:embed page.html worker.js files.js
var scripts embed.FS

// program is a program for js/wasm, served to a browser with all it needs.
type program struct {
	url    string // of the server
	server http.Server
	start  start
	module *os.Root // the folder of go.mod
	goroot string
	output map[string]io.Writer // by file descriptor
	exited chan int             // the exit status, once
}

// start is what the worker is told.
type start struct {
	Argv   []string          `json:"argv"`
	Env    map[string]string `json:"env"`
	Folder string            `json:"folder"` // the current one
	Module string            `json:"module"` // the folder whose files the program sees
}

// newProgram serves the program argv[0], for running in the current folder, until it is closed.
func newProgram(ctx context.Context, argv []string, stdout, stderr io.Writer) (*program, error) {
	folder, err := os.Getwd()
	if err != nil {
		return nil, err
	}
	module, err := moduleAround(folder)
	if err != nil {
		return nil, err
	}
	// The go command that runs tests is the first on their PATH.
	goroot, err := exec.CommandContext(ctx, "go", "env", "GOROOT").Output()
	if err != nil {
		return nil, fmt.Errorf("go env GOROOT: %w", err)
	}
	root, err := os.OpenRoot(module)
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, errors.Join(err, root.Close())
	}
	p := &program{
		url:    "http://" + listener.Addr().String() + "/",
		start:  start{withoutLog(argv), environment(os.Environ()), filepath.ToSlash(folder), filepath.ToSlash(module)},
		module: root,
		goroot: strings.TrimSpace(string(goroot)),
		output: map[string]io.Writer{"1": stdout, "2": stderr},
		exited: make(chan int, 1),
	}
	p.server.Handler = site.LoopbackOnly(p.handler(), listener.Addr().(*net.TCPAddr))
	go p.server.Serve(listener) // until it is closed
	return p, nil
}

func (p *program) close() {
	p.server.Close()
	p.module.Close()
}

// moduleAround returns the nearest folder with a go.mod, from folder upwards.
func moduleAround(folder string) (string, error) {
	for at := folder; ; at = filepath.Dir(at) {
		if _, err := os.Stat(filepath.Join(at, "go.mod")); err == nil {
			return at, nil
		}
		if at == filepath.Dir(at) {
			return "", fmt.Errorf("%s is not in a Go module", folder)
		}
	}
}

// withoutLog leaves out where a test is to log what it reads, for the go command's cache: it would stay in the worker. The
// go command does not cache a result without it.
func withoutLog(argv []string) []string {
	var kept []string
	for _, arg := range argv {
		if !strings.HasPrefix(arg, "-test.testlogfile=") {
			kept = append(kept, arg)
		}
	}
	return kept
}

var wanted = regexp.MustCompile(`^(HOME|PWD|TZ|GO[A-Z]*|COUNTERPOINT_.*)$`)

// environment returns what a program needs of the environment. Go's wasm_exec.js has room for 8 KiB of it, arguments
// included.
func environment(all []string) map[string]string {
	env := map[string]string{"TMPDIR": "/tmp"}
	for _, entry := range all {
		if name, value, _ := strings.Cut(entry, "="); wanted.MatchString(name) {
			env[name] = value
		}
	}
	return env
}

// handler serves the page, all that its worker needs, and takes what comes from there.
func (p *program) handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /", http.FileServerFS(scripts))
	mux.HandleFunc("GET /wasm_exec.js", func(w http.ResponseWriter, r *http.Request) {
		http.ServeFile(w, r, filepath.Join(p.goroot, "lib", "wasm", "wasm_exec.js"))
	})
	mux.HandleFunc("GET /program.wasm", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/wasm")
		http.ServeFile(w, r, p.start.Argv[0])
	})
	mux.HandleFunc("GET /start", func(w http.ResponseWriter, r *http.Request) { answer(w, p.start) })
	mux.HandleFunc("GET /module/{path...}", p.serveModule)
	mux.HandleFunc("POST /output/{descriptor}", func(w http.ResponseWriter, r *http.Request) {
		out := p.output[r.PathValue("descriptor")]
		if out == nil {
			http.NotFound(w, r)
			return
		}
		if _, err := io.Copy(out, r.Body); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
		}
	})
	mux.HandleFunc("POST /exit/{code}", func(w http.ResponseWriter, r *http.Request) {
		code, err := strconv.Atoi(r.PathValue("code"))
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		select {
		case p.exited <- code:
		default: // the first counts
		}
	})
	return mux
}

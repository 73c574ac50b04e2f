package main

import (
	"embed"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path"
	"path/filepath"

	"github.com/counterpoint/counterpoint/site"
)

//go:embed page
var page embed.FS

// sources are what the page needs, beside itself.
type sources struct {
	engine string // the folder of build
	ort    string // the unpacked npm package
	onnx   string
	model  fs.FS // packed
}

// Paths on the server.
const (
	onnxPath  = "/unet.onnx"
	modelPath = "/site/model/"
)

// types are the media types of what must have the right one.
var types = map[string]string{
	".html": "text/html; charset=utf-8",
	".js":   "text/javascript; charset=utf-8",
	".mjs":  "text/javascript; charset=utf-8",
	".wasm": "application/wasm",
}

// newHandler serves the page, with the headers that give it shared memory: without it ONNX Runtime has one thread.
func newHandler(s sources) (http.Handler, error) {
	dist := filepath.Join(s.ort, "dist")
	for _, needed := range []string{s.onnx, dist} {
		if _, err := os.Stat(needed); err != nil {
			return nil, err
		}
	}
	app, err := site.Handler(s.model)
	if err != nil {
		return nil, err
	}
	files, err := fs.Sub(page, "page")
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("/", http.FileServerFS(files))
	mux.Handle("/site/", http.StripPrefix("/site", app))
	mux.Handle("/ort/", http.StripPrefix("/ort", http.FileServerFS(os.DirFS(dist))))
	for name, file := range map[string]string{
		onnxPath:         s.onnx,
		"/" + engineFile: filepath.Join(s.engine, engineFile),
		"/" + startFile:  filepath.Join(s.engine, startFile),
	} {
		mux.HandleFunc(name, func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, file) })
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Embedder-Policy", "require-corp")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		if t, ok := types[path.Ext(r.URL.Path)]; ok {
			h.Set("Content-Type", t)
		}
		mux.ServeHTTP(w, r)
	}), nil
}

// listen serves on a free port of this machine, which other machines can't reach.
func listen(h http.Handler) (url string, closeServer func() error, err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	s := &http.Server{Handler: h}
	go s.Serve(l) // it ends with the error that it was closed
	return fmt.Sprintf("http://%v/", l.Addr()), s.Close, nil
}

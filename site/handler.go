package site

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"io/fs"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Handler serves the app at the root, and under model/ the packed model in the root of model: its manifest and its shards,
// nothing else of that folder. It is safe for concurrent use.
func Handler(model fs.FS) (http.Handler, error) { return newHandler(embedded, model) }

func newHandler(app, model fs.FS) (http.Handler, error) {
	files, err := shellFiles(app, model)
	if err != nil {
		return nil, err
	}
	h := &handler{model: model, assets: make(map[string]*asset, len(files))}
	for name, data := range files {
		h.assets[name] = newAsset(name, data)
	}
	return h, nil
}

type handler struct {
	model  fs.FS
	assets map[string]*asset
}

func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	for _, each := range everywhere {
		w.Header().Set(each.name, each.value)
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
		return
	}
	name := strings.TrimPrefix(r.URL.Path, "/")
	if name == "" {
		name = "index.html"
	}
	if a := h.assets[name]; a != nil {
		a.serve(w, r)
		return
	}
	if shard, ok := strings.CutPrefix(name, modelFolder); ok && isShard(shard) {
		h.serveShard(w, r, shard)
		return
	}
	http.Error(w, "not found", http.StatusNotFound)
}

// serveShard sends a shard as it is stored. What it holds is checked where it is used: the name is its hash.
func (h *handler) serveShard(w http.ResponseWriter, r *http.Request, name string) {
	f, err := h.model.Open(name)
	if err != nil {
		http.Error(w, "not found", http.StatusNotFound)
		return
	}
	defer f.Close()
	content, ok := f.(io.ReadSeeker)
	if !ok {
		http.Error(w, "the model's files can't be read from the middle", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", mediaType(name))
	w.Header().Set("Cache-Control", cacheForever)
	w.Header().Set("ETag", `"`+name[:64]+`"`)
	http.ServeContent(w, r, "", time.Time{}, content)
}

// asset is a file in memory, and its encodings once asked for.
type asset struct {
	mediaType string
	cache     string
	tag       string // of the plain content
	plain     []byte
	encoded   []func() ([]byte, error) // as served has them
}

func newAsset(name string, data []byte) *asset {
	sum := sha256.Sum256(data)
	a := &asset{mediaType: mediaType(name), cache: cacheChecked, tag: hex.EncodeToString(sum[:16]), plain: data}
	if name == workerName {
		a.cache = cacheDay
	}
	for _, e := range served {
		a.encoded = append(a.encoded, sync.OnceValues(func() ([]byte, error) { return e.encode(data) }))
	}
	return a
}

func (a *asset) serve(w http.ResponseWriter, r *http.Request) {
	body, tag := a.plain, a.tag
	if i := choose(r.Header.Get("Accept-Encoding"), served); i >= 0 && r.Header.Get("Range") == "" {
		encoded, err := a.encoded[i]()
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		body, tag = encoded, a.tag+"-"+served[i].name
		w.Header().Set("Content-Encoding", served[i].name)
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	}
	w.Header().Add("Vary", "Accept-Encoding")
	w.Header().Set("Content-Type", a.mediaType)
	w.Header().Set("Cache-Control", a.cache)
	w.Header().Set("ETag", `"`+tag+`"`)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body))
}

package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"io/fs"
	"net/http"
	"strings"
)

// entry describes a file or a folder.
type entry struct {
	Name     string `json:"name"`
	IsFolder bool   `json:"isFolder"`
	Size     int64  `json:"size"`
	Modified int64  `json:"modified"` // ms since 1970
}

// serveModule sends a file of the module, or the entries of a folder.
func (p *program) serveModule(w http.ResponseWriter, r *http.Request) {
	path := cmp.Or(strings.TrimSuffix(r.PathValue("path"), "/"), ".")
	f, err := p.module.Open(path)
	if err != nil {
		status := http.StatusForbidden
		if errors.Is(err, fs.ErrNotExist) {
			status = http.StatusNotFound
		}
		http.Error(w, err.Error(), status)
		return
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	if !info.IsDir() {
		http.ServeContent(w, r, path, info.ModTime(), f)
		return
	}
	found, err := f.ReadDir(-1)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	entries := []entry{}
	for _, each := range found {
		if info, err := p.module.Stat(path + "/" + each.Name()); err == nil { // else it is gone, or a link to elsewhere
			entries = append(entries, entry{each.Name(), info.IsDir(), info.Size(), info.ModTime().UnixMilli()})
		}
	}
	answer(w, entries)
}

func answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(v)
}

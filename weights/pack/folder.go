package pack

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/counterpoint/counterpoint/weights"
)

// File names of a diffusers folder.
const (
	indexName = "model_index.json"
	// extraName is ours: what the model's makers declare beyond diffusers' configs.
	extraName = "counterpoint.json"
)

// tokenizerFiles are what a tokenizer's folder may hold: vocab.json and
// merges.txt, or since transformers 5 tokenizer.json, and small configs.
var tokenizerFiles = []string{
	"added_tokens.json", "merges.txt", "special_tokens_map.json", "tokenizer.json", "tokenizer_config.json", "vocab.json",
}

// maxJSON caps configs and indexes of a folder.
const maxJSON = 16 << 20

// Folder is a model as diffusers saves it: model_index.json, and a folder for
// each component.
type Folder struct {
	fsys fs.FS
	// Index is model_index.json.
	Index json.RawMessage
	// Extra is counterpoint.json; nil if there is none.
	Extra json.RawMessage
	// Components are sorted by name. Those that are not needed to make
	// pictures, as a safety checker, are in Unused instead.
	Components []weights.Component
	Unused     []weights.Component
	// Files are the paths of the tokenizers' files, sorted.
	Files []string
}

// OpenFolder reads a folder's index and configs. Weights are not touched yet.
func OpenFolder(fsys fs.FS) (*Folder, error) {
	f := &Folder{fsys: fsys}
	var err error
	if f.Index, err = f.readJSON(indexName); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("not a diffusers folder: %w", err)
		}
		return nil, err
	}
	if f.Extra, err = f.readJSON(extraName); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	components, err := weights.ParseIndex(f.Index)
	if err != nil {
		return nil, malformed(indexName, "%v", err)
	}
	for _, c := range components {
		switch roleOf(c) {
		case unused:
			f.Unused = append(f.Unused, c)
			continue
		case tokenizer:
			if err := f.findTokenizer(c); err != nil {
				return nil, err
			}
		default:
			if c.Config, err = f.readJSON(path.Join(c.Name, configFile(c))); err != nil {
				return nil, err
			}
		}
		f.Components = append(f.Components, c)
	}
	slices.Sort(f.Files)
	return f, nil
}

// readJSON reads a file holding a JSON object.
func (f *Folder) readJSON(name string) (json.RawMessage, error) {
	data, err := f.ReadFile(name, maxJSON)
	if err != nil {
		return nil, err
	}
	data = withoutInfinities(data)
	var object map[string]json.RawMessage
	if err := json.Unmarshal(data, &object); err != nil || object == nil {
		return nil, malformed(name, "not a JSON object")
	}
	return bytes.TrimSpace(data), nil
}

// nonFinite matches a string, which is left alone, or what Python's json writes
// for floats that JSON cannot express, as in DPMSolverMultistepScheduler's
// "lambda_min_clipped": -Infinity.
var nonFinite = regexp.MustCompile(`"(?:[^"\\]|\\.)*"|-?Infinity|NaN`)

// withoutInfinities makes JSON of Python's: infinities become the largest
// number, which serves as a limit as well, and NaN becomes null.
func withoutInfinities(data []byte) []byte {
	return nonFinite.ReplaceAllFunc(data, func(token []byte) []byte {
		switch string(token) {
		case "Infinity":
			return []byte("1.7976931348623157e308")
		case "-Infinity":
			return []byte("-1.7976931348623157e308")
		case "NaN":
			return []byte("null")
		}
		return token
	})
}

// ReadFile reads a file of at most limit bytes.
func (f *Folder) ReadFile(name string, limit int64) ([]byte, error) {
	file, err := f.fsys.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(data)) > limit {
		return nil, malformed(name, "more than %d bytes", limit)
	}
	return data, nil
}

func (f *Folder) findTokenizer(c weights.Component) error {
	found := 0
	for _, base := range tokenizerFiles {
		name := path.Join(c.Name, base)
		switch _, err := fs.Stat(f.fsys, name); {
		case err == nil:
			f.Files = append(f.Files, name)
			found++
		case !errors.Is(err, fs.ErrNotExist):
			return err
		}
	}
	if found == 0 {
		return fmt.Errorf("%s: none of %s: %w", c.Name, strings.Join(tokenizerFiles, ", "), fs.ErrNotExist)
	}
	return nil
}

// Checkpoint is a component's weights: one safetensors file or several.
type Checkpoint struct {
	files   []io.Closer
	tensors map[string]checkpointTensor
}

// checkpointTensor says which file holds a tensor, and under which name.
type checkpointTensor struct {
	file *Safetensors
	name string
}

// Weights opens the weights of a component that is a network: plain files
// before those of the fp16 variant, one file or several with an index. Errors
// wrap ErrPickle if there are only pickles, fs.ErrNotExist if there is nothing.
func (f *Folder) Weights(c weights.Component) (*Checkpoint, error) {
	ck := &Checkpoint{tensors: make(map[string]checkpointTensor)}
	for _, stem := range []string{weightsFile(c), "diffusion_pytorch_model", "model"} {
		for _, try := range []struct {
			suffix string
			add    func(c weights.Component, name string) error
		}{
			{".safetensors", func(c weights.Component, name string) error { return ck.add(f.fsys, c, name, nil) }},
			{".safetensors.index.json", func(c weights.Component, name string) error { return ck.addIndex(f, c, name) }},
			{".fp16.safetensors", func(c weights.Component, name string) error { return ck.add(f.fsys, c, name, nil) }},
			{".safetensors.index.fp16.json", func(c weights.Component, name string) error { return ck.addIndex(f, c, name) }},
		} {
			name := path.Join(c.Name, stem+try.suffix)
			if _, err := fs.Stat(f.fsys, name); errors.Is(err, fs.ErrNotExist) {
				continue
			}
			if err := try.add(c, name); err != nil {
				return nil, errors.Join(err, ck.Close())
			}
			return ck, nil
		}
	}
	return nil, f.noWeights(c)
}

// noWeights says why a component has no weights that can be read.
func (f *Folder) noWeights(c weights.Component) error {
	entries, err := fs.ReadDir(f.fsys, c.Name)
	if err != nil {
		return err
	}
	for _, e := range entries {
		switch path.Ext(e.Name()) {
		case ".bin", ".ckpt", ".pt", ".pth", ".pkl":
			return fmt.Errorf("%s: %w, which run code when they are read: save the model with diffusers' save_pretrained(..., safe_serialization=True) and pack that",
				path.Join(c.Name, e.Name()), ErrPickle)
		}
	}
	return fmt.Errorf("%s: no %s.safetensors: %w", c.Name, weightsFile(c), fs.ErrNotExist)
}

// add opens a file and takes its tensors: all, or those that want accepts.
func (ck *Checkpoint) add(fsys fs.FS, c weights.Component, name string, want func(tensor string) bool) error {
	r, size, err := openAt(fsys, name)
	if err != nil {
		return err
	}
	ck.files = append(ck.files, r)
	s, err := OpenSafetensors(r, size)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	for _, old := range s.Names() {
		if want != nil && !want(old) {
			continue
		}
		current := currentName(c, old)
		if current == "" {
			continue
		}
		if _, ok := ck.tensors[current]; ok {
			return malformed(name, "tensor %s is given twice", current)
		}
		ck.tensors[current] = checkpointTensor{s, old}
	}
	return nil
}

// addIndex opens the files that an index names.
func (ck *Checkpoint) addIndex(f *Folder, c weights.Component, name string) error {
	data, err := f.readJSON(name)
	if err != nil {
		return err
	}
	var index struct {
		WeightMap map[string]string `json:"weight_map"`
	}
	if err := json.Unmarshal(data, &index); err != nil {
		return malformed(name, "%v", err)
	}
	files := slices.Compact(slices.Sorted(maps.Values(index.WeightMap)))
	for _, file := range files {
		if file != path.Base(file) || !strings.HasSuffix(file, ".safetensors") {
			return malformed(name, "weight_map names %.80q, which is no safetensors file beside it", file)
		}
		err := ck.add(f.fsys, c, path.Join(c.Name, file), func(t string) bool { return index.WeightMap[t] == file })
		if err != nil {
			return err
		}
	}
	for tensor := range index.WeightMap {
		if current := currentName(c, tensor); current != "" {
			if _, ok := ck.tensors[current]; !ok {
				return malformed(name, "tensor %s is not in %s", tensor, index.WeightMap[tensor])
			}
		}
	}
	return nil
}

// oldAttention matches attention layers in autoencoders saved before diffusers 0.15.
var oldAttention = regexp.MustCompile(`(\.attentions\.\d+)\.(query|key|value|proj_attn)\.`)

var currentAttention = map[string]string{"query": "to_q", "key": "to_k", "value": "to_v", "proj_attn": "to_out.0"}

// currentName gives the name that today's class has for a tensor: "" for a
// buffer that is no weight.
func currentName(c weights.Component, name string) string {
	// A table 0, 1, 2, … that transformers saved before 4.31.
	if strings.HasSuffix(name, ".position_ids") {
		return ""
	}
	if m := oldAttention.FindStringSubmatch(name); m != nil && c.Class == "AutoencoderKL" {
		return strings.Replace(name, m[0], m[1]+"."+currentAttention[m[2]]+".", 1)
	}
	return name
}

// Names lists the component's tensors, sorted.
func (ck *Checkpoint) Names() []string { return slices.Sorted(maps.Keys(ck.tensors)) }

// Lookup describes a tensor.
func (ck *Checkpoint) Lookup(name string) (SafetensorInfo, bool) {
	t, ok := ck.tensors[name]
	if !ok {
		return SafetensorInfo{}, false
	}
	info, ok := t.file.Lookup(t.name)
	info.Name = name
	return info, ok
}

// Float32s reads a tensor, as [Safetensors.Float32s] does.
func (ck *Checkpoint) Float32s(name string) ([]float32, error) {
	t, ok := ck.tensors[name]
	if !ok {
		return nil, fmt.Errorf("tensor %s: %w", name, weights.ErrNoTensor)
	}
	return t.file.Float32s(t.name)
}

// Close closes the files.
func (ck *Checkpoint) Close() error {
	var errs []error
	for _, f := range ck.files {
		errs = append(errs, f.Close())
	}
	return errors.Join(errs...)
}

type readerAtCloser interface {
	io.ReaderAt
	io.Closer
}

// openAt opens a file for reading at offsets. Where the file system cannot, as
// in a zip archive, the file is read into memory.
func openAt(fsys fs.FS, name string) (readerAtCloser, int64, error) {
	file, err := fsys.Open(name)
	if err != nil {
		return nil, 0, err
	}
	info, err := file.Stat()
	if err != nil {
		return nil, 0, errors.Join(err, file.Close())
	}
	if r, ok := file.(readerAtCloser); ok {
		return r, info.Size(), nil
	}
	data, err := io.ReadAll(file)
	if err := errors.Join(err, file.Close()); err != nil {
		return nil, 0, err
	}
	return inMemory{bytes.NewReader(data)}, int64(len(data)), nil
}

type inMemory struct{ *bytes.Reader }

func (inMemory) Close() error { return nil }

package pack

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/counterpoint/counterpoint/weights"
)

// component gives the folder's component of the given name.
func (f *Folder) component(t *testing.T, name string) weights.Component {
	t.Helper()
	i := slices.IndexFunc(f.Components, func(c weights.Component) bool { return c.Name == name })
	if i < 0 {
		t.Fatalf("no component %s in %v", name, f.Components)
	}
	return f.Components[i]
}

func openFolder(t *testing.T, fsys fs.FS) *Folder {
	t.Helper()
	f, err := OpenFolder(fsys)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestOpenFolder(t *testing.T) {
	f := openFolder(t, testPipeline().folder(t))
	var names []string
	for _, c := range f.Components {
		names = append(names, c.Name)
	}
	if want := []string{"scheduler", "text_encoder", "tokenizer", "unet", "vae"}; !slices.Equal(names, want) {
		t.Errorf("components %q, want %q", names, want)
	}
	if len(f.Unused) != 1 || f.Unused[0].Name != "safety_checker" {
		t.Errorf("unused components are %v, want the safety checker", f.Unused)
	}
	if want := []string{"tokenizer/merges.txt", "tokenizer/vocab.json"}; !slices.Equal(f.Files, want) {
		t.Errorf("files %q, want %q", f.Files, want)
	}
}

// TestWeightsForms stores the UNet in every way diffusers does.
func TestWeightsForms(t *testing.T) {
	p := testPipeline()
	whole := p.safetensors(t, "unet", TypeF32)
	first, second := make(pipeline), make(pipeline)
	weightMap := []string{}
	for name, w := range p {
		rest, ok := strings.CutPrefix(name, "unet/")
		if !ok {
			continue
		}
		half, file := first, "w-00001-of-00002.safetensors"
		if len(rest)%2 == 0 {
			half, file = second, "w-00002-of-00002.safetensors"
		}
		half[name] = w
		weightMap = append(weightMap, `"`+rest+`": "`+file+`"`)
	}
	index := []byte(`{"metadata": {}, "weight_map": {` + strings.Join(weightMap, ",") + `}}`)
	halves := map[string][]byte{
		"w-00001-of-00002.safetensors": first.safetensors(t, "unet", TypeF32),
		"w-00002-of-00002.safetensors": second.safetensors(t, "unet", TypeF32),
	}
	with := func(name string, data []byte) map[string][]byte {
		files := map[string][]byte{name: data}
		for n, d := range halves {
			files[n] = d
		}
		return files
	}
	for name, files := range map[string]map[string][]byte{
		"plain":         {"diffusion_pytorch_model.safetensors": whole},
		"fp16":          {"diffusion_pytorch_model.fp16.safetensors": whole},
		"other stem":    {"model.safetensors": whole},
		"plain is used": {"diffusion_pytorch_model.safetensors": whole, "diffusion_pytorch_model.fp16.safetensors": []byte("not read")},
		"index":         with("diffusion_pytorch_model.safetensors.index.json", index),
		"fp16 index":    with("diffusion_pytorch_model.safetensors.index.fp16.json", index),
	} {
		folder := p.folder(t)
		delete(folder, unetWeights)
		for n, d := range files {
			folder["unet/"+n] = &fstest.MapFile{Data: d}
		}
		f := openFolder(t, folder)
		ck, err := f.Weights(f.component(t, "unet"))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got, want := len(ck.Names()), len(weightMap); got != want {
			t.Errorf("%s: %d tensors, want %d", name, got, want)
		}
		for _, tensor := range ck.Names() {
			if got, err := ck.Float32s(tensor); err != nil || !slices.Equal(got, p["unet/"+tensor].values) {
				t.Errorf("%s: %s differs (%v)", name, tensor, err)
			}
		}
		if err := ck.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestFolderDefects(t *testing.T) {
	pickle := &fstest.MapFile{Data: []byte("\x80\x02")}
	for name, c := range map[string]struct {
		change func(fstest.MapFS)
		is     error
		says   string
	}{
		"no index":          {func(f fstest.MapFS) { delete(f, "model_index.json") }, fs.ErrNotExist, "not a diffusers folder"},
		"index not JSON":    {func(f fstest.MapFS) { f["model_index.json"].Data = []byte("{") }, weights.ErrFormat, "model_index.json"},
		"index a list":      {func(f fstest.MapFS) { f["model_index.json"].Data = []byte("[]") }, weights.ErrFormat, "model_index.json"},
		"odd component":     {func(f fstest.MapFS) { f["model_index.json"].Data = []byte(`{"unet": ["diffusers"]}`) }, weights.ErrFormat, "unet"},
		"no config":         {func(f fstest.MapFS) { delete(f, "unet/config.json") }, fs.ErrNotExist, "unet/config.json"},
		"config not JSON":   {func(f fstest.MapFS) { f["unet/config.json"].Data = []byte("null") }, weights.ErrFormat, "unet/config.json"},
		"no tokenizer":      {func(f fstest.MapFS) { delete(f, "tokenizer/vocab.json"); delete(f, "tokenizer/merges.txt") }, fs.ErrNotExist, "tokenizer"},
		"empty tokenizer":   {func(f fstest.MapFS) { f["tokenizer/merges.txt"].Data = nil }, weights.ErrFormat, "tokenizer/merges.txt"},
		"no weights":        {func(f fstest.MapFS) { delete(f, vaeWeights) }, fs.ErrNotExist, "vae: no diffusion_pytorch_model.safetensors"},
		"pickled weights":   {func(f fstest.MapFS) { delete(f, vaeWeights); f["vae/diffusion_pytorch_model.bin"] = pickle }, ErrPickle, "vae/diffusion_pytorch_model.bin: pickled weights"},
		"broken weights":    {func(f fstest.MapFS) { f[vaeWeights].Data = f[vaeWeights].Data[:1000] }, weights.ErrFormat, vaeWeights},
		"extra not JSON":    {func(f fstest.MapFS) { f["counterpoint.json"].Data = []byte("name") }, weights.ErrFormat, "counterpoint.json"},
		"extra of nonsense": {func(f fstest.MapFS) { f["counterpoint.json"].Data = []byte(`{"name": 7}`) }, weights.ErrFormat, "counterpoint.json"},
		"no name":           {func(f fstest.MapFS) { delete(f, "counterpoint.json") }, nil, "has no name"},
		"index escapes": {func(f fstest.MapFS) {
			delete(f, vaeWeights)
			f[vaeWeights+".index.json"] = &fstest.MapFile{Data: []byte(`{"weight_map": {"a": "../unet/diffusion_pytorch_model.safetensors"}}`)}
		}, weights.ErrFormat, "beside it"},
		"index names too much": {func(f fstest.MapFS) {
			f["vae/x.safetensors"] = f[vaeWeights]
			delete(f, vaeWeights)
			f[vaeWeights+".index.json"] = &fstest.MapFile{Data: []byte(`{"weight_map": {"a": "x.safetensors"}}`)}
		}, weights.ErrFormat, "tensor a is not in x.safetensors"},
	} {
		folder := testPipeline().folder(t)
		c.change(folder)
		dir := t.TempDir()
		_, err := Pack(context.Background(), folder, dir, Options{})
		if err == nil || !strings.Contains(err.Error(), c.says) || c.is != nil && !errors.Is(err, c.is) {
			t.Errorf("%s: error is %v, want one about %q that wraps %v", name, err, c.says, c.is)
		}
		if files := readAll(t, dir); files[weights.ManifestName] != nil {
			t.Errorf("%s: a manifest was written", name)
		}
	}
}

func TestOldNamesAreBroughtUpToDate(t *testing.T) {
	values := []float32{1, 2}
	p := pipeline{
		"vae/encoder.mid_block.attentions.0.query.weight":     {[]int{1, 2}, values},
		"vae/encoder.mid_block.attentions.0.proj_attn.weight": {[]int{1, 2}, values},
		"vae/decoder.mid_block.resnets.0.conv1.weight":        {[]int{1, 2}, values},
	}
	folder := files(map[string]string{
		"model_index.json": `{"vae": ["diffusers", "AutoencoderKL"]}`,
		"vae/config.json":  `{}`,
		vaeWeights:         string(p.safetensors(t, "vae", TypeF32)),
	})
	f := openFolder(t, folder)
	ck, err := f.Weights(f.component(t, "vae"))
	if err != nil {
		t.Fatal(err)
	}
	defer ck.Close()
	want := []string{
		"decoder.mid_block.resnets.0.conv1.weight",
		"encoder.mid_block.attentions.0.to_out.0.weight",
		"encoder.mid_block.attentions.0.to_q.weight",
	}
	if got := ck.Names(); !slices.Equal(got, want) {
		t.Errorf("names %q, want %q", got, want)
	}
}

func TestPythonsJSON(t *testing.T) {
	for in, want := range map[string]string{
		`{"a": -Infinity, "b": [Infinity, NaN]}`:   `{"a": -1.7976931348623157e308, "b": [1.7976931348623157e308, null]}`,
		`{"Infinity": "NaN", "\"": "-\\", "c": 1}`: `{"Infinity": "NaN", "\"": "-\\", "c": 1}`,
	} {
		if got := string(withoutInfinities([]byte(in))); got != want {
			t.Errorf("%s became %s, want %s", in, got, want)
		}
	}
}

// TestPositionIDsAreNoWeights packs a text encoder as older transformers saved it.
func TestPositionIDsAreNoWeights(t *testing.T) {
	file := safetensorsFile(`{"text_model.embeddings.position_ids":{"dtype":"I64","shape":[1,2],"data_offsets":[0,16]},`+
		`"w":{"dtype":"F16","shape":[1],"data_offsets":[16,18]}}`, 18)
	folder := files(map[string]string{
		"model_index.json":               `{"text_encoder": ["transformers", "CLIPTextModel"]}`,
		"text_encoder/config.json":       `{}`,
		"text_encoder/model.safetensors": string(file),
	})
	_, report := pack(t, folder, Options{Name: "old"})
	if ts := report.Manifest.Tensors; len(ts) != 1 || ts[0].Name != "text_encoder/w" {
		t.Errorf("tensors %v, want text_encoder/w alone", ts)
	}
}

// streamFS hides ReaderAt, as archive/zip does.
type streamFS struct{ fs.FS }

type streamFile struct{ fs.File }

func (s streamFS) Open(name string) (fs.File, error) {
	f, err := s.FS.Open(name)
	if err != nil {
		return nil, err
	}
	if _, isDir := f.(fs.ReadDirFile); isDir {
		return f, nil
	}
	return streamFile{f}, nil
}

func TestFolderWithoutReaderAt(t *testing.T) {
	p := testPipeline()
	var file fs.File = streamFile{}
	if _, ok := file.(io.ReaderAt); ok {
		t.Fatal("the test's files can be read at offsets")
	}
	_, want := pack(t, p.folder(t), Options{})
	_, got := pack(t, streamFS{p.folder(t)}, Options{})
	if !slices.Equal(got.Manifest.Shards, want.Manifest.Shards) {
		t.Error("packed differently")
	}
}

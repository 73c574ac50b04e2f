package pack

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/counterpoint/counterpoint/weights"
	"github.com/counterpoint/counterpoint/weights/internal/weightstest"
)

// pipeline is the weights of a model's components, by component/name.
type pipeline map[string]parameter

type parameter struct {
	shape  []int
	values []float32
}

// testPipeline has what makes packing go wrong: input channels that are odd or
// no multiple of the group, kernels that are not square, scalars, few outputs.
func testPipeline() pipeline {
	p := make(pipeline)
	for i, t := range []struct {
		name  string
		shape []int
	}{
		{embedding, []int{19, 24}},
		{"text_encoder/text_model.encoder.layers.0.mlp.fc1.weight", []int{48, 24}},
		{"text_encoder/text_model.encoder.layers.0.mlp.fc1.bias", []int{48}},
		{"text_encoder/text_projection.weight", []int{8, 24}},
		{"unet/conv_in.weight", []int{16, 5, 3, 3}},
		{"unet/time_embedding.linear_1.weight", []int{32, 16}},
		{"unet/down_blocks.0.resnets.0.conv1.weight", []int{24, 40, 3, 3}},
		{"unet/down_blocks.0.resnets.0.conv2.weight", []int{8, 37, 1, 3}},
		{"unet/down_blocks.0.resnets.0.time_emb_proj.weight", []int{24, 32}},
		{"unet/down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q.weight", []int{16, 33}},
		{"unet/down_blocks.0.attentions.0.transformer_blocks.0.attn2.to_k.weight", []int{16, 24}},
		{"unet/up_blocks.0.resnets.0.conv1.weight", []int{16, 64, 3, 3}},
		{"unet/up_blocks.0.resnets.0.norm1.weight", []int{64}},
		{"vae/decoder.conv_out.weight", []int{3, 16, 3, 3}},
		{"vae/decoder.mid_block.resnets.0.conv1.weight", []int{16, 16, 3, 3}},
		{"vae/linear.weight", []int{5, 3, 8, 8}},
		{"vae/scale", []int{}},
	} {
		p[t.name] = parameter{t.shape, weightstest.Gaussian(uint64(i), weights.LayoutOf(t.shape).Len(), 0.05)}
	}
	return p
}

const embedding = "text_encoder/text_model.embeddings.token_embedding.weight"

const testIndex = `{
  "_class_name": "StableDiffusionPipeline",
  "_diffusers_version": "0.42.1",
  "feature_extractor": [null, null],
  "requires_safety_checker": false,
  "safety_checker": ["stable_diffusion", "StableDiffusionSafetyChecker"],
  "scheduler": ["diffusers", "DDIMScheduler"],
  "text_encoder": ["transformers", "CLIPTextModelWithProjection"],
  "tokenizer": ["transformers", "CLIPTokenizer"],
  "unet": ["diffusers", "UNet2DConditionModel"],
  "vae": ["counterpoint", "AutoencoderPatch"]
}`

// safetensors gives the file of a component's weights.
func (p pipeline) safetensors(t testing.TB, component string, dtype DType) []byte {
	t.Helper()
	var infos []SafetensorInfo
	for _, full := range slices.Sorted(maps.Keys(p)) {
		if name, ok := strings.CutPrefix(full, component+"/"); ok {
			infos = append(infos, SafetensorInfo{name, dtype, p[full].shape})
		}
	}
	var b bytes.Buffer
	err := WriteSafetensors(&b, infos, map[string]string{"format": "pt"},
		func(name string) ([]float32, error) { return p[component+"/"+name].values, nil })
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// folder is a small pipeline's folder.
func (p pipeline) folder(t testing.TB) fstest.MapFS {
	t.Helper()
	return files(map[string]string{
		"model_index.json":                testIndex,
		"counterpoint.json":               `{"name": "tiny", "license": "Apache-2.0", "place_channels": 1}`,
		"scheduler/scheduler_config.json": `{"_class_name": "DDIMScheduler", "beta_end": 0.012}`,
		"text_encoder/config.json":        `{"hidden_size": 24}`,
		"text_encoder/model.safetensors":  string(p.safetensors(t, "text_encoder", TypeF32)),
		"tokenizer/merges.txt":            "#version: 0.2\na b\n",
		"tokenizer/vocab.json":            `{"<a>": 0, "b&": 1}`,
		"unet/config.json":                `{"in_channels": 5, "act_fn": "silu"}`,
		unetWeights:                       string(p.safetensors(t, "unet", TypeF32)),
		"vae/config.json":                 `{"latent_channels": 5}`,
		vaeWeights:                        string(p.safetensors(t, "vae", TypeF32)),
	})
}

const (
	unetWeights = "unet/diffusion_pytorch_model.safetensors"
	vaeWeights  = "vae/diffusion_pytorch_model.safetensors"
)

func files(content map[string]string) fstest.MapFS {
	m := make(fstest.MapFS)
	for name, data := range content {
		m[name] = &fstest.MapFile{Data: []byte(data)}
	}
	return m
}

// pack packs a folder into a fresh one, and gives that.
func pack(t testing.TB, folder fs.FS, opts Options) (dir string, report *Report) {
	t.Helper()
	dir = t.TempDir()
	report, err := Pack(context.Background(), folder, dir, opts)
	if err != nil {
		t.Fatal(err)
	}
	return dir, report
}

func readAll(t testing.TB, dir string) map[string][]byte {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	content := make(map[string][]byte)
	for _, e := range entries {
		if content[e.Name()], err = os.ReadFile(filepath.Join(dir, e.Name())); err != nil {
			t.Fatal(err)
		}
	}
	return content
}

func open(t testing.TB, dir string) *weights.Model {
	t.Helper()
	m, err := weights.Open(os.DirFS(dir))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

var allProfiles = []Profile{ProfileInt8, ProfileInt4, ProfileF16, ProfileF32}

func TestPackedTensorsAreTheQuantizedSource(t *testing.T) {
	p := testPipeline()
	for _, profile := range allProfiles {
		t.Run(profile.String(), func(t *testing.T) {
			dir, _ := pack(t, p.folder(t), Options{Profile: profile})
			tensors, err := open(t, dir).Load(context.Background(), nil)
			if err != nil {
				t.Fatal(err)
			}
			if got, want := slices.Sorted(maps.Keys(tensors)), slices.Sorted(maps.Keys(p)); !slices.Equal(got, want) {
				t.Fatalf("tensors %q, want %q", got, want)
			}
			for name, got := range tensors {
				want, err := weights.NewTensor(name, p[name].shape, p[name].values, got.Encoding, got.Group)
				if err != nil {
					t.Fatal(err)
				}
				if !bytes.Equal(got.Data, want.Data) || !bytes.Equal(got.Scales, want.Scales) {
					t.Errorf("%s: packed planes are not those of the source", name)
				}
				var n weights.Noise
				n.Add(p[name].values, got.Float32s(nil))
				least := map[weights.Encoding]float64{weights.F32: math.Inf(1), weights.F16: 70, weights.Int8: 40, weights.Int4: 18}[got.Encoding]
				if n.SNR() < least {
					t.Errorf("%s: %.1f dB in %v, want %.0f", name, n.SNR(), got.Encoding, least)
				}
			}
		})
	}
}

func TestPackIsDeterministic(t *testing.T) {
	folder := testPipeline().folder(t)
	dir, _ := pack(t, folder, Options{Profile: ProfileInt4})
	again, _ := pack(t, folder, Options{Profile: ProfileInt4})
	want, got := readAll(t, dir), readAll(t, again)
	if !maps.EqualFunc(want, got, bytes.Equal) {
		t.Errorf("the same folder was packed to %v and then to %v", slices.Sorted(maps.Keys(want)), slices.Sorted(maps.Keys(got)))
	}
}

func TestPackReplacesEarlierPack(t *testing.T) {
	p := testPipeline()
	dir, _ := pack(t, p.folder(t), Options{})
	keep := filepath.Join(dir, "notes.txt")
	if err := os.WriteFile(keep, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	report, err := Pack(context.Background(), p.folder(t), dir, Options{Profile: ProfileF16})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{weights.ManifestName, "notes.txt"}
	for _, s := range report.Shards {
		want = append(want, s.File)
	}
	if got := slices.Sorted(maps.Keys(readAll(t, dir))); !slices.Equal(got, slices.Sorted(slices.Values(want))) {
		t.Errorf("files %q, want %q", got, want)
	}
	if err := open(t, dir).Verify(context.Background()); err != nil {
		t.Error(err)
	}
}

func TestExportRoundTrip(t *testing.T) {
	folder := testPipeline().folder(t)
	for _, profile := range allProfiles {
		t.Run(profile.String(), func(t *testing.T) {
			dir, _ := pack(t, folder, Options{Profile: profile})
			m := open(t, dir)
			out := t.TempDir()
			if err := Export(context.Background(), m, out); err != nil {
				t.Fatal(err)
			}
			f, err := OpenFolder(os.DirFS(out))
			if err != nil {
				t.Fatal(err)
			}
			for _, name := range []string{"tokenizer/merges.txt", "tokenizer/vocab.json", "unet/config.json", "scheduler/scheduler_config.json", "counterpoint.json"} {
				got, err := f.ReadFile(name, 1<<10)
				if err != nil {
					t.Error(err)
				} else if strings.HasSuffix(name, ".txt") && !bytes.Equal(got, folder[name].Data) {
					t.Errorf("%s: %q, want %q", name, got, folder[name].Data)
				} else if strings.HasSuffix(name, ".json") && !sameJSON(got, folder[name].Data) {
					t.Errorf("%s: %s, want %s", name, got, folder[name].Data)
				}
			}
			compareWeights(t, f, m)
		})
	}
}

// compareWeights checks that a folder holds exactly what a model stands for.
func compareWeights(t *testing.T, f *Folder, m *weights.Model) {
	t.Helper()
	tensors, err := m.Load(context.Background(), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range f.Components {
		if roleOf(c) != network {
			continue
		}
		ck, err := f.Weights(c)
		if err != nil {
			t.Fatal(err)
		}
		defer ck.Close()
		for _, name := range ck.Names() {
			got, err := ck.Float32s(name)
			if err != nil {
				t.Fatal(err)
			}
			full := c.Name + "/" + name
			want := tensors[full]
			if info, _ := ck.Lookup(name); !slices.Equal(info.Shape, want.Shape) || !slices.Equal(got, want.Float32s(nil)) {
				t.Errorf("%s differs from the model's", full)
			}
			delete(tensors, full)
		}
	}
	for name := range tensors {
		t.Errorf("%s was not exported", name)
	}
}

func sameJSON(a, b []byte) bool {
	var x, y any
	if json.Unmarshal(a, &x) != nil || json.Unmarshal(b, &y) != nil {
		return false
	}
	return fmt.Sprint(x) == fmt.Sprint(y)
}

func TestLargeTensorIsSplitByRows(t *testing.T) {
	const rows, cols = 9001, 1000 // f16: 18 MB
	p := testPipeline()
	values := make([]float32, rows*cols)
	for i := range values {
		values[i] = float32(i % 2039) // exact in f16, and no two rows are equal
	}
	p[embedding] = parameter{[]int{rows, cols}, values}
	dir, _ := pack(t, p.folder(t), Options{})
	m := open(t, dir)
	next := 0
	err := m.Each(context.Background(), func(slab weights.Tensor) error {
		if slab.Name != embedding {
			return nil
		}
		if slab.First != next || slab.Whole() {
			t.Errorf("slab of rows %d+%d, want it to begin at %d", slab.First, slab.Rows, next)
		}
		for i, v := range slab.Float32s(nil) {
			if want := values[next*cols+i]; v != want {
				t.Fatalf("row %d: %v, want %v", next+i/cols, v, want)
			}
		}
		next += slab.Rows
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if next != rows {
		t.Errorf("%d rows were handed out, want %d", next, rows)
	}
	whole, err := m.Tensor(context.Background(), embedding)
	if err != nil {
		t.Fatal(err)
	}
	if err := whole.Validate(); err != nil || !whole.Whole() {
		t.Errorf("assembled tensor of %d rows: %v", whole.Rows, err)
	}
}

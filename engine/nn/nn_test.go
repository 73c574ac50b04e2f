package nn

import (
	"context"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/counterpoint/counterpoint/engine/graph"
	"github.com/counterpoint/counterpoint/weights"
	"github.com/counterpoint/counterpoint/weights/pack"
)

// model is a packed model as Params, which remembers the tensors that were asked for.
type model struct {
	*weights.Model
	hidden string // a tensor that it denies having
}

func (m model) Lookup(name string) ([]int, graph.Encoding, bool) {
	t, ok := m.Model.Lookup(name)
	if !ok || name == m.hidden {
		return nil, graph.Encoding{}, false
	}
	return t.Shape, graph.Encoding{Kind: graph.EncF16}, true
}

// open packs a model of engine/testdata.
func open(t *testing.T, name string) model {
	t.Helper()
	dir := t.TempDir()
	_, err := pack.Pack(context.Background(), os.DirFS("../testdata/goldens/"+name+"/model"), dir, pack.Options{Name: name, Profile: pack.ProfileF16})
	if err != nil {
		t.Fatal(err)
	}
	m, err := weights.Open(os.DirFS(dir))
	if err != nil {
		t.Fatal(err)
	}
	return model{Model: m}
}

func (m model) config(t *testing.T, component string) []byte {
	t.Helper()
	c, err := m.Component(component)
	if err != nil {
		t.Fatal(err)
	}
	return c.Config
}

var models = []string{"nonsquare", "oddsize", "scenesish", "sdlike"}

// build makes the graphs of a model's networks, by name.
func build(t *testing.T, m model) map[string]*graph.Graph {
	t.Helper()
	unet, err := ParseUNetConfig(m.config(t, "unet"))
	if err != nil {
		t.Fatal(err)
	}
	text, err := ParseTextConfig(m.config(t, "text_encoder"))
	if err != nil {
		t.Fatal(err)
	}
	vae, err := ParseAutoencoder(m.config(t, "vae"))
	if err != nil {
		t.Fatal(err)
	}
	graphs := map[string]*graph.Graph{}
	add := func(g *graph.Graph, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		graphs[g.Name] = g
	}
	add(TextEncoder(text, m, 2))
	add(UNetContext(unet, m, 3, text.MaxPositions))
	add(UNet(unet, m, Sizes{Rows: 5, Latents: 2, Conditions: 3, Maps: 7, Tokens: text.MaxPositions, Height: 13, Width: 8}))
	add(vae.Decoder(m, 2, 5, 6))
	add(vae.Encoder(m, 2, 5*vae.Factor, 6*vae.Factor))
	return graphs
}

// TestStructure checks of every architecture that its networks fit together, use each of the model's tensors, and compile to
// programs in which what fusion is for is gone.
func TestStructure(t *testing.T) {
	for _, name := range models {
		m, used := open(t, name), map[string]bool{}
		graphs := build(t, m)
		ports := map[string]graph.Shape{} // of the outputs of unet_context
		for _, o := range graphs["unet_context"].Outputs {
			ports[o.Name] = o.Tensor.Shape
		}
		for _, in := range graphs["unet"].Inputs {
			if strings.HasSuffix(in.Name, ".k") || strings.HasSuffix(in.Name, ".v") || in.Name == "class" {
				if !ports[in.Name].Equal(in.Shape) {
					t.Errorf("%s: unet reads %s %v, unet_context gives %v", name, in.Name, in.Shape, ports[in.Name])
				}
				delete(ports, in.Name)
			}
		}
		if len(ports) > 0 {
			t.Errorf("%s: unet does not read %v", name, ports)
		}
		for _, g := range graphs {
			for _, w := range g.Weights {
				used[w.Name] = true
			}
			p, err := graph.Compile(g, graph.Options{Align: 16})
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			for i, in := range p.Instrs {
				switch in.Op.(type) {
				case graph.Activate:
					if i > 0 && p.Instrs[i-1].Op.Name() == "groupnorm" {
						t.Errorf("%s: %s: instruction %d activates what a group norm could have", name, p.Name, i)
					}
				case graph.Upsample:
					if o, x := in.Out.Shape, in.In[0].Shape; o[1] == 2*x[1] && o[2] == 2*x[2] {
						t.Errorf("%s: %s: instruction %d is a doubling, %v to %v", name, p.Name, i, x, o)
					}
				}
			}
		}
		for _, tensor := range m.Manifest().Tensors {
			if !used[tensor.Name] {
				t.Errorf("%s: no network uses %s", name, tensor.Name)
			}
		}
	}
}

// TestUNetPorts checks the UNet's declared inputs and its output.
func TestUNetPorts(t *testing.T) {
	g := build(t, open(t, "scenesish"))["unet"]
	want := map[string]graph.Shape{
		"sample": {2, 13, 8, 8}, "latent": {graph.Rows}, "condition": {graph.Rows}, "time": {graph.Rows, 12},
		"map": {graph.Rows}, "place": {7, 13, 8, 8}, "class": {3, 48},
	}
	for _, in := range g.Inputs {
		if s, ok := want[in.Name]; ok && !in.Shape.Equal(s) {
			t.Errorf("input %s is %v, want %v", in.Name, in.Shape, s)
		}
		delete(want, in.Name)
	}
	if len(want) > 0 {
		t.Errorf("inputs are missing: %v", want)
	}
	if o := g.Outputs; len(o) != 1 || o[0].Name != "score" || !o[0].Tensor.Shape.Equal(graph.Shape{graph.Rows, 13, 8, 8}) {
		t.Errorf("outputs are %v", o)
	}
}

// TestMissingTensor checks that a model without a tensor is refused by the tensor's name, whichever network needs it.
func TestMissingTensor(t *testing.T) {
	m := open(t, "scenesish")
	unet, err := ParseUNetConfig(m.config(t, "unet"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"unet/conv_in.weight", "unet/conv_norm_out.bias", "unet/mid_block.resnets.0.time_emb_proj.weight"} {
		m.hidden = name
		_, err := UNet(unet, m, Sizes{Rows: 1, Latents: 1, Conditions: 1, Maps: 1, Tokens: 16, Height: 8, Width: 8})
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("without %s: got error %v", name, err)
		}
	}
}

// TestUNetConfigRefused checks that variants which would be computed wrong are refused by the name of their field.
func TestUNetConfigRefused(t *testing.T) {
	for _, tt := range []struct{ config, want string }{
		{`{"block_out_channels": []}`, "block_out_channels"},
		{`{"block_out_channels": [4, 4, 4, -4]}`, "block 3"},
		{`{"down_block_types": ["DownBlock2D"]}`, "1 down, 4 up blocks"},
		{`{"down_block_types": ["AttnDownBlock2D", "DownBlock2D", "DownBlock2D", "DownBlock2D"]}`, "AttnDownBlock2D"},
		{`{"mid_block_type": "UNetMidBlock2DSimpleCrossAttn"}`, "mid_block_type UNetMidBlock2DSimpleCrossAttn"},
		{`{"norm_num_groups": 0}`, "norm_num_groups 0"},
		{`{"norm_num_groups": null}`, ""},
		{`{"attention_head_dim": [8, 8]}`, "block 2"},
		{`{"attention_head_dim": 0}`, "0 heads"},
		{`{"attention_head_dim": "8"}`, "config"},
		{`{"layers_per_block": 1000}`, "1000 layers"},
		{`{"act_fn": "mish"}`, "act_fn mish"},
		{`{"resnet_time_scale_shift": "scale_shift"}`, "resnet_time_scale_shift scale_shift"},
		{`{"addition_embed_type": "text_time"}`, "addition_embed_type text_time"},
		{`{"class_embed_type": "timestep"}`, "class embedding"},
		{`{"dual_cross_attention": true}`, "attention"},
		{`{"only_cross_attention": [true, false]}`, "attention"},
		{`{"conv_in_kernel": 5}`, "conv_in_kernel"},
		{`{"center_input_sample": true}`, "center_input_sample"},
		{`{"_class_name": "UNet3DConditionModel"}`, "UNet3DConditionModel"},
		{`[]`, "config"},
		{`{}`, ""},
	} {
		_, err := ParseUNetConfig([]byte(tt.config))
		if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
			t.Errorf("%s: got error %v, want %q", tt.config, err, tt.want)
		}
	}
}

// TestTimeFeatures checks the embedding against diffusers' formula: of 501, at the frequencies 1, 10000^(-1/3), 10000^(-2/3),
// with a zero at the end of an odd size.
func TestTimeFeatures(t *testing.T) {
	cosines, sines := []float32{-0.0839294, -0.3027577, 0.4718823}, []float32{-0.9964717, -0.9530676, 0.8816615}
	for _, flip := range []bool{true, false} {
		got := []float32{9, 9, 9, 9, 9, 9, 9}
		UNetConfig{BlockOut: []int{7}, FlipSinToCos: flip}.TimeFeatures(got, 501)
		first, second := sines, cosines
		if flip {
			first, second = cosines, sines
		}
		for i, want := range slices.Concat(first, second, []float32{0}) {
			if d := got[i] - want; d > 1e-6 || d < -1e-6 {
				t.Errorf("flipped %v: feature %d is %v, want %v", flip, i, got[i], want)
			}
		}
	}
}

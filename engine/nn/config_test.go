package nn

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/counterpoint/counterpoint/engine/graph"
)

// config reads a component's config of a golden model, with some fields changed.
func config(t *testing.T, model, component string, change map[string]any) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("../testdata/goldens", model, "model", component, "config.json"))
	if err != nil {
		t.Fatal(err)
	}
	var fields map[string]any
	if err := json.Unmarshal(data, &fields); err != nil {
		t.Fatal(err)
	}
	for k, v := range change {
		fields[k] = v
	}
	data, err = json.Marshal(fields)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// TestConfigsRefused gives configs of networks that are not built here; each is refused with a word about the field.
func TestConfigsRefused(t *testing.T) {
	text := func(data []byte) error { _, err := ParseTextConfig(data); return err }
	vae := func(data []byte) error { _, err := ParseAutoencoder(data); return err }
	for _, c := range []struct {
		component, field string
		value            any
		parse            func([]byte) error
		want             string
	}{
		{"text_encoder", "num_hidden_layers", 0, text, "out of range"},
		{"text_encoder", "vocab_size", 1 << 40, text, "out of range"},
		{"vae", "_class_name", "VQModel", vae, "VQModel"},
		{"vae", "block_out_channels", []int{}, vae, "blocks"},
		{"vae", "up_block_types", []string{"AttnUpDecoderBlock2D"}, vae, "AttnUpDecoderBlock2D"},
		{"vae", "act_fn", "mish", vae, "mish"},
	} {
		good := config(t, "sdlike", c.component, nil)
		if err := c.parse(good); err != nil {
			t.Fatalf("%s: %v", c.component, err)
		}
		err := c.parse(config(t, "sdlike", c.component, map[string]any{c.field: c.value}))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s with %s = %v: got %v, want an error with %q", c.component, c.field, c.value, err, c.want)
		}
	}
}

// shapes is a model of tensors of given shapes.
type shapes map[string][]int

func (s shapes) Lookup(name string) ([]int, graph.Encoding, bool) {
	shape, ok := s[name]
	return shape, graph.Encoding{}, ok
}

// TestTensorsNamed builds an encoder over damaged tensors: the error names the one at fault.
func TestTensorsNamed(t *testing.T) {
	vae, err := ParseAutoencoder([]byte(`{"_class_name":"AutoencoderPatch","latent_channels":4,"block_out_channels":[8,8,8,8],"norm_num_groups":4}`))
	if err != nil {
		t.Fatal(err)
	}
	if vae.Factor != 8 || vae.Channels != 4 {
		t.Fatalf("factor %d, %d channels; want 8 and 4", vae.Factor, vae.Channels)
	}
	for _, c := range []struct {
		params shapes
		want   string
	}{
		{shapes{"vae/encoder.weight": {4, 3, 8, 8}, "vae/encoder.bias": {4}}, ""},
		{shapes{"vae/encoder.bias": {4}}, "vae/encoder.weight is not in the model"},
		{shapes{"vae/encoder.weight": {4, 3, 8}, "vae/encoder.bias": {4}}, "vae/encoder.weight has shape [4 3 8], want 4 dimensions"},
		{shapes{"vae/encoder.weight": {4, 5, 8, 8}, "vae/encoder.bias": {4}}, "vae/encoder.weight"},
		{shapes{"vae/encoder.weight": {4, 3, 8, 8}, "vae/encoder.bias": {5}}, "bias is [5], want [4]"},
	} {
		_, err := vae.Encoder(c.params, 1, 16, 24)
		switch {
		case c.want == "" && err != nil:
			t.Errorf("good tensors: %v", err)
		case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%v: got %v, want %q", c.params, err, c.want)
		}
	}
	if _, err := vae.Encoder(shapes{}, 1, 16, 20); err == nil || !strings.Contains(err.Error(), "multiple of 8") {
		t.Errorf("a picture of 20 pixels: %v", err)
	}
}

func TestEOS(t *testing.T) {
	for _, c := range []struct {
		id   int32
		ids  []int32
		want int32
	}{
		{9, []int32{8, 3, 9, 9}, 2},
		{9, []int32{8, 3, 4, 5}, 0},  // none: torch's argmax of an all-false mask
		{2, []int32{8, 3, 12, 0}, 2}, // old configs: the largest
	} {
		if got := (TextConfig{EOSTokenID: c.id}).EOS(c.ids); got != c.want {
			t.Errorf("end token %d in %v: position %d, want %d", c.id, c.ids, got, c.want)
		}
	}
}

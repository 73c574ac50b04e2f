package pack

import (
	"testing"

	"github.com/counterpoint/counterpoint/weights"
)

func TestProfileEncodings(t *testing.T) {
	matrix, conv := []int{64, 64}, []int{64, 64, 3, 3}
	for _, c := range []struct {
		name       string
		shape      []int
		int8, int4 weights.Encoding
	}{
		{"unet/conv_in.weight", conv, weights.F16, weights.F16},
		{"unet/conv_out.weight", []int{8, 96, 3, 3}, weights.F16, weights.F16},
		{"unet/conv_norm_out.weight", []int{96}, weights.F16, weights.F16},
		{"unet/time_embedding.linear_1.weight", matrix, weights.F16, weights.F16},
		{"unet/class_embedding.linear_2.weight", matrix, weights.F16, weights.F16},
		{"unet/down_blocks.0.resnets.0.time_emb_proj.weight", matrix, weights.Int8, weights.Int8},
		{"unet/down_blocks.0.resnets.0.time_emb_proj.bias", []int{64}, weights.F16, weights.F16},
		{"unet/down_blocks.0.resnets.0.conv1.weight", conv, weights.Int8, weights.Int4},
		{"unet/down_blocks.0.downsamplers.0.conv.weight", conv, weights.Int8, weights.Int4},
		{"unet/down_blocks.1.attentions.0.proj_in.weight", matrix, weights.Int8, weights.Int8},
		{"unet/down_blocks.1.attentions.0.transformer_blocks.0.attn1.to_k.weight", matrix, weights.Int8, weights.Int4},
		{"unet/down_blocks.1.attentions.0.transformer_blocks.0.attn2.to_k.weight", matrix, weights.Int8, weights.Int8},
		{"unet/down_blocks.1.attentions.0.transformer_blocks.0.attn2.to_q.weight", matrix, weights.Int8, weights.Int4},
		{"unet/down_blocks.1.attentions.0.transformer_blocks.0.ff.net.0.proj.weight", matrix, weights.Int8, weights.Int4},
		{"unet/mid_block.resnets.1.conv1.weight", conv, weights.Int8, weights.Int4},
		{"unet/up_blocks.1.resnets.2.conv1.weight", conv, weights.Int8, weights.Int8},
		{"unet/up_blocks.1.resnets.2.conv2.weight", conv, weights.Int8, weights.Int4},
		{"unet/up_blocks.1.resnets.2.conv_shortcut.weight", []int{64, 128, 1, 1}, weights.Int8, weights.Int8},
		{"text_encoder/text_model.embeddings.token_embedding.weight", matrix, weights.F16, weights.F16},
		{"text_encoder/text_model.encoder.layers.0.self_attn.q_proj.weight", matrix, weights.Int8, weights.Int8},
		{"text_encoder/text_projection.weight", matrix, weights.F16, weights.F16},
		{"text_encoder_2/text_projection.weight", matrix, weights.F16, weights.F16},
		{"vae/encoder.weight", []int{8, 3, 8, 8}, weights.F16, weights.F16},
		{"vae/encoder.down_blocks.0.resnets.0.conv1.weight", conv, weights.F16, weights.F16},
		{"vae/linear.weight", []int{8, 3, 8, 8}, weights.F16, weights.F16},
		{"vae/post_quant_conv.weight", []int{8, 8, 1, 1}, weights.F16, weights.F16},
		{"vae/decoder.conv_in.weight", conv, weights.Int8, weights.Int8},
		{"vae/decoder.up_blocks.0.resnets.0.conv1.weight", conv, weights.Int8, weights.Int8},
		{"vae/decoder.conv_out.weight", conv, weights.F16, weights.F16},
		{"vae/decoder.layers.18.weight", []int{3, 64, 3, 3}, weights.F16, weights.F16},
	} {
		for p, want := range map[Profile]weights.Encoding{ProfileInt8: c.int8, ProfileInt4: c.int4, ProfileF16: weights.F16, ProfileF32: weights.F32} {
			if got := p.encoding(c.name, c.shape, 1); got != want {
				t.Errorf("%s in profile %v is %v, want %v", c.name, p, got, want)
			}
		}
	}
}

func TestProfileKeepsWhatOverflows(t *testing.T) {
	for _, c := range []struct {
		profile Profile
		peak    float32
		want    weights.Encoding
	}{
		{ProfileF16, 65504, weights.F16}, {ProfileF16, 65505, weights.F32}, {ProfileInt8, 65505, weights.Int8}, {ProfileInt8, 6*65504 + 1, weights.F32},
	} {
		if got := c.profile.encoding("unet/down_blocks.0.resnets.0.conv1.weight", []int{64, 64, 3, 3}, c.peak); got != c.want {
			t.Errorf("a weight of %v in profile %v is %v, want %v", c.peak, c.profile, got, c.want)
		}
	}
}

func TestNamesRoundTrip(t *testing.T) {
	for _, p := range allProfiles {
		var q Profile
		if text, err := p.MarshalText(); err != nil || q.UnmarshalText(text) != nil || q != p {
			t.Errorf("profile %v became %v", p, q)
		}
	}
	for e := weights.F32; e <= weights.Int4; e++ {
		var q weights.Encoding
		if text, err := e.MarshalText(); err != nil || q.UnmarshalText(text) != nil || q != e {
			t.Errorf("encoding %v became %v", e, q)
		}
	}
	for _, name := range []string{"", "int3", "INT8"} {
		if new(Profile).UnmarshalText([]byte(name)) == nil {
			t.Errorf("%q is a profile", name)
		}
		if new(weights.Encoding).UnmarshalText([]byte(name)) == nil {
			t.Errorf("%q is an encoding", name)
		}
	}
	if _, err := Profile(9).MarshalText(); err == nil {
		t.Error("profile 9 has a name")
	}
	if _, err := weights.Encoding(0).MarshalText(); err == nil {
		t.Error("encoding 0 has a name")
	}
}

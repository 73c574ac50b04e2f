package pack

import (
	"fmt"
	"regexp"
	"slices"

	"github.com/counterpoint/counterpoint/weights"
)

// Profile says how finely a model's weights are kept. Its zero value is ProfileInt8.
type Profile uint8

// The profiles, by the encoding of the bulk of the UNet's weights.
const (
	ProfileInt8 Profile = iota // as good as f16 to the eye, half its size
	ProfileInt4                // a third of f16's size; the sensitive layers stay int8
	ProfileF16                 // what checkpoints are usually distributed in
	ProfileF32                 // exact
)

var profileNames = []string{ProfileInt8: "int8", ProfileInt4: "int4", ProfileF16: "f16", ProfileF32: "f32"}

// String gives int8, int4, f16 or f32.
func (p Profile) String() string {
	if int(p) >= len(profileNames) {
		return fmt.Sprintf("profile(%d)", uint8(p))
	}
	return profileNames[p]
}

// MarshalText gives the profile's name.
func (p Profile) MarshalText() ([]byte, error) {
	if int(p) >= len(profileNames) {
		return nil, fmt.Errorf("unknown profile %d", uint8(p))
	}
	return []byte(profileNames[p]), nil
}

// UnmarshalText accepts the names that String gives.
func (p *Profile) UnmarshalText(text []byte) error {
	i := slices.Index(profileNames, string(text))
	if i < 0 {
		return fmt.Errorf("unknown profile %q (want int8, int4, f16 or f32)", text)
	}
	*p = Profile(i)
	return nil
}

// rule gives the encodings of the tensors whose names match.
type rule struct {
	names      *regexp.Regexp
	int8, int4 weights.Encoding // in the profile of that name
	why        string
}

// rules are tried in order; the first that matches decides. They are about
// matrices and convolutions: tensors of other ranks are always floats.
var rules = []rule{
	// The ends of the UNet touch the latents and the score directly, and are
	// 0.1% of its weights.
	{regexp.MustCompile(`^unet/conv_(in|out)\.`), weights.F16, weights.F16, "first and last convolution"},
	// The same vector is added at every pixel of every block: an error here is
	// not averaged out. Timestep layers are the most sensitive (QuEST, Qua2SeDiMo).
	{regexp.MustCompile(`^unet/(time|class|add)_embedding\.`), weights.F16, weights.F16, "time and class embedding"},
	{regexp.MustCompile(`^unet/.*\.time_emb_proj\.`), weights.Int8, weights.Int8, "timestep layer, too large for f16"},
	// What follows a concatenation of skip connection and main road sees two
	// distributions at once (Q-Diffusion, section 4.2).
	{regexp.MustCompile(`^unet/up_blocks\.\d+\.resnets\.\d+\.conv1\.`), weights.Int8, weights.Int8, "convolution of a concatenation"},
	{regexp.MustCompile(`^unet/.*\.conv_shortcut\.`), weights.Int8, weights.Int8, "shortcut past a whole block"},
	// The start token's activations are outliers there (MixDQ, section 3.2).
	{regexp.MustCompile(`^unet/.*\.attn2\.to_[kv]\.`), weights.Int8, weights.Int8, "cross attention's key and value"},
	{regexp.MustCompile(`^unet/.*\.proj_(in|out)\.`), weights.Int8, weights.Int8, "projections around attention, on the main road"},
	{regexp.MustCompile(`^unet/`), weights.Int8, weights.Int4, "residual branches: convolutions, attention, feed-forward"},

	// A lookup is not a sum, so nothing averages its errors; and an embedding
	// row is read on its own, so its bytes cost no time.
	{regexp.MustCompile(`^text_encoder[^/]*/.*embedding`), weights.F16, weights.F16, "embeddings"},
	{regexp.MustCompile(`^text_encoder[^/]*/.*projection`), weights.F16, weights.F16, "projections of the pooled output"},
	// Every score depends on its output, and it is small beside the UNet.
	{regexp.MustCompile(`^text_encoder[^/]*/`), weights.Int8, weights.Int8, "text encoder"},

	{regexp.MustCompile(`^vae/(encoder|linear|quant_conv|post_quant_conv)\b`), weights.F16, weights.F16, "between pixels and latents: linear, or small beside the UNet and run once a picture that is begun with"},
	{regexp.MustCompile(`^vae/decoder\.conv_out\.`), weights.F16, weights.F16, "its error is the picture's"},
	{regexp.MustCompile(`^vae/`), weights.Int8, weights.Int8, "decoder: four-bit errors would be visible texture"},
}

// fewChannels is the number of output channels up to which a weight stays f16:
// layers that end in pixels or latents, whatever their name.
const fewChannels = 4

// encoding gives the encoding of a tensor, of which all values are finite and
// the largest magnitude is peak.
func (p Profile) encoding(name string, shape []int, peak float32) weights.Encoding {
	e := p.wanted(name, shape)
	// What a narrower encoding cannot hold is kept exactly.
	if peak > e.Max() {
		return weights.F32
	}
	return e
}

func (p Profile) wanted(name string, shape []int) weights.Encoding {
	switch {
	case p == ProfileF32:
		return weights.F32
	case p == ProfileF16, len(shape) != 2 && len(shape) != 4, shape[0] <= fewChannels:
		return weights.F16
	}
	for _, r := range rules {
		if !r.names.MatchString(name) {
			continue
		}
		if p == ProfileInt4 {
			return r.int4
		}
		return r.int8
	}
	return weights.Int8
}

package nn

import (
	"encoding/json"
	"fmt"

	"github.com/counterpoint/counterpoint/engine/graph"
)

// Autoencoder maps pictures in [-1,1], [N,H,W,3], to latents, [N,H/F,W/F,C], and back. Latents are scaled as the UNet
// sees them once Scale and Shift are applied: latent = (code - Shift)·Scale.
type Autoencoder struct {
	Class    string
	Channels int     // of the latent
	Factor   int     // pixels to a latent cell, along each axis
	Scale    float64 // diffusers' scaling_factor
	Shift    float64 // diffusers' shift_factor

	encode, decode func(b *builder, x *graph.Tensor) *graph.Tensor
}

// autoencoders maps a config's _class_name to what reads it. A new autoencoder is one file and one line here.
var autoencoders = map[string]func(data []byte) (*Autoencoder, error){
	"AutoencoderKL":    parseAutoencoderKL,
	"AutoencoderTiny":  parseAutoencoderTiny,
	"AutoencoderPatch": parseAutoencoderPatch,
}

// ParseAutoencoder reads vae/config.json.
func ParseAutoencoder(data []byte) (*Autoencoder, error) {
	var head struct {
		Class string `json:"_class_name"`
	}
	if err := json.Unmarshal(data, &head); err != nil {
		return nil, fmt.Errorf("autoencoder config: %w", err)
	}
	parse, ok := autoencoders[head.Class]
	if !ok {
		return nil, fmt.Errorf("autoencoder config: class %q is not supported", head.Class)
	}
	return parse(data)
}

// Decoder builds the way from n latents of h×w cells to pictures. Input "latent" [n,h,w,C], as the sampler leaves it;
// output "image" [n,h·F,w·F,3], nominally in [-1,1] and not clamped.
func (a *Autoencoder) Decoder(p Params, n, h, w int) (*graph.Graph, error) {
	b := &builder{graph.New("decoder", n), p, "vae/"}
	x := b.Input("latent", graph.F32, n, h, w, a.Channels)
	if a.Scale != 1 || a.Shift != 0 {
		x = b.Apply(graph.Affine{Mul: float32(1 / a.Scale), Add: float32(a.Shift)}, x)
	}
	b.Output("image", a.decode(b, x))
	return b.Graph, b.Err()
}

// Encoder builds the way from n pictures of h×w pixels, multiples of Factor, to latents. Input "image" [n,h,w,3] in
// [-1,1]; output "latent" [n,h/F,w/F,C], the mean where the encoder gives a distribution.
func (a *Autoencoder) Encoder(p Params, n, h, w int) (*graph.Graph, error) {
	if h%a.Factor != 0 || w%a.Factor != 0 {
		return nil, fmt.Errorf("encoder: picture of %dx%d is not a multiple of %d", w, h, a.Factor)
	}
	b := &builder{graph.New("encoder", n), p, "vae/"}
	x := a.encode(b, b.Input("image", graph.F32, n, h, w, 3))
	if a.Scale != 1 || a.Shift != 0 {
		x = b.Apply(graph.Affine{Mul: float32(a.Scale), Add: float32(-a.Shift * a.Scale)}, x)
	}
	b.Output("latent", x)
	return b.Graph, b.Err()
}

// coder is the part of diffusers' Encoder and Decoder that their configs share.
type coder struct {
	Channels   int      `json:"latent_channels"`
	BlockOut   []int    `json:"block_out_channels"`
	Layers     int      `json:"layers_per_block"`
	NormGroups int      `json:"norm_num_groups"`
	ActFn      string   `json:"act_fn"`
	MidAttn    bool     `json:"mid_block_add_attention"`
	DownBlocks []string `json:"down_block_types"`
	UpBlocks   []string `json:"up_block_types"`
	act        graph.Activation
}

func (c *coder) check(class string) error {
	act, err := graph.ParseActivation(c.ActFn)
	c.act = act
	switch {
	case err != nil:
		return fmt.Errorf("%s config: act_fn: %w", class, err)
	case len(c.BlockOut) < 1 || len(c.BlockOut) > maxBlocks:
		return fmt.Errorf("%s config: %d blocks, want 1 to %d", class, len(c.BlockOut), maxBlocks)
	case c.Layers < 0 || c.Layers > maxLayers || c.NormGroups < 1 || c.Channels < 1:
		return fmt.Errorf("%s config: layers_per_block %d, norm_num_groups %d or latent_channels %d is out of range", class, c.Layers, c.NormGroups, c.Channels)
	}
	for _, t := range append(append([]string(nil), c.DownBlocks...), c.UpBlocks...) {
		if t != "DownEncoderBlock2D" && t != "UpDecoderBlock2D" {
			return fmt.Errorf("%s config: block type %q is not supported", class, t)
		}
	}
	return nil
}

// factor is the pixels a latent cell covers along each axis.
func (c *coder) factor() int { return 1 << (len(c.BlockOut) - 1) }

const coderEps = 1e-6 // the epsilon of every group norm in diffusers' autoencoders

// mid is diffusers' UNetMidBlock2D: two resnets around one head of attention over the pixels.
func (c *coder) mid(b *builder, name string, x *graph.Tensor) *graph.Tensor {
	x = b.resnet(name+".resnets.0", x, nil, c.act, c.NormGroups, coderEps)
	if c.MidAttn {
		s := shape(x, 4)
		h := b.groupNorm(name+".attentions.0.group_norm", x, c.NormGroups, coderEps)
		h = b.selfAttention(name+".attentions.0", b.reshape(h, s[0], s[1]*s[2], s[3]), 1)
		x = b.add(b.reshape(h, s...), x)
	}
	return b.resnet(name+".resnets.1", x, nil, c.act, c.NormGroups, coderEps)
}

// decode is diffusers' Decoder.
func (c *coder) decode(b *builder, x *graph.Tensor) *graph.Tensor {
	x = c.mid(b, "decoder.mid_block", b.conv("decoder.conv_in", x, 1))
	for i := range c.BlockOut {
		name := fmt.Sprintf("decoder.up_blocks.%d", i)
		for j := range c.Layers + 1 {
			x = b.resnet(fmt.Sprintf("%s.resnets.%d", name, j), x, nil, c.act, c.NormGroups, coderEps)
		}
		if i < len(c.BlockOut)-1 {
			s := shape(x, 4)
			x = b.upsample(name+".upsamplers.0", x, 2*s[1], 2*s[2])
		}
	}
	x = b.act(graph.SiLU, b.groupNorm("decoder.conv_norm_out", x, c.NormGroups, coderEps))
	return b.conv("decoder.conv_out", x, 1)
}

// encode is diffusers' Encoder, up to its moments.
func (c *coder) encode(b *builder, x *graph.Tensor) *graph.Tensor {
	x = b.conv("encoder.conv_in", x, 1)
	for i := range c.BlockOut {
		name := fmt.Sprintf("encoder.down_blocks.%d", i)
		for j := range c.Layers {
			x = b.resnet(fmt.Sprintf("%s.resnets.%d", name, j), x, nil, c.act, c.NormGroups, coderEps)
		}
		if i < len(c.BlockOut)-1 {
			down := name + ".downsamplers.0.conv"
			x = b.Apply(graph.Conv2D{Stride: 2, Pad: graph.Padding{Bottom: 1, Right: 1}}, x, b.weight(down+".weight", 4), b.bias(down))
		}
	}
	x = b.act(graph.SiLU, b.groupNorm("encoder.conv_norm_out", c.mid(b, "encoder.mid_block", x), c.NormGroups, coderEps))
	return b.conv("encoder.conv_out", x, 1)
}

// parseAutoencoderKL reads diffusers' AutoencoderKL, the autoencoder of Stable Diffusion.
func parseAutoencoderKL(data []byte) (*Autoencoder, error) {
	const class = "AutoencoderKL"
	cfg := struct {
		coder
		Scale     float64  `json:"scaling_factor"`
		Shift     *float64 `json:"shift_factor"`
		Quant     bool     `json:"use_quant_conv"`
		PostQuant bool     `json:"use_post_quant_conv"`
	}{coder: coder{Channels: 4, BlockOut: []int{64}, Layers: 1, NormGroups: 32, ActFn: "silu", MidAttn: true}, Scale: 0.18215, Quant: true, PostQuant: true}
	if err := decodeConfig(class, data, &cfg); err != nil {
		return nil, err
	}
	if err := cfg.check(class); err != nil {
		return nil, err
	}
	a := &Autoencoder{Class: class, Channels: cfg.Channels, Factor: cfg.factor(), Scale: cfg.Scale}
	if cfg.Shift != nil {
		a.Shift = *cfg.Shift
	}
	c := cfg.coder
	a.decode = func(b *builder, x *graph.Tensor) *graph.Tensor {
		if cfg.PostQuant {
			x = b.conv("post_quant_conv", x, 1)
		}
		return c.decode(b, x)
	}
	a.encode = func(b *builder, x *graph.Tensor) *graph.Tensor {
		x = c.encode(b, x)
		if cfg.Quant {
			x = b.conv("quant_conv", x, 1)
		}
		return b.Apply(graph.Slice{To: c.Channels}, x) // mean and log variance: the mean
	}
	return a, nil
}

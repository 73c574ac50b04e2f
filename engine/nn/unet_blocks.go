package nn

import (
	"fmt"
	"strings"

	"github.com/counterpoint/counterpoint/engine/graph"
)

// unet is the state of one UNet under construction.
type unet struct {
	builder
	cfg       UNetConfig
	actFn     graph.Activation
	temb      *graph.Tensor               // [Rows,E], activated
	condition *graph.Tensor               // i32 [Rows]
	kv        map[string][2]*graph.Tensor // keys and values by cross-attention layer
}

func (u *unet) resnet(name string, x *graph.Tensor) *graph.Tensor {
	return u.builder.resnet(name, x, u.temb, u.actFn, u.cfg.NormGroups, u.cfg.NormEps)
}

// down is diffusers' DownBlock2D and CrossAttnDownBlock2D. It appends what the up blocks will join to skips.
func (u *unet) down(i int, x *graph.Tensor, skips *[]*graph.Tensor) *graph.Tensor {
	name := fmt.Sprintf("down_blocks.%d", i)
	layers, _ := u.cfg.LayersPerBlock.at(i)
	for j := range layers {
		x = u.resnet(fmt.Sprintf("%s.resnets.%d", name, j), x)
		if strings.HasPrefix(u.cfg.DownBlocks[i], "CrossAttn") {
			x = u.transformer(fmt.Sprintf("%s.attentions.%d", name, j), i, x)
		}
		*skips = append(*skips, x)
	}
	if i < len(u.cfg.DownBlocks)-1 {
		x = u.downsample(name+".downsamplers.0", x)
		*skips = append(*skips, x)
	}
	return x
}

func (u *unet) downsample(name string, x *graph.Tensor) *graph.Tensor {
	pad := graph.Pad(u.cfg.DownsamplePadding)
	if u.cfg.DownsamplePadding == 0 {
		pad = graph.Padding{Bottom: 1, Right: 1}
	}
	return u.Apply(graph.Conv2D{Stride: 2, Pad: pad}, x, u.weight(name+".conv.weight", 4), u.bias(name+".conv"))
}

// mid is diffusers' UNetMidBlock2DCrossAttn; UNetMidBlock2D is the same without its transformer.
func (u *unet) mid(x *graph.Tensor) *graph.Tensor {
	if u.cfg.MidBlock == nil {
		return x
	}
	x = u.resnet("mid_block.resnets.0", x)
	if *u.cfg.MidBlock == "UNetMidBlock2DCrossAttn" {
		x = u.transformer("mid_block.attentions.0", len(u.cfg.BlockOut)-1, x)
		return u.resnet("mid_block.resnets.1", x)
	}
	// UNetMidBlock2D built by a UNet2DConditionModel has a single resnet and no attention.
	return x
}

// up is diffusers' UpBlock2D and CrossAttnUpBlock2D. It takes what it joins from the end of skips.
func (u *unet) up(i int, x *graph.Tensor, skips *[]*graph.Tensor) *graph.Tensor {
	level := len(u.cfg.BlockOut) - 1 - i
	name := fmt.Sprintf("up_blocks.%d", i)
	layers, _ := u.cfg.LayersPerBlock.at(level)
	for j := range layers + 1 {
		if len(*skips) == 0 {
			u.Fail(fmt.Errorf("%s: no skip connection is left to join", name))
			return nil
		}
		skip := (*skips)[len(*skips)-1]
		*skips = (*skips)[:len(*skips)-1]
		x = u.resnet(fmt.Sprintf("%s.resnets.%d", name, j), u.Apply(graph.Concat{}, x, skip))
		if strings.HasPrefix(u.cfg.UpBlocks[i], "CrossAttn") {
			x = u.transformer(fmt.Sprintf("%s.attentions.%d", name, j), level, x)
		}
	}
	if i < len(u.cfg.UpBlocks)-1 && len(*skips) > 0 {
		// The size of the next skip, which a latent of odd size makes other than twice this one.
		s := shape((*skips)[len(*skips)-1], 4)
		x = u.upsample(name+".upsamplers.0", x, s[1], s[2])
	}
	return x
}

// transformer is diffusers' Transformer2DModel over BasicTransformerBlocks: for each pixel self-attention, cross-attention to
// the row's condition, and a gated feed-forward layer.
func (u *unet) transformer(name string, level int, x *graph.Tensor) *graph.Tensor {
	heads, _ := u.cfg.heads(level)
	depth, _ := u.cfg.TransformerLayers.at(level)
	s := shape(x, 4)
	h := u.linear(name+".proj_in", u.groupNorm(name+".norm", x, u.cfg.NormGroups, 1e-6))
	h = u.reshape(h, s[0], s[1]*s[2], s[3])
	for d := range depth {
		block := fmt.Sprintf("%s.transformer_blocks.%d", name, d)
		h = u.add(u.selfAttention(block+".attn1", u.layerNorm(block+".norm1", h, 1e-5), heads), h)
		h = u.add(u.crossAttention(block+".attn2", u.layerNorm(block+".norm2", h, 1e-5), heads), h)
		f := u.Apply(graph.GEGLU{}, u.linear(block+".ff.net.0.proj", u.layerNorm(block+".norm3", h, 1e-5)))
		h = u.add(u.linear(block+".ff.net.2", f), h)
	}
	h = u.reshape(h, s[0], s[1], s[2], s[3])
	return u.add(u.linear(name+".proj_out", h), x)
}

// crossAttention attends to the keys and values of the row's condition, computed once a prompt by UNetContext.
func (u *unet) crossAttention(name string, x *graph.Tensor, heads int) *graph.Tensor {
	kv := u.kv[name]
	h := u.Apply(graph.Attention{Heads: heads}, u.linear(name+".to_q", x), kv[0], kv[1], u.condition)
	return u.linear(name+".to_out.0", h)
}

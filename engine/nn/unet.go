package nn

import (
	"errors"
	"fmt"
	"math"
	"strings"

	"github.com/counterpoint/counterpoint/engine/graph"
)

// UNetConfig is the config of diffusers' UNet2DConditionModel, as far as it is supported.
type UNetConfig struct {
	SampleSize        ints     `json:"sample_size"`
	InChannels        int      `json:"in_channels"`
	OutChannels       int      `json:"out_channels"`
	FlipSinToCos      bool     `json:"flip_sin_to_cos"`
	FreqShift         float64  `json:"freq_shift"`
	DownBlocks        []string `json:"down_block_types"`
	MidBlock          *string  `json:"mid_block_type"`
	UpBlocks          []string `json:"up_block_types"`
	BlockOut          []int    `json:"block_out_channels"`
	LayersPerBlock    ints     `json:"layers_per_block"`
	DownsamplePadding int      `json:"downsample_padding"`
	ActFn             string   `json:"act_fn"`
	NormGroups        int      `json:"norm_num_groups"`
	NormEps           float32  `json:"norm_eps"`
	CrossAttentionDim int      `json:"cross_attention_dim"`
	TransformerLayers ints     `json:"transformer_layers_per_block"`
	// AttentionHeadDim is, against its name, the number of heads unless NumAttentionHeads is given (diffusers#2011).
	AttentionHeadDim  ints    `json:"attention_head_dim"`
	NumAttentionHeads ints    `json:"num_attention_heads"`
	ClassEmbedType    *string `json:"class_embed_type"`
	ClassInputDim     int     `json:"projection_class_embeddings_input_dim"`

	// Fields of variants that are refused: each must keep the value that plain UNets have.
	MidBlockScale    float64 `json:"mid_block_scale_factor"`
	TimeScaleShift   string  `json:"resnet_time_scale_shift"`
	TimeEmbedding    string  `json:"time_embedding_type"`
	ConvIn           int     `json:"conv_in_kernel"`
	ConvOut          int     `json:"conv_out_kernel"`
	AdditionEmbed    *string `json:"addition_embed_type"`
	EncoderHidDim    *string `json:"encoder_hid_dim_type"`
	DualCross        bool    `json:"dual_cross_attention"`
	OnlyCross        any     `json:"only_cross_attention"`
	CenterSample     bool    `json:"center_input_sample"`
	ResnetSkipTime   bool    `json:"resnet_skip_time_act"`
	TimestepPostAct  *string `json:"timestep_post_act"`
	TimeCondProjDim  *int    `json:"time_cond_proj_dim"`
	AttentionType    string  `json:"attention_type"`
	ClassConcat      bool    `json:"class_embeddings_concat"`
	NumClassEmbeds   *int    `json:"num_class_embeds"`
	CrossAttnNorm    *string `json:"cross_attention_norm"`
	ResnetOutScale   float64 `json:"resnet_out_scale_factor"`
	MidOnlyCross     *bool   `json:"mid_block_only_cross_attention"`
	TimeEmbeddingDim *int    `json:"time_embedding_dim"`
	TimeEmbeddingAct *string `json:"time_embedding_act_fn"`
	ReverseLayers    any     `json:"reverse_transformer_layers_per_block"`
}

const (
	maxBlocks = 8
	maxLayers = 16
)

// ParseUNetConfig reads unet/config.json and refuses variants it does not build, by name.
func ParseUNetConfig(data []byte) (UNetConfig, error) {
	mid := "UNetMidBlock2DCrossAttn"
	c := UNetConfig{InChannels: 4, OutChannels: 4, FlipSinToCos: true,
		DownBlocks: []string{"CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "DownBlock2D"}, MidBlock: &mid,
		UpBlocks: []string{"UpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D"},
		BlockOut: []int{320, 640, 1280, 1280}, LayersPerBlock: ints{2}, DownsamplePadding: 1, ActFn: "silu", NormGroups: 32,
		NormEps: 1e-5, CrossAttentionDim: 1280, TransformerLayers: ints{1}, AttentionHeadDim: ints{8},
		MidBlockScale: 1, TimeScaleShift: "default", TimeEmbedding: "positional", ConvIn: 3, ConvOut: 3, AttentionType: "default",
		ResnetOutScale: 1}
	if err := decodeConfig("UNet2DConditionModel", data, &c); err != nil {
		return c, err
	}
	return c, c.check()
}

func (c UNetConfig) check() error {
	bad := func(field string, got any) error {
		return fmt.Errorf("UNet2DConditionModel config: %s %v is not supported", field, got)
	}
	n := len(c.BlockOut)
	switch {
	case n < 1 || n > maxBlocks || len(c.DownBlocks) != n || len(c.UpBlocks) != n:
		return fmt.Errorf("UNet2DConditionModel config: %d down, %d up blocks and %d block_out_channels, want 1 to %d of each",
			len(c.DownBlocks), len(c.UpBlocks), n, maxBlocks)
	case c.NormGroups < 1:
		return bad("norm_num_groups", c.NormGroups)
	case c.MidBlock != nil && *c.MidBlock != "UNetMidBlock2DCrossAttn" && *c.MidBlock != "UNetMidBlock2D":
		return bad("mid_block_type", *c.MidBlock)
	case c.MidBlockScale != 1 || c.ResnetOutScale != 1:
		return bad("mid_block_scale_factor or resnet_out_scale_factor", "other than 1")
	case c.TimeScaleShift != "default":
		return bad("resnet_time_scale_shift", c.TimeScaleShift)
	case c.ReverseLayers != nil:
		return bad("reverse_transformer_layers_per_block", c.ReverseLayers)
	case c.TimeEmbedding != "positional" || c.TimestepPostAct != nil || c.TimeEmbeddingAct != nil || c.TimeCondProjDim != nil || c.ResnetSkipTime:
		return bad("time embedding", "variant")
	case c.ConvIn != 3 || c.ConvOut != 3:
		return bad("conv_in_kernel or conv_out_kernel", "other than 3")
	case c.AdditionEmbed != nil:
		return bad("addition_embed_type", *c.AdditionEmbed)
	case c.EncoderHidDim != nil:
		return bad("encoder_hid_dim_type", *c.EncoderHidDim)
	case c.DualCross || c.OnlyCross != nil && c.OnlyCross != false || c.CrossAttnNorm != nil || c.AttentionType != "default" ||
		c.MidOnlyCross != nil && *c.MidOnlyCross:
		return bad("attention", "variant")
	case c.CenterSample:
		return bad("center_input_sample", true)
	case c.ClassEmbedType != nil && *c.ClassEmbedType != "projection" || c.ClassConcat || c.NumClassEmbeds != nil:
		return bad("class embedding", "variant")
	}
	for i, ch := range c.BlockOut {
		heads, ok := c.heads(i)
		layers, ok2 := c.LayersPerBlock.at(i)
		tl, ok3 := c.TransformerLayers.at(i)
		if ch < 1 || !ok || heads < 1 || !ok2 || layers < 1 || layers > maxLayers || !ok3 || tl < 1 || tl > maxLayers {
			return fmt.Errorf("UNet2DConditionModel config: block %d: %d channels, %d heads, %d layers, %d transformer layers are out of range",
				i, ch, heads, layers, tl)
		}
	}
	for _, t := range append(append([]string(nil), c.DownBlocks...), c.UpBlocks...) {
		if t != "DownBlock2D" && t != "CrossAttnDownBlock2D" && t != "UpBlock2D" && t != "CrossAttnUpBlock2D" {
			return bad("block type", t)
		}
	}
	if _, err := graph.ParseActivation(c.ActFn); err != nil {
		return bad("act_fn", c.ActFn)
	}
	return nil
}

func (c UNetConfig) heads(block int) (int, bool) {
	if len(c.NumAttentionHeads) > 0 {
		return c.NumAttentionHeads.at(block)
	}
	return c.AttentionHeadDim.at(block)
}

// Classed reports whether the UNet adds a projection of the pooled text to its time embedding.
func (c UNetConfig) Classed() bool { return c.ClassEmbedType != nil }

// PlaceChannels returns how many of the UNet's input channels are not the latent's: the channels of the place map.
func (c UNetConfig) PlaceChannels() int { return c.InChannels - c.OutChannels }

// crossLayer is one cross-attention layer: its tensor prefix, and its channels and heads.
type crossLayer struct {
	name            string
	channels, heads int
}

// crossLayers lists the cross-attention layers in the order of evaluation.
func (c UNetConfig) crossLayers() []crossLayer {
	var list []crossLayer
	block := func(name string, level, attentions int) {
		heads, _ := c.heads(level)
		depth, _ := c.TransformerLayers.at(level)
		for a := range attentions {
			for d := range depth {
				list = append(list, crossLayer{fmt.Sprintf("%s.attentions.%d.transformer_blocks.%d.attn2", name, a, d), c.BlockOut[level], heads})
			}
		}
	}
	n := len(c.BlockOut)
	for i, t := range c.DownBlocks {
		if layers, _ := c.LayersPerBlock.at(i); strings.HasPrefix(t, "CrossAttn") {
			block(fmt.Sprintf("down_blocks.%d", i), i, layers)
		}
	}
	if c.MidBlock != nil && *c.MidBlock == "UNetMidBlock2DCrossAttn" {
		block("mid_block", n-1, 1)
	}
	for i, t := range c.UpBlocks {
		if layers, _ := c.LayersPerBlock.at(n - 1 - i); strings.HasPrefix(t, "CrossAttn") {
			block(fmt.Sprintf("up_blocks.%d", i), n-1-i, layers+1)
		}
	}
	return list
}

// UNetContext builds what depends on the conditions alone and is computed once a prompt: for n conditions, from "hidden"
// [n,T,D] (and "pooled" [n,D] if the UNet is Classed), the keys and values of every cross-attention layer, outputs
// "NAME.k" and "NAME.v" [n,T,C], and "class" [n,E].
func UNetContext(c UNetConfig, p Params, n, tokens int) (*graph.Graph, error) {
	b := &builder{graph.New("unet_context", n), p, "unet/"}
	hidden := b.Input("hidden", graph.F32, n, tokens, c.CrossAttentionDim)
	for _, l := range c.crossLayers() {
		b.Output(l.name+".k", b.linear(l.name+".to_k", hidden))
		b.Output(l.name+".v", b.linear(l.name+".to_v", hidden))
	}
	if c.Classed() {
		pooled := b.Input("pooled", graph.F32, n, c.ClassInputDim)
		h := b.act(graph.SiLU, b.linear("class_embedding.linear_1", pooled))
		b.Output("class", b.linear("class_embedding.linear_2", h))
	}
	return b.Graph, b.Err()
}

// Sizes are the dimensions that a step program is built for.
type Sizes struct {
	Rows          int // most rows a step
	Latents       int // pictures in the batch
	Conditions    int // distinct conditions, among them the unconditional
	Maps          int // distinct place maps; unused by a UNet without place channels
	Tokens        int // tokens of a condition
	Height, Width int // of the latent
}

// UNet builds one evaluation of the network on up to s.Rows rows. Inputs: "sample" [Latents,H,W,OutChannels]; "place"
// [Maps,H,W,PlaceChannels] if there are any; "latent", "condition" and with places "map", i32 [Rows], the latent, condition
// and place map of each row; "time" [Rows,BlockOut[0]], the row's [UNetConfig.TimeFeatures]; and the outputs of UNetContext. Output: "score"
// [Rows,H,W,OutChannels], the network's prediction for each row.
func UNet(c UNetConfig, p Params, s Sizes) (*graph.Graph, error) {
	u := unet{builder: builder{graph.New("unet", s.Rows), p, "unet/"}, cfg: c, kv: map[string][2]*graph.Tensor{}}
	if s.Latents < 1 || s.Conditions < 1 || s.Tokens < 1 {
		return nil, errors.New("unet: no latents, conditions or tokens")
	}
	u.actFn, _ = graph.ParseActivation(c.ActFn)
	sample := u.Input("sample", graph.F32, s.Latents, s.Height, s.Width, c.OutChannels)
	latent := u.Input("latent", graph.I32, graph.Rows)
	u.condition = u.Input("condition", graph.I32, graph.Rows)
	time := u.Input("time", graph.F32, graph.Rows, c.BlockOut[0])

	x := u.Apply(graph.GatherRows{}, sample, latent)
	if pc := c.PlaceChannels(); pc > 0 {
		place := u.Input("place", graph.F32, s.Maps, s.Height, s.Width, pc)
		x = u.Apply(graph.Concat{}, x, u.Apply(graph.GatherRows{}, place, u.Input("map", graph.I32, graph.Rows)))
	}
	for _, l := range c.crossLayers() {
		u.kv[l.name] = [2]*graph.Tensor{
			u.Input(l.name+".k", graph.F32, s.Conditions, s.Tokens, l.channels),
			u.Input(l.name+".v", graph.F32, s.Conditions, s.Tokens, l.channels),
		}
	}

	temb := u.linear("time_embedding.linear_2", u.act(u.actFn, u.linear("time_embedding.linear_1", time)))
	if c.Classed() {
		class := u.Input("class", graph.F32, s.Conditions, shape(temb, 2)[1])
		temb = u.add(temb, u.Apply(graph.GatherRows{}, class, u.condition))
	}
	u.temb = u.act(u.actFn, temb)

	x = u.conv("conv_in", x, 1)
	skips := []*graph.Tensor{x}
	for i := range c.DownBlocks {
		x = u.down(i, x, &skips)
	}
	x = u.mid(x)
	for i := range c.UpBlocks {
		x = u.up(i, x, &skips)
	}
	x = u.act(u.actFn, u.groupNorm("conv_norm_out", x, c.NormGroups, c.NormEps))
	u.Output("score", u.conv("conv_out", x, 1))
	return u.Graph, u.Err()
}

// TimeFeatures writes the sinusoidal embedding of timestep t to dst [BlockOut[0]] (diffusers' Timesteps): half sines, half
// cosines of t at frequencies falling geometrically from 1 to 1e-4.
func (c UNetConfig) TimeFeatures(dst []float32, t float64) {
	half := c.BlockOut[0] / 2
	for i := range half {
		f := math.Exp(-math.Log(10000) * float64(i) / (float64(half) - c.FreqShift))
		sin, cos := math.Sincos(t * f)
		if c.FlipSinToCos {
			sin, cos = cos, sin
		}
		dst[i], dst[half+i] = float32(sin), float32(cos)
	}
	if c.BlockOut[0]%2 == 1 {
		dst[2*half] = 0
	}
}

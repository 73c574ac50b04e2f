package nn

import (
	"fmt"

	"github.com/counterpoint/counterpoint/engine/graph"
)

// TextConfig is the config of transformers' CLIPTextModel and CLIPTextModelWithProjection.
type TextConfig struct {
	VocabSize        int     `json:"vocab_size"`
	HiddenSize       int     `json:"hidden_size"`
	IntermediateSize int     `json:"intermediate_size"`
	NumLayers        int     `json:"num_hidden_layers"`
	NumHeads         int     `json:"num_attention_heads"`
	MaxPositions     int     `json:"max_position_embeddings"`
	ProjectionDim    int     `json:"projection_dim"`
	HiddenAct        string  `json:"hidden_act"`
	LayerNormEps     float32 `json:"layer_norm_eps"`
	EOSTokenID       int32   `json:"eos_token_id"`
}

// ParseTextConfig reads text_encoder/config.json.
func ParseTextConfig(data []byte) (TextConfig, error) {
	c := TextConfig{VocabSize: 49408, HiddenSize: 512, IntermediateSize: 2048, NumLayers: 12, NumHeads: 8, MaxPositions: 77,
		ProjectionDim: 512, HiddenAct: "quick_gelu", LayerNormEps: 1e-5, EOSTokenID: 49407}
	if err := decodeConfig("CLIPTextModel", data, &c); err != nil {
		return c, err
	}
	const most = 1 << 20
	for _, n := range []int{c.VocabSize, c.HiddenSize, c.IntermediateSize, c.NumLayers, c.NumHeads, c.MaxPositions} {
		if n < 1 || n > most {
			return c, fmt.Errorf("CLIPTextModel config: a size of %d is out of range", n)
		}
	}
	return c, nil
}

// EOS returns the position of the token whose state stands for the whole text. Configs from before transformers 4.30
// say 2 and mean the largest id.
func (c TextConfig) EOS(ids []int32) int32 {
	best := 0
	for i, id := range ids {
		if c.EOSTokenID != 2 && id == c.EOSTokenID {
			return int32(i)
		}
		if id > ids[best] {
			best = i
		}
	}
	if c.EOSTokenID != 2 {
		return 0 // as torch's argmax of an all-false mask
	}
	return int32(best)
}

// TextEncoder builds CLIP's text transformer for n texts. Inputs: "ids" i32 [n,T] and "eos" i32 [n], T = MaxPositions.
// Outputs: "hidden" [n,T,C], the last states after the final norm; "pooled" [n,C], the state at eos; and, where the model
// has a text_projection, "projected" [n,ProjectionDim].
func TextEncoder(c TextConfig, p Params, n int) (*graph.Graph, error) {
	b := &builder{graph.New("text_encoder", n), p, "text_encoder/"}
	act, err := graph.ParseActivation(c.HiddenAct)
	if err != nil {
		return nil, fmt.Errorf("text encoder: hidden_act: %w", err)
	}
	ids := b.Input("ids", graph.I32, n, c.MaxPositions)
	eos := b.Input("eos", graph.I32, n)

	root := "text_model."
	if !b.has(root + "embeddings.token_embedding.weight") {
		root = "" // transformers 5 saves a CLIPTextModel without it
	}
	x := b.Apply(graph.Embedding{}, ids, b.weight(root+"embeddings.token_embedding.weight", 2))
	x = b.add(x, b.weight(root+"embeddings.position_embedding.weight", 2))
	for i := range c.NumLayers {
		name := fmt.Sprintf("%sencoder.layers.%d.", root, i)
		h := b.layerNorm(name+"layer_norm1", x, c.LayerNormEps)
		q, k, v := b.linear(name+"self_attn.q_proj", h), b.linear(name+"self_attn.k_proj", h), b.linear(name+"self_attn.v_proj", h)
		h = b.Apply(graph.Attention{Heads: c.NumHeads, Causal: true}, q, k, v)
		x = b.add(b.linear(name+"self_attn.out_proj", h), x)
		h = b.layerNorm(name+"layer_norm2", x, c.LayerNormEps)
		h = b.act(act, b.linear(name+"mlp.fc1", h))
		x = b.add(b.linear(name+"mlp.fc2", h), x)
	}
	hidden := b.layerNorm(root+"final_layer_norm", x, c.LayerNormEps)
	pooled := b.Apply(graph.GatherTokens{}, hidden, eos)
	b.Output("hidden", hidden)
	b.Output("pooled", pooled)
	if b.has("text_projection.weight") {
		b.Output("projected", b.linear("text_projection", pooled))
	}
	return b.Graph, b.Err()
}

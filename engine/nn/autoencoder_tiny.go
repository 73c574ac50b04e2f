package nn

import (
	"fmt"

	"github.com/counterpoint/counterpoint/engine/graph"
)

// parseAutoencoderTiny reads diffusers' AutoencoderTiny, the distilled TAESD, whose layers are numbered as in a torch
// Sequential, activations included.
func parseAutoencoderTiny(data []byte) (*Autoencoder, error) {
	const class = "AutoencoderTiny"
	cfg := struct {
		Channels      int     `json:"latent_channels"`
		EncoderOut    []int   `json:"encoder_block_out_channels"`
		DecoderOut    []int   `json:"decoder_block_out_channels"`
		EncoderBlocks []int   `json:"num_encoder_blocks"`
		DecoderBlocks []int   `json:"num_decoder_blocks"`
		Upsampling    int     `json:"upsampling_scaling_factor"`
		Scale         float64 `json:"scaling_factor"`
		ActFn         string  `json:"act_fn"`
		UpsampleFn    string  `json:"upsample_fn"`
	}{Channels: 4, EncoderOut: []int{64, 64, 64, 64}, DecoderOut: []int{64, 64, 64, 64}, EncoderBlocks: []int{1, 3, 3, 3},
		DecoderBlocks: []int{3, 3, 3, 1}, Upsampling: 2, Scale: 1, ActFn: "relu", UpsampleFn: "nearest"}
	if err := decodeConfig(class, data, &cfg); err != nil {
		return nil, err
	}
	act, err := graph.ParseActivation(cfg.ActFn)
	n := len(cfg.DecoderOut)
	switch {
	case err != nil:
		return nil, fmt.Errorf("%s config: act_fn: %w", class, err)
	case n < 1 || n > maxBlocks || len(cfg.EncoderOut) != n || len(cfg.DecoderBlocks) != n || len(cfg.EncoderBlocks) != n || cfg.Channels < 1:
		return nil, fmt.Errorf("%s config: block lists differ in length or are out of range", class)
	case cfg.Upsampling != 2 || cfg.UpsampleFn != "nearest":
		return nil, fmt.Errorf("%s config: upsampling by %d with %q is not supported", class, cfg.Upsampling, cfg.UpsampleFn)
	}
	for i := range n {
		if e, d := cfg.EncoderBlocks[i], cfg.DecoderBlocks[i]; e < 0 || d < 0 || e > maxLayers || d > maxLayers {
			return nil, fmt.Errorf("%s config: %d encoder or %d decoder blocks are out of range", class, e, d)
		}
	}
	return &Autoencoder{Class: class, Channels: cfg.Channels, Factor: 1 << (n - 1), Scale: cfg.Scale,
		encode: func(b *builder, x *graph.Tensor) *graph.Tensor {
			s := tinyStack{b: b, name: "encoder.layers", act: act}
			x = b.Apply(graph.Affine{Mul: 0.5, Add: 0.5}, x)
			for i, blocks := range cfg.EncoderBlocks {
				x = s.conv(x, 1+min(i, 1))
				x = s.blocks(x, blocks)
			}
			return s.conv(x, 1)
		},
		decode: func(b *builder, x *graph.Tensor) *graph.Tensor {
			s := tinyStack{b: b, name: "decoder.layers", act: act}
			x = b.Apply(graph.Affine{Mul: 1. / 3}, x)
			x = b.Apply(graph.Affine{Mul: 3}, b.act(graph.Tanh, x))
			x = b.act(act, s.conv(x, 1))
			s.next++ // the activation
			for i, blocks := range cfg.DecoderBlocks {
				x = s.blocks(x, blocks)
				if i < n-1 {
					h := shape(x, 4)
					x = b.Apply(graph.Upsample{H: 2 * h[1], W: 2 * h[2]}, x)
					s.next++
				}
				x = s.conv(x, 1)
			}
			return b.Apply(graph.Affine{Mul: 2, Add: -1}, x)
		},
	}, nil
}

// tinyStack numbers the layers of a Sequential as they are applied.
type tinyStack struct {
	b    *builder
	name string
	act  graph.Activation
	next int
}

func (s *tinyStack) conv(x *graph.Tensor, stride int) *graph.Tensor {
	s.next++
	return s.b.conv(fmt.Sprintf("%s.%d", s.name, s.next-1), x, stride)
}

// blocks applies n of diffusers' AutoencoderTinyBlock: three convolutions beside a skip, their sum through a ReLU
// whatever the config's activation.
func (s *tinyStack) blocks(x *graph.Tensor, n int) *graph.Tensor {
	for range n {
		name := fmt.Sprintf("%s.%d", s.name, s.next)
		s.next++
		h := s.b.act(s.act, s.b.conv(name+".conv.0", x, 1))
		h = s.b.act(s.act, s.b.conv(name+".conv.2", h, 1))
		h = s.b.conv(name+".conv.4", h, 1)
		if s.b.has(name + ".skip.weight") {
			x = s.b.conv(name+".skip", x, 1)
		}
		x = s.b.act(graph.ReLU, s.b.add(h, x))
	}
	return x
}

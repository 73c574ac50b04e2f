package nn

import "github.com/counterpoint/counterpoint/engine/graph"

// parseAutoencoderPatch reads the autoencoder of our own models, trained by tools/train: the encoder is one convolution
// over blocks of pixels that hold a whitened principal component each, so latents have unit variance from the first minute
// of training; the decoder adds what diffusers' Decoder has learnt to the linear inverse, a 1×1 convolution and a
// pixel shuffle.
func parseAutoencoderPatch(data []byte) (*Autoencoder, error) {
	const class = "AutoencoderPatch"
	cfg := struct {
		coder
		Scale float64 `json:"scaling_factor"`
	}{coder: coder{Channels: 8, NormGroups: 8, ActFn: "silu"}, Scale: 1}
	if err := decodeConfig(class, data, &cfg); err != nil {
		return nil, err
	}
	if err := cfg.check(class); err != nil {
		return nil, err
	}
	c := cfg.coder
	return &Autoencoder{Class: class, Channels: c.Channels, Factor: c.factor(), Scale: cfg.Scale,
		encode: func(b *builder, x *graph.Tensor) *graph.Tensor {
			return b.Apply(graph.Conv2D{Stride: c.factor()}, x, b.weight("encoder.weight", 4), b.bias("encoder"))
		},
		decode: func(b *builder, x *graph.Tensor) *graph.Tensor {
			linear := b.Apply(graph.PixelShuffle{Block: c.factor()}, b.conv("linear", x, 1))
			return b.add(c.decode(b, x), linear)
		},
	}, nil
}

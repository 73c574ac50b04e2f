// Package nn builds the networks of latent diffusion as graphs, from the configs and tensor names of diffusers and
// transformers: CLIP's text encoder, the conditional UNet and the autoencoders. A builder needs only the shapes and
// encodings of a model's tensors, so a whole model can be checked before a byte of its weights is read.
package nn

import (
	"encoding/json"
	"fmt"

	"github.com/counterpoint/counterpoint/engine/graph"
)

// Params is what a builder must know of a model's tensors.
type Params interface {
	// Lookup returns the shape in PyTorch's order and the encoding of the named tensor, such as
	// "unet/conv_in.weight", and whether the model has it.
	Lookup(name string) (shape []int, enc graph.Encoding, ok bool)
}

// builder adds layers to a graph by the names of their tensors. Its methods return nil once the graph has failed.
type builder struct {
	*graph.Graph
	params Params
	prefix string // "unet/"
}

// has reports whether the model holds the named tensor of this network.
func (b *builder) has(name string) bool {
	_, _, ok := b.params.Lookup(b.prefix + name)
	return ok
}

// weight declares the named tensor in the graph's layout, a convolution's [O,I,KH,KW] becoming [O,KH,KW,I]. rank guards
// against a tensor of another kind under the same name.
func (b *builder) weight(name string, rank int) *graph.Tensor {
	name = b.prefix + name
	shape, enc, ok := b.params.Lookup(name)
	if !ok {
		b.Fail(fmt.Errorf("tensor %s is not in the model", name))
		return nil
	}
	if len(shape) != rank {
		b.Fail(fmt.Errorf("tensor %s has shape %v, want %d dimensions", name, shape, rank))
		return nil
	}
	if rank == 4 {
		shape = []int{shape[0], shape[2], shape[3], shape[1]}
	}
	return b.Graph.Weight(name, enc, shape...)
}

// bias declares name.bias if the model has it.
func (b *builder) bias(name string) *graph.Tensor {
	if !b.has(name + ".bias") {
		return nil
	}
	return b.weight(name+".bias", 1)
}

// conv applies the convolution named name, padded to keep the size at stride 1.
func (b *builder) conv(name string, x *graph.Tensor, stride int) *graph.Tensor {
	w := b.weight(name+".weight", 4)
	if w == nil {
		return nil
	}
	return b.Apply(graph.Conv2D{Stride: stride, Pad: graph.Pad(w.Shape[1] / 2)}, x, w, b.bias(name))
}

// linear applies the layer named name to the channels of x. A 1×1 convolution under that name is the same thing.
func (b *builder) linear(name string, x *graph.Tensor) *graph.Tensor {
	if shape, _, ok := b.params.Lookup(b.prefix + name + ".weight"); ok && len(shape) == 4 {
		return b.conv(name, x, 1)
	}
	w := b.weight(name+".weight", 2)
	if w == nil {
		return nil
	}
	return b.Apply(graph.Linear{}, x, w, b.bias(name))
}

func (b *builder) groupNorm(name string, x *graph.Tensor, groups int, eps float32) *graph.Tensor {
	return b.Apply(graph.GroupNorm{Groups: groups, Eps: eps}, x, b.weight(name+".weight", 1), b.weight(name+".bias", 1))
}

func (b *builder) layerNorm(name string, x *graph.Tensor, eps float32) *graph.Tensor {
	return b.Apply(graph.LayerNorm{Eps: eps}, x, b.weight(name+".weight", 1), b.weight(name+".bias", 1))
}

func (b *builder) act(a graph.Activation, x *graph.Tensor) *graph.Tensor {
	return b.Apply(graph.Activate{Act: a}, x)
}

func (b *builder) add(x, y *graph.Tensor) *graph.Tensor { return b.Apply(graph.Add{}, x, y) }

func (b *builder) reshape(x *graph.Tensor, shape ...int) *graph.Tensor {
	return b.Apply(graph.Reshape{To: shape}, x)
}

// shape returns x's shape, or one of the given rank that makes arithmetic on it harmless once the graph has failed.
func shape(x *graph.Tensor, rank int) graph.Shape {
	if x == nil {
		return make(graph.Shape, rank)
	}
	return x.Shape
}

// selfAttention is diffusers' Attention over x [N,T,C] alone, with the projections named name.
func (b *builder) selfAttention(name string, x *graph.Tensor, heads int) *graph.Tensor {
	q, k, v := b.linear(name+".to_q", x), b.linear(name+".to_k", x), b.linear(name+".to_v", x)
	return b.linear(name+".to_out.0", b.Apply(graph.Attention{Heads: heads}, q, k, v))
}

// resnet is diffusers' ResnetBlock2D: two normalised, activated convolutions around the addition of a projected time
// embedding temb [N,D] (nil in autoencoders), beside a shortcut that is a 1×1 convolution where the channels change.
func (b *builder) resnet(name string, x, temb *graph.Tensor, act graph.Activation, groups int, eps float32) *graph.Tensor {
	h := b.conv(name+".conv1", b.act(act, b.groupNorm(name+".norm1", x, groups, eps)), 1)
	if temb != nil {
		t := b.linear(name+".time_emb_proj", temb)
		s := shape(t, 2)
		h = b.add(h, b.reshape(t, s[0], 1, 1, s[1]))
	}
	h = b.conv(name+".conv2", b.act(act, b.groupNorm(name+".norm2", h, groups, eps)), 1)
	if b.has(name + ".conv_shortcut.weight") {
		x = b.conv(name+".conv_shortcut", x, 1)
	}
	return b.add(h, x)
}

// upsample is diffusers' Upsample2D to h×w: nearest neighbour, then a convolution.
func (b *builder) upsample(name string, x *graph.Tensor, h, w int) *graph.Tensor {
	return b.conv(name+".conv", b.Apply(graph.Upsample{H: h, W: w}, x), 1)
}

// ints reads a config field that is one number for all blocks or a list of one each.
type ints []int

func (v *ints) UnmarshalJSON(data []byte) error {
	if string(data) == "null" {
		return nil
	}
	var one int
	if json.Unmarshal(data, &one) == nil {
		*v = ints{one}
		return nil
	}
	return json.Unmarshal(data, (*[]int)(v))
}

// at returns the value for block i; ok is false where the list is too short.
func (v ints) at(i int) (int, bool) {
	if len(v) == 1 {
		return v[0], true
	}
	if i < 0 || i >= len(v) {
		return 0, false
	}
	return v[i], true
}

// decodeConfig reads a component's config.json into cfg, which holds its class's defaults.
func decodeConfig(class string, data []byte, cfg any) error {
	var head struct {
		Class string `json:"_class_name"`
	}
	if err := json.Unmarshal(data, &head); err != nil {
		return fmt.Errorf("%s config: %w", class, err)
	}
	if head.Class != "" && head.Class != class {
		return fmt.Errorf("config is of class %q, want %q", head.Class, class)
	}
	if err := json.Unmarshal(data, cfg); err != nil {
		return fmt.Errorf("%s config: %w", class, err)
	}
	return nil
}

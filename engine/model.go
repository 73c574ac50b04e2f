package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/counterpoint/counterpoint/engine/decompose"
	"github.com/counterpoint/counterpoint/engine/device"
	"github.com/counterpoint/counterpoint/engine/graph"
	"github.com/counterpoint/counterpoint/engine/nn"
	"github.com/counterpoint/counterpoint/engine/sample"
	"github.com/counterpoint/counterpoint/engine/tokenizer"
	"github.com/counterpoint/counterpoint/weights"
)

// pipeline is what a packed model declares: its networks' configs, tokenizer, schedule and our additions to them.
type pipeline struct {
	unet     nn.UNetConfig
	text     nn.TextConfig
	vae      *nn.Autoencoder
	tokens   *tokenizer.Tokenizer
	schedule *sample.Schedule
	extra    extra
	params   params
}

// extra is the part of a model's counterpoint.json that generation reads.
type extra struct {
	Place        placeSpec             `json:"place"`
	Vocabulary   []string              `json:"vocabulary"` // every word the model knows; empty for an open vocabulary
	Grammar      *decompose.Vocabulary `json:"grammar"`    // what its words are in a sentence; nil if it does not say
	LatentRGB    latentRGB             `json:"latent_rgb"`
	LevelWeights []levelWeight         `json:"level_weights"` // how terms count beside others, see Request.Weights
	Default      struct {
		Width       int     `json:"width"`
		Height      int     `json:"height"`
		Steps       int     `json:"steps"`
		Guidance    float64 `json:"guidance_scale"`
		MaxGuidance float64 `json:"max_guidance"`
		Reach       float64 `json:"reach"`
		Sampler     string  `json:"sampler"`
		Corrector   string  `json:"corrector"` // of that sampler
		Moves       int     `json:"corrector_moves"`
		Weights     Weights `json:"weights"`
		Hires       float64 `json:"hires"` // of pictures so many times the default's size and more, see Request.Hires
	} `json:"default"`
}

// readPipeline reads everything of a model but its weights.
func readPipeline(ctx context.Context, m *weights.Model) (*pipeline, error) {
	p := &pipeline{params: params{m}}
	config := func(name string, parse func(c weights.Component) error) error {
		c, err := m.Component(name)
		if err == nil {
			err = parse(c)
		}
		if err != nil {
			return fmt.Errorf("component %s: %w", name, err)
		}
		return nil
	}
	err := errors.Join(
		config("unet", func(c weights.Component) (err error) { p.unet, err = nn.ParseUNetConfig(c.Config); return }),
		config("text_encoder", func(c weights.Component) (err error) { p.text, err = nn.ParseTextConfig(c.Config); return }),
		config("vae", func(c weights.Component) (err error) { p.vae, err = nn.ParseAutoencoder(c.Config); return }),
		config("scheduler", func(c weights.Component) error {
			cfg, err := sample.ParseConfig(c.Config)
			if err == nil {
				p.schedule, err = sample.NewSchedule(cfg)
			}
			return err
		}),
	)
	if err != nil {
		return nil, err
	}
	if p.tokens, err = readTokenizer(ctx, m); err != nil {
		return nil, fmt.Errorf("component tokenizer: %w", err)
	}
	if data := m.Manifest().Extra; len(data) > 0 {
		if err := json.Unmarshal(data, &p.extra); err != nil {
			return nil, fmt.Errorf("counterpoint.json: %w", err)
		}
	}
	return p, p.check()
}

// readTokenizer reads the tokenizer's files, which are kept in the shards.
func readTokenizer(ctx context.Context, m *weights.Model) (*tokenizer.Tokenizer, error) {
	const folder = "tokenizer/"
	files, err := m.Files(ctx, func(name string) bool { return strings.HasPrefix(name, folder) })
	if err != nil {
		return nil, err
	}
	return tokenizer.Load(func(name string) ([]byte, error) {
		data, ok := files[folder+name]
		if !ok {
			return nil, &fs.PathError{Op: "read", Path: folder + name, Err: fs.ErrNotExist}
		}
		return data, nil
	})
}

// check compares what the components say of each other.
func (p *pipeline) check() error {
	switch {
	case p.vae.Channels != p.unet.OutChannels:
		return fmt.Errorf("the autoencoder has %d latent channels, the UNet %d", p.vae.Channels, p.unet.OutChannels)
	case p.unet.PlaceChannels() < 0:
		return fmt.Errorf("the UNet has %d input and %d output channels, want no fewer in than out", p.unet.InChannels, p.unet.OutChannels)
	case p.unet.PlaceChannels() != p.extra.Place.Channels:
		return fmt.Errorf("the UNet takes %d channels beside the latent's, counterpoint.json declares %d of places",
			p.unet.PlaceChannels(), p.extra.Place.Channels)
	case p.extra.Place.Channels > 0 && p.projection() != p.extra.Place.Channels:
		return fmt.Errorf("text_encoder/text_projection.weight gives %d channels, places have %d", p.projection(), p.extra.Place.Channels)
	case p.extra.Place.Channels > 0 && !(p.extra.Place.Sigma > 0):
		return fmt.Errorf("counterpoint.json: place.sigma is %v, want more than 0", p.extra.Place.Sigma)
	case !p.extra.Place.valid():
		return errors.New("counterpoint.json: place: region or spacing is out of range")
	case p.unet.CrossAttentionDim != p.text.HiddenSize:
		return fmt.Errorf("the UNet attends to %d channels, the text encoder gives %d", p.unet.CrossAttentionDim, p.text.HiddenSize)
	case p.unet.Classed() && p.unet.ClassInputDim != p.text.HiddenSize:
		return fmt.Errorf("the UNet's class embedding takes %d channels, the text encoder gives %d", p.unet.ClassInputDim, p.text.HiddenSize)
	case p.tokens.ModelMaxLength() != p.text.MaxPositions:
		return fmt.Errorf("the tokenizer makes %d tokens of a text, the text encoder reads %d", p.tokens.ModelMaxLength(), p.text.MaxPositions)
	case p.tokens.VocabSize() > p.text.VocabSize:
		return fmt.Errorf("the tokenizer has %d tokens, the text encoder knows %d", p.tokens.VocabSize(), p.text.VocabSize)
	}
	if err := p.extra.checkLevelWeights(); err != nil {
		return err
	}
	return p.checkTensors()
}

// projection is the number of channels the text encoder projects a text to, 0 if it does not.
func (p *pipeline) projection() int {
	shape, _, ok := p.params.Lookup("text_encoder/text_projection.weight")
	if !ok || len(shape) != 2 {
		return 0
	}
	return shape[0]
}

// checkTensors builds every network once, so that a tensor that is missing, has a wrong shape, or belongs to nothing is
// named before a byte of weights is read.
func (p *pipeline) checkTensors() error {
	side := 8
	networks, err := p.networks(1, side, side)
	if err == nil && p.encodes() {
		var encoder *graph.Graph
		encoder, err = p.vae.Encoder(p.params, 1, side*p.vae.Factor, side*p.vae.Factor)
		networks = append(networks, encoder)
	}
	if err != nil {
		return err
	}
	used := map[string]bool{}
	for _, g := range networks {
		for _, w := range g.Weights {
			used[w.Name] = true
		}
	}
	for _, t := range p.params.Manifest().Tensors {
		if !used[t.Name] {
			return fmt.Errorf("tensor %s is in the model but not in its networks", t.Name)
		}
	}
	return nil
}

// networks builds all that a picture from noise goes through, of a latent of h×w cells and that many rows, in turn.
func (p *pipeline) networks(rows, h, w int) ([]*graph.Graph, error) {
	var all []*graph.Graph
	for _, build := range []func() (*graph.Graph, error){
		func() (*graph.Graph, error) { return nn.TextEncoder(p.text, p.params, rows) },
		func() (*graph.Graph, error) { return nn.UNetContext(p.unet, p.params, rows, p.text.MaxPositions) },
		func() (*graph.Graph, error) {
			return nn.UNet(p.unet, p.params, nn.Sizes{Rows: rows, Latents: 1, Conditions: rows, Maps: rows, Tokens: p.text.MaxPositions, Height: h, Width: w})
		},
		func() (*graph.Graph, error) { return p.vae.Decoder(p.params, 1, h, w) },
	} {
		g, err := build()
		if err != nil {
			return nil, err
		}
		all = append(all, g)
	}
	return all, nil
}

// encodes reports whether the model has the encoder of its autoencoder, without which all but what begins with a picture works.
func (p *pipeline) encodes() bool {
	return slices.ContainsFunc(p.params.Manifest().Tensors, func(t weights.TensorInfo) bool { return strings.HasPrefix(t.Name, "vae/encoder.") })
}

// params shows a packed model's tensors to the builders of networks.
type params struct{ *weights.Model }

// Lookup implements nn.Params.
func (p params) Lookup(name string) ([]int, graph.Encoding, bool) {
	t, ok := p.Model.Lookup(name)
	if !ok {
		return nil, graph.Encoding{}, false
	}
	return t.Shape, encoding(t.Encoding, t.Group), true
}

func encoding(e weights.Encoding, group int) graph.Encoding {
	switch e {
	case weights.F16:
		return graph.Encoding{Kind: graph.EncF16}
	case weights.Int8:
		return graph.Encoding{Kind: graph.EncInt8, Group: group}
	case weights.Int4:
		return graph.Encoding{Kind: graph.EncInt4, Group: group}
	}
	return graph.Encoding{Kind: graph.EncF32}
}

// load streams a model's weights to the device, shard by shard. Only a tensor that spans shards is ever put together here.
func load(ctx context.Context, m *weights.Model, dst device.Weights, progress func(done, total int64)) error {
	var done, total int64
	for _, t := range m.Manifest().Tensors {
		for _, p := range t.Parts {
			total += p.Data.Length
			if p.Scales != nil {
				total += p.Scales.Length
			}
		}
	}
	whole := weights.Tensor{} // the slabs so far of a tensor larger than a shard
	return m.Each(ctx, func(t weights.Tensor) error {
		done += int64(len(t.Data) + len(t.Scales))
		if progress != nil {
			progress(done, total)
		}
		if !t.Whole() {
			if t.First == 0 {
				whole = weights.Tensor{Name: t.Name, Shape: t.Shape, Encoding: t.Encoding, Group: t.Group}
			}
			whole.Data, whole.Scales = append(whole.Data, t.Data...), append(whole.Scales, t.Scales...)
			whole.Rows += t.Rows
			if whole.Name != t.Name || !whole.Whole() {
				return nil
			}
			t, whole = whole, weights.Tensor{}
		}
		return dst.Put(deviceWeight(t))
	})
}

// deviceWeight turns a stored tensor into the form devices take. Files hold nibbles offset by 8, devices two's complement:
// flipping the top bit of each changes one into the other.
func deviceWeight(t weights.Tensor) graph.Weight {
	shape := slices.Clone(t.Shape)
	if len(shape) == 4 {
		shape = []int{shape[0], shape[2], shape[3], shape[1]}
	}
	data := t.Data
	if t.Encoding == weights.Int4 {
		data = slices.Clone(data)
		for i := range data {
			data[i] ^= 0x88
		}
	}
	return graph.Weight{Name: t.Name, Shape: shape, Encoding: encoding(t.Encoding, t.Group), Data: data, Scales: t.Scales}
}

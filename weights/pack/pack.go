package pack

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"slices"

	"github.com/counterpoint/counterpoint/weights"
)

// DefaultGroup is the number of input channels that share a scale.
const DefaultGroup = 32

// Options say how [Pack] packs a model. The zero value is the int8 profile in
// groups of DefaultGroup.
type Options struct {
	Profile Profile
	Group   int // a power of two from 8 to 1024; 0 is DefaultGroup
	// Name, License and Attribution go into the manifest; what is empty is
	// taken from the folder's counterpoint.json.
	Name, License, Attribution string
	// Progress, if set, is told each tensor once it is packed.
	Progress func(Progress)
}

// Progress says how far packing has come.
type Progress struct {
	Tensor      string // just packed
	Done, Total int64  // elements
}

// Report says what [Pack] wrote.
type Report struct {
	Manifest  *weights.Manifest
	Shards    []ShardReport
	Encodings []EncodingReport // those in use, finest first
	// Skipped are components that were left out, since they make no pictures.
	Skipped []string
}

// ShardReport describes a shard: its content, all of one component and
// encoding, and its size.
type ShardReport struct {
	File        string
	Component   string
	Encoding    weights.Encoding // 0 for files
	Compression weights.Compression
	Raw, Stored int64 // bytes
}

// EncodingReport sums up the tensors of an encoding.
type EncodingReport struct {
	Encoding    weights.Encoding
	Tensors     int
	Elements    int64
	Raw, Stored int64         // bytes, scales and padding included
	Noise       weights.Noise // of the packed weights against the source's
}

// Pack packs the diffusers folder into dir, which is made if need be: shards
// first, then the manifest, each written whole or not at all. Shards of an
// earlier pack in dir are removed once the new manifest is there. The same
// folder and options give the same bytes.
func Pack(ctx context.Context, folder fs.FS, dir string, opts Options) (*Report, error) {
	if opts.Group == 0 {
		opts.Group = DefaultGroup
	}
	if _, err := opts.Profile.MarshalText(); err != nil {
		return nil, err
	}
	if err := weights.CheckGroup(opts.Group); err != nil {
		return nil, err
	}
	f, err := OpenFolder(folder)
	if err != nil {
		return nil, err
	}
	p := &packer{ctx: ctx, folder: f, opts: opts}
	if p.out, err = newShardWriter(dir); err != nil {
		return nil, err
	}
	defer p.out.close()
	if err := p.describe(); err != nil {
		return nil, err
	}
	if err := p.files(); err != nil {
		return nil, err
	}
	if err := p.networks(); err != nil {
		return nil, err
	}
	return p.finish()
}

type packer struct {
	ctx      context.Context
	folder   *Folder
	opts     Options
	out      *shardWriter
	manifest weights.Manifest
	stats    [weights.Int4 + 1]EncodingReport
	progress Progress
}

// describe fills in what the manifest says about the model as a whole.
func (p *packer) describe() error {
	var extra struct{ Name, License, Attribution string }
	if p.folder.Extra != nil {
		if err := json.Unmarshal(p.folder.Extra, &extra); err != nil {
			return malformed(extraName, "%v", err)
		}
	}
	name := cmp.Or(p.opts.Name, extra.Name)
	if name == "" {
		return fmt.Errorf("the model has no name: neither the options nor %s give one", extraName)
	}
	var unused []string
	for _, c := range p.folder.Unused {
		unused = append(unused, c.Name)
	}
	index, err := withoutComponents(p.folder.Index, unused)
	if err != nil {
		return malformed(indexName, "%v", err)
	}
	p.manifest = weights.Manifest{
		Format: weights.Format, Version: weights.FormatVersion, Kind: weights.KindLatentDiffusion,
		Name: name, License: cmp.Or(p.opts.License, extra.License), Attribution: cmp.Or(p.opts.Attribution, extra.Attribution),
		Profile: p.opts.Profile.String(),
		Index:   index, Configs: make(map[string]json.RawMessage), Extra: p.folder.Extra,
		Files: []weights.FileInfo{}, Shards: []weights.ShardInfo{}, Tensors: []weights.TensorInfo{},
	}
	for _, c := range p.folder.Components {
		if c.Config != nil {
			p.manifest.Configs[c.Name] = c.Config
		}
	}
	return nil
}

// files packs the tokenizers' files, in shards of their own: a reader gets at
// them without the weights.
func (p *packer) files() error {
	for _, name := range p.folder.Files {
		data, err := p.folder.ReadFile(name, weights.MaxShard)
		if err != nil {
			return err
		}
		if len(data) == 0 {
			return malformed(name, "empty file")
		}
		if !p.out.fits(int64(len(data)), 0) {
			if err := p.flush(); err != nil {
				return err
			}
		}
		p.manifest.Files = append(p.manifest.Files, weights.FileInfo{Name: name, Shard: p.out.index(), Span: p.out.addData(data, 1)})
		p.out.content = ShardReport{Component: "files"}
	}
	return p.flush()
}

// networks packs the components' tensors.
func (p *packer) networks() error {
	var networks []weights.Component
	checkpoints := make(map[string]*Checkpoint)
	defer func() {
		for _, ck := range checkpoints {
			ck.Close()
		}
	}()
	for _, c := range p.folder.Components {
		if roleOf(c) != network {
			continue
		}
		ck, err := p.folder.Weights(c)
		if err != nil {
			return err
		}
		networks = append(networks, c)
		checkpoints[c.Name] = ck
		for _, name := range ck.Names() {
			info, _ := ck.Lookup(name)
			p.progress.Total += int64(info.Len())
		}
	}
	for _, c := range networks {
		if err := p.network(c, checkpoints[c.Name]); err != nil {
			return err
		}
	}
	return nil
}

// network packs one component: an encoding after the other, so that a shard
// holds planes that compress alike.
func (p *packer) network(c weights.Component, ck *Checkpoint) error {
	byEncoding := make([][]string, weights.Int4+1)
	for _, name := range ck.Names() {
		full := c.Name + "/" + name
		if err := weights.CheckName(full, map[string]bool{c.Name: true}); err != nil {
			return malformed(fmt.Sprintf("tensor %.80q", full), "%v", err)
		}
		info, _ := ck.Lookup(name)
		values, err := ck.Float32s(name)
		if err != nil {
			return fmt.Errorf("%s: %w", c.Name, err)
		}
		peak, err := peakOf(values)
		if err != nil {
			return malformed("tensor "+full, "%v", err)
		}
		e := p.opts.Profile.encoding(full, info.Shape, peak)
		byEncoding[e] = append(byEncoding[e], name)
	}
	for e, names := range byEncoding {
		for _, name := range names {
			if err := p.ctx.Err(); err != nil {
				return err
			}
			if err := p.tensor(c, ck, name, weights.Encoding(e)); err != nil {
				return err
			}
		}
		if err := p.flush(); err != nil {
			return err
		}
	}
	return nil
}

// peakOf gives the largest magnitude, or an error if a value is not finite.
func peakOf(values []float32) (peak float32, err error) {
	for i, v := range values {
		a := float32(math.Abs(float64(v)))
		if !(a <= math.MaxFloat32) {
			return 0, fmt.Errorf("element %d is %v", i, v)
		}
		peak = max(peak, a)
	}
	return peak, nil
}

// tensor packs one tensor into the open shard, or into several of its own.
func (p *packer) tensor(c weights.Component, ck *Checkpoint, name string, e weights.Encoding) error {
	values, err := ck.Float32s(name)
	if err != nil {
		return fmt.Errorf("%s: %w", c.Name, err)
	}
	info, _ := ck.Lookup(name)
	group := 0
	if e.Quantized() {
		group = p.opts.Group
	}
	t, err := weights.NewTensor(c.Name+"/"+name, info.Shape, values, e, group)
	if err != nil {
		return err
	}
	p.out.content = ShardReport{Component: c.Name, Encoding: e}
	parts, err := p.parts(&t)
	if err != nil {
		return err
	}
	p.manifest.Tensors = append(p.manifest.Tensors, weights.TensorInfo{Name: t.Name, Shape: t.Shape, Encoding: e, Group: group, Parts: parts})
	s := &p.stats[e]
	s.Tensors++
	s.Elements += int64(len(values))
	s.Noise.Add(values, t.Float32s(nil))
	p.progress.Tensor = t.Name
	p.progress.Done += int64(len(values))
	if p.opts.Progress != nil {
		p.opts.Progress(p.progress)
	}
	return nil
}

// parts adds a tensor to shards: to the open one if it fits there, else to new
// ones, each but the last as full of rows as it can be.
func (p *packer) parts(t *weights.Tensor) ([]weights.PartInfo, error) {
	data, scales := t.Layout().RowBytes(t.Encoding, t.Group)
	if !p.out.fits(int64(len(t.Data)), int64(len(t.Scales))) {
		if err := p.flush(); err != nil {
			return nil, err
		}
	}
	var parts []weights.PartInfo
	for first := 0; first < t.Rows; {
		// Padding before and after the data plane is less than two alignments.
		rows := min(int64(t.Rows-first), (weights.MaxShard-2*weights.PlaneAlign)/(data+scales))
		if rows == 0 {
			return nil, fmt.Errorf("tensor %s: a row of %d bytes does not fit a shard of %d", t.Name, data+scales, weights.MaxShard)
		}
		if !p.out.fits(rows*data, rows*scales) {
			if err := p.flush(); err != nil {
				return nil, err
			}
		}
		part := weights.PartInfo{Shard: p.out.index(), Rows: int(rows)}
		part.Data = p.out.addData(t.Data[int64(first)*data:][:rows*data], t.Encoding.ElementSize())
		if t.Encoding.Quantized() {
			// Its place is known when the shard's data planes are complete.
			part.Scales = p.out.addScales(t.Scales[int64(first)*scales:][:rows*scales])
		}
		parts = append(parts, part)
		first += int(rows)
	}
	return parts, nil
}

// flush writes the open shard, if there is anything in it.
func (p *packer) flush() error {
	if p.out.empty() {
		return nil
	}
	if err := p.ctx.Err(); err != nil {
		return err
	}
	info, err := p.out.flush()
	if err != nil {
		return err
	}
	p.manifest.Shards = append(p.manifest.Shards, info)
	if e := p.out.content.Encoding; e != 0 {
		p.stats[e].Raw += info.RawBytes
		p.stats[e].Stored += info.Bytes
	}
	return nil
}

// finish writes the manifest, and reads it back as any reader will.
func (p *packer) finish() (*Report, error) {
	slices.SortFunc(p.manifest.Tensors, func(a, b weights.TensorInfo) int { return cmp.Compare(a.Name, b.Name) })
	text, err := p.manifest.Encode()
	if err != nil {
		return nil, err
	}
	manifest, err := weights.ParseManifest(text)
	if err != nil {
		return nil, errors.Join(errors.New("the packed model would not be readable"), err)
	}
	if err := p.out.finish(text); err != nil {
		return nil, err
	}
	r := &Report{Manifest: manifest, Shards: p.out.reports}
	for e := weights.F32; e <= weights.Int4; e++ {
		if s := p.stats[e]; s.Tensors > 0 {
			s.Encoding = e
			r.Encodings = append(r.Encodings, s)
		}
	}
	for _, c := range p.folder.Unused {
		r.Skipped = append(r.Skipped, c.Name)
	}
	return r, nil
}

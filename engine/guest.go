package engine

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/counterpoint/counterpoint/engine/compose"
	"github.com/counterpoint/counterpoint/engine/device"
	"github.com/counterpoint/counterpoint/engine/sample"
	"github.com/counterpoint/counterpoint/weights"
)

// With lets prompts name another model: the term "name: a red cube" is scored by it, and measured from its own unconditional
// score. The two have to be on one device and share the autoencoder and the noise levels; what their networks predict, their
// text encoders and whether they have places may differ. The other one stays the caller's to close, after the last
// generation. A model that e has already, e itself among them, gets one name more, and nothing is evaluated twice. It fails
// with a [MismatchError], or where the name is none or taken. Nothing else of e may be called meanwhile, Explain neither.
func (e *Engine) With(name string, other *Engine) error {
	if err := compose.CheckModel(name); err != nil {
		return err
	}
	if e.models[name] != nil {
		return fmt.Errorf("two models called %q", name)
	}
	if err := e.combines(other); err != nil {
		return err
	}
	if e.models == nil {
		e.models = map[string]*Engine{}
	}
	e.models[name] = other
	e.identify()
	return nil
}

// Without takes a model's name away from prompts, if it is one. Nothing else of e may be called meanwhile, as in With.
func (e *Engine) Without(name string) {
	delete(e.models, name)
	e.identify()
}

// identify finds the names of models that have another one.
func (e *Engine) identify() {
	e.same = map[string]string{}
	first := map[string]string{e.Hash(): ""}
	for _, name := range e.names() {
		hash := e.models[name].Hash()
		if n, ok := first[hash]; ok {
			e.same[name] = n
		} else {
			first[hash] = name
		}
	}
}

// MismatchError reports a model whose scores can't be combined with another's.
type MismatchError struct {
	Model, Of string // their names
	Why       string
}

func (e *MismatchError) Error() string {
	return fmt.Sprintf("the scores of model %s can't be combined with those of model %s: %s", e.Model, e.Of, e.Why)
}

// combines reports whether another model's scores can be combined with e's, which needs none of its weights.
func (e *Engine) combines(other *Engine) error {
	if why := e.differs(other); why != "" {
		return &MismatchError{other.info.Name, e.info.Name, why}
	}
	return nil
}

// differs says what keeps another model's scores from being combined with e's, or nothing.
func (e *Engine) differs(other *Engine) string {
	a, b := e.pipeline, other.pipeline
	switch {
	case e.device != other.device:
		return "they are on different devices"
	case a.vae.Channels != b.vae.Channels:
		return fmt.Sprintf("its latents have %d channels, not %d", b.vae.Channels, a.vae.Channels)
	case a.vae.Factor != b.vae.Factor:
		return fmt.Sprintf("a cell of its latents is %d pixels wide, not %d", b.vae.Factor, a.vae.Factor)
	case a.vae.Class != b.vae.Class, a.vae.Scale != b.vae.Scale, a.vae.Shift != b.vae.Shift:
		return "its autoencoder is of another kind or scale"
	case !slices.Equal(autoencoderParts(a.params.Manifest()), autoencoderParts(b.params.Manifest())):
		return "its autoencoder has other weights, so the same latents are another picture"
	case !a.schedule.SameLevels(b.schedule):
		return "its timesteps have other noise levels"
	}
	return ""
}

// autoencoderParts says where each tensor of the autoencoder lies, by the hash of its shard. A shard holds tensors of one
// component, so those of one autoencoder lie in the same ones, however the networks beside it were trained and packed.
func autoencoderParts(m *weights.Manifest) []string {
	var parts []string
	for _, t := range m.Tensors {
		if !strings.HasPrefix(t.Name, "vae/") {
			continue
		}
		for _, p := range t.Parts {
			parts = append(parts, fmt.Sprint(t.Name, t.Shape, t.Encoding, t.Group, p.Rows, p.Data, m.Shards[p.Shard].SHA256))
		}
	}
	return parts
}

// names are those of the models that a prompt may name.
func (e *Engine) names() []string { return slices.Sorted(maps.Keys(e.models)) }

// model is the one of that name, "" for e itself.
func (e *Engine) model(name string) *Engine {
	if name == "" {
		return e
	}
	return e.models[name]
}

// named lists the models that the prompt names, be they the first one by another name.
func (p *plan) named() []string {
	found := map[string]bool{}
	for _, t := range p.prompt.Terms() {
		if t.Model != "" {
			found[t.Model] = true
		}
	}
	return slices.Sorted(maps.Keys(found))
}

// guest evaluates the rows of another model.
type guest struct {
	*evaluator
	conditions *conditions
	rows       []int         // of the plan, ascending
	scores     device.Buffer // [picture,row,h,w,channel], as outputs of the first model's network
}

// rowsOf lists the rows that a model evaluates.
func (p *plan) rowsOf(model string) []int {
	var rows []int
	for i, r := range p.rows {
		if r.Model == model {
			rows = append(rows, i)
		}
	}
	return rows
}

// newGuests readies the other models that the plan has rows of.
func (g *generation) newGuests(ctx context.Context) ([]*guest, error) {
	var guests []*guest
	for _, name := range g.names() {
		rows := g.rowsOf(name)
		if len(rows) == 0 {
			continue
		}
		v := &guest{rows: rows}
		guests = append(guests, v)
		if err := v.prepare(ctx, g, g.models[name]); err != nil {
			closeGuests(guests)
			return nil, fmt.Errorf("model %s: %w", name, err)
		}
	}
	return guests, nil
}

func (v *guest) prepare(ctx context.Context, g *generation, e *Engine) (err error) {
	if v.conditions, err = e.encode(ctx, pick(g.texts, v.rows), pickPlaced(g.placed, v.rows), g.shape.H, g.shape.W); err != nil {
		return err
	}
	if v.evaluator, err = e.newEvaluator(len(v.rows), v.conditions, len(g.seeds), g.shape.H, g.shape.W); err != nil {
		return err
	}
	v.scores, err = e.device.NewBuffer(len(g.seeds) * len(v.rows) * v.size)
	return err
}

// score evaluates some of the rows, by their positions, at all pictures' latents. The outputs of networks that predict
// something else than the first model's become what that would have to say for the same clean latents.
func (v *guest) score(ctx context.Context, step sample.Step, first *pipeline, latents device.Buffer, rows []int) error {
	x, out, err := first.schedule.Translation(v.engine.pipeline.schedule, sample.Level{T: step.T, AlphaBar: step.AlphaBar})
	if err != nil {
		return err
	}
	return v.evaluate(ctx, step.T, latents, rows, func(from, count int) error {
		for i, row := range rows {
			m := device.Mix{Pictures: count, Len: v.size, Dst: v.batchOf(row, from), Terms: []device.MixTerm{
				{Of: device.Batch{Buffer: v.unet.outputs["score"], Offset: i * v.size, Stride: len(rows) * v.size}, Coef: out},
			}}
			if x != 0 {
				m.Terms = append(m.Terms, device.MixTerm{Of: device.Batch{Buffer: latents, Offset: from * v.size, Stride: v.size}, Coef: x})
			}
			if err := v.engine.device.Mix(m); err != nil {
				return err
			}
		}
		return nil
	})
}

// batchOf are the scores of the row at a position, from a picture on.
func (v *guest) batchOf(row, first int) device.Batch {
	stride := len(v.rows) * v.size
	return device.Batch{Buffer: v.scores, Offset: first*stride + row*v.size, Stride: stride}
}

func closeGuests(guests []*guest) {
	for _, v := range guests {
		if v.scores != nil {
			v.scores.Close()
		}
		if v.evaluator != nil {
			v.evaluator.Close()
		}
		if v.conditions != nil {
			v.conditions.Close()
		}
	}
}

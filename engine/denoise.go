package engine

import (
	"context"
	"errors"
	"fmt"

	"github.com/counterpoint/counterpoint/engine/compose"
	"github.com/counterpoint/counterpoint/engine/device"
	"github.com/counterpoint/counterpoint/engine/sample"
)

// bank holds a sampler's registers in buffers of a device.
type bank struct {
	ctx       context.Context
	device    device.Device
	registers []device.Buffer
	tests     tests
}

var _ sample.Bank = (*bank)(nil)

// newBank makes n registers of size elements.
func newBank(ctx context.Context, d device.Device, n, size int) (*bank, error) {
	b := &bank{ctx: ctx, device: d}
	for range n {
		r, err := d.NewBuffer(size)
		if err != nil {
			b.Close()
			return nil, err
		}
		b.registers = append(b.registers, r)
	}
	return b, nil
}

// Apply performs a sampler's move.
func (b *bank) Apply(m sample.Move) error {
	terms := make([]device.Term, len(m.Terms))
	for i, t := range m.Terms {
		terms[i] = device.Term{View: b.whole(t.Reg), Coef: t.Coef}
	}
	if m.Mask == sample.RegX {
		return b.device.Combine(b.whole(m.Dst), terms)
	}
	dst, mask := device.Batch{Buffer: b.registers[m.Dst]}, device.Batch{Buffer: b.registers[m.Mask]}
	mix := device.Mix{Pictures: 1, Len: b.registers[m.Dst].Len(), Dst: dst, Channels: 1, Terms: []device.MixTerm{{Of: dst, Coef: 1}, {Of: dst, Coef: -1, Mask: mask}}}
	for _, t := range m.Terms {
		mix.Terms = append(mix.Terms, device.MixTerm{Of: device.Batch{Buffer: b.registers[t.Reg]}, Coef: t.Coef, Mask: mask})
	}
	return b.device.Mix(mix)
}

// applyAll performs moves in order.
func (b *bank) applyAll(moves []sample.Move) error {
	for _, m := range moves {
		if err := b.Apply(m); err != nil {
			return err
		}
	}
	return nil
}

func (b *bank) whole(r sample.Reg) device.View {
	buf := b.registers[r]
	return device.View{Buffer: buf, Len: buf.Len()}
}

// Fill sets a register from the host.
func (b *bank) Fill(r sample.Reg, v []float32) error { return b.registers[r].WriteFloats(b.ctx, 0, v) }

// Read copies a register to the host.
func (b *bank) Read(r sample.Reg, v []float32) error { return b.registers[r].ReadFloats(b.ctx, 0, v) }

// Close frees the registers.
func (b *bank) Close() error {
	for _, r := range b.registers {
		r.Close()
	}
	b.tests.close()
	return nil
}

// scorer evaluates the composition of a prompt's rows for every picture of the batch.
type scorer struct {
	*evaluator
	bank     *bank
	rows     []compose.Row
	local    []int // the rows that are evaluated here, ascending; helpers have the others
	help     []*helper
	guests   []*guest  // evaluate the rows of other models
	composer *composer // nil for a sum with constant coefficients
	mapper   *mapper   // nil without maps
}

// newScorer builds the UNet for the batch, over conditions that must stay open as long as the scorer.
func (e *Engine) newScorer(b *bank, rows []compose.Row, c *conditions, batch, h, w int) (*scorer, error) {
	return e.newSharedScorer(b, rows, every(rows), nil, c, batch, h, w)
}

// newSharedScorer is newScorer for an engine that evaluates the local rows alone, and has conditions of no others.
func (e *Engine) newSharedScorer(b *bank, rows []compose.Row, local []int, help []*helper, c *conditions, batch, h, w int) (*scorer, error) {
	ev, err := e.newEvaluator(len(local), c, batch, h, w)
	if err != nil {
		return nil, err
	}
	return &scorer{evaluator: ev, bank: b, rows: rows, local: local, help: help}, nil
}

// Score evaluates the network on the rows of every picture that the step needs and combines each picture's scores: by the
// rows' coefficients (paper, equation 11), or as the composer does. Network outputs of any prediction type combine alike,
// since the coefficients add up to 1.
func (s *scorer) Score(ctx context.Context, step sample.Step, in, out sample.Reg) error {
	needed := every[int]
	if s.composer != nil {
		needed = s.composer.needed
	}
	err := s.each(ctx, step, in, needed, func(scores []device.Batch, first, count int) error {
		if step.Null != sample.RegX {
			if err := s.engine.device.Mix(device.Mix{Pictures: count, Len: s.size, Dst: s.latents(step.Null, first),
				Terms: []device.MixTerm{{Of: scores[0], Coef: 1}}}); err != nil {
				return err
			}
		}
		return s.combine(step, scores, in, out, first, count)
	})
	if err != nil || s.composer == nil {
		return err
	}
	s.composer.passed(step)
	if s.composer.particles {
		return s.resample(ctx, step)
	}
	return nil
}

// combine sets the group's part of register out from the rows' scores, and the maps of a step that is complete.
func (s *scorer) combine(step sample.Step, scores []device.Batch, in, out sample.Reg, first, count int) error {
	mapped := s.mapper != nil && !step.Partial
	if s.composer == nil {
		if err := s.sum(scores, out, first, count); err != nil || !mapped {
			return err
		}
	}
	ev, err := s.evaluation(step, scores, in, out, first, count)
	if err == nil && s.composer != nil {
		err = s.composer.Combine(ev)
	}
	if err == nil && mapped {
		err = s.mapper.add(ev)
	}
	return err
}

// each evaluates rows at a register, here, by guests and by helpers, and does something with the scores of each group of
// pictures. needed are the positions among some rows of those that are evaluated.
func (s *scorer) each(ctx context.Context, step sample.Step, in sample.Reg, needed func(rows []int) []int, do func(scores []device.Batch, first, count int) error) error {
	if err := s.startHelpers(ctx, step.T, in); err != nil {
		return err
	}
	for _, v := range s.guests {
		if err := v.score(ctx, step, s.engine.pipeline, s.bank.registers[in], needed(v.rows)); err != nil {
			return err
		}
	}
	local := needed(s.local)
	return s.evaluate(ctx, step.T, s.bank.registers[in], local, func(first, count int) error {
		if first == 0 {
			for _, h := range s.help {
				if err := h.finish(ctx, step.T); err != nil {
					return err
				}
			}
		}
		return do(s.scores(local, first), first, count)
	})
}

// every is the positions of all rows.
func every[T any](rows []T) []int { return numbers(len(rows)) }

// scores are those of each row in the group of pictures from first on. Of those that were not evaluated there are none.
func (s *scorer) scores(local []int, first int) []device.Batch {
	scores := make([]device.Batch, len(s.rows))
	for i, at := range local {
		scores[s.local[at]] = device.Batch{Buffer: s.unet.outputs["score"], Offset: i * s.size, Stride: len(local) * s.size}
	}
	for _, v := range s.guests {
		for i, row := range v.rows {
			scores[row] = v.batchOf(i, first)
		}
	}
	for _, h := range s.help {
		stride := len(h.rows) * s.size
		for i, row := range h.rows {
			scores[row] = device.Batch{Buffer: h.buffer, Offset: first*stride + i*s.size, Stride: stride}
		}
	}
	return scores
}

// sum adds the scores up by the rows' coefficients.
func (s *scorer) sum(scores []device.Batch, out sample.Reg, first, count int) error {
	m := device.Mix{Pictures: count, Len: s.size, Dst: s.latents(out, first)}
	for i, row := range s.rows {
		m.Terms = append(m.Terms, device.MixTerm{Of: scores[i], Coef: row.Coef})
	}
	if err := s.engine.device.Mix(m); err != nil {
		return fmt.Errorf("combining %d scores: %w", len(m.Terms), err)
	}
	return nil
}

// latents are a register's from a picture on.
func (s *scorer) latents(r sample.Reg, first int) device.Batch {
	return device.Batch{Buffer: s.bank.registers[r], Offset: first * s.size, Stride: s.size}
}

// Close frees the network's memory, the composer's and the maps'.
func (s *scorer) Close() error {
	err := s.evaluator.Close()
	if s.composer != nil {
		err = errors.Join(err, s.composer.Close())
	}
	if s.mapper != nil {
		err = errors.Join(err, s.mapper.Close())
	}
	return err
}

// startHelpers hands the latents to the helpers, which work on their rows from now on.
func (s *scorer) startHelpers(ctx context.Context, t float64, in sample.Reg) error {
	if len(s.help) == 0 {
		return nil
	}
	x := make([]float32, s.batch*s.size)
	if err := s.bank.Read(in, x); err != nil {
		return err
	}
	for _, h := range s.help {
		if err := h.peer.Start(ctx, t, x); err != nil {
			return h.fail(err)
		}
	}
	return nil
}

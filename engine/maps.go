package engine

import (
	"context"
	"errors"
	"image"
	"math"
	"slices"

	"github.com/counterpoint/counterpoint/engine/device"
	"github.com/counterpoint/counterpoint/engine/operator"
	"github.com/counterpoint/counterpoint/engine/sample"
)

// TermMap shows what a term does to a picture in the evaluation that completes a step, a value a latent cell, row after row.
type TermMap struct {
	Row   int // of Result.Rows
	Width int // cells in a row
	// Pull is how strongly the term moves the step's score: the norm, over the latent's channels, of its weighted direction w·d
	// in units of the network's output (operator.Combiner.Weighted). NOT pushes by as much. It is 0 out of the term's region
	// and of its part of the run.
	Pull []float32
	// Preview is what the picture would become with this term alone: the unconditional estimate of the clean latents, moved by
	// w·d, or of a NOT the other way, so that it shows what is driven off. Nil as Event.Preview is, and where the term is off.
	Preview *image.NRGBA
}

// mapper makes the maps of a generation's terms on the device, in memory of its own: the picture is the same without it.
type mapper struct {
	*Engine
	combiner *operator.Combiner // the composer's, or an own one for a sum with constant coefficients
	own      bool
	terms    []mapped
	pictures int
	shape    sample.Shape
	pull     device.Buffer // [picture, cell, term]
	clean    device.Buffer // [term, picture, h, w, c]
	root     *device.Program
}

// mapped is a term that has maps.
type mapped struct {
	row, null int
	sign      float64 // of its weight
	on        bool    // in the step that was mapped last
	measured  bool    // there
}

// newMapper readies the maps of a scorer; nil if none are asked for, or no term has any.
func (g *generation) newMapper(s *scorer) (_ *mapper, err error) {
	m := &mapper{Engine: g.Engine, own: s.composer == nil, pictures: len(g.seeds), shape: g.shape}
	var x device.Expr
	for i, row := range g.composition.Rows {
		if g.request.Maps && !row.Unconditional && row.Null >= 0 {
			slot := len(m.terms)
			x.Store(slot, x.Sqrt(x.Load(slot)))
			m.terms = append(m.terms, mapped{row: i, null: row.Null, sign: math.Copysign(1, g.rows[i].Coef)})
		}
	}
	if len(m.terms) == 0 {
		return nil, nil
	}
	if m.root, err = x.Program(); err != nil {
		return nil, err
	}
	if !m.own {
		m.combiner = s.composer.Combiner
	} else if m.combiner, err = operator.New(g.device, g.composition, operator.Options{Windows: g.operators.Windows}, m.pictures, m.shape.H, m.shape.W, m.shape.C, 1); err != nil {
		return nil, err
	}
	all := m.pictures * len(m.terms)
	if m.pull, err = g.device.NewBuffer(all * m.cells()); err == nil {
		m.clean, err = g.device.NewBuffer(all * m.shape.Len())
	}
	if err != nil {
		m.Close()
		return nil, err
	}
	return m, nil
}

// cells are those of one latent.
func (m *mapper) cells() int { return m.shape.H * m.shape.W }

// latents are those of a term, from a picture on.
func (m *mapper) latents(term, first int) device.Batch {
	return device.Batch{Buffer: m.clean, Offset: (term*m.pictures + first) * m.shape.Len(), Stride: m.shape.Len()}
}

// add maps a group of pictures, whose scores are combined.
func (m *mapper) add(ev operator.Evaluation) error {
	rows := m.combiner.Rows(ev.Step)
	for i := range m.terms {
		t := &m.terms[i]
		t.on = slices.Contains(rows, t.row)
		if t.measured = !t.on || slices.Contains(rows, t.null); !t.measured {
			continue
		}
		ev.Out = m.latents(i, ev.First)
		if err := m.combiner.Weighted(ev, t.row); err != nil {
			return err
		}
	}
	if err := m.norms(ev.First, ev.Count*m.cells()); err != nil {
		return err
	}
	for i, t := range m.terms {
		if !t.on || !t.measured || !m.HasPreviews() {
			continue
		}
		to := m.latents(i, ev.First)
		if err := m.device.Mix(device.Mix{Pictures: ev.Count, Len: m.shape.Len(), Dst: to, Terms: []device.MixTerm{
			{Of: to, Coef: t.sign * ev.Level.CleanOut}, {Of: ev.X, Coef: ev.Level.CleanX}, {Of: ev.Score(t.null), Coef: ev.Level.CleanOut},
		}}); err != nil {
			return err
		}
	}
	return nil
}

// norms takes those of n cells of the directions, from the first of a picture on. To the device a cell is here what a picture is
// elsewhere, and it takes as many as a GPU has workgroups in a dimension.
func (m *mapper) norms(first, n int) error {
	const most = 1 << 15
	for from := 0; from < n; from += most {
		var squares []device.Pair
		for i := range m.terms {
			cell := m.latents(i, first)
			cell.Offset, cell.Stride = cell.Offset+from*m.shape.C, m.shape.C
			squares = append(squares, device.Pair{A: cell, B: cell})
		}
		count, to := min(most, n-from), device.Scalars{Buffer: m.pull, Offset: (first*m.cells() + from) * len(m.terms), Slots: len(m.terms)}
		if err := m.device.Dots(device.Dots{Pictures: count, Len: m.shape.C, Dst: to, Pairs: squares}); err != nil {
			return err
		}
		if err := m.device.Eval(device.Eval{Pictures: count, Scalars: to, Program: m.root}); err != nil {
			return err
		}
	}
	return nil
}

// read waits for the maps of the last step, of each picture.
func (m *mapper) read(ctx context.Context) ([][]TermMap, error) {
	pull, clean := make([]float32, m.pull.Len()), []float32(nil)
	if err := m.pull.ReadFloats(ctx, 0, pull); err != nil {
		return nil, err
	}
	if m.HasPreviews() {
		clean = make([]float32, m.clean.Len())
		if err := m.clean.ReadFloats(ctx, 0, clean); err != nil {
			return nil, err
		}
	}
	pixels := make([]float32, 3*m.cells())
	maps := make([][]TermMap, m.pictures)
	for k := range maps {
		for i, t := range m.terms {
			if !t.measured {
				continue
			}
			one := TermMap{Row: t.row, Width: m.shape.W}
			for cell := range m.cells() {
				one.Pull = append(one.Pull, pull[(k*m.cells()+cell)*len(m.terms)+i])
			}
			if t.on && m.HasPreviews() {
				m.pipeline.extra.LatentRGB.apply(pixels, clean[m.latents(i, k).Offset:][:m.shape.Len()])
				one.Preview = toImage(pixels, m.shape.W, m.shape.H)
			}
			maps[k] = append(maps[k], one)
		}
	}
	return maps, nil
}

// Close frees the maps' memory.
func (m *mapper) Close() error {
	var err error
	for _, b := range []device.Buffer{m.pull, m.clean} {
		if b != nil {
			err = errors.Join(err, b.Close())
		}
	}
	if m.own {
		err = errors.Join(err, m.combiner.Close())
	}
	return err
}

package engine

import (
	"context"
	"fmt"

	"github.com/counterpoint/counterpoint/engine/compose"
	"github.com/counterpoint/counterpoint/engine/device"
	"github.com/counterpoint/counterpoint/engine/nn"
	"github.com/counterpoint/counterpoint/engine/sample"
)

// bank holds a sampler's registers in buffers of a device.
type bank struct {
	ctx       context.Context
	device    device.Device
	registers []device.Buffer
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
	return b.device.Combine(b.whole(m.Dst), terms)
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
	return nil
}

// maxRows bounds the rows of one evaluation, and so the memory of its activations. More pictures are evaluated in turn.
const maxRows = 16

// scorer evaluates the composition of a prompt's rows for every picture of the batch.
type scorer struct {
	engine *Engine
	bank   *bank
	rows   []compose.Row
	batch  int
	size   int // elements of one latent
	at     sample.Reg
	unet   *program
	group  int       // pictures one evaluation holds
	time   []float32 // one row's features, for each row of an evaluation
}

// newScorer builds the UNet for the batch, over conditions that must stay open as long as the scorer.
func (e *Engine) newScorer(b *bank, rows []compose.Row, c *conditions, batch, h, w int) (*scorer, error) {
	cfg := e.pipeline.unet
	s := &scorer{engine: e, bank: b, rows: rows, batch: batch, size: h * w * cfg.OutChannels}
	s.group = min(batch, max(1, maxRows/len(rows)))
	g, err := nn.UNet(cfg, e.pipeline.params, nn.Sizes{
		Rows: s.group * len(rows), Latents: batch, Conditions: len(rows), Maps: batch * len(rows),
		Tokens: e.pipeline.text.MaxPositions, Height: h, Width: w,
	})
	if err != nil {
		return nil, err
	}
	if s.unet, err = e.compile(g); err != nil {
		return nil, err
	}
	for name, buf := range c.buffers {
		if err := s.unet.bind(name, buf); err != nil {
			s.Close()
			return nil, err
		}
	}
	s.time = make([]float32, s.group*len(rows)*cfg.BlockOut[0])
	return s, s.evaluateAt(sample.RegX)
}

// evaluateAt makes the UNet read the given register.
func (s *scorer) evaluateAt(r sample.Reg) error {
	s.at = r
	return s.unet.bind("sample", s.bank.registers[r])
}

// Score evaluates the network on every row of every picture and combines each picture's scores by the rows' coefficients
// (paper, equation 11). Network outputs of any prediction type combine alike, since the coefficients add up to 1.
func (s *scorer) Score(ctx context.Context, step sample.Step, in, out sample.Reg) error {
	if in != s.at {
		if err := s.evaluateAt(in); err != nil {
			return err
		}
	}
	width := s.engine.pipeline.unet.BlockOut[0]
	s.engine.pipeline.unet.TimeFeatures(s.time[:width], step.T)
	for i := width; i < len(s.time); i += width {
		copy(s.time[i:i+width], s.time[:width])
	}
	if err := s.unet.writeFloats(ctx, "time", s.time); err != nil {
		return err
	}
	n := len(s.rows)
	for first := 0; first < s.batch; first += s.group {
		count := min(s.group, s.batch-first)
		index := map[string][]int32{"latent": make([]int32, count*n), "condition": make([]int32, count*n)}
		if s.engine.pipeline.unet.PlaceChannels() > 0 {
			index["map"] = make([]int32, count*n)
		}
		for i := range count * n {
			index["latent"][i], index["condition"][i] = int32(first+i/n), int32(i%n)
			if m, ok := index["map"]; ok {
				m[i] = int32(first*n + i)
			}
		}
		for name, v := range index {
			if err := s.unet.writeInts(ctx, name, v); err != nil {
				return err
			}
		}
		if err := s.unet.exe.Run(ctx, count*n); err != nil {
			return err
		}
		for k := range count {
			terms := make([]device.Term, n)
			for i, r := range s.rows {
				terms[i] = device.Term{View: device.View{Buffer: s.unet.outputs["score"], Offset: (k*n + i) * s.size, Len: s.size}, Coef: r.Coef}
			}
			dst := device.View{Buffer: s.bank.registers[out], Offset: (first + k) * s.size, Len: s.size}
			if err := s.engine.device.Combine(dst, terms); err != nil {
				return fmt.Errorf("combining %d scores: %w", n, err)
			}
		}
	}
	return nil
}

// Close frees the network's memory; bank and conditions are the caller's.
func (s *scorer) Close() error { return s.unet.Close() }

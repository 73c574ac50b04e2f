package sample

import "fmt"

// HostBank is a Bank in the host's memory: float32 registers, combined in
// float64. It is the reference for devices, and serves analytic scorers.
type HostBank struct {
	size               int
	regs               [][]float32
	proposed, accepted int
}

// NewHostBank returns a bank of registers of size values, that of the whole batch.
func NewHostBank(registers, size int) *HostBank {
	return &HostBank{size: size, regs: make([][]float32, registers)}
}

// Values is a register's content, to be read and written in place.
func (b *HostBank) Values(r Reg) ([]float32, error) {
	if r < 0 || int(r) >= len(b.regs) {
		return nil, fmt.Errorf("sample: register %v of a bank of %d", r, len(b.regs))
	}
	if b.regs[r] == nil {
		b.regs[r] = make([]float32, b.size)
	}
	return b.regs[r], nil
}

// Apply performs a move.
func (b *HostBank) Apply(m Move) error {
	dst, err := b.Values(m.Dst)
	if err != nil {
		return err
	}
	sources := make([][]float32, len(m.Terms))
	for k, t := range m.Terms {
		if sources[k], err = b.Values(t.Reg); err != nil {
			return err
		}
	}
	var mask []float32
	if m.Mask != RegX {
		if mask, err = b.Values(m.Mask); err != nil {
			return err
		}
	}
	for i := range dst {
		var sum float64
		share := 1.0
		if mask != nil {
			share = float64(mask[i])
			sum = float64((1 - share) * float64(dst[i]))
		}
		for k, t := range m.Terms {
			sum += float64(float64(t.Coef*share) * float64(sources[k][i]))
		}
		dst[i] = float32(sum)
	}
	return nil
}

// Accept makes a Metropolis test.
func (b *HostBank) Accept(a *Acceptance, uniforms []float32) error {
	n := b.size / len(uniforms)
	logs := make([]float64, len(uniforms))
	for _, p := range a.Log {
		x, err := b.Values(p.A)
		if err != nil {
			return err
		}
		y, err := b.Values(p.B)
		if err != nil {
			return err
		}
		for k := range logs {
			for i := k * n; i < (k+1)*n; i++ {
				logs[k] += float64(p.Coef * float64(float64(x[i])*float64(y[i])))
			}
		}
	}
	for k, u := range uniforms {
		b.proposed++
		if u > 0 && !(logs[k] > fixedLog(float64(u))) {
			continue
		}
		b.accepted++
		for _, t := range a.Take {
			dst, err := b.Values(t.Dst)
			if err != nil {
				return err
			}
			from, err := b.Values(t.From)
			if err != nil {
				return err
			}
			copy(dst[k*n:(k+1)*n], from[k*n:])
		}
	}
	return nil
}

// Acceptance is the share of proposals that were accepted; 0 if there were none.
func (b *HostBank) Acceptance() float64 {
	return float64(b.accepted) / float64(max(b.proposed, 1))
}

// Fill sets a register.
func (b *HostBank) Fill(r Reg, values []float32) error {
	dst, err := b.match(r, values)
	copy(dst, values)
	return err
}

// Read copies a register to values.
func (b *HostBank) Read(r Reg, values []float32) error {
	src, err := b.match(r, values)
	copy(values, src)
	return err
}

func (b *HostBank) match(r Reg, values []float32) ([]float32, error) {
	if len(values) != b.size {
		return nil, fmt.Errorf("sample: %d values for register %v of %d", len(values), r, b.size)
	}
	return b.Values(r)
}

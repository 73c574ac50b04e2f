package device

import "fmt"

// Mix sets each picture's result to a sum of views, whose coefficients may come from the device:
//
//	dst[k] = Σ Coef · scalar[k, Factor] · mask[k] · of[row]
//
// The order of the terms is that of the sum. A term whose coefficient is 0 for a picture is left out of that picture's sum
// whatever it holds, so a proposal that went to infinity can be refused.
type Mix struct {
	Pictures int
	Len      int // elements of each view
	Dst      Batch
	Terms    []MixTerm
	Scalars  Scalars // where the terms' Factor and Row are; in another buffer than Dst
	Channels int     // elements that one of a mask's serves, innermost; divides Len. Unused without masks
}

// MixTerm is one term of a Mix. What it reads may be the result's view itself, for every picture, or has no element in
// common with any of the results.
type MixTerm struct {
	Of     Batch
	Coef   float64
	Factor Slot // a scalar that multiplies Coef; 1 without
	// Row is the scalar that numbers the picture whose view is read, rounded and kept within the Rows of them that Of has;
	// without it each picture reads its own. Then Of overlaps no result, not even as a whole: this gathers.
	Row  Slot
	Rows int
	// Mask has Len/Channels elements a picture: one a cell of a latent [h,w,Channels]. The zero Batch is a mask of ones.
	Mask Batch
}

// Combination is the Mix of one picture that Combine stands for.
func Combination(dst View, terms []Term) (Mix, error) {
	m := Mix{Pictures: 1, Len: dst.Len, Dst: dst.batch(), Terms: make([]MixTerm, len(terms))}
	for i, t := range terms {
		if t.View.Len != dst.Len {
			return m, fmt.Errorf("term %d: view of %d elements, want %d", i, t.View.Len, dst.Len)
		}
		m.Terms[i] = MixTerm{Of: t.View.batch(), Coef: t.Coef}
	}
	return m, nil
}

// batch is the view as that of every picture.
func (v View) batch() Batch { return Batch{Buffer: v.Buffer, Offset: v.Offset} }

// InPlace reports whether a term reads the result itself.
func (m Mix) InPlace(t MixTerm) bool { return t.Of == m.Dst && t.Row == 0 }

// Scaled reports whether a term uses Scalars.
func (m Mix) Scaled() bool {
	for _, t := range m.Terms {
		if t.Factor != 0 || t.Row != 0 {
			return true
		}
	}
	return false
}

// Check reports what is wrong with the operation on a device that owns certain buffers.
func (m Mix) Check(owner Owner) error {
	if err := checkSize(m.Pictures, m.Len); err != nil {
		return err
	}
	if err := m.Dst.checkResult(owner, m.Pictures, m.Len); err != nil {
		return fmt.Errorf("result: %w", err)
	}
	if m.Scaled() {
		if err := m.Scalars.check(owner, m.Pictures); err != nil {
			return fmt.Errorf("scalars: %w", err)
		}
		if m.Scalars.Buffer == m.Dst.Buffer {
			return fmt.Errorf("scalars: they are in the buffer of the result")
		}
	}
	for i, t := range m.Terms {
		if err := m.check(t, owner); err != nil {
			return fmt.Errorf("term %d: %w", i, err)
		}
	}
	return nil
}

func (m Mix) check(t MixTerm, owner Owner) error {
	rows := m.Pictures
	for _, s := range []Slot{t.Factor, t.Row} {
		if s == 0 {
			continue
		}
		if err := m.Scalars.slot(s.Index()); err != nil {
			return err
		}
	}
	if t.Row != 0 {
		if rows = t.Rows; rows < 1 || rows > maxCount {
			return fmt.Errorf("one of %d rows, want 1 to %d", rows, maxCount)
		}
	}
	if err := t.Of.check(owner, rows, m.Len); err != nil {
		return err
	}
	if !m.InPlace(t) && overlaps(m.Dst, m.Pictures, m.Len, t.Of, rows, m.Len) {
		return fmt.Errorf("elements from %d, %d apart, overlap the result's from %d, %d apart, in part", t.Of.Offset, t.Of.Stride, m.Dst.Offset, m.Dst.Stride)
	}
	if t.Mask.Buffer == nil {
		return nil
	}
	if m.Channels < 1 || m.Len%m.Channels != 0 {
		return fmt.Errorf("mask: %d channels of %d elements", m.Channels, m.Len)
	}
	cells := m.Len / m.Channels
	if err := t.Mask.check(owner, m.Pictures, cells); err != nil {
		return fmt.Errorf("mask: %w", err)
	}
	if overlaps(m.Dst, m.Pictures, m.Len, t.Mask, m.Pictures, cells) {
		return fmt.Errorf("mask: elements from %d overlap the result's from %d", t.Mask.Offset, m.Dst.Offset)
	}
	return nil
}

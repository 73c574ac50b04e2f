package webgpu

import (
	"fmt"
	"math"

	"github.com/counterpoint/counterpoint/engine/device"
	"github.com/counterpoint/counterpoint/shaders"
)

// Combine enqueues dst = Σ coef·term. Sums are in f32.
func (d *Device) Combine(dst device.View, terms []device.Term) error {
	if err := d.ready(); err != nil {
		return err
	}
	m, err := device.Combination(dst, terms)
	if err != nil {
		return fmt.Errorf("webgpu: combine: %w", err)
	}
	return d.Mix(m)
}

// Mix enqueues a mix. Sums are in f32.
func (d *Device) Mix(m device.Mix) error {
	if err := d.ready(); err != nil {
		return err
	}
	if err := m.Check(d.owns); err != nil {
		return fmt.Errorf("webgpu: mix: %w", err)
	}
	if m.Len == 0 {
		return nil
	}
	// The result itself is read first: the dispatches after the first one add to it.
	var rest []device.MixTerm
	for _, inPlace := range []bool{true, false} {
		for _, t := range m.Terms {
			if m.InPlace(t) == inPlace {
				rest = append(rest, t)
			}
		}
	}
	for first := true; first || len(rest) > 0; first = false {
		if !first {
			rest = append([]device.MixTerm{{Of: m.Dst, Coef: 1}}, rest...)
		}
		s := sources{result: m.Dst.Buffer.(*buffer)}
		n := 0
		for n < len(rest) && s.take(rest[n].Of, rest[n].Mask) {
			n++
		}
		m.Terms, rest = rest[:n], rest[n:]
		if err := d.mix(m, &s); err != nil {
			return fmt.Errorf("webgpu: mix: %w", err)
		}
	}
	return nil
}

// mix enqueues one dispatch; its terms lie in s.
func (d *Device) mix(m device.Mix, s *sources) error {
	const workgroup = 64
	quads, masked := inQuads(m.Len) && quadViews(m.Dst), false
	for _, t := range m.Terms {
		quads = quads && quadViews(t.Of)
		if t.Mask.Buffer != nil { // whose elements are read one by one, out of whole quads
			masked = true
			quads = quads && inQuads(m.Channels, t.Mask.Buffer.Len())
		}
	}
	v := shaders.Variant{shaders.Workgroup: workgroup, shaders.Quads: flag(quads), "SCALED": flag(m.Scaled()), "MASKED": flag(masked)}
	width := 1
	if quads {
		width = 4
	}
	size := m.Len / width
	_, offset, stride := s.words(m.Dst, width)
	words := []uint32{
		uint32(size), offset, stride, uint32(len(m.Terms)),
		uint32(m.Scalars.Offset), uint32(m.Scalars.Slots), uint32(max(m.Channels, 1) / width), 0,
	}
	for _, t := range m.Terms {
		source, offset, stride := s.words(t.Of, width)
		mask, maskOffset, maskStride := s.words(t.Mask, 1)
		words = append(words,
			source, offset, stride, math.Float32bits(float32(t.Coef)),
			uint32(t.Factor.Index()), uint32(t.Row.Index()), uint32(t.Rows), mask,
			maskOffset, maskStride, 0, 0)
	}
	bound := append(s.list[:], s.result)
	if m.Scaled() {
		bound = append(bound, m.Scalars.Buffer.(*buffer))
	}
	x, y := d.grid(size, workgroup)
	return d.direct("mix", v, words, bound, int(x), int(y), m.Pictures)
}

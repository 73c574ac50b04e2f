package webgpu

import (
	"fmt"

	"github.com/counterpoint/counterpoint/engine/device"
	"github.com/counterpoint/counterpoint/shaders"
)

// Dots enqueues sums of products, a workgroup a sum: one dispatch, or more where the pairs lie in more than four buffers.
func (d *Device) Dots(o device.Dots) error {
	if err := d.ready(); err != nil {
		return err
	}
	if err := o.Check(d.owns); err != nil {
		return fmt.Errorf("webgpu: dots: %w", err)
	}
	for rest := o.Pairs; len(rest) > 0; {
		var s sources
		n := 0
		for n < len(rest) {
			if views := rest[n].Views(); !s.take(views[:]...) {
				break
			}
			n++
		}
		o.Pairs, rest = rest[:n], rest[n:]
		if err := d.dots(o, &s); err != nil {
			return fmt.Errorf("webgpu: dots: %w", err)
		}
		o.First += n
	}
	return nil
}

// dots enqueues one dispatch; its pairs lie in s.
func (d *Device) dots(o device.Dots, s *sources) error {
	quads := inQuads(o.Len)
	for _, p := range o.Pairs {
		views := p.Views()
		quads = quads && quadViews(views[:]...)
	}
	width := 1
	if quads {
		width = 4
	}
	words := []uint32{uint32(o.Len / width), uint32(o.Dst.Offset + o.First), uint32(o.Dst.Slots), 0}
	for _, p := range o.Pairs {
		for _, view := range p.Views() {
			source, offset, stride := s.words(view, width)
			words = append(words, source, offset, stride, 0)
		}
	}
	v := shaders.Variant{shaders.Workgroup: d.sizes.groupNorm, shaders.Quads: flag(quads)}
	return d.direct("dots", v, words, append(s.list[:], o.Dst.Buffer.(*buffer)), len(o.Pairs), o.Pictures, 1)
}

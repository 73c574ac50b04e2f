package webgpu

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/counterpoint/counterpoint/engine/device"
	"github.com/counterpoint/counterpoint/engine/device/webgpu/internal/gpu"
	"github.com/counterpoint/counterpoint/shaders"
)

// What one dispatch of combine.wgsl takes.
const (
	combineSources = 4 // buffers beside the result's
	combineTerms   = 62
	combineWords   = 4 + 4*combineTerms // of the uniform
)

// combinerKey names the buffers of a combination: the result's, then the sources'.
type combinerKey [1 + combineSources]*buffer

// combiner is a bind group for combinations of the same buffers, made once, with a slot for what changes.
type combiner struct {
	group gpu.Group
	slot  slot
	fence int // the queue's submits when it was last enqueued
}

// Combine enqueues dst = Σ coef·term; it returns before it is done. Sums are in f32.
func (d *Device) Combine(dst device.View, terms []device.Term) error {
	if err := d.ready(); err != nil {
		return err
	}
	out, err := d.view(dst, dst.Len)
	if err != nil {
		return fmt.Errorf("webgpu: combine: %w", err)
	}
	for i, t := range terms {
		if _, err := d.view(t.View, dst.Len); err != nil {
			return fmt.Errorf("webgpu: combine: term %d: %w", i, err)
		}
		if t.View != dst && t.View.Overlaps(dst) {
			return fmt.Errorf("webgpu: combine: term %d: elements %d to %d overlap the result's, %d to %d, in part",
				i, t.View.Offset, t.View.Offset+t.View.Len, dst.Offset, dst.Offset+dst.Len)
		}
	}
	if dst.Len == 0 {
		return nil
	}
	// The result itself is read first: the dispatches after the first one add to it.
	rest := slices.Clone(terms)
	slices.SortStableFunc(rest, func(a, b device.Term) int { return after(a.View == dst) - after(b.View == dst) })
	for first := true; first || len(rest) > 0; first = false {
		if !first {
			rest = slices.Insert(rest, 0, device.Term{View: dst, Coef: 1})
		}
		n := d.fitting(out, rest)
		if err := d.combine(dst, out, rest[:n]); err != nil {
			return fmt.Errorf("webgpu: combine: %w", err)
		}
		rest = rest[n:]
	}
	return nil
}

// after orders what holds before what does not.
func after(holds bool) int {
	if holds {
		return 0
	}
	return 1
}

// fitting counts the terms from the first that one dispatch takes.
func (d *Device) fitting(out *buffer, terms []device.Term) int {
	var sources []*buffer
	for i, t := range terms[:min(len(terms), combineTerms)] {
		b := t.View.Buffer.(*buffer)
		if b == out || slices.Contains(sources, b) {
			continue
		}
		if len(sources) == combineSources {
			return i
		}
		sources = append(sources, b)
	}
	return min(len(terms), combineTerms)
}

// combine enqueues one dispatch.
func (d *Device) combine(dst device.View, out *buffer, terms []device.Term) error {
	words := make([]uint32, combineWords)
	words[0], words[1], words[2] = uint32(dst.Len), uint32(dst.Offset), uint32(len(terms))
	key := combinerKey{out}
	sources := 0
	for i, t := range terms {
		b := t.View.Buffer.(*buffer)
		source := combineSources // the result's own buffer
		if b != out {
			if source = slices.Index(key[1:1+sources], b); source < 0 {
				source = sources
				sources++
				key[1+source] = b
			}
		}
		copy(words[4+4*i:], []uint32{uint32(source), uint32(t.View.Offset), math.Float32bits(float32(t.Coef))})
	}
	const workgroup = 64
	p, err := d.pipeline("combine", shaders.Variant{shaders.Workgroup: workgroup})
	if err != nil {
		return err
	}
	if err := p.wait(); err != nil {
		return err
	}
	c, err := d.combiner(p, key)
	if err != nil {
		return err
	}
	ctx := context.Background()
	if c.fence == d.queue.stats.Submits { // it waits to be submitted, with other numbers
		if err := d.queue.flush(ctx); err != nil {
			return err
		}
	}
	if err := d.gpu.Write(c.slot.buffer, c.slot.offset, bytesOf(words)); err != nil {
		return err
	}
	c.fence = d.queue.stats.Submits
	x, y := d.grid(dst.Len, workgroup)
	return d.queue.add(ctx, gpu.Command{Pipeline: p.gpu, Group: c.group, X: x, Y: y, Z: 1})
}

// combiner finds or makes the bind group for buffers.
func (d *Device) combiner(p *pipeline, key combinerKey) (*combiner, error) {
	if c, ok := d.combiners[key]; ok {
		return c, nil
	}
	s, err := d.slots.take(d)
	if err != nil {
		return nil, err
	}
	ranges := []gpu.Range{{Buffer: s.buffer, Offset: s.offset, Size: 4 * combineWords}}
	for _, b := range append(key[1:], key[0]) {
		if b == nil {
			ranges = append(ranges, gpu.Range{Buffer: d.nothing, Size: nothingBytes})
			continue
		}
		ranges = append(ranges, b.whole())
	}
	g, err := d.gpu.NewGroup(p.gpu, ranges)
	if err != nil {
		return nil, err
	}
	c := &combiner{group: g, slot: s, fence: -1}
	d.combiners[key] = c
	return c, nil
}

// forget frees what is kept for combinations with a buffer that is about to be freed.
func (d *Device) forget(b *buffer) {
	for key, c := range d.combiners {
		if slices.Contains(key[:], b) {
			if c.fence == d.queue.stats.Submits {
				d.queue.flush(context.Background()) // an error comes again with whatever is done next
			}
			d.gpu.FreeGroup(c.group)
			d.slots.free = append(d.slots.free, c.slot)
			delete(d.combiners, key)
		}
	}
}

// view checks a view of n elements and returns its buffer.
func (d *Device) view(v device.View, n int) (*buffer, error) {
	b, ok := v.Buffer.(*buffer)
	if !ok || b.device != d {
		return nil, fmt.Errorf("buffer is a %T, not one of this device", v.Buffer)
	}
	if v.Len != n {
		return nil, fmt.Errorf("view of %d elements, want %d", v.Len, n)
	}
	return b, b.check(v.Offset, v.Len)
}

// slot is a place for the numbers of a uniform.
type slot struct {
	buffer gpu.Buffer
	offset int
}

// slots hands out places of slotBytes in uniform buffers.
type slots struct{ free []slot }

const (
	slotBytes = 1024 // a multiple of what any adapter asks for
	slotCount = 16   // a buffer
)

func (s *slots) take(d *Device) (slot, error) {
	if len(s.free) == 0 {
		b, err := d.gpu.NewBuffer(slotBytes*slotCount, gpu.Uniform)
		if err != nil {
			return slot{}, err
		}
		for i := range slotCount {
			s.free = append(s.free, slot{b, slotBytes * i})
		}
	}
	last := s.free[len(s.free)-1]
	s.free = s.free[:len(s.free)-1]
	return last, nil
}

// grid folds the workgroups for n invocations in two dimensions, each within the adapter's limit.
func (d *Device) grid(n, workgroup int) (x, y uint32) {
	groups := max((n+workgroup-1)/workgroup, 1)
	most := int(d.adapter.Limits.MaxWorkgroups)
	rows := (groups + most - 1) / most
	return uint32((groups + rows - 1) / rows), uint32(rows)
}

package webgpu

import (
	"context"
	"slices"

	"github.com/counterpoint/counterpoint/engine/device"
	"github.com/counterpoint/counterpoint/engine/device/webgpu/internal/gpu"
	"github.com/counterpoint/counterpoint/shaders"
)

// maxDirect is how many storage buffers beside its list a direct dispatch binds at most.
const maxDirect = maxStorageBuffers - 1

// directKey names a shader's variant and the buffers it is bound to, in order.
type directKey struct {
	label   string
	buffers [maxDirect]*buffer
}

// direct is a bind group for operations outside programs: the buffers of its key, and a list of words that says what to do
// with them. Bind groups are made once, lists are written when they differ.
type direct struct {
	group gpu.Group
	list  gpu.Buffer
	size  int      // bytes of list
	words []uint32 // that it holds
	fence int      // the queue's submits when it was last enqueued
}

// maxWaiting is how many lists of one key may wait to be submitted.
const maxWaiting = 16

// direct enqueues a dispatch of a shader whose first binding is its list. Bound are the other bindings in order; nil stands
// for one that is not used.
func (d *Device) direct(shader string, v shaders.Variant, words []uint32, bound []*buffer, x, y, z int) error {
	p, err := d.pipeline(shader, v)
	if err != nil {
		return err
	}
	if err := p.wait(); err != nil {
		return err
	}
	key := directKey{label: p.shader.Label}
	copy(key.buffers[:], bound)
	o, err := d.prepared(p, key, words, len(bound))
	if err != nil {
		return err
	}
	o.fence = d.queue.stats.Submits
	return d.queue.add(context.Background(), gpu.Command{Pipeline: p.gpu, Group: o.group, X: uint32(x), Y: uint32(y), Z: uint32(z)})
}

// prepared finds or makes a bind group whose list holds words.
func (d *Device) prepared(p *pipeline, key directKey, words []uint32, bound int) (*direct, error) {
	known := d.directs[key]
	var oldest *direct // of those with enough room
	for _, o := range known {
		if slices.Equal(o.words, words) {
			return o, nil
		}
		if 4*len(words) <= o.size && (oldest == nil || o.fence < oldest.fence) {
			oldest = o
		}
	}
	if oldest == nil || oldest.fence == d.queue.stats.Submits && len(known) < maxWaiting {
		made, err := d.newDirect(p, key, words, bound)
		if err != nil {
			return nil, err
		}
		d.directs[key] = append(known, made)
		oldest = made
	}
	if oldest.fence == d.queue.stats.Submits { // it waits to be submitted, with other words
		if err := d.queue.flush(context.Background()); err != nil {
			return nil, err
		}
	}
	oldest.words = append(oldest.words[:0], words...)
	return oldest, d.gpu.Write(oldest.list, 0, bytesOf(words))
}

// newDirect makes a bind group with room for words.
func (d *Device) newDirect(p *pipeline, key directKey, words []uint32, bound int) (*direct, error) {
	o := &direct{fence: -1, size: minList}
	for o.size < 4*len(words) {
		o.size *= 2
	}
	var err error
	if free := d.lists[o.size]; len(free) > 0 {
		o.list, d.lists[o.size] = free[len(free)-1], free[:len(free)-1]
	} else if o.list, err = d.storage(o.size); err != nil {
		return nil, err
	}
	ranges := []gpu.Range{{Buffer: o.list, Size: o.size}}
	for _, b := range key.buffers[:bound] {
		if b == nil {
			ranges = append(ranges, gpu.Range{Buffer: d.nothing, Size: nothingBytes})
			continue
		}
		ranges = append(ranges, b.whole())
	}
	if o.group, err = d.gpu.NewGroup(p.gpu, ranges); err != nil {
		d.lists[o.size] = append(d.lists[o.size], o.list)
		return nil, err
	}
	return o, nil
}

// minList is the size in bytes of the shortest list; others are twice, four times… as long.
const minList = 1024

// forget frees what is kept for operations with a buffer that is about to be freed.
func (d *Device) forget(b *buffer) {
	for key, known := range d.directs {
		if !slices.Contains(key.buffers[:], b) {
			continue
		}
		for _, o := range known {
			if o.fence == d.queue.stats.Submits {
				d.queue.flush(context.Background()) // an error comes again with whatever is done next
			}
			d.gpu.FreeGroup(o.group)
			d.lists[o.size] = append(d.lists[o.size], o.list)
		}
		delete(d.directs, key)
	}
}

// owns is a device.Owner.
func (d *Device) owns(b device.Buffer) error {
	own, err := d.own(b)
	if err != nil {
		return err
	}
	return own.check(0, 0)
}

// grid folds the workgroups for n invocations in two dimensions, each within the adapter's limit.
func (d *Device) grid(n, workgroup int) (x, y uint32) {
	groups := max((n+workgroup-1)/workgroup, 1)
	most := int(d.adapter.Limits.MaxWorkgroups)
	rows := (groups + most - 1) / most
	return uint32((groups + rows - 1) / rows), uint32(rows)
}

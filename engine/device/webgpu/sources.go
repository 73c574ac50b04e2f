package webgpu

import (
	"fmt"
	"slices"

	"github.com/counterpoint/counterpoint/engine/device"
)

const (
	maxSources = 4          // buffers that sources.wgsl reads
	noSource   = 0xffffffff // stands for a view or slot that is not there
)

// sources are the buffers that the views of one dispatch lie in.
type sources struct {
	result *buffer // whose number is maxSources
	list   [maxSources]*buffer
	n      int
}

// take gives the buffers of all the views numbers, unless that takes more than there are.
func (s *sources) take(views ...device.Batch) bool {
	before := s.n
	for _, v := range views {
		b, _ := v.Buffer.(*buffer)
		if b == nil || b == s.result || slices.Contains(s.list[:s.n], b) {
			continue
		}
		if s.n == maxSources {
			s.n = before
			return false
		}
		s.list[s.n] = b
		s.n++
	}
	return true
}

// words are a view as shaders read it: source, offset and stride, these two in values of width elements.
func (s *sources) words(v device.Batch, width int) (source, offset, stride uint32) {
	switch v.Buffer {
	case nil:
		return noSource, 0, 0
	case device.Buffer(s.result):
		source = maxSources
	default:
		source = uint32(slices.Index(s.list[:s.n], v.Buffer.(*buffer)))
	}
	return source, uint32(v.Offset / width), uint32(v.Stride / width)
}

// own returns a buffer as one of this device.
func (d *Device) own(b device.Buffer) (*buffer, error) {
	own, ok := b.(*buffer)
	if !ok || own.device != d {
		return nil, fmt.Errorf("buffer is a %T, not one of this device", b)
	}
	return own, nil
}

// quadViews reports whether views lie in whole quads, so that their elements can be read four at a time.
func quadViews(views ...device.Batch) bool {
	for _, v := range views {
		if v.Buffer != nil && !inQuads(v.Offset, v.Stride) {
			return false
		}
	}
	return true
}

package devicetest

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/counterpoint/counterpoint/engine/device"
)

// memory is some buffers of a device and what they hold.
type memory struct {
	device  device.Device
	buffers []device.Buffer
	values  [][]float32
}

// newMemory makes n buffers of size elements, normally distributed.
func newMemory(t *testing.T, d device.Device, rng *rand.Rand, n, size int) *memory {
	t.Helper()
	m := &memory{device: d}
	for i := range n {
		v := make([]float32, size)
		for j := range v {
			v[j] = float32(rng.NormFloat64())
		}
		m.buffers = append(m.buffers, must[device.Buffer](t)(d.NewBuffer(size)))
		m.values = append(m.values, v)
		m.upload(t, i)
	}
	return m
}

// upload makes the i-th buffer hold its values, which the test has changed.
func (m *memory) upload(t *testing.T, i int) {
	t.Helper()
	if err := m.buffers[i].WriteFloats(t.Context(), 0, m.values[i]); err != nil {
		t.Fatal(err)
	}
}

func (m *memory) close(t *testing.T) {
	t.Helper()
	for _, b := range m.buffers {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	}
}

// of are the values of n elements of a picture's view.
func (m *memory) of(b device.Batch, picture, n int) []float32 {
	return m.values[slices.Index(m.buffers, b.Buffer)][b.Offset+picture*b.Stride:][:n]
}

// scalar is a picture's.
func (m *memory) scalar(s device.Scalars, picture, slot int) float64 {
	return float64(m.of(device.Batch{Buffer: s.Buffer, Offset: s.Offset, Stride: s.Slots}, picture, s.Slots)[slot])
}

// check compares what the buffers hold with what they should: the elements of the i-th that want lists, within limit, and all
// others as they were, bit by bit.
func (m *memory) check(t *testing.T, what string, i int, want map[int]float64, limit float64) {
	t.Helper()
	for j, b := range m.buffers {
		got := make([]float32, b.Len())
		if err := b.ReadFloats(t.Context(), 0, got); err != nil {
			t.Fatal(err)
		}
		for k, v := range got {
			if w, written := want[k]; written && j == i {
				if e := math.Abs(float64(v) - w); !(e <= limit) {
					t.Errorf("%s: element %d is %v, want %v", what, k, v, w)
					return
				}
				m.values[j][k] = v
				continue
			}
			if math.Float32bits(v) != math.Float32bits(m.values[j][k]) {
				t.Errorf("%s: element %d of buffer %d is overwritten", what, k, j)
				return
			}
		}
	}
}

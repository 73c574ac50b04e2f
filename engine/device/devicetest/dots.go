package devicetest

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/counterpoint/counterpoint/engine/device"
)

// dots checks random lists of pairs: sizes in quads and not, one picture and three, differences, sums, squares, and more
// buffers than a shader binds.
func dots(t *testing.T, d device.Device) {
	defer shut(t, d)
	for seed := range uint64(40) {
		rng := rand.New(rand.NewPCG(seed, 2))
		align := 1 + 3*rng.IntN(2)
		n := align * (1 + rng.IntN(300))
		mem := newMemory(t, d, rng, 8, 3*n+4000) // 0 holds the sums
		o := device.Dots{Pictures: 1 + 2*rng.IntN(2), Len: n, First: rng.IntN(5),
			Dst: device.Scalars{Buffer: mem.buffers[0], Offset: rng.IntN(100)}}
		view := func() device.Batch {
			return device.Batch{Buffer: mem.buffers[1+rng.IntN(7)], Offset: align * rng.IntN(16), Stride: rng.IntN(2) * (n + align*rng.IntN(5))}
		}
		for range rng.IntN(20) {
			p := device.Pair{A: view(), B: view()}
			switch rng.IntN(5) {
			case 0:
				p.B = p.A
			case 1:
				p.B = device.Batch{}
			case 2:
				p.MinusA, p.MinusB = view(), view()
			case 3:
				p.MinusB = p.A
			}
			o.Pairs = append(o.Pairs, p)
		}
		o.Dst.Slots = o.First + len(o.Pairs) + rng.IntN(4)
		want, size := mem.dotted(o)
		if err := d.Dots(o); err != nil {
			t.Errorf("seed %d: %v", seed, err)
			continue
		}
		mem.check(t, fmt.Sprintf("seed %d: %d pictures of %d, %d pairs", seed, o.Pictures, n, len(o.Pairs)), 0, want, 2e-6*size)
		mem.close(t)
	}
}

// dotted returns what the elements of the result's buffer become, and the largest sum of absolute products.
func (mem *memory) dotted(o device.Dots) (want map[int]float64, size float64) {
	want = map[int]float64{}
	for k := range o.Pictures {
		for i, p := range o.Pairs {
			var sum, absolute float64
			for j := range o.Len {
				a, b := float64(mem.of(p.A, k, o.Len)[j]), 1.0
				if p.B.Buffer != nil {
					b = float64(mem.of(p.B, k, o.Len)[j])
				}
				if p.MinusA.Buffer != nil {
					a -= float64(mem.of(p.MinusA, k, o.Len)[j])
				}
				if p.MinusB.Buffer != nil {
					b -= float64(mem.of(p.MinusB, k, o.Len)[j])
				}
				sum += a * b
				absolute += math.Abs(a * b)
			}
			want[o.Dst.Offset+k*o.Dst.Slots+o.First+i] = sum
			size = max(size, absolute)
		}
	}
	return want, size
}

// dotsOfOne checks long sums of one sign, in which roundings that lean one way add up, and of small differences of large
// numbers.
func dotsOfOne(t *testing.T, d device.Device) {
	defer shut(t, d)
	const n = 1 << 16
	mem := newMemory(t, d, rand.New(rand.NewPCG(3, 3)), 3, n)
	for i := range n {
		mem.values[2][i] = mem.values[1][i] + 1.0/1024
	}
	mem.upload(t, 2)
	x, y := device.Batch{Buffer: mem.buffers[1]}, device.Batch{Buffer: mem.buffers[2]}
	o := device.Dots{Pictures: 1, Len: n, Dst: device.Scalars{Buffer: mem.buffers[0], Slots: 2},
		Pairs: []device.Pair{{A: x, B: x}, {A: y, MinusA: x, B: y, MinusB: x}}}
	want, _ := mem.dotted(o)
	if err := d.Dots(o); err != nil {
		t.Fatal(err)
	}
	got := make([]float32, 2)
	if err := mem.buffers[0].ReadFloats(t.Context(), 0, got); err != nil {
		t.Fatal(err)
	}
	for i, v := range got {
		if e := math.Abs(float64(v)/want[i] - 1); e > 1e-6 {
			t.Errorf("sum %d is %v, want %v: off by %.2g", i, v, want[i], e)
		}
	}
}

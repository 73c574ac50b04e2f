package devicetest

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/counterpoint/counterpoint/engine/device"
)

// mix checks random sums: sizes in quads and not, one picture and three, from none to more buffers than a shader binds, the
// result among the terms, factors, rows and masks.
func mix(t *testing.T, d device.Device) {
	defer shut(t, d)
	const size, slots = 10000, 5
	for seed := range uint64(50) {
		rng := rand.New(rand.NewPCG(seed, 1))
		mem := newMemory(t, d, rng, 9, size) // 0 holds the result, 8 the scalars
		align := 1 + 3*rng.IntN(2)
		channels := align * (1 + rng.IntN(3))
		n := channels * (1 + rng.IntN(120))
		m := device.Mix{Pictures: 1 + 2*rng.IntN(2), Len: n, Channels: channels,
			Scalars: device.Scalars{Buffer: mem.buffers[8], Offset: rng.IntN(100), Slots: slots}}
		view := func(b, gap int) device.Batch {
			return device.Batch{Buffer: mem.buffers[b], Offset: align * rng.IntN(16), Stride: n + align*gap}
		}
		m.Dst = view(0, rng.IntN(5))
		for range rng.IntN(10) {
			term := device.MixTerm{Of: view(1+rng.IntN(7), rng.IntN(5)), Coef: rng.NormFloat64()}
			switch rng.IntN(6) {
			case 0:
				term.Of = m.Dst
			case 1:
				term.Of.Stride = 0
			case 2: // numbers far outside the rows, too
				term.Row, term.Rows = device.At(rng.IntN(slots)), 1+rng.IntN(3)
			case 3: // beyond the result, in its buffer
				term.Of = device.Batch{Buffer: m.Dst.Buffer, Offset: m.Dst.Offset + 3*m.Dst.Stride, Stride: m.Dst.Stride}
			}
			if rng.IntN(2) == 0 {
				term.Factor = device.At(rng.IntN(slots))
			}
			if rng.IntN(3) == 0 {
				term.Mask = device.Batch{Buffer: mem.buffers[1+rng.IntN(7)], Offset: rng.IntN(50), Stride: rng.IntN(2) * n / channels}
			}
			m.Terms = append(m.Terms, term)
		}
		for i := range mem.values[8] {
			switch rng.IntN(4) {
			case 0:
				mem.values[8][i] = 0
			case 1:
				mem.values[8][i] *= 1e9
			}
		}
		mem.upload(t, 8)
		want, largest := mem.mixed(m)
		err := d.Mix(m)
		if err != nil {
			t.Errorf("seed %d: %v", seed, err)
			continue
		}
		mem.check(t, fmt.Sprintf("seed %d: %d pictures of %d, %d terms", seed, m.Pictures, n, len(m.Terms)), 0, want, 3e-6*largest)
		mem.close(t)
	}
}

// mixed returns what a mix sets the elements of its result to, and the largest sum of the terms' absolute values.
func (mem *memory) mixed(m device.Mix) (want map[int]float64, size float64) {
	want = map[int]float64{}
	for k := range m.Pictures {
		for i := range m.Len {
			var sum, terms float64
			for _, t := range m.Terms {
				coef, row := t.Coef, k
				if t.Factor != 0 {
					coef *= mem.scalar(m.Scalars, k, t.Factor.Index())
				}
				if t.Row != 0 {
					row = int(math.Round(min(max(mem.scalar(m.Scalars, k, t.Row.Index()), 0), float64(t.Rows-1))))
				}
				if t.Mask.Buffer != nil {
					coef *= float64(mem.of(t.Mask, k, m.Len/m.Channels)[i/m.Channels])
				}
				if coef == 0 {
					continue
				}
				v := coef * float64(mem.of(t.Of, row, m.Len)[i])
				sum += v
				terms += math.Abs(v)
			}
			want[m.Dst.Offset+k*m.Dst.Stride+i] = sum
			size = max(size, terms)
		}
	}
	return want, size
}

// mixIdentities checks what must hold to the last bit: a mask and a factor of ones are as none, a coefficient of 0 leaves a
// term out even if it is no number, and pictures together are as pictures one by one.
func mixIdentities(t *testing.T, d device.Device) {
	defer shut(t, d)
	const pictures, n, channels, cells = 3, 60, 4, 15
	mem := newMemory(t, d, rand.New(rand.NewPCG(7, 7)), 4, 400)
	for k := range pictures {
		mem.values[3][3*k], mem.values[3][3*k+1] = 1, 0 // slot 2 stays random
	}
	mask := must[device.Buffer](t)(d.NewBuffer(cells)) // which holds no whole number of quads
	if err := mask.WriteFloats(t.Context(), 0, slices.Repeat([]float32{1}, cells)); err != nil {
		t.Fatal(err)
	}
	for i := range n * pictures {
		mem.values[2][200+i] = float32(math.Inf(1 - i%2*2))
	}
	mem.upload(t, 2)
	mem.upload(t, 3)
	scalars := device.Scalars{Buffer: mem.buffers[3], Slots: 3}
	at := func(b, offset, stride int) device.Batch {
		return device.Batch{Buffer: mem.buffers[b], Offset: offset, Stride: stride}
	}
	base := []device.MixTerm{{Of: at(1, 0, n), Coef: 0.7, Factor: device.At(2)}, {Of: at(2, 8, n), Coef: -1.3}}
	run := func(terms ...device.MixTerm) []float32 {
		t.Helper()
		if err := d.Mix(device.Mix{Pictures: pictures, Len: n, Dst: at(0, 0, n), Terms: terms, Scalars: scalars, Channels: channels}); err != nil {
			t.Fatal(err)
		}
		got := make([]float32, pictures*n)
		if err := mem.buffers[0].ReadFloats(t.Context(), 0, got); err != nil {
			t.Fatal(err)
		}
		return got
	}
	want := run(base...)
	same := func(what string, got []float32) {
		t.Helper()
		for i := range want {
			if math.Float32bits(got[i]) != math.Float32bits(want[i]) {
				t.Errorf("%s: element %d is %v, want %v", what, i, got[i], want[i])
				return
			}
		}
	}
	ones := base[1]
	ones.Mask = device.Batch{Buffer: mask}
	same("a mask of ones", run(base[0], ones))
	ones = base[1]
	ones.Factor = device.At(0)
	same("a factor of ones", run(base[0], ones))
	infinite := device.MixTerm{Of: at(2, 200, n), Coef: 1, Factor: device.At(1)}
	same("a term of infinities with factor 0", run(base[0], infinite, base[1]))
	infinite.Factor, infinite.Coef = 0, 0
	same("a term of infinities with coefficient 0", run(base[0], infinite, base[1]))

	got := make([]float32, pictures*n)
	for k := range pictures {
		one := device.Mix{Pictures: 1, Len: n, Dst: at(0, 0, 0), Scalars: scalars, Channels: channels}
		one.Scalars.Offset = k * scalars.Slots
		for _, term := range base {
			term.Of.Offset += k * term.Of.Stride
			one.Terms = append(one.Terms, term)
		}
		if err := d.Mix(one); err != nil {
			t.Fatal(err)
		}
		if err := mem.buffers[0].ReadFloats(t.Context(), 0, got[k*n:][:n]); err != nil {
			t.Fatal(err)
		}
	}
	same("pictures one by one", got)
}

package kernel

import (
	"encoding/binary"
	"fmt"
	"math"
	"testing"
)

// value decodes one weight by the definition of its encoding.
func (w *Weights) value(n, t int) float32 {
	k := w.Positions * w.Inputs
	position, channel := t/w.Inputs, t%w.Inputs
	switch w.Encoding {
	case Float32:
		return math.Float32frombits(binary.LittleEndian.Uint32(w.Data[4*(n*k+t):]))
	case Float16:
		return halfToFloat(binary.LittleEndian.Uint16(w.Data[2*(n*k+t):]))
	}
	perPosition := ceilDiv(w.Inputs, w.Group)
	at := (n*w.Positions+position)*perPosition + channel/w.Group
	scale := halfToFloat(binary.LittleEndian.Uint16(w.Scales[2*at:]))
	if w.Encoding == Int8 {
		return float32(int8(w.Data[n*k+t])) * scale
	}
	nibble := int(w.Data[(n*w.Positions+position)*ceilDiv(w.Inputs, 2)+channel/2]) >> (channel % 2 * 4) & 15
	if nibble > 7 {
		nibble -= 16
	}
	return float32(nibble) * scale
}

// dense returns the whole matrix, [N][K].
func (w *Weights) dense() []float32 {
	k := w.Positions * w.Inputs
	x := make([]float32, w.Outputs*k)
	for i := range x {
		x[i] = w.value(i/k, i%k)
	}
	return x
}

var allEncodings = []Encoding{Float32, Float16, Int8, Int4}

// checkPanel compares blocks of a panel, expanded, with the weights it was made from.
func checkPanel(k *Kernels, w Weights) error {
	p, err := k.Pack(w)
	if err != nil {
		return err
	}
	if p.N() != w.Outputs || p.K() != w.Positions*w.Inputs || p.Encoding() != w.Encoding {
		return fmt.Errorf("panel of %d×%d %v", p.N(), p.K(), p.Encoding())
	}
	for j := range p.count() {
		width := p.columns(j)
		for first := 0; first < p.K(); first += 40 {
			rows := min(40, p.K()-first)
			scratch := output(rows * width)
			block := k.expand(scratch.values, p, j, first, rows)
			if err := scratch.check(); err != nil {
				return err
			}
			for i, got := range block {
				t, n := first+i/width, j*k.width+i%width
				want := float32(0)
				if n < w.Outputs {
					want = w.value(n, t)
				}
				if got != want {
					return fmt.Errorf("weight [%d][%d] is %g, want %g", n, t, got, want)
				}
			}
		}
	}
	return nil
}

func TestPack(t *testing.T) {
	forLevels(t, func(t *testing.T, k *Kernels) {
		for _, e := range allEncodings {
			for _, n := range []int{1, 3, 7, 8, 9, 16, 17, 31, 32, 33, 47, 48, 49, 65} {
				for _, s := range []struct{ positions, inputs, group int }{
					{1, 1, 32}, {1, 32, 32}, {1, 37, 16}, {9, 3, 32}, {9, 32, 32}, {4, 50, 32}, {2, 96, 64}, {3, 7, 2},
				} {
					w := newRandom(uint64(n)).weights(n, s.positions, s.inputs, e, s.group)
					if err := checkPanel(k, w); err != nil {
						t.Errorf("%v [%d %d %d] in groups of %d: %v", e, n, s.positions, s.inputs, s.group, err)
					}
				}
			}
		}
	})
}

// TestPanelSize holds the promise that weights stay packed: at most 1.1 of the canonical size,
// and equal to it where panels divide the output channels.
func TestPanelSize(t *testing.T) {
	forLevels(t, func(t *testing.T, k *Kernels) {
		for _, e := range allEncodings {
			for _, n := range []int{16, 32, 64, 80, 96, 112, 144, 192, 320, 384, 640, 768, 1280} {
				w := newRandom(1).weights(n, 9, 64, e, 32)
				p, err := k.Pack(w)
				if err != nil {
					t.Fatal(err)
				}
				packed := len(w.Data) + len(w.Scales)
				if 10*p.Bytes() > 11*packed || n%k.width == 0 && p.Bytes() != packed {
					t.Errorf("%v with %d outputs: %d bytes on the device, %d packed", e, n, p.Bytes(), packed)
				}
			}
		}
	})
}

func TestPackErrors(t *testing.T) {
	k := portableKernels()
	good := newRandom(1).weights(4, 2, 10, Int4, 8)
	for name, spoil := range map[string]func(w *Weights){
		"no outputs":      func(w *Weights) { w.Outputs = 0 },
		"negative inputs": func(w *Weights) { w.Inputs = -10 },
		"huge":            func(w *Weights) { w.Outputs, w.Positions, w.Inputs = 1<<40, 1<<40, 1<<40 },
		"huge in all":     func(w *Weights) { w.Outputs, w.Inputs = 1<<20, 1<<20 },
		"short data":      func(w *Weights) { w.Data = w.Data[1:] },
		"long data":       func(w *Weights) { w.Data = append(w.Data, 0) },
		"short scales":    func(w *Weights) { w.Scales = w.Scales[2:] },
		"no group":        func(w *Weights) { w.Group = 0 },
		"encoding":        func(w *Weights) { w.Encoding = encodings },
	} {
		w := good
		spoil(&w)
		if _, err := k.Pack(w); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// FuzzPack packs planes of any lengths under any shape: an error, or exactly the weights.
func FuzzPack(f *testing.F) {
	f.Add(3, 2, 5, uint8(Int4), 4, make([]byte, 18), make([]byte, 24))
	f.Add(1, 1, 2, uint8(Float16), 0, []byte{1, 2, 3, 4}, []byte{})
	f.Add(1<<40, 1<<40, -1, uint8(Int8), 1<<62, []byte{}, []byte{})
	f.Fuzz(func(t *testing.T, outputs, positions, inputs int, encoding uint8, group int, data, scales []byte) {
		w := Weights{outputs, positions, inputs, Encoding(encoding), data, group, scales}
		if w.check() != nil {
			return
		}
		for i := 1; i < len(scales); i += 2 {
			scales[i] &= 0x7b // neither infinite nor NaN, so that values compare
		}
		if w.Encoding == Float32 || w.Encoding == Float16 {
			for i := range data {
				data[i] &= 0x3b
			}
		}
		for _, level := range Supported() {
			k, err := For(level)
			if err != nil {
				t.Fatal(err)
			}
			if err := checkPanel(k, w); err != nil {
				t.Fatalf("%v: %v", level, err)
			}
		}
	})
}

func TestHalfToFloat(t *testing.T) {
	for h, want := range map[uint16]float32{
		0x0000: 0, 0x3c00: 1, 0xc000: -2, 0x7bff: 65504, 0x0400: 0x1p-14, 0x0001: 0x1p-24, 0x83ff: -0x3ffp-24,
		0x7c00: float32(math.Inf(1)), 0xfc00: float32(math.Inf(-1)), 0x3555: 0.33325195,
	} {
		if got := halfToFloat(h); got != want {
			t.Errorf("%#04x is %g, want %g", h, got, want)
		}
	}
	if v := halfToFloat(0x7e00); v == v {
		t.Errorf("0x7e00 is %g, want NaN", v)
	}
	// The vector conversions agree with it on every number.
	src := make([]byte, 2<<16)
	for i := range 1 << 16 {
		binary.LittleEndian.PutUint16(src[2*i:], uint16(i))
	}
	forLevels(t, func(t *testing.T, k *Kernels) {
		for _, n := range append([]int{1 << 16}, ragged...) {
			dst := output(n)
			k.ExpandHalf(dst.values, src)
			for i, got := range dst.values {
				want := halfToFloat(uint16(i))
				if got != want && !(got != got && want != want) {
					t.Fatalf("%#04x is %g, want %g", i, got, want)
				}
			}
			if err := dst.check(); err != nil {
				t.Fatal(err)
			}
		}
	})
}

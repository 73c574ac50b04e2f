package weights

import (
	"bytes"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/counterpoint/counterpoint/weights/internal/weightstest"
)

func TestQuantizationNoise(t *testing.T) {
	values := weightstest.Gaussian(1, 256*320, 0.03)
	for _, c := range []struct {
		encoding Encoding
		group    int
		least    float64 // dB
	}{
		{F16, 0, 70}, {Int8, 32, 45}, {Int8, 128, 43}, {Int4, 32, 21.5}, {Int4, 64, 20.5},
	} {
		x, err := NewTensor("unet/w", []int{256, 320}, values, c.encoding, c.group)
		if err != nil {
			t.Fatal(err)
		}
		var n Noise
		n.Add(values, x.Float32s(nil))
		if n.SNR() < c.least {
			t.Errorf("%v in groups of %d: %.2f dB, want %.1f", c.encoding, c.group, n.SNR(), c.least)
		}
	}
}

// TestStoredOrder pins the bytes of each encoding, by hand, for a convolution
// whose four axes differ.
func TestStoredOrder(t *testing.T) {
	const o, in, kh, kw = 2, 9, 1, 2
	values := make([]float32, o*in*kh*kw)
	at := func(o, i, y, x int) int { return ((o*in+i)*kh+y)*kw + x }
	// Both ends of the range are there, so only one scale gives these exactly.
	group := [8]int{-8, 7, -3, 5, 0, 1, -1, 4}
	var wantData []byte
	var wantScales []uint16
	for run := range o * kw {
		scale := float32(run + 1)
		for i, q := range group {
			values[at(run/kw, i, 0, run%kw)] = float32(q) * scale
		}
		// A second group of one element; the search maps it to the lower end.
		values[at(run/kw, 8, 0, run%kw)] = 4 * scale
		wantData = append(wantData, 0xf0, 0xd5, 0x98, 0xc7, 0x80)
		wantScales = append(wantScales, Float32ToHalf(scale), Float32ToHalf(4*scale/-8))
	}
	x, err := NewTensor("unet/w", []int{o, in, kh, kw}, values, Int4, 8)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(x.Data, wantData) {
		t.Errorf("data % x, want % x", x.Data, wantData)
	}
	for i, want := range wantScales {
		if got := uint16(x.Scales[2*i]) | uint16(x.Scales[2*i+1])<<8; got != want {
			t.Errorf("scale %d is %v, want %v", i, HalfToFloat32(got), HalfToFloat32(want))
		}
	}
	if got := x.Float32s(nil); !slices.Equal(got, values) {
		t.Errorf("dequantized %v, want %v", got, values)
	}

	for _, e := range []Encoding{F16, F32} {
		x, err := NewTensor("unet/w", []int{o, in, kh, kw}, values, e, 0)
		if err != nil {
			t.Fatal(err)
		}
		row := make([]float32, in*kh*kw)
		x.Row(row, 1)
		if got, want := row[in+2], values[at(1, 2, 0, 1)]; got != want {
			t.Errorf("%v: element [1, 2, 0, 1] is stored as %v, want %v", e, got, want)
		}
		if got := x.Float32s(nil); !slices.Equal(got, values) {
			t.Errorf("%v: %v, want %v", e, got, values)
		}
	}
}

func TestInt8IsNearest(t *testing.T) {
	values := make([]float32, 32)
	for i := range values {
		values[i] = float32(i-16)*7 + 0.4
	}
	values[0] = -127 // the scale is 1
	x, err := NewTensor("unet/w", []int{1, 32}, values, Int8, 32)
	if err != nil {
		t.Fatal(err)
	}
	scale := float64(HalfToFloat32(uint16(x.Scales[0]) | uint16(x.Scales[1])<<8))
	for i, v := range values {
		if want := math.RoundToEven(float64(v) / scale); float64(int8(x.Data[i])) != want {
			t.Errorf("element %d is %d, want %v", i, int8(x.Data[i]), want)
		}
	}
}

// TestScaleSearchIsNoWorse compares with what is usual: the peak at the range's end.
func TestScaleSearchIsNoWorse(t *testing.T) {
	for seed := range uint64(50) {
		values := weightstest.Gaussian(seed, 32, 1)
		x, err := NewTensor("unet/w", []int{1, 32}, values, Int4, 32)
		if err != nil {
			t.Fatal(err)
		}
		var got, usual Noise
		got.Add(values, x.Float32s(nil))
		var peak float64
		for _, v := range values {
			peak = max(peak, math.Abs(float64(v)))
		}
		scale := float64(HalfToFloat32(Float32ToHalf(float32(peak / 7))))
		plain := make([]float32, len(values))
		for i, v := range values {
			plain[i] = float32(min(max(math.RoundToEven(float64(v)/scale), -8), 7) * scale)
		}
		usual.Add(values, plain)
		if got.Error > usual.Error {
			t.Errorf("seed %d: squared error %v, the peak at the end has %v", seed, got.Error, usual.Error)
		}
	}
}

func TestQuantizeExtremes(t *testing.T) {
	for name, value := range map[string]float32{
		"zero": 0, "smallest": math.SmallestNonzeroFloat32, "tiny": 1e-7, "below a half's subnormals": 1e-9, "huge": maxQuantized,
	} {
		for _, e := range []Encoding{Int8, Int4} {
			values := make([]float32, 40)
			values[3], values[35] = value, -value
			x, err := NewTensor("unet/w", []int{1, 40}, values, e, 32)
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			if err := x.Validate(); err != nil {
				t.Errorf("%s in %v: %v", name, e, err)
			}
			for i, v := range x.Float32s(nil) {
				// Half a step of the smallest scale, or a half's rounding.
				if d := math.Abs(float64(v - values[i])); d > max(0x1p-25, float64(value)*0x1p-11) {
					t.Errorf("%s in %v: element %d is %v, want %v", name, e, i, v, values[i])
				}
			}
		}
	}
}

func TestNewTensorRefuses(t *testing.T) {
	nan := float32(math.NaN())
	for _, c := range []struct {
		shape    []int
		values   []float32
		encoding Encoding
		group    int
		want     string
	}{
		{[]int{2}, []float32{1, nan}, F32, 0, "NaN at 1"},
		{[]int{1}, []float32{float32(math.Inf(1))}, F32, 0, "+Inf"},
		{[]int{1}, []float32{65505}, F16, 0, "cannot be stored as f16"},
		{[]int{1, 1}, []float32{400000}, Int4, 32, "cannot be stored as int4"},
		{[]int{2}, []float32{1}, F32, 0, "1 values for shape [2]"},
		{[]int{1}, []float32{1}, Int8, 32, "rank 1"},
		{[]int{1, 1}, []float32{1}, Int8, 0, "group 0"},
		{[]int{1, 1}, []float32{1}, F32, 32, "group 32"},
		{[]int{1, -1}, []float32{1}, F32, 0, "out of range"},
		{[]int{1}, []float32{1}, Encoding(9), 0, "unknown encoding 9"},
	} {
		_, err := NewTensor("unet/w", c.shape, c.values, c.encoding, c.group)
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "unet/w") {
			t.Errorf("error is %v, want one about %q", err, c.want)
		}
	}
}

func TestSplitAndJoin(t *testing.T) {
	plane := []byte{1, 10, 100, 200, 2, 20, 101, 201, 3, 30, 102, 202}
	for size, want := range map[int][]byte{
		1: plane,
		2: {1, 100, 2, 101, 3, 102, 10, 200, 20, 201, 30, 202},
		4: {1, 2, 3, 10, 20, 30, 100, 101, 102, 200, 201, 202},
	} {
		stored := Split(nil, plane, size)
		if !bytes.Equal(stored, want) {
			t.Errorf("elements of %d bytes are split into %v, want %v", size, stored, want)
		}
		new(shardReader).join(stored, size)
		if !bytes.Equal(stored, plane) {
			t.Errorf("elements of %d bytes are joined to %v, want %v", size, stored, plane)
		}
	}
}

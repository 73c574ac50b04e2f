package sample

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"math"
	"os"
	"strconv"
	"testing"
)

// floats is a base64 string of little-endian float32 values.
type floats []float32

func (f *floats) UnmarshalText(text []byte) error {
	raw, err := base64.StdEncoding.DecodeString(string(text))
	if err != nil {
		return err
	}
	*f = make(floats, len(raw)/4)
	_, err = binary.Decode(raw, binary.LittleEndian, *f)
	return err
}

type goldenFile struct {
	Noise []struct {
		Seed   string
		Call   uint32
		Index  []uint32
		Values floats
	}
	Timesteps []struct {
		Train       int
		Spacing     Spacing
		StepsOffset int `json:"steps_offset"`
		Prints      []int
	}
	LCMTimesteps []struct {
		Train, Original int
		Prints          []int
	} `json:"lcm_timesteps"`
	Trajectories []trajectory
}

// goldens reads testdata/goldens.json, which goldens.py writes.
func goldens(t *testing.T) goldenFile {
	t.Helper()
	data, err := os.ReadFile("testdata/goldens.json")
	if err != nil {
		t.Fatal(err)
	}
	var g goldenFile
	if err := json.Unmarshal(data, &g); err != nil {
		t.Fatal(err)
	}
	if len(g.Noise) == 0 || len(g.Timesteps) == 0 || len(g.LCMTimesteps) == 0 || len(g.Trajectories) == 0 {
		t.Fatal("testdata/goldens.json lacks a part")
	}
	return g
}

// Two of Random123's known answers for philox4x32-10: all zeros, and digits of π.
func TestPhilox(t *testing.T) {
	for _, c := range []struct {
		key           uint64
		counter, want [4]uint32
	}{
		{0, [4]uint32{}, [4]uint32{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
		{0x299f31d0_a4093822, [4]uint32{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, [4]uint32{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
	} {
		if got := philox(c.key, c.counter); got != c.want {
			t.Errorf("key %x: got %x, want %x", c.key, got, c.want)
		}
	}
}

func TestNoiseOfSeed0(t *testing.T) {
	got := make([]float32, 4)
	Noise(0, 0, got)
	for i, want := range []float64{-0.924662, -0.425344, -2.643846, 0.145184} {
		if math.Abs(float64(got[i])-want) > 5e-7 {
			t.Errorf("element %d: got %v, want %v", i, got[i], want)
		}
	}
}

func TestNoiseGoldens(t *testing.T) {
	for _, c := range goldens(t).Noise {
		seed, err := strconv.ParseUint(c.Seed, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		for k, i := range c.Index {
			if got := normal(seed, c.Call, i); got != c.Values[k] {
				t.Errorf("seed %d, call %d, element %d: got %v, want %v", seed, c.Call, i, got, c.Values[k])
			}
		}
	}
}

func TestNoiseNHWCIsNoiseTransposed(t *testing.T) {
	shape := Shape{C: 3, H: 2, W: 5}
	nchw, nhwc := make([]float32, shape.Len()), make([]float32, shape.Len())
	Noise(9, 4, nchw)
	NoiseNHWC(9, 4, shape, nhwc)
	for c := range shape.C {
		for y := range shape.H {
			for x := range shape.W {
				if got, want := nhwc[(y*shape.W+x)*shape.C+c], nchw[(c*shape.H+y)*shape.W+x]; got != want {
					t.Fatalf("channel %d, row %d, column %d: got %v, want %v", c, y, x, got, want)
				}
			}
		}
	}
}

func TestNoiseIsStandardNormal(t *testing.T) {
	const n = 100_000
	values := make([]float32, n)
	Noise(1234, 0, values)
	var m [5]float64
	for _, v := range values {
		for k, p := 0, 1.0; k < len(m); k, p = k+1, p*float64(v) {
			m[k] += p / n
		}
	}
	for k, want := range []float64{1, 0, 1, 0, 3} { // standard errors up to 0.03
		if math.Abs(m[k]-want) > 0.1 {
			t.Errorf("moment %d is %v, want %v", k, m[k], want)
		}
	}
}

func TestFixedFunctions(t *testing.T) {
	const ulps = 4
	check := func(name string, x, got, want float64) {
		t.Helper()
		if math.Abs(got-want) > ulps*0x1p-53*max(math.Abs(want), 0x1p-20) {
			t.Errorf("%s(%v): got %v, want %v", name, x, got, want)
		}
	}
	for i := range 20_000 {
		x := (float64(i) + 0.37) / 1000
		check("sin", x, fixedSin(x), math.Sin(x))
		check("sin", -x, fixedSin(-x), math.Sin(-x))
		check("cos", x, fixedCos(x), math.Cos(x))
		check("log", x, fixedLog(x), math.Log(x))
		check("exp", x, fixedExp(x), math.Exp(x))
		check("exp", -x, fixedExp(-x), math.Exp(-x))
		tiny := x * 0x1p-33
		check("log", tiny, fixedLog(tiny), math.Log(tiny))
		check("log", 1-tiny, fixedLog(1-tiny), math.Log(1-tiny))
	}
}

func TestShapeCheck(t *testing.T) {
	for _, c := range []struct {
		shape Shape
		batch int
		ok    bool
	}{
		{Shape{4, 64, 64}, 1, true},
		{Shape{4, 64, 64}, 0, false},
		{Shape{0, 64, 64}, 1, false},
		{Shape{4, -64, 64}, 1, false},
		{Shape{1, 1, 1 << 28}, 1, true},
		{Shape{1, 1 << 14, 1 << 14}, 2, false},
		{Shape{math.MaxInt, math.MaxInt, math.MaxInt}, math.MaxInt, false},
	} {
		if err := c.shape.check(c.batch); (err == nil) != c.ok {
			t.Errorf("%v × %d: %v", c.shape, c.batch, err)
		}
	}
}

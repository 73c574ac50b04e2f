package devicetest

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/counterpoint/counterpoint/engine/device"
)

// instructions are an Expr's methods beside what they compute from the scalars x, y and z.
var instructions = []struct {
	name  string
	build func(e *device.Expr, x, y, z device.Value) device.Value
	want  func(x, y, z float64) float64
}{
	{"const", func(e *device.Expr, _, _, _ device.Value) device.Value { return e.Const(-0.1) }, func(x, y, z float64) float64 { return -0.1 }},
	{"load", func(_ *device.Expr, x, _, _ device.Value) device.Value { return x }, func(x, y, z float64) float64 { return x }},
	{"add", func(e *device.Expr, x, y, _ device.Value) device.Value { return e.Add(x, y) }, func(x, y, z float64) float64 { return x + y }},
	{"sub", func(e *device.Expr, x, y, _ device.Value) device.Value { return e.Sub(x, y) }, func(x, y, z float64) float64 { return x - y }},
	{"mul", func(e *device.Expr, x, y, _ device.Value) device.Value { return e.Mul(x, y) }, func(x, y, z float64) float64 { return x * y }},
	{"div", func(e *device.Expr, x, y, _ device.Value) device.Value { return e.Div(x, y) }, func(x, y, z float64) float64 { return x / y }},
	{"min", func(e *device.Expr, x, y, _ device.Value) device.Value { return e.Min(x, y) }, func(x, y, z float64) float64 { return min(x, y) }},
	{"max", func(e *device.Expr, x, y, _ device.Value) device.Value { return e.Max(x, y) }, func(x, y, z float64) float64 { return max(x, y) }},
	{"exp", func(e *device.Expr, x, _, _ device.Value) device.Value { return e.Exp(x) }, func(x, y, z float64) float64 { return math.Exp(x) }},
	{"log", func(e *device.Expr, x, _, _ device.Value) device.Value { return e.Log(e.Abs(x)) }, func(x, y, z float64) float64 { return math.Log(math.Abs(x)) }},
	{"sqrt", func(e *device.Expr, x, _, _ device.Value) device.Value { return e.Sqrt(e.Abs(x)) }, func(x, y, z float64) float64 { return math.Sqrt(math.Abs(x)) }},
	{"abs", func(e *device.Expr, x, _, _ device.Value) device.Value { return e.Abs(x) }, func(x, y, z float64) float64 { return math.Abs(x) }},
	{"greater", func(e *device.Expr, x, y, _ device.Value) device.Value { return e.Greater(x, y) }, func(x, y, z float64) float64 {
		if x > y {
			return 1
		}
		return 0
	}},
	{"greater than itself", func(e *device.Expr, x, _, _ device.Value) device.Value { return e.Greater(x, x) }, func(x, y, z float64) float64 { return 0 }},
	{"select", func(e *device.Expr, x, y, z device.Value) device.Value { return e.Select(z, x, y) }, func(x, y, z float64) float64 {
		if z > 0 {
			return x
		}
		return y
	}},
	{"select by zero", func(e *device.Expr, x, y, _ device.Value) device.Value { return e.Select(e.Const(0), x, y) }, func(x, y, z float64) float64 { return y }},
	{"select instead of x/0", func(e *device.Expr, x, y, _ device.Value) device.Value {
		zero := e.Sub(x, x)
		return e.Select(e.Abs(zero), e.Div(x, zero), y)
	}, func(x, y, z float64) float64 { return y }},
}

// eval checks each instruction, and that each picture's program sees its own scalars.
func eval(t *testing.T, d device.Device) {
	defer shut(t, d)
	rng := rand.New(rand.NewPCG(5, 5))
	for _, pictures := range []int{1, 3, 70} {
		mem := newMemory(t, d, rng, 2, 80*(3+len(instructions)))
		s := device.Scalars{Buffer: mem.buffers[0], Offset: 7, Slots: 4 + len(instructions)}
		var e device.Expr
		x, y, z := e.Load(0), e.Load(1), e.Load(2)
		for i, in := range instructions {
			e.Store(3+i, in.build(&e, x, y, z))
		}
		want := map[int]float64{}
		for k := range pictures {
			x, y, z := mem.scalar(s, k, 0), mem.scalar(s, k, 1), mem.scalar(s, k, 2)
			for i, in := range instructions {
				want[s.Offset+k*s.Slots+3+i] = in.want(x, y, z)
			}
		}
		o := device.Eval{Pictures: pictures, Scalars: s, Program: must[*device.Program](t)(e.Program())}
		if err := d.Eval(o); err != nil {
			t.Fatal(err)
		}
		got := make([]float32, len(mem.values[0]))
		if err := mem.buffers[0].ReadFloats(t.Context(), 0, got); err != nil {
			t.Fatal(err)
		}
		for at, w := range want {
			v := float64(got[at])
			if !(math.Abs(v-w) <= 2e-6*(1+math.Abs(w))) {
				t.Errorf("%d pictures: %s of picture %d is %v, want %v", pictures, instructions[(at-s.Offset)%s.Slots-3].name, (at-s.Offset)/s.Slots, v, w)
			}
			want[at] = v
		}
		mem.check(t, fmt.Sprintf("%d pictures", pictures), 0, want, 0)
		mem.close(t)
	}
}

// evalLong checks a program of thousands of instructions that store and load in turn: Fibonacci numbers modulo 97.
func evalLong(t *testing.T, d device.Device) {
	defer shut(t, d)
	mem := newMemory(t, d, rand.New(rand.NewPCG(6, 6)), 1, 4)
	copy(mem.values[0], []float32{0, 1})
	mem.upload(t, 0)
	var e device.Expr
	want := [2]float64{0, 1}
	for i := range 400 {
		sum := e.Add(e.Load(0), e.Load(1))
		e.Store(i%2, e.Select(e.Greater(sum, e.Const(96.5)), e.Sub(sum, e.Const(97)), sum))
		want[i%2] = math.Mod(want[0]+want[1], 97)
	}
	p := must[*device.Program](t)(e.Program())
	if err := d.Eval(device.Eval{Pictures: 1, Scalars: device.Scalars{Buffer: mem.buffers[0], Slots: 2}, Program: p}); err != nil {
		t.Fatal(err)
	}
	mem.check(t, fmt.Sprintf("%d instructions", len(p.Instrs())), 0, map[int]float64{0: want[0], 1: want[1]}, 0)
	mem.close(t)
}

// resample checks drawings against what systematic resampling means.
func resample(t *testing.T, d device.Device) {
	defer shut(t, d)
	for seed := range uint64(40) {
		rng := rand.New(rand.NewPCG(seed, 3))
		pictures := []int{1, 2, 3, 8, 64}[rng.IntN(5)]
		mem := newMemory(t, d, rng, 1, 400)
		r := device.Resample{Pictures: pictures, Scalars: device.Scalars{Buffer: mem.buffers[0], Offset: rng.IntN(20), Slots: 4}, Weight: 2, Uniform: 0, Row: 3}
		level, spread := float32(100*rng.NormFloat64()), float32(seed%4)
		for k := range pictures {
			own := mem.values[0][r.Scalars.Offset+4*k:]
			own[0], own[2] = rng.Float32(), level+spread*own[2]
		}
		if spread == 0 { // then each picture is drawn once, whatever the uniform
			mem.values[0][r.Scalars.Offset] = []float32{0, 0.5, 1 - 1.0/(1<<24)}[rng.IntN(3)]
		}
		mem.upload(t, 0)
		if err := d.Resample(r); err != nil {
			t.Fatal(err)
		}
		got := make([]float32, 400)
		if err := mem.buffers[0].ReadFloats(t.Context(), 0, got); err != nil {
			t.Fatal(err)
		}
		weights, total := make([]float64, pictures), 0.0
		for k := range weights {
			weights[k] = math.Exp(mem.scalar(r.Scalars, k, 2) - float64(level))
			total += weights[k]
		}
		u, j, upTo, want := mem.scalar(r.Scalars, 0, 0), -1, 0.0, map[int]float64{}
		for i := range pictures {
			position, place := (float64(i)+u)*total/float64(pictures), r.Scalars.Offset+4*i+3
			for j < 0 || j < pictures-1 && upTo <= position*(1-1e-5) {
				j++
				upTo += weights[j]
			}
			want[place] = float64(j)
			if spread == 0 {
				want[place] = float64(i)
			} else if near := math.Abs(upTo/position - 1); near < 2e-5 && j < pictures-1 && got[place] == float32(j+1) {
				want[place]++ // within what f32 can tell
			}
		}
		mem.check(t, fmt.Sprintf("seed %d: %d pictures", seed, pictures), 0, want, 0)
		mem.close(t)
	}
}

package device

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
)

func TestExprText(t *testing.T) {
	var e Expr
	norm := e.Load(1)
	weight := e.Div(e.Mul(e.Const(-1.5), e.Load(0)), norm)
	e.Store(2, e.Select(e.Greater(norm, e.Const(1e-12)), weight, e.Const(0)))
	p, err := e.Program()
	if err != nil {
		t.Fatal(err)
	}
	want := `v0 = load 1
v1 = const -1.5
v2 = load 0
v3 = mul v1 v2
v4 = div v3 v0
v5 = const 1e-12
v6 = greater v0 v5
v7 = const 0
v8 = select v4 v7 v6
store 2 v8
`
	if p.String() != want || e.String() != want || p.Slots() != 3 {
		t.Errorf("got %d slots and\n%swant 3 and\n%s", p.Slots(), p, want)
	}
}

func TestExprErrors(t *testing.T) {
	var other Expr
	foreign := other.Const(1)
	for _, tt := range []struct {
		name, want string
		build      func(e *Expr)
	}{
		{"a foreign value", "instruction 1: an operand of add", func(e *Expr) { e.Add(e.Const(1), foreign) }},
		{"no value", "an operand of exp", func(e *Expr) { e.Exp(Value{}) }},
		{"a negative slot to load", "load slot -1", func(e *Expr) { e.Load(-1) }},
		{"a negative slot to store", "store slot -2", func(e *Expr) { e.Store(-2, e.Const(1)) }},
		{"a constant that is no number", "NaN", func(e *Expr) { e.Const(math.NaN()) }},
		{"a constant beyond f32", "1e+39", func(e *Expr) { e.Const(1e39) }},
		{"the first of two mistakes", "load slot -1", func(e *Expr) { e.Load(-1); e.Load(-2) }},
		{"too many instructions", fmt.Sprint(MaxInstrs), func(e *Expr) {
			for range MaxInstrs + 1 {
				e.Const(0)
			}
		}},
		{"too many values at a time", fmt.Sprint(MaxRegisters), func(e *Expr) { sumOf(e, MaxRegisters+1) }},
	} {
		var e Expr
		tt.build(&e)
		if p, err := e.Program(); err == nil || p != nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got error %v, want one about %q", tt.name, err, tt.want)
		}
	}
	var e Expr
	sumOf(&e, MaxRegisters)
	if _, err := e.Program(); err != nil {
		t.Errorf("%d values at a time: %v", MaxRegisters, err)
	}
	if p, err := new(Expr).Program(); err != nil || len(p.Instrs()) != 0 || p.Slots() != 0 {
		t.Errorf("the empty expression: %v, %v", p, err)
	}
}

// sumOf adds n values that are there at the same time.
func sumOf(e *Expr, n int) {
	var values []Value
	for range n {
		values = append(values, e.Const(1))
	}
	sum := values[0]
	for _, v := range values[1:] {
		sum = e.Add(sum, v)
	}
	e.Store(0, sum)
}

// TestRegisters checks on random programs that no register is given anew before its value was last used.
func TestRegisters(t *testing.T) {
	for seed := range uint64(200) {
		rng := rand.New(rand.NewPCG(seed, 0))
		var e Expr
		values := []Value{e.Const(3)}
		for range 1 + rng.IntN(100) {
			pick := func() Value { return values[len(values)-1-rng.IntN(min(len(values), 30))] }
			switch rng.IntN(5) {
			case 0:
				values = append(values, e.Const(float64(rng.IntN(10))))
			case 1:
				e.Store(rng.IntN(4), pick())
			case 2:
				values = append(values, e.Load(rng.IntN(4)))
			case 3:
				values = append(values, e.Sub(pick(), pick()))
			case 4:
				values = append(values, e.Select(pick(), pick(), pick()))
			}
		}
		p, err := e.Program()
		if err != nil {
			t.Fatal(err)
		}
		got, want := onRegisters(p), onValues(&e)
		if got != want {
			t.Fatalf("seed %d: slots hold %v, want %v after\n%s", seed, got, want, p)
		}
	}
}

func onRegisters(p *Program) (slots [4]float32) {
	var r [MaxRegisters]float32
	for _, in := range p.Instrs() {
		switch in.Op {
		case OpConst:
			r[in.To] = in.Float
		case OpLoad:
			r[in.To] = slots[in.Slot]
		case OpStore:
			slots[in.Slot] = r[in.A]
		case OpSub:
			r[in.To] = r[in.A] - r[in.B]
		case OpSelect:
			if r[in.C] > 0 {
				r[in.To] = r[in.A]
			} else {
				r[in.To] = r[in.B]
			}
		}
	}
	return slots
}

func onValues(e *Expr) (slots [4]float32) {
	r := make([]float32, len(e.code))
	for i, v := range e.code {
		switch v.op {
		case OpConst:
			r[i] = v.float
		case OpLoad:
			r[i] = slots[v.slot]
		case OpStore:
			slots[v.slot] = r[v.args[0]]
		case OpSub:
			r[i] = r[v.args[0]] - r[v.args[1]]
		case OpSelect:
			if r[v.args[2]] > 0 {
				r[i] = r[v.args[0]]
			} else {
				r[i] = r[v.args[1]]
			}
		}
	}
	return slots
}

// TestOverlaps compares with every element of every view.
func TestOverlaps(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	both := [2]int{}
	for range 20000 {
		view := func() (b Batch, pictures, n int) {
			return Batch{Offset: rng.IntN(30), Stride: rng.IntN(12)}, 1 + rng.IntN(4), 1 + rng.IntN(6)
		}
		a, as, n := view()
		b, bs, m := view()
		held := map[int]bool{}
		for i := range as * n {
			held[a.Offset+i/n*a.Stride+i%n] = true
		}
		want := false
		for i := range bs * m {
			want = want || held[b.Offset+i/m*b.Stride+i%m]
		}
		if got := overlaps(a, as, n, b, bs, m); got != want {
			t.Fatalf("%d times %d elements of %+v and %d times %d of %+v overlap: got %v", as, n, a, bs, m, b, got)
		}
		if want {
			both[1]++
		} else {
			both[0]++
		}
	}
	if min(both[0], both[1]) < 2000 {
		t.Errorf("%d cases are apart, %d overlap", both[0], both[1])
	}
}

package main

import (
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// reductions emits the kernels that add up values. Each lane has an accumulator of its own,
// and lanes are added pairwise at the end, so the order depends on the length alone.
func (s *isa) reductions() {
	s.expSum()
	s.max()

	s.text("dot", "func(x, y []float32) float64", "returns Σ x·y.")
	n := Load(Param("x").Len(), GP64())
	x := Load(Param("x").Base(), GP64())
	y := Load(Param("y").Base(), GP64())
	acc := []VecVirtual{s.zero(), s.zero()}
	s.stream(n, []Register{x, y}, func() {
		u, v := s.widen(s.load(Mem{Base: x})), s.widen(s.load(Mem{Base: y}))
		for i := range acc {
			VFMADD231PD(u[i], v[i], acc[i])
		}
	})
	VADDPD(acc[1], acc[0], acc[0])
	Store(s.sumDouble(acc[0]), ReturnIndex(0))
	VZEROUPPER()
	RET()

	s.text("moments", "func(x []float32) (sum, squares float64)", "returns Σ x and Σ x².")
	n = Load(Param("x").Len(), GP64())
	x = Load(Param("x").Base(), GP64())
	sum := []VecVirtual{s.zero(), s.zero()}
	squares := []VecVirtual{s.zero(), s.zero()}
	s.stream(n, []Register{x}, func() { s.accumulate(s.load(Mem{Base: x}), sum, squares) })
	VADDPD(sum[1], sum[0], sum[0])
	VADDPD(squares[1], squares[0], squares[0])
	Store(s.sumDouble(sum[0]), Return("sum"))
	Store(s.sumDouble(squares[0]), Return("squares"))
	VZEROUPPER()
	RET()

	s.columns()
}

// expSum emits dst = exp(scale·x + shift) and its sum.
func (s *isa) expSum() {
	s.text("expSum", "func(dst, x []float32, scale, shift float32) float32", "computes exp(scale·x + shift) and its sum.")
	n := Load(Param("dst").Len(), GP64())
	dst := Load(Param("dst").Base(), GP64())
	x := Load(Param("x").Base(), GP64())
	scale, shift := s.argument("scale"), s.argument("shift")
	acc := s.zero()
	s.stream(n, []Register{dst, x}, func() {
		v := s.load(Mem{Base: x})
		VFMADD213PS(shift, scale, v)
		e := s.exp(v, nil)
		s.store(e, Mem{Base: dst})
		s.keep(e, nil)
		VADDPS(e, acc, acc)
	})
	Store(s.sum(acc), ReturnIndex(0))
	VZEROUPPER()
	RET()
}

// max emits the largest value.
func (s *isa) max() {
	s.text("max", "func(x []float32) float32", "returns the largest value of x.")
	n := Load(Param("x").Len(), GP64())
	x := Load(Param("x").Base(), GP64())
	least := s.splat(math.Inf(-1))
	acc := s.vec()
	VMOVAPS(least, acc)
	s.stream(n, []Register{x}, func() {
		v := s.load(Mem{Base: x})
		s.keep(v, least)
		VMAXPS(v, acc, acc)
	})
	Store(s.fold(acc, func(x, y, z Op) { VMAXPS(x, y, z) }), ReturnIndex(0))
	VZEROUPPER()
	RET()
}

// columns emits the column sums of a matrix, for whole vectors of columns.
func (s *isa) columns() {
	s.text("columns", "func(sum, squares []float64, x []float32, stride, rows int)",
		"adds up the columns of x and their squares; len(sum) is a multiple of the lanes.")
	n := Load(Param("sum").Len(), GP64())
	out := []Register{Load(Param("sum").Base(), GP64()), Load(Param("squares").Base(), GP64())}
	x := Load(Param("x").Base(), GP64())
	stride := Load(Param("stride"), GP64())
	rows := Load(Param("rows"), GP64())
	SHLQ(Imm(2), stride)
	TESTQ(n, n)
	JZ(LabelRef("done"))
	Label("column")
	acc := [][]VecVirtual{{s.zero(), s.zero()}, {s.zero(), s.zero()}}
	p, r := GP64(), GP64()
	MOVQ(x, p)
	MOVQ(rows, r)
	Label("row")
	s.accumulate(s.load(Mem{Base: p}), acc[0], acc[1])
	ADDQ(stride, p)
	DECQ(r)
	JNZ(LabelRef("row"))
	for i, o := range out {
		for j := range 2 {
			VMOVUPD(acc[i][j], Mem{Base: o, Disp: 4 * s.lanes * j})
		}
		ADDQ(U32(8*s.lanes), o)
	}
	ADDQ(U32(4*s.lanes), x)
	SUBQ(U32(s.lanes), n)
	JNZ(LabelRef("column"))
	Label("done")
	VZEROUPPER()
	RET()
}

// accumulate adds v to sum and its square to squares, in float64.
func (s *isa) accumulate(v VecVirtual, sum, squares []VecVirtual) {
	for i, d := range s.widen(v) {
		VADDPD(d, sum[i], sum[i])
		VFMADD231PD(d, d, squares[i])
	}
}

// widen converts the two halves of v to float64.
func (s *isa) widen(v VecVirtual) []VecVirtual {
	d := []VecVirtual{s.vec(), s.vec()}
	h := s.half()
	if s.wide() {
		VCVTPS2PD(v.AsY(), d[0])
		VEXTRACTF64X4(Imm(1), v, h)
	} else {
		VCVTPS2PD(v.AsX(), d[0])
		VEXTRACTF128(Imm(1), v, h)
	}
	VCVTPS2PD(h, d[1])
	return d
}

// sumDouble adds the float64 lanes of v and returns the total in the lowest.
func (s *isa) sumDouble(v VecVirtual) Register {
	if s.wide() {
		y := YMM()
		VEXTRACTF64X4(Imm(1), v, y)
		VADDPD(y, v.AsY(), y)
		v = y
	}
	x, t := XMM(), XMM()
	VEXTRACTF128(Imm(1), v.AsY(), x)
	VADDPD(x, v.AsX(), x)
	VPERMILPD(Imm(1), x, t)
	VADDPD(t, x, x)
	return x
}

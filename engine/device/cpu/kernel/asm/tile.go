package main

import (
	"fmt"
	"math/bits"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// tile emits the product of rows rows of A with a panel of B of some vectors' width. The
// accumulators stay in registers; each depth step loads one row of the panel
// and broadcasts one value of each row of A. Taking 2 or 4 steps a turn was no faster on Zen 4.
func (s *isa) tile(rows, vectors int) {
	width := vectors * s.lanes
	s.text(fmt.Sprintf("tile%dx%d", rows, width),
		"func(c []float32, ldc int, a []float32, lda int, b []float32, k int, accumulate bool)",
		fmt.Sprintf("multiplies %d rows of a by a panel %d wide.", rows, width))
	a := Load(Param("a").Base(), GP64())
	b := Load(Param("b").Base(), GP64())
	row := rowAddresses(a, Load(Param("lda"), GP64()), rows)
	depth := Load(Param("k"), GP64())

	acc := make([]VecVirtual, rows*vectors)
	for i := range acc {
		acc[i] = s.zero()
	}
	Label("loop")
	panel := make([]VecVirtual, vectors)
	for v := range panel {
		panel[v] = s.vec()
		VMOVUPS(Mem{Base: b, Disp: 4 * v * s.lanes}, panel[v])
	}
	for r := range rows {
		x := s.vec()
		VBROADCASTSS(row(r), x)
		for v := range panel {
			VFMADD231PS(x, panel[v], acc[r*vectors+v])
		}
	}
	ADDQ(U32(4), a)
	ADDQ(U32(4*uint32(width)), b)
	DECQ(depth)
	JNZ(LabelRef("loop"))

	c := Load(Param("c").Base(), GP64())
	ldc := Load(Param("ldc"), GP64())
	SHLQ(Imm(2), ldc)
	eachRow := func(do func(m Mem, v VecVirtual)) {
		p := GP64()
		MOVQ(c, p)
		for r := range rows {
			for v := range vectors {
				do(Mem{Base: p, Disp: 4 * v * s.lanes}, acc[r*vectors+v])
			}
			if r < rows-1 {
				ADDQ(ldc, p)
			}
		}
	}
	accumulate := Load(Param("accumulate"), GP8())
	TESTB(accumulate, accumulate)
	JZ(LabelRef("write"))
	eachRow(func(m Mem, v VecVirtual) { VADDPS(m, v, v) })
	Label("write")
	eachRow(func(m Mem, v VecVirtual) { VMOVUPS(v, m) })
	VZEROUPPER()
	RET()
}

// rowAddresses returns the address of row r of a matrix with a stride of lda values. Row
// r is an odd multiple of the stride, held in a register, times a power of two, which the
// address scales, so that a loop moves no pointer but a.
func rowAddresses(a, lda Register, rows int) func(r int) Mem {
	odd := map[int]Register{}
	SHLQ(Imm(2), lda)
	for r := 1; r < rows; r += 2 {
		switch r {
		case 1:
			odd[1] = lda
		default:
			odd[r] = GP64()
			LEAQ(Mem{Base: odd[r-2], Index: lda, Scale: 2}, odd[r])
		}
	}
	return func(r int) Mem {
		if r == 0 {
			return Mem{Base: a}
		}
		shift := bits.TrailingZeros(uint(r))
		return Mem{Base: a, Index: odd[r>>shift], Scale: 1 << shift}
	}
}

// expandInt8 emits the conversion of one group of int8 weights of a panel.
func (s *isa) expandInt8(vectors int) {
	width := vectors * s.lanes
	s.text(fmt.Sprintf("expandInt8x%d", width), "func(dst []float32, src []int8, scale []uint16, k int)",
		fmt.Sprintf("multiplies k rows of %d int8 by their columns' scales.", width))
	dst := Load(Param("dst").Base(), GP64())
	src := Load(Param("src").Base(), GP64())
	depth := Load(Param("k"), GP64())
	scales := s.loadScales(vectors, s.lanes, s.vec)
	Label("loop")
	for v := range vectors {
		x := s.vec()
		VPMOVSXBD(Mem{Base: src, Disp: v * s.lanes}, x)
		s.scaleStore(x, scales[v], Mem{Base: dst, Disp: 4 * v * s.lanes})
	}
	ADDQ(U32(width), src)
	ADDQ(U32(4*width), dst)
	DECQ(depth)
	JNZ(LabelRef("loop"))
	VZEROUPPER()
	RET()
}

// expandInt4 emits the conversion of one group of int4 weights of a panel. A byte holds
// column j in its low nibble and column j + width/2 in its high one.
func (s *isa) expandInt4(vectors int) {
	width := vectors * s.lanes
	s.text(fmt.Sprintf("expandInt4x%d", width), "func(dst []float32, src []byte, scale []uint16, k int)",
		fmt.Sprintf("multiplies k rows of %d int4 by their columns' scales.", width))
	register := s.vec
	if vectors == 1 {
		register = s.half
	}
	dst := Load(Param("dst").Base(), GP64())
	src := Load(Param("src").Base(), GP64())
	depth := Load(Param("k"), GP64())
	scales := s.loadScales(2, width/2, register)
	Label("loop")
	low, high := register(), register()
	VPMOVSXBD(Mem{Base: src}, high)
	VPSLLD(Imm(28), high, low)
	VPSRAD(Imm(28), low, low)
	VPSRAD(Imm(4), high, high)
	s.scaleStore(low, scales[0], Mem{Base: dst})
	s.scaleStore(high, scales[1], Mem{Base: dst, Disp: 4 * width / 2})
	ADDQ(U32(width/2), src)
	ADDQ(U32(4*width), dst)
	DECQ(depth)
	JNZ(LabelRef("loop"))
	VZEROUPPER()
	RET()
}

// loadScales loads count registers of lanes float16 scales.
func (s *isa) loadScales(count, lanes int, register func() VecVirtual) []VecVirtual {
	scale := Load(Param("scale").Base(), GP64())
	regs := make([]VecVirtual, count)
	for i := range regs {
		regs[i] = register()
		VCVTPH2PS(Mem{Base: scale, Disp: 2 * i * lanes}, regs[i])
	}
	return regs
}

// scaleStore writes integers, converted and scaled.
func (s *isa) scaleStore(x, scale VecVirtual, m Mem) {
	VCVTDQ2PS(x, x)
	VMULPS(scale, x, x)
	VMOVUPS(x, m)
}

// expandHalf emits the conversion of float16, whole vectors only.
func (s *isa) expandHalf() {
	s.text("expandHalf", "func(dst []float32, src []byte)",
		fmt.Sprintf("converts len(dst) float16, a multiple of %d.", s.lanes))
	n := Load(Param("dst").Len(), GP64())
	dst := Load(Param("dst").Base(), GP64())
	src := Load(Param("src").Base(), GP64())
	TESTQ(n, n)
	JZ(LabelRef("done"))
	Label("loop")
	x := s.vec()
	VCVTPH2PS(Mem{Base: src}, x)
	VMOVUPS(x, Mem{Base: dst})
	ADDQ(U32(2*s.lanes), src)
	ADDQ(U32(4*s.lanes), dst)
	SUBQ(U32(s.lanes), n)
	JNZ(LabelRef("loop"))
	Label("done")
	VZEROUPPER()
	RET()
}

// transpose emits dst[j*ldd+i] = src[i*lds+j] for i < 8 and j < cols, a multiple of 8.
func (s *isa) transpose() {
	s.text("transpose8", "func(dst []float32, ldd int, src []float32, lds, cols int)",
		"transposes 8 rows of cols values, a multiple of 8.")
	dst := Load(Param("dst").Base(), GP64())
	src := Load(Param("src").Base(), GP64())
	cols := Load(Param("cols"), GP64())
	ldd := Load(Param("ldd"), GP64())
	from := rowAddresses(src, Load(Param("lds"), GP64()), 8)
	TESTQ(cols, cols)
	JZ(LabelRef("done"))
	to := rowAddresses(dst, ldd, 8)
	Label("loop")
	var r, t [8]VecVirtual
	for i := range r {
		r[i] = YMM()
		VMOVUPS(from(i), r[i])
	}
	for i := 0; i < 8; i += 2 {
		t[i], t[i+1] = YMM(), YMM()
		VUNPCKLPS(r[i+1], r[i], t[i])
		VUNPCKHPS(r[i+1], r[i], t[i+1])
	}
	for i := 0; i < 8; i += 4 {
		for j := range 2 {
			r[i+2*j], r[i+2*j+1] = YMM(), YMM()
			VUNPCKLPD(t[i+j+2], t[i+j], r[i+2*j])
			VUNPCKHPD(t[i+j+2], t[i+j], r[i+2*j+1])
		}
	}
	for i := range 4 {
		low, high := YMM(), YMM()
		VPERM2F128(Imm(0x20), r[i+4], r[i], low)
		VPERM2F128(Imm(0x31), r[i+4], r[i], high)
		VMOVUPS(low, to(i))
		VMOVUPS(high, to(i+4))
	}
	ADDQ(U32(32), src)
	LEAQ(Mem{Base: dst, Index: ldd, Scale: 8}, dst)
	SUBQ(U32(8), cols)
	JNZ(LabelRef("loop"))
	Label("done")
	VZEROUPPER()
	RET()
}

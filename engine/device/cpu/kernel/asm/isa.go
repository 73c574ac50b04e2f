package main

import (
	"fmt"
	"math"

	"github.com/mmcloughlin/avo/attr"
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// An isa is a vector instruction set as the kernels see it: lanes of float32, and
// loads and stores that a mask may restrict to the first few lanes.
type isa struct {
	suffix string
	lanes  int
	rows   int // of the largest tile

	constants map[uint32]Mem
	mask      Op // set while the tail of a loop is emitted
}

// wide tells whether vectors are 512 bits, with mask registers.
func (s *isa) wide() bool { return s.lanes == 16 }

// text begins a function of the level.
func (s *isa) text(name, signature, doc string) {
	name += s.suffix
	TEXT(name, attr.NOSPLIT, signature)
	Pragma("noescape")
	Doc(name + " " + doc)
}

// vec returns a fresh vector register.
func (s *isa) vec() VecVirtual {
	if s.wide() {
		return ZMM()
	}
	return YMM()
}

// half returns a fresh register of half a vector.
func (s *isa) half() VecVirtual {
	if s.wide() {
		return YMM()
	}
	return XMM()
}

// zero returns a register of zeros.
func (s *isa) zero() VecVirtual {
	v := s.vec()
	if s.wide() {
		VPXORD(v, v, v)
	} else {
		VXORPS(v, v, v)
	}
	return v
}

// bits returns a vector in read-only memory with the same 32 bits in each lane.
func (s *isa) bits(b uint32) Mem {
	if m, ok := s.constants[b]; ok {
		return m
	}
	m := GLOBL(fmt.Sprintf("c%08x%s", b, s.suffix), attr.RODATA|attr.NOPTR)
	for i := range s.lanes {
		DATA(4*i, U32(b))
	}
	if s.constants == nil {
		s.constants = map[uint32]Mem{}
	}
	s.constants[b] = m
	return m
}

// value returns a vector in read-only memory with v in each lane.
func (s *isa) value(v float64) Mem { return s.bits(math.Float32bits(float32(v))) }

// splat loads a vector with v in each lane.
func (s *isa) splat(v float64) VecVirtual {
	r := s.vec()
	VMOVUPS(s.value(v), r)
	return r
}

// argument loads a float32 parameter into each lane.
func (s *isa) argument(name string) VecVirtual {
	r := s.vec()
	addr, err := Param(name).Resolve()
	if err != nil {
		panic(err)
	}
	VBROADCASTSS(addr.Addr, r)
	return r
}

// load reads a vector; beyond the mask it reads nothing and lanes are zero.
func (s *isa) load(m Mem) VecVirtual {
	r := s.vec()
	switch {
	case s.mask == nil:
		VMOVUPS(m, r)
	case s.wide():
		VMOVUPS_Z(m, s.mask, r)
	default:
		VMASKMOVPS(m, s.mask, r)
	}
	return r
}

// store writes a vector; beyond the mask it writes nothing.
func (s *isa) store(v Op, m Mem) {
	switch {
	case s.mask == nil:
		VMOVUPS(v, m)
	case s.wide():
		VMOVUPS(v, s.mask, m)
	default:
		VMASKMOVPS(v, s.mask, m)
	}
}

// keep sets the lanes beyond the mask to those of fill, or to zero if it is nil.
func (s *isa) keep(v VecVirtual, fill Op) {
	switch {
	case s.mask == nil:
	case s.wide() && fill == nil:
		VMOVAPS_Z(v, s.mask, v)
	case s.wide():
		r := s.vec()
		VMOVAPS(fill, r)
		VMOVAPS(v, s.mask, r)
		VMOVAPS(r, v)
	case fill == nil:
		VANDPS(s.mask, v, v)
	default:
		VBLENDVPS(s.mask, v, fill, v)
	}
}

// stream emits a loop over n values of the arrays that pointers lead to: body once
// for whole vectors, and once under a mask for the rest.
func (s *isa) stream(n Register, pointers []Register, body func()) {
	name := fmt.Sprintf("l%d", labels)
	labels++
	CMPQ(n, Imm(uint64(s.lanes)))
	JLT(LabelRef(name + "tail"))
	Label(name + "loop")
	body()
	for _, p := range pointers {
		ADDQ(U32(4*s.lanes), p)
	}
	SUBQ(U32(s.lanes), n)
	CMPQ(n, Imm(uint64(s.lanes)))
	JGE(LabelRef(name + "loop"))
	Label(name + "tail")
	TESTQ(n, n)
	JZ(LabelRef(name + "done"))
	s.setMask(n)
	body()
	s.mask = nil
	Label(name + "done")
}

// labels numbers the loops, for labels of their own.
var labels int

// setMask makes the mask of the first n < lanes lanes.
func (s *isa) setMask(n Register) {
	if s.wide() {
		bits, k := GP64(), K()
		MOVQ(U64(1<<s.lanes-1), bits)
		BZHIQ(n, bits, bits)
		KMOVW(bits.As32(), k)
		s.mask = k
		return
	}
	// A window into eight ones and eight zeros, n ones from its end.
	table, ok := s.constants[maskTable]
	if !ok {
		table = GLOBL("mask"+s.suffix, attr.RODATA|attr.NOPTR)
		for i := range 2 * s.lanes {
			v := uint32(0)
			if i < s.lanes {
				v = math.MaxUint32
			}
			DATA(4*i, U32(v))
		}
		if s.constants == nil {
			s.constants = map[uint32]Mem{}
		}
		s.constants[maskTable] = table
	}
	base, index, y := GP64(), GP64(), YMM()
	LEAQ(table, base)
	MOVQ(U32(s.lanes), index)
	SUBQ(n, index)
	VMOVUPS(Mem{Base: base, Index: index, Scale: 4}, y)
	s.mask = y
}

// maskTable is the key of the mask table among the constants: a NaN no kernel uses.
const maskTable = 0x7fc0dead

// sum adds the lanes of v and returns the total in the lowest.
func (s *isa) sum(v VecVirtual) Register { return s.fold(v, func(x, y, z Op) { VADDPS(x, y, z) }) }

// fold combines the lanes of v pairwise, halves first.
func (s *isa) fold(v VecVirtual, combine func(x, y, z Op)) Register {
	if s.wide() {
		y := YMM()
		VEXTRACTF64X4(Imm(1), v, y)
		combine(y, v.AsY(), y)
		v = y
	}
	x := XMM()
	VEXTRACTF128(Imm(1), v.AsY(), x)
	combine(x, v.AsX(), x)
	t := XMM()
	VPERMILPS(Imm(0b01_00_11_10), x, t)
	combine(t, x, x)
	VPERMILPS(Imm(0b10_11_00_01), x, t)
	combine(t, x, x)
	return x
}

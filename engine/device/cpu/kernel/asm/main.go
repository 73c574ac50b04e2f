// Command asm generates the amd64 assembly of package kernel with avo. It is a module of
// its own, so that the project does not depend on avo; go generate in the parent folder
// runs it once for each level.
package main

import (
	"flag"
	"log"

	"github.com/mmcloughlin/avo/attr"
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/reg"
)

func main() {
	log.SetFlags(0)
	level := flag.String("level", "", "what to generate: avx2, avx512 or cpuid")
	flag.Parse()
	switch *level {
	case "avx2":
		generate(&isa{suffix: "AVX2", lanes: 8, rows: 6})
	case "avx512":
		generate(&isa{suffix: "AVX512", lanes: 16, rows: 14})
	case "cpuid":
		cpuid()
	default:
		log.Fatalf("asm: unknown level %q", *level)
	}
	Generate()
}

// generate emits every kernel of one level. Panels are two vectors wide, and one for the
// narrow panel at the end of a matrix.
func generate(s *isa) {
	for vectors := 1; vectors <= 2; vectors++ {
		for rows := 1; rows <= s.rows; rows++ {
			s.tile(rows, vectors)
		}
		s.expandInt8(vectors)
		s.expandInt4(vectors)
	}
	s.expandHalf()
	s.transpose()
	s.elementwise()
	s.reductions()
}

// cpuid emits the two instructions that tell what the processor and the operating
// system support.
func cpuid() {
	TEXT("cpuid", attr.NOSPLIT, "func(leaf, subleaf uint32) (eax, ebx, ecx, edx uint32)")
	Doc("cpuid executes the CPUID instruction.")
	Load(Param("leaf"), EAX)
	Load(Param("subleaf"), ECX)
	CPUID()
	Store(EAX, Return("eax"))
	Store(EBX, Return("ebx"))
	Store(ECX, Return("ecx"))
	Store(EDX, Return("edx"))
	RET()

	TEXT("xgetbv", attr.NOSPLIT, "func() (eax, edx uint32)")
	Doc("xgetbv reads the register that tells which vector state the operating system saves.")
	XORL(ECX, ECX)
	XGETBV()
	Store(EAX, Return("eax"))
	Store(EDX, Return("edx"))
	RET()
}

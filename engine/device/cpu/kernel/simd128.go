//go:build goexperiment.simd && (wasm || arm64)

package kernel

import (
	"simd/archsimd"
	"unsafe"
)

// vec is the one vector of this level: four float32. Its kernels are Go over package
// simd/archsimd, which needs GOEXPERIMENT=simd, and use only what WebAssembly and arm64
// have in common.
type vec = archsimd.Float32x4

const lanes = 4

// addNative adds the one level above plain Go.
func addNative(t *[levels]*Kernels) { t[SIMD128] = simd128Kernels() }

func simd128Kernels() *Kernels {
	return &Kernels{
		level: SIMD128, rows: 2, width: 16,
		tile:       [2][]tileFunc{{tile1x16SIMD128, tile2x16SIMD128}, {tile1x8SIMD128, tile2x8SIMD128}},
		expand8:    [2]expandInt8Func{expandInt8x16SIMD128, expandInt8x8SIMD128},
		expand4:    [2]expandInt4Func{expandInt4x16SIMD128, expandInt4x8SIMD128},
		expandHalf: expandHalfSIMD128,
		transpose:  transposeSIMD128,

		unary: [activations]unaryFunc{
			copyPortable, whole1(reluSIMD128, reluPortable), whole1(siluSIMD128, siluPortable),
			whole1(geluSIMD128, geluPortable), whole1(quickGELUSIMD128, quickGELUPortable), tanhPortable,
		},
		exp:        whole1(expSIMD128, expPortable),
		add:        whole2(addSIMD128, addPortable),
		mul:        whole2(mulSIMD128, mulPortable),
		scale:      scaleSIMD128,
		scaleAdd:   scaleAddSIMD128,
		scaleShift: scaleShiftSIMD128,
		normalize:  normalizeSIMD128,
		expSum:     expSumSIMD128,
		max:        maxSIMD128,
		dot:        dotUnrolled,
		moments:    momentsUnrolled,
		columns:    columnsUnrolled,
	}
}

// wholeVectors returns how many of n values fill vectors.
func wholeVectors(n int) int { return n &^ (lanes - 1) }

// whole1 leaves the values beyond whole vectors to plain Go.
func whole1(vectors, rest unaryFunc) unaryFunc {
	return func(dst, x []float32) {
		n := wholeVectors(len(dst))
		vectors(dst[:n], x[:n])
		if n < len(dst) {
			rest(dst[n:], x[n:])
		}
	}
}

// whole2 is whole1 for functions of two operands.
func whole2(vectors, rest func(dst, x, y []float32)) func(dst, x, y []float32) {
	return func(dst, x, y []float32) {
		n := wholeVectors(len(dst))
		vectors(dst[:n], x[:n], y[:n])
		if n < len(dst) {
			rest(dst[n:], x[n:], y[n:])
		}
	}
}

// The loads and stores below have no bounds checks, which would cost as much as the arithmetic
// between them: callers slice their operands to the length that a loop then runs over.

// pointer returns the address of a slice's elements.
func pointer[T any](x []T) unsafe.Pointer { return unsafe.Pointer(unsafe.SliceData(x)) }

// load reads four values, offset bytes after p.
func load(p unsafe.Pointer, offset int) vec {
	return archsimd.LoadFloat32x4Array((*[lanes]float32)(unsafe.Add(p, offset)))
}

// store writes four values, offset bytes after p.
func store(p unsafe.Pointer, offset int, v vec) {
	v.StoreArray((*[lanes]float32)(unsafe.Add(p, offset)))
}

// scalar reads one value, offset bytes after p.
func scalar(p unsafe.Pointer, offset int) float32 { return *(*float32)(unsafe.Add(p, offset)) }

// splat returns a vector with v in each lane.
func splat(v float32) vec { return archsimd.BroadcastFloat32x4(v) }

// sumLanes adds the lanes pairwise.
func sumLanes(v vec) float32 { return v.GetElem(0) + v.GetElem(2) + (v.GetElem(1) + v.GetElem(3)) }

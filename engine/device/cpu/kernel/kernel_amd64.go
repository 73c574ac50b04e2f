package kernel

// addNative adds the levels that the processor has and the operating system saves the
// registers of.
func addNative(t *[levels]*Kernels) {
	avx2, avx512 := features()
	if avx2 {
		t[AVX2] = avx2Kernels()
	}
	if avx512 {
		t[AVX512] = avx512Kernels()
	}
}

// features reads what the assembly of each level needs, as in Intel's manual, volume 1,
// 14.3 and 15.2 to 15.4.
func features() (avx2, avx512 bool) {
	const (
		fma     = 1 << 12 // leaf 1, ECX
		osxsave = 1 << 27
		avx     = 1 << 28
		f16c    = 1 << 29

		avx2Bit  = 1 << 5 // leaf 7, EBX
		bmi2     = 1 << 8
		avx512F  = 1 << 16
		avx512DQ = 1 << 17
		avx512BW = 1 << 30
		avx512VL = 1 << 31

		stateYMM = 1<<1 | 1<<2        // XCR0: SSE and AVX
		stateZMM = 1<<5 | 1<<6 | 1<<7 // opmask, upper halves, upper registers
		need1    = fma | osxsave | avx | f16c
		need2    = avx2Bit | bmi2
		need512  = avx512F | avx512DQ | avx512BW | avx512VL
	)
	leaves, _, _, _ := cpuid(0, 0)
	if leaves < 7 {
		return false, false
	}
	_, _, one, _ := cpuid(1, 0)
	if one&need1 != need1 {
		return false, false
	}
	state, _ := xgetbv()
	_, seven, _, _ := cpuid(7, 0)
	avx2 = state&stateYMM == stateYMM && seven&need2 == need2
	avx512 = avx2 && state&stateZMM == stateZMM && seven&need512 == need512
	return avx2, avx512
}

func avx2Kernels() *Kernels {
	return &Kernels{
		level: AVX2, rows: 6, width: 16,
		tile: [2][]tileFunc{
			{tile1x16AVX2, tile2x16AVX2, tile3x16AVX2, tile4x16AVX2, tile5x16AVX2, tile6x16AVX2},
			{tile1x8AVX2, tile2x8AVX2, tile3x8AVX2, tile4x8AVX2, tile5x8AVX2, tile6x8AVX2},
		},
		expand8:    [2]expandInt8Func{expandInt8x16AVX2, expandInt8x8AVX2},
		expand4:    [2]expandInt4Func{expandInt4x16AVX2, expandInt4x8AVX2},
		expandHalf: expandHalfAVX2,
		transpose:  blockedTranspose(transpose8AVX2),

		unary:      [activations]unaryFunc{copyPortable, reluAVX2, siluAVX2, geluAVX2, quickGELUAVX2, tanhPortable},
		exp:        expAVX2,
		add:        addAVX2,
		mul:        mulAVX2,
		scale:      scaleAVX2,
		scaleAdd:   scaleAddAVX2,
		scaleShift: scaleShiftAVX2,
		normalize:  normalizeAVX2,
		expSum:     expSumAVX2,
		max:        maxAVX2,
		dot:        dotAVX2,
		moments:    momentsAVX2,
		columns:    wholeColumns(8, columnsAVX2),
	}
}

func avx512Kernels() *Kernels {
	return &Kernels{
		level: AVX512, rows: 14, width: 32,
		tile: [2][]tileFunc{
			{
				tile1x32AVX512, tile2x32AVX512, tile3x32AVX512, tile4x32AVX512, tile5x32AVX512,
				tile6x32AVX512, tile7x32AVX512, tile8x32AVX512, tile9x32AVX512, tile10x32AVX512,
				tile11x32AVX512, tile12x32AVX512, tile13x32AVX512, tile14x32AVX512,
			},
			{
				tile1x16AVX512, tile2x16AVX512, tile3x16AVX512, tile4x16AVX512, tile5x16AVX512,
				tile6x16AVX512, tile7x16AVX512, tile8x16AVX512, tile9x16AVX512, tile10x16AVX512,
				tile11x16AVX512, tile12x16AVX512, tile13x16AVX512, tile14x16AVX512,
			},
		},
		expand8:    [2]expandInt8Func{expandInt8x32AVX512, expandInt8x16AVX512},
		expand4:    [2]expandInt4Func{expandInt4x32AVX512, expandInt4x16AVX512},
		expandHalf: expandHalfAVX512,
		transpose:  blockedTranspose(transpose8AVX512),

		unary:      [activations]unaryFunc{copyPortable, reluAVX512, siluAVX512, geluAVX512, quickGELUAVX512, tanhPortable},
		exp:        expAVX512,
		add:        addAVX512,
		mul:        mulAVX512,
		scale:      scaleAVX512,
		scaleAdd:   scaleAddAVX512,
		scaleShift: scaleShiftAVX512,
		normalize:  normalizeAVX512,
		expSum:     expSumAVX512,
		max:        maxAVX512,
		dot:        dotAVX512,
		moments:    momentsAVX512,
		columns:    wholeColumns(16, columnsAVX512),
	}
}

// blockedTranspose transposes in blocks of 8×8 and the edges in Go.
func blockedTranspose(transpose8 func(dst []float32, ldd int, src []float32, lds, cols int)) transposeFunc {
	return func(dst []float32, ldd int, src []float32, lds, rows, cols int) {
		whole, deep := rows&^7, cols&^7
		for i := 0; i < whole && deep > 0; i += 8 {
			transpose8(dst[i:], ldd, src[i*lds:], lds, deep)
		}
		if deep < cols {
			transposePortable(dst[deep*ldd:], ldd, src[deep:], lds, whole, cols-deep)
		}
		if whole < rows {
			transposePortable(dst[whole:], ldd, src[whole*lds:], lds, rows-whole, cols)
		}
	}
}

// wholeColumns leaves the columns beyond whole vectors to Go.
func wholeColumns(lanes int, columns columnsFunc) columnsFunc {
	return func(sum, squares []float64, x []float32, stride, rows int) {
		n := len(sum) &^ (lanes - 1)
		columns(sum[:n], squares[:n], x, stride, rows)
		if n < len(sum) {
			columnsPortable(sum[n:], squares[n:], x[n:], stride, rows)
		}
	}
}

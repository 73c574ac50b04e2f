//go:build goexperiment.simd && (wasm || arm64)

package kernel

// Tiles are two rows of four vectors: eight accumulators hide the latency of additions, and with the
// operands they fit sixteen registers, as many as Go uses in WebAssembly. Few rows and wide ones,
// since a value of a takes two instructions to spread over a vector, and one of b none. Two steps
// a turn halve the cost of the loop, whose jump is one through a table there.

func tile2x16SIMD128(c []float32, ldc int, a []float32, lda int, b []float32, k int, accumulate bool) {
	const row = 64 // bytes of b
	p, q, r := pointer(a[:k]), pointer(a[lda:][:k]), pointer(b[:16*k])
	u, w := pointer(c[:16]), pointer(c[ldc:][:16])
	var c0, c1, c2, c3, d0, d1, d2, d3 vec
	step := func(t int) {
		x, y := splat(scalar(p, 4*t)), splat(scalar(q, 4*t))
		v := load(r, row*t)
		c0, d0 = v.MulAdd(x, c0), v.MulAdd(y, d0)
		v = load(r, row*t+16)
		c1, d1 = v.MulAdd(x, c1), v.MulAdd(y, d1)
		v = load(r, row*t+32)
		c2, d2 = v.MulAdd(x, c2), v.MulAdd(y, d2)
		v = load(r, row*t+48)
		c3, d3 = v.MulAdd(x, c3), v.MulAdd(y, d3)
	}
	t := 0
	for ; t < k-1; t += 2 {
		step(t)
		step(t + 1)
	}
	if t < k {
		step(t)
	}
	if accumulate {
		c0, c1, c2, c3 = c0.Add(load(u, 0)), c1.Add(load(u, 16)), c2.Add(load(u, 32)), c3.Add(load(u, 48))
		d0, d1, d2, d3 = d0.Add(load(w, 0)), d1.Add(load(w, 16)), d2.Add(load(w, 32)), d3.Add(load(w, 48))
	}
	store(u, 0, c0)
	store(u, 16, c1)
	store(u, 32, c2)
	store(u, 48, c3)
	store(w, 0, d0)
	store(w, 16, d1)
	store(w, 32, d2)
	store(w, 48, d3)
}

func tile1x16SIMD128(c []float32, _ int, a []float32, _ int, b []float32, k int, accumulate bool) {
	const row = 64
	p, r, u := pointer(a[:k]), pointer(b[:16*k]), pointer(c[:16])
	var c0, c1, c2, c3 vec
	step := func(t int) {
		x := splat(scalar(p, 4*t))
		c0, c1 = load(r, row*t).MulAdd(x, c0), load(r, row*t+16).MulAdd(x, c1)
		c2, c3 = load(r, row*t+32).MulAdd(x, c2), load(r, row*t+48).MulAdd(x, c3)
	}
	t := 0
	for ; t < k-1; t += 2 {
		step(t)
		step(t + 1)
	}
	if t < k {
		step(t)
	}
	if accumulate {
		c0, c1, c2, c3 = c0.Add(load(u, 0)), c1.Add(load(u, 16)), c2.Add(load(u, 32)), c3.Add(load(u, 48))
	}
	store(u, 0, c0)
	store(u, 16, c1)
	store(u, 32, c2)
	store(u, 48, c3)
}

func tile2x8SIMD128(c []float32, ldc int, a []float32, lda int, b []float32, k int, accumulate bool) {
	const row = 32
	p, q, r := pointer(a[:k]), pointer(a[lda:][:k]), pointer(b[:8*k])
	u, w := pointer(c[:8]), pointer(c[ldc:][:8])
	var c0, c1, d0, d1 vec
	step := func(t int) {
		x, y := splat(scalar(p, 4*t)), splat(scalar(q, 4*t))
		v := load(r, row*t)
		c0, d0 = v.MulAdd(x, c0), v.MulAdd(y, d0)
		v = load(r, row*t+16)
		c1, d1 = v.MulAdd(x, c1), v.MulAdd(y, d1)
	}
	t := 0
	for ; t < k-1; t += 2 {
		step(t)
		step(t + 1)
	}
	if t < k {
		step(t)
	}
	if accumulate {
		c0, c1 = c0.Add(load(u, 0)), c1.Add(load(u, 16))
		d0, d1 = d0.Add(load(w, 0)), d1.Add(load(w, 16))
	}
	store(u, 0, c0)
	store(u, 16, c1)
	store(w, 0, d0)
	store(w, 16, d1)
}

func tile1x8SIMD128(c []float32, _ int, a []float32, _ int, b []float32, k int, accumulate bool) {
	const row = 32
	p, r, u := pointer(a[:k]), pointer(b[:8*k]), pointer(c[:8])
	var c0, c1 vec
	step := func(t int) {
		x := splat(scalar(p, 4*t))
		c0, c1 = load(r, row*t).MulAdd(x, c0), load(r, row*t+16).MulAdd(x, c1)
	}
	t := 0
	for ; t < k-1; t += 2 {
		step(t)
		step(t + 1)
	}
	if t < k {
		step(t)
	}
	if accumulate {
		c0, c1 = c0.Add(load(u, 0)), c1.Add(load(u, 16))
	}
	store(u, 0, c0)
	store(u, 16, c1)
}

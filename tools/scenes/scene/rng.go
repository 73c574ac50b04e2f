package scene

// rng is SplitMix64 (Steele, Lea, Flood, OOPSLA 2014): a counter hashed by a 64-bit finalizer.
type rng struct{ state uint64 }

// Streams of random numbers. What one draws never changes another, so captions can be reworded without changing
// a picture.
const (
	layoutStream = iota
	captionStream
)

// newRNG returns the stream's generator for scene index of a seed; nothing else enters it.
func newRNG(seed uint64, index, stream int) *rng {
	r := &rng{seed}
	r.state = r.next() ^ uint64(index)
	r.state = r.next() ^ uint64(stream)
	r.state = r.next()
	return r
}

func (r *rng) next() uint64 {
	r.state += 0x9e3779b97f4a7c15
	z := r.state
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// float is uniform in [0, 1).
func (r *rng) float() float64 { return float64(r.next()>>11) / (1 << 53) }

// between is uniform in [lo, hi).
func (r *rng) between(lo, hi float64) float64 { return lo + float64((hi-lo)*r.float()) }

// below is uniform in 0..n-1.
func (r *rng) below(n int) int { return int(r.float() * float64(n)) }

// chance is true with probability p.
func (r *rng) chance(p float64) bool { return r.float() < p }

// weighted draws an index with probability proportional to its weight.
func (r *rng) weighted(weights []float64) int {
	total := 0.0
	for _, w := range weights {
		total += w
	}
	x := float64(r.float() * total)
	for i, w := range weights {
		if x < w {
			return i
		}
		x -= w
	}
	return len(weights) - 1
}

func pick[T any](r *rng, from []T) T { return from[r.below(len(from))] }

// shuffle permutes s (Fisher–Yates).
func shuffle[T any](r *rng, s []T) {
	for i := len(s) - 1; i > 0; i-- {
		j := r.below(i + 1)
		s[i], s[j] = s[j], s[i]
	}
}

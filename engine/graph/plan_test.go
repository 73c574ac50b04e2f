package graph

import (
	"math/rand/v2"
	"testing"
)

// TestPlanMemory checks on random lifetimes what any plan must keep: spans alive at once do not overlap, each begins at a
// multiple of the alignment, and the block is no smaller than what is alive at the worst moment, nor larger than everything.
func TestPlanMemory(t *testing.T) {
	for seed := range uint64(200) {
		rng := rand.New(rand.NewPCG(seed, 0))
		align := 1 << rng.IntN(7)
		steps := 1 + rng.IntN(40)
		spans := make([]*span, 1+rng.IntN(60))
		sum := 0
		for i := range spans {
			first := rng.IntN(steps)
			spans[i] = &span{size: 1 + rng.IntN(1000), first: first, last: first + rng.IntN(steps-first), offset: -1}
			sum += alignUp(spans[i].size, align)
		}
		total := planMemory(spans, align)
		for i, a := range spans {
			if a.offset < 0 || a.offset%align != 0 || a.offset+a.size > total {
				t.Fatalf("seed %d: span %d of %d elements lies at %d of %d, alignment %d", seed, i, a.size, a.offset, total, align)
			}
			for j, b := range spans[:i] {
				if a.first <= b.last && b.first <= a.last && a.offset < b.offset+b.size && b.offset < a.offset+a.size {
					t.Fatalf("seed %d: spans %d %+v and %d %+v overlap", seed, j, *b, i, *a)
				}
			}
		}
		if peak := peakMemory(spans, steps); total < peak || total > sum {
			t.Errorf("seed %d: a block of %d elements, want from the peak, %d, to the sum, %d", seed, total, peak, sum)
		}
	}
}

// peakMemory returns the most elements alive at one instruction.
func peakMemory(spans []*span, steps int) int {
	peak := 0
	for i := range steps {
		alive := 0
		for _, s := range spans {
			if s.first <= i && i <= s.last {
				alive += s.size
			}
		}
		peak = max(peak, alive)
	}
	return peak
}

// TestPlanMemoryReuses checks that a chain, of which two neighbours are alive at a time, takes no more than its two largest.
func TestPlanMemoryReuses(t *testing.T) {
	var spans []*span
	for i := range 20 {
		spans = append(spans, &span{size: 100, first: i, last: i + 1})
	}
	if total := planMemory(spans, 1); total != 200 {
		t.Errorf("a chain of 100 takes %d, want 200", total)
	}
}

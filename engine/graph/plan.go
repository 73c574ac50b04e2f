package graph

import (
	"cmp"
	"slices"
)

// A span is a tensor's place in the plan: how much it needs and the instructions between which it must stay whole.
type span struct {
	size        int // elements
	first, last int // first: the instruction that writes it; last: the last that reads it
	block       int // set by planBlocks
	offset      int // set by planMemory
}

// planMemory gives each span an offset, a multiple of align, so that no two spans alive at once overlap, and returns the
// size of the block that holds them all. Largest first, each into the lowest gap among the spans it meets in time: the
// greedy-by-size method of Pisarchyk and Lee (2020).
func planMemory(spans []*span, align int) int {
	order := slices.Clone(spans)
	slices.SortStableFunc(order, func(a, b *span) int { return cmp.Compare(b.size, a.size) })
	var placed []*span // by offset
	total := 0
	for _, s := range order {
		at := 0
		for _, p := range placed {
			if p.first > s.last || p.last < s.first {
				continue
			}
			if at+s.size <= p.offset {
				break
			}
			at = max(at, alignUp(p.offset+p.size, align))
		}
		s.offset = at
		total = max(total, at+s.size)
		i, _ := slices.BinarySearchFunc(placed, at, func(p *span, at int) int { return cmp.Compare(p.offset, at) })
		placed = slices.Insert(placed, i, s)
	}
	return alignUp(total, align)
}

// planBlocks gives each span a block that no span alive at the same time has, and returns the blocks' sizes. Largest first,
// each into the smallest block that is free for as long as it lives: every block so far is large enough.
func planBlocks(spans []*span) []int {
	order := slices.Clone(spans)
	slices.SortStableFunc(order, func(a, b *span) int { return cmp.Compare(b.size, a.size) })
	var sizes []int // never rising
	var members [][]*span
	for _, s := range order {
		s.block = len(sizes)
		for b := len(sizes) - 1; b >= 0; b-- {
			if !slices.ContainsFunc(members[b], func(m *span) bool { return m.first <= s.last && s.first <= m.last }) {
				s.block = b
				break
			}
		}
		if s.block == len(sizes) {
			sizes, members = append(sizes, s.size), append(members, nil)
		}
		members[s.block] = append(members[s.block], s)
	}
	return sizes
}

func alignUp(n, align int) int { return (n + align - 1) / align * align }

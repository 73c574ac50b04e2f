package tokenizer

import (
	"container/heap"
	"iter"
	"strings"
	"unicode"
	"unicode/utf8"
)

// contractions are the first alternatives of CLIP's pattern
//
//	's|'t|'re|'ve|'m|'ll|'d|\p{L}+|\p{N}|[^\s\p{L}\p{N}]+
var contractions = [...]string{"'s", "'t", "'re", "'ve", "'m", "'ll", "'d"}

// words yields the matches of CLIP's pattern in text.
func words(text string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for i := 0; i < len(text); {
			n := wordLength(text[i:])
			if n == 0 { // white space
				_, n = utf8.DecodeRuneInString(text[i:])
			} else if !yield(text[i : i+n]) {
				return
			}
			i += n
		}
	}
}

func isOther(r rune) bool {
	return !unicode.IsSpace(r) && !unicode.IsLetter(r) && !unicode.IsNumber(r)
}

// wordLength is the length of the match that begins text, 0 at white space.
func wordLength(text string) int {
	for _, c := range contractions {
		if strings.HasPrefix(text, c) {
			return len(c)
		}
	}
	switch r, n := utf8.DecodeRuneInString(text); {
	case unicode.IsLetter(r):
		return prefix(text, unicode.IsLetter)
	case unicode.IsNumber(r):
		return n
	default:
		return prefix(text, isOther)
	}
}

// prefix is the length of the runes at the start of text that belong.
func prefix(text string, belongs func(rune) bool) int {
	if n := strings.IndexFunc(text, func(r rune) bool { return !belongs(r) }); n >= 0 {
		return n
	}
	return len(text)
}

// byteRunes is GPT-2's table, which gives each byte a visible rune: itself where
// Latin-1 has one, else the next free rune from U+0100.
var byteRunes = func() (table [256]rune) {
	next := rune(0x100)
	for b := range table {
		switch r := rune(b); {
		case '!' <= r && r <= '~', '¡' <= r && r <= '¬', '®' <= r && r <= 'ÿ':
			table[b] = r
		default:
			table[b] = next
			next++
		}
	}
	return table
}()

// appendWord appends the ids of one word: its bytes, merged pair by pair, the
// merge of the lowest rank first and of several the leftmost.
func (t *Tokenizer) appendWord(ids []int32, word string) []int32 {
	// Symbols are a list in an array, for merges take out the right one of a pair.
	symbols := make([]symbol, len(word))
	for i := range len(word) {
		id := t.bytes[word[i]]
		if i == len(word)-1 {
			id = t.lastBytes[word[i]]
		}
		symbols[i] = symbol{id: id, prev: i - 1, next: i + 1}
	}
	var queue candidates
	offer := func(left int) {
		right := symbols[left].next
		if right >= len(symbols) {
			return
		}
		p := pair{symbols[left].id, symbols[right].id}
		if m, ok := t.merges[p]; ok {
			heap.Push(&queue, candidate{merge: m, pair: p, left: left})
		}
	}
	for i := range symbols {
		offer(i)
	}
	for len(queue) > 0 {
		c := heap.Pop(&queue).(candidate)
		left := &symbols[c.left]
		if left.gone || left.next >= len(symbols) || (pair{left.id, symbols[left.next].id}) != c.pair {
			continue // one of the two was merged meanwhile
		}
		right := &symbols[left.next]
		left.id, left.next, right.gone = c.id, right.next, true
		if left.next < len(symbols) {
			symbols[left.next].prev = c.left
		}
		offer(c.left)
		if left.prev >= 0 {
			offer(left.prev)
		}
	}
	for _, s := range symbols {
		switch {
		case s.gone:
		case s.id < 0:
			ids = append(ids, t.unk)
		default:
			ids = append(ids, s.id)
		}
	}
	return ids
}

type symbol struct {
	id         int32 // -1 for a byte that the vocabulary lacks
	prev, next int
	gone       bool
}

// candidate is a merge that was possible when it was queued.
type candidate struct {
	merge
	pair pair
	left int
}

// candidates is a heap.
type candidates []candidate

func (q candidates) Len() int      { return len(q) }
func (q candidates) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q candidates) Less(i, j int) bool {
	if q[i].rank != q[j].rank {
		return q[i].rank < q[j].rank
	}
	return q[i].left < q[j].left
}
func (q *candidates) Push(c any) { *q = append(*q, c.(candidate)) }
func (q *candidates) Pop() any {
	old := *q
	c := old[len(old)-1]
	*q = old[:len(old)-1]
	return c
}

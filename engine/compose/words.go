package compose

import (
	"fmt"
	"strings"
	"unicode"
)

// UnknownWords warns of the words in the prompt's terms of a model with a closed
// vocabulary that it does not know, once each, in the order of the prompt. It asks
// known for words in lower case, and suggests the nearest of vocabulary within
// two edits.
func UnknownWords(p *Prompt, model string, known func(word string) bool, vocabulary []string) []Warning {
	var warnings []Warning
	seen := map[string]bool{}
	for t := range leaves(p.Root) {
		if t.Model != model {
			continue
		}
		for _, w := range t.words() {
			lower := strings.ToLower(w.text)
			if seen[lower] || known(lower) {
				continue
			}
			seen[lower] = true
			near, hint := nearest(lower, vocabulary), ""
			if near != "" {
				hint = fmt.Sprintf("did you mean %q?", near)
			}
			warnings = append(warnings, Warning{w.Pos, WarnWord, fmt.Sprintf("the model does not know the word %q", w.text), hint, w.text, near})
		}
	}
	return warnings
}

type word struct {
	Pos
	text string
}

// words splits a term's text into runs of letters, marks and digits; an
// apostrophe between two of them is part of the word.
func (t *Term) words() []word {
	var words []word
	runes := []rune(t.Text)
	for i := 0; i < len(runes); i++ {
		start := i
		for i < len(runes) && (inWord(runes[i]) || i > start && runes[i] == '\'' && i+1 < len(runes) && inWord(runes[i+1])) {
			i++
		}
		if i > start {
			words = append(words, word{t.runes[start], string(runes[start:i])})
		}
	}
	return words
}

func inWord(r rune) bool {
	return unicode.IsLetter(r) || unicode.IsMark(r) || unicode.IsNumber(r)
}

// nearest returns the word of the list with the fewest edits to w, at most two
// and at most half as many as it has letters; the first of several.
func nearest(w string, list []string) string {
	best, found := min(2, len([]rune(w))/2), ""
	for _, candidate := range list {
		if d := distance(w, candidate, best); d < best || d == best && found == "" {
			best, found = d, candidate
		}
	}
	return found
}

// distance is the Levenshtein distance between a and b with neighbours swapped
// counting as one edit, or limit+1 if it is more than limit.
func distance(a, b string, limit int) int {
	x, y := []rune(a), []rune(b)
	if len(x)-len(y) > limit || len(y)-len(x) > limit {
		return limit + 1
	}
	var before, last, row []int
	for j := range len(y) + 1 {
		last = append(last, j)
	}
	for i := range x {
		row = append([]int(nil), i+1)
		for j := range y {
			cost := 1
			if x[i] == y[j] {
				cost = 0
			}
			d := min(last[j]+cost, last[j+1]+1, row[j]+1)
			if i > 0 && j > 0 && x[i] == y[j-1] && x[i-1] == y[j] {
				d = min(d, before[j-1]+1)
			}
			row = append(row, d)
		}
		before, last = last, row
	}
	return min(last[len(y)], limit+1)
}

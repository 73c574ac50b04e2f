package decompose

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/counterpoint/counterpoint/engine/compose"
)

// Span is a part of a sentence. Its Pos is where it begins.
type Span struct {
	compose.Pos
	End int `json:"end"` // offset in bytes of what follows it
}

// token is a phrase of the sentence.
type token struct {
	Span
	entry
	used   bool   // it is in a clause, or has done its part in joining some
	reason string // why it is not placed, where more can be said than that it is not
}

// word is a run of letters or a sign, in lower case.
type word struct {
	Span
	text string
}

// faultAt is a fault in a sentence.
func faultAt(pos compose.Pos, hint, format string, args ...any) error {
	return &compose.SyntaxError{Pos: pos, Msg: fmt.Sprintf(format, args...), Hint: hint}
}

// scan splits a sentence into words and signs.
func scan(sentence string) ([]word, error) {
	if len(sentence) > compose.MaxPromptBytes {
		return nil, faultAt(compose.Pos{Column: 1}, "", "the sentence has %d bytes, more than %d", len(sentence), compose.MaxPromptBytes)
	}
	runes, offsets := []rune{}, []int{}
	for offset, r := range sentence {
		if r == utf8.RuneError && !strings.HasPrefix(sentence[offset:], "\uFFFD") {
			return nil, faultAt(compose.Pos{Column: len(runes) + 1, Offset: offset}, "", "the sentence is not valid UTF-8")
		}
		if r == '’' {
			r = '\'' // as in "isn’t"
		}
		runes, offsets = append(runes, unicode.ToLower(r)), append(offsets, offset)
	}
	offsets = append(offsets, len(sentence))
	var words []word
	for i := 0; i < len(runes); i++ {
		start := i
		if unicode.IsSpace(runes[i]) {
			continue
		}
		for i < len(runes) && inWord(runes, i) {
			i++
		}
		if i > start {
			i--
		}
		span := Span{compose.Pos{Column: start + 1, Offset: offsets[start]}, offsets[i+1]}
		words = append(words, word{span, string(runes[start : i+1])})
	}
	return words, nil
}

// inWord reports whether the rune at i belongs to a word. An apostrophe or hyphen
// between two letters does, and a point or comma between two digits.
func inWord(runes []rune, i int) bool {
	is := func(i int, in func(rune) bool) bool { return i >= 0 && i < len(runes) && in(runes[i]) }
	letter := func(r rune) bool { return unicode.IsLetter(r) || unicode.IsMark(r) || unicode.IsNumber(r) }
	switch runes[i] {
	case '\'', '-':
		return is(i-1, letter) && is(i+1, letter)
	case '.', ',':
		return is(i-1, unicode.IsNumber) && is(i+1, unicode.IsNumber)
	}
	return letter(runes[i])
}

// tokens joins words into the phrases that the lexicon has.
func (l *lexicon) tokens(words []word) []token {
	var tokens []token
	for i := 0; i < len(words); {
		e, n := l.longest(words[i:])
		span := words[i].Span
		span.End = words[i+n-1].End
		tokens = append(tokens, token{Span: span, entry: e})
		i += n
	}
	return tokens
}

// longest returns what the longest phrase at the beginning of words means, and how
// many words it takes.
func (l *lexicon) longest(words []word) (entry, int) {
	for _, p := range l.phrases[words[0].text] {
		if n, ok := p.match(words); ok {
			return p.entry, n
		}
	}
	text := words[0].text
	if n, err := strconv.Atoi(text); err == nil && n > 0 && n < 100 {
		if n == 1 {
			return grammar["one"], 1
		}
		return entry{kind: numberWord, value: n}, 1
	}
	return grammar[text], 1 // an unknown word is the zero value
}

// match reports whether words begin with the phrase, and with how many words. Each
// of its words but the first may have an article before it.
func (p phrase) match(words []word) (n int, ok bool) {
	for i, w := range p.words {
		if i > 0 && n < len(words) && grammar[words[n].text].kind == articleWord {
			n++
		}
		if n >= len(words) || words[n].text != w {
			return 0, false
		}
		n++
	}
	return n, true
}

// Package tokenizer is CLIP's byte-pair encoding over any vocabulary of its form:
// vocab.json and merges.txt, or a tokenizer.json that holds both; and what
// AUTOMATIC1111's web UI adds, the weights of emphasis and texts of several chunks.
//
// It gives the ids of transformers 5's CLIPTokenizer (the "fast" tokenizer of
// earlier versions). The text is split into words as CLIP does, lower-cased rune
// by rune, and its white space collapsed. One normalisation is not done: Unicode
// NFC. Composed text, which keyboards produce, has the same ids; a letter followed
// by a separate combining accent is encoded as those two. ftfy's repairs, which
// the original CLIP code and older "slow" tokenizers apply where it is installed,
// are not done either.
package tokenizer

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Limits on vocabularies, which come with models and so from anywhere, and on
// text.
const (
	MaxFileBytes   = 16 << 20
	MaxVocab       = 200_000
	MaxAddedTokens = 1024
	MaxTextBytes   = 64 << 10 // of a text to encode; the rest is not looked at
	maxModelLength = 1 << 16
)

const endOfWord = "</w>"

// Config names a tokenizer's special tokens and the length of its output. Empty
// fields have CLIP's values: 77, <|startoftext|>, <|endoftext|> and, for PAD and
// UNK, EOS.
type Config struct {
	ModelMaxLength int
	BOS, EOS, PAD  string
	UNK            string // stands for bytes that the vocabulary lacks
}

func (c Config) withDefaults() Config {
	if c.ModelMaxLength == 0 {
		c.ModelMaxLength = 77
	}
	for _, f := range []struct {
		field *string
		value string
	}{{&c.BOS, "<|startoftext|>"}, {&c.EOS, "<|endoftext|>"}} {
		if *f.field == "" {
			*f.field = f.value
		}
	}
	if c.PAD == "" {
		c.PAD = c.EOS
	}
	if c.UNK == "" {
		c.UNK = c.EOS
	}
	return c
}

// Tokenizer encodes text. It may be used by several goroutines at once.
type Tokenizer struct {
	vocab      map[string]int32
	merges     map[pair]merge
	bytes      [256]int32 // id of each byte inside a word, -1 if there is none
	lastBytes  [256]int32 // and at its end
	added      []addedToken
	bos, eos   int32
	pad, unk   int32
	comma      int32 // the token that is a comma, -1 if there is none
	length     int
	vocabulary int
}

type pair struct{ left, right int32 }

type merge struct {
	rank int32
	id   int32
}

// addedToken is found in text before words are.
type addedToken struct {
	text       string
	id         int32
	normalized bool // whether it is looked for in normalised text
}

// ModelMaxLength is the number of ids that Encode returns.
func (t *Tokenizer) ModelMaxLength() int { return t.length }

// VocabSize is one more than the largest id.
func (t *Tokenizer) VocabSize() int { return t.vocabulary }

// EOS is the id of the token that ends every text; text encoders pool there.
func (t *Tokenizer) EOS() int32 { return t.eos }

// Encode returns ModelMaxLength ids: BOS, the text's tokens as far as they fit,
// EOS, and PAD up to the end. Invalid UTF-8 counts as U+FFFD.
func (t *Tokenizer) Encode(text string) []int32 {
	tokens := t.Tokens(text)
	return t.frame(tokens[:min(len(tokens), t.length-2)])
}

// Tokens returns the ids of all of the text, without BOS, EOS and PAD. Encode
// keeps the first ModelMaxLength-2 of them.
func (t *Tokenizer) Tokens(text string) []int32 {
	text = strings.ToValidUTF8(cut(text), "\uFFFD")
	var ids []int32
	t.splitAdded(text, false, &ids, func(raw string) {
		t.splitAdded(normalize(raw), true, &ids, func(plain string) {
			for word := range words(plain) {
				ids = t.appendWord(ids, word)
			}
		})
	})
	return ids
}

// Known reports whether a word has a token of its own.
func (t *Tokenizer) Known(word string) bool {
	ids := t.Tokens(word)
	return len(ids) == 1 && ids[0] != t.unk
}

// cut shortens text to MaxTextBytes between two runes.
func cut(text string) string {
	if len(text) <= MaxTextBytes {
		return text
	}
	end := MaxTextBytes
	for end > MaxTextBytes-utf8.UTFMax && !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end]
}

// splitAdded appends the ids of the added tokens in text, the first and then the
// longest that matches, and hands what lies between to rest.
func (t *Tokenizer) splitAdded(text string, normalized bool, ids *[]int32, rest func(string)) {
	start := 0
	for i := 0; i < len(text); {
		n := 0
		var id int32
		for _, a := range t.added {
			if a.normalized == normalized && len(a.text) > n && strings.HasPrefix(text[i:], a.text) {
				n, id = len(a.text), a.id
			}
		}
		if n == 0 {
			i++
			continue
		}
		rest(text[start:i])
		*ids = append(*ids, id)
		i += n
		start = i
	}
	rest(text[start:])
}

// normalize makes each run of white space one space and lowers the case. The
// mapping is of single runes, but for the one whose small form is two.
func normalize(text string) string {
	var b strings.Builder
	b.Grow(len(text))
	space := false
	for _, r := range text {
		switch {
		case unicode.IsSpace(r):
			if !space {
				b.WriteByte(' ')
			}
		case r == 'İ':
			b.WriteString("i\u0307")
		default:
			b.WriteRune(unicode.ToLower(r))
		}
		space = unicode.IsSpace(r)
	}
	return b.String()
}

// errorf names the package's part of a model in its errors.
func errorf(format string, args ...any) error {
	return fmt.Errorf("tokenizer: "+format, args...)
}

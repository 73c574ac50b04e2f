package decompose

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// Vocabulary is what a model declares of its words, in lower case.
type Vocabulary struct {
	Things     []string          `json:"things"`            // nouns in the singular: "cube"
	Bare       []string          `json:"bare,omitempty"`    // those of Things without article, attributes behind them: "something"
	Plurals    map[string]string `json:"plurals,omitempty"` // irregular ones of Things: "mouse": "mice"
	Attributes []AttributeKind   `json:"attributes"`        // in the order in which a caption has them before a noun
	Relations  []Relation        `json:"relations"`
	Grounds    []Ground          `json:"grounds"`
	Joins      []string          `json:"joins"`              // words between the things of one caption: ",", "and"
	Together   int               `json:"together"`           // most things that a caption joins; below 2 for none
	Synonyms   map[string]string `json:"synonyms,omitempty"` // phrases read as another one: "big": "large"
	Fillers    []string          `json:"fillers,omitempty"`  // phrases that say nothing: "a picture of"
}

// AttributeKind is a set of attributes of which a thing has at most one.
type AttributeKind struct {
	Kind  string   `json:"kind"` // "colour"
	Words []string `json:"words"`
}

// Relation is how one thing stands to another.
type Relation struct {
	Name     string   `json:"name"`
	Inverse  string   `json:"inverse,omitempty"` // name of the relation of the second thing to the first
	Wordings []string `json:"wordings"`          // phrases between the two; a clause is written with the first
}

// Ground is a background.
type Ground struct {
	Phrase string `json:"phrase"`         // "on grass"
	Noun   string `json:"noun,omitempty"` // "grass", where that alone means it
}

// kind is a token's part of speech.
type kind int

const (
	unknownWord kind = iota
	thingWord
	attributeWord
	relationWord
	groundWord
	fillerWord
	articleWord
	numberWord
	oneWord
	itWord
	isWord
	thatWord
	notWord
	andWord
	orWord
	commaWord
	stopWord
	endWord // of the sentence
)

// entry is what a phrase means.
type entry struct {
	kind   kind
	value  int    // index into the list of its kind
	text   string // of a thing or an attribute, as a caption has it
	plural bool
	the    bool // a definite article
	any    bool // an article that does not begin something new
	is     bool // a contraction with "is"
}

// grammar holds the words that the grammar itself is made of.
var grammar = map[string]entry{
	"a": {kind: articleWord}, "an": {kind: articleWord}, "some": {kind: articleWord}, "another": {kind: articleWord},
	"the": {kind: articleWord, the: true}, "any": {kind: articleWord, any: true},
	"it": {kind: itWord}, "they": {kind: itWord, plural: true}, "them": {kind: itWord, plural: true},
	"it's": {kind: itWord, is: true}, "one": {kind: oneWord}, "ones": {kind: oneWord, plural: true},
	"is": {kind: isWord}, "are": {kind: isWord, plural: true},
	"that": {kind: thatWord}, "which": {kind: thatWord}, "that's": {kind: thatWord, is: true},
	"not": {kind: notWord}, "no": {kind: notWord}, "without": {kind: notWord}, "except": {kind: notWord},
	"neither": {kind: notWord},
	"isn't":   {kind: notWord, is: true}, "aren't": {kind: notWord, is: true},
	"and": {kind: andWord}, "with": {kind: andWord}, "&": {kind: andWord},
	"or": {kind: orWord}, "nor": {kind: orWord},
	",": {kind: commaWord}, "-": {kind: commaWord}, "–": {kind: commaWord}, "—": {kind: commaWord},
	".": {kind: stopWord}, ";": {kind: stopWord}, "!": {kind: stopWord}, "?": {kind: stopWord},
	"but":   {kind: stopWord}, // a denial before it ends there
	"there": {kind: fillerWord}, "there's": {kind: fillerWord},
	"either": {kind: fillerWord}, "both": {kind: fillerWord}, "also": {kind: fillerWord},
	"two": {kind: numberWord, value: 2}, "three": {kind: numberWord, value: 3}, "four": {kind: numberWord, value: 4},
	"five": {kind: numberWord, value: 5}, "six": {kind: numberWord, value: 6}, "seven": {kind: numberWord, value: 7},
	"eight": {kind: numberWord, value: 8}, "nine": {kind: numberWord, value: 9}, "ten": {kind: numberWord, value: 10},
}

// phrase is an entry and its words, without articles.
type phrase struct {
	words []string
	entry
}

// lexicon finds phrases by their first words, the longest first.
type lexicon struct {
	*Vocabulary
	phrases map[string][]phrase
	known   map[string]entry // every phrase
	err     error            // the first thing amiss
}

func newLexicon(v *Vocabulary) (*lexicon, error) {
	l := &lexicon{Vocabulary: v, phrases: map[string][]phrase{}, known: map[string]entry{}}
	for i, noun := range v.Things {
		l.add(noun, entry{kind: thingWord, value: i, text: noun})
		l.addPlural(noun, entry{kind: thingWord, value: i, text: noun, plural: true})
	}
	for i, k := range v.Attributes {
		for _, w := range k.Words {
			l.add(w, entry{kind: attributeWord, value: i, text: w})
		}
	}
	for i, r := range v.Relations {
		if len(r.Wordings) == 0 {
			l.fail("the relation %q has no wording", r.Name)
		}
		for _, w := range r.Wordings {
			l.add(strings.TrimPrefix(w, "is "), entry{kind: relationWord, value: i}) // "is" has a meaning of its own
		}
	}
	for i, g := range v.Grounds {
		l.add(g.Phrase, entry{kind: groundWord, value: i})
		if g.Noun != "" {
			l.add(g.Noun, entry{kind: groundWord, value: i})
		}
	}
	for _, f := range v.Fillers {
		if _, ok := grammar[f]; !ok {
			l.add(f, entry{kind: fillerWord})
		}
	}
	for _, from := range sortedKeys(v.Synonyms) {
		to, ok := l.known[strings.Join(content(v.Synonyms[from]), " ")]
		if !ok {
			l.fail("the synonym %q is of %q, which is nothing", from, v.Synonyms[from])
		}
		l.add(from, to)
		if to.kind == thingWord && !to.plural {
			to.plural = true
			l.addPlural(from, to)
		}
	}
	for _, phrases := range l.phrases {
		slices.SortStableFunc(phrases, func(a, b phrase) int { return cmp.Compare(len(b.words), len(a.words)) })
	}
	return l, l.err
}

func (l *lexicon) fail(format string, args ...any) {
	if l.err == nil {
		l.err = fmt.Errorf("decompose: vocabulary: "+format, args...)
	}
}

// add makes a phrase known. Two meanings of one phrase would need more than a
// grammar to be told apart.
func (l *lexicon) add(text string, e entry) {
	words := content(text)
	key := strings.Join(words, " ")
	was, taken := l.known[key]
	_, reserved := grammar[key]
	switch {
	case len(words) == 0:
		l.fail("%q has no words", text)
	case reserved:
		l.fail("%q is a word of the grammar", text)
	case taken && was != e:
		l.fail("%q has two meanings", text)
	case !slices.ContainsFunc(words, func(w string) bool { return !isPlain(w) }) && !taken:
		l.known[key] = e
		l.phrases[words[0]] = append(l.phrases[words[0]], phrase{words, e})
	case !taken:
		l.fail("%q is not made of words in lower case", text)
	}
}

// addPlural makes a noun's plural known, if that is not another word already.
func (l *lexicon) addPlural(noun string, e entry) {
	plural := l.Plurals[noun]
	if plural == "" {
		plural = pluralOf(noun)
	}
	if _, taken := l.known[plural]; !taken && !slices.Contains(l.Things, plural) {
		l.add(plural, e)
	}
}

// pluralOf is a noun's regular plural.
func pluralOf(noun string) string {
	for _, end := range []string{"s", "x", "z", "ch", "sh"} {
		if strings.HasSuffix(noun, end) {
			return noun + "es"
		}
	}
	if stem, ok := strings.CutSuffix(noun, "y"); ok && stem != "" && !strings.ContainsRune("aeiou", rune(stem[len(stem)-1])) {
		return stem + "ies"
	}
	return noun + "s"
}

// content is a phrase's words without articles: "on the grass" is "on grass".
func content(text string) []string {
	return slices.DeleteFunc(strings.Fields(text), func(w string) bool { return grammar[w].kind == articleWord })
}

// isPlain reports whether the scanner reads w as one word, and as itself.
func isPlain(w string) bool {
	runes := []rune(w)
	for i, r := range runes {
		if !inWord(runes, i) || unicode.ToLower(r) != r {
			return false
		}
	}
	return true
}

func sortedKeys(m map[string]string) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

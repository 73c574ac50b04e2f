package decompose

import (
	"fmt"
	"slices"
	"unicode"
	"unicode/utf8"

	"github.com/counterpoint/counterpoint/engine/compose"
)

// Level is a kind of statement. A higher one implies lower ones.
type Level string

const (
	LevelBackground Level = "background"
	LevelObjects    Level = "objects"
	LevelAttributes Level = "attributes"
	LevelRelations  Level = "relations"
)

var levels = []Level{LevelBackground, LevelObjects, LevelAttributes, LevelRelations}

// Levels lists all levels, the lowest first.
func Levels() []Level { return slices.Clone(levels) }

// LevelOf is the highest level of what a term's text says, by a model's words alone; none if it has others, denies or offers
// a choice. It takes a fraction of the code that [Decompose] does, which not every program carries.
func LevelOf(text string, v Vocabulary) (level Level, ok bool) {
	l, err := newLexicon(&v)
	if err != nil {
		return "", false
	}
	words, err := scan(text)
	if err != nil {
		return "", false
	}
	highest := -1
	for _, t := range l.tokens(words) {
		switch t.kind {
		case unknownWord, notWord, orWord, itWord:
			return "", false
		case groundWord:
			highest = max(highest, 0)
		case thingWord:
			highest = max(highest, 1)
		case attributeWord:
			highest = max(highest, 2)
		case relationWord:
			highest = max(highest, 3)
		}
	}
	if highest < 0 {
		return "", false
	}
	return levels[highest], true
}

// Rule says why a clause does not count beside another. Its text is for people.
type Rule string

const (
	RuleAttributes Rule = "a thing with attributes implies the bare thing"
	RuleRelation   Rule = "a relation names its two things"
	RuleTogether   Rule = "equal things are named in one clause"
	RuleAgain      Rule = "what is said twice counts once"
)

// Clause is a statement of one level.
type Clause struct {
	ID     int    `json:"id"`     // its number in all levels, from 0
	Text   string `json:"text"`   // as the model reads it
	Spans  []Span `json:"spans"`  // the parts of the sentence that say it, in their order
	Denied bool   `json:"denied"` // the sentence says that it is not so
	// Choice is 0 for what is said without "or", and else the number of the choice that
	// the clause belongs to; Alternative is which of it, from 1.
	Choice      int       `json:"choice,omitempty"`
	Alternative int       `json:"alternative,omitempty"`
	Absorbed    *Absorbed `json:"absorbed,omitempty"` // nil if the clause is a term of the prompt
}

// Absorbed says which clause implies another, and by which rule.
type Absorbed struct {
	By   int  `json:"by"` // its ID; that one may be absorbed, too
	Rule Rule `json:"rule"`
}

// LevelClauses are the clauses of one level in the order of the sentence.
type LevelClauses struct {
	Level   Level    `json:"level"`
	Clauses []Clause `json:"clauses"`
}

// NoteKind tells notes apart for a program; their text is for a person.
type NoteKind string

const (
	NoteAmbiguous NoteKind = "ambiguous" // the words can be read otherwise, too
	NoteList      NoteKind = "list"      // a relation beside a list is of its neighbours alone
	NoteNumber    NoteKind = "number"    // how many there are
	NoteSame      NoteKind = "same"      // things that the prompt can't tell apart
	NoteSkipped   NoteKind = "skipped"   // a phrase goes on behind words that have no place
	NoteDenied    NoteKind = "denied"    // a negation that does not quite do what it says
)

// Note is something about a sentence that is perhaps not meant.
type Note struct {
	compose.Pos
	Kind NoteKind `json:"kind"`
	Text string   `json:"text"`
}

// Use is what became of a word.
type Use string

const (
	UseClause   Use = "clause"   // it is in a clause's spans
	UseFiller   Use = "filler"   // it joins, or says nothing
	UseUnplaced Use = "unplaced" // it is in Unplaced
)

// Word is a phrase of the sentence: a word or sign, or several that mean one thing.
type Word struct {
	Span
	Text string `json:"text"` // as it was written
	Use  Use    `json:"use"`
}

// Unplaced is a word that the composition leaves out.
type Unplaced struct {
	Span
	Text   string `json:"text"`
	Reason string `json:"reason"`
}

// Decomposition is what a sentence says, and the prompt that asks for it.
type Decomposition struct {
	Sentence string         `json:"sentence"`
	Prompt   string         `json:"prompt"` // in the language of package compose
	Levels   []LevelClauses `json:"levels"` // all four, from background to relations
	Words    []Word         `json:"words"`  // all of the sentence
	Unplaced []Unplaced     `json:"unplaced"`
	Notes    []Note         `json:"notes"`
}

// Decompose reads a sentence in a model's words. A fault in the sentence is a
// *[compose.SyntaxError] with its place there: one that asks for nothing, denies what
// it asks for, or asks for more than a prompt can hold. Words that are left out are no
// fault.
func Decompose(sentence string, v Vocabulary) (*Decomposition, error) {
	l, err := newLexicon(&v)
	if err != nil {
		return nil, err
	}
	words, err := scan(sentence)
	if err != nil {
		return nil, err
	}
	if len(words) == 0 {
		return nil, faultAt(compose.Pos{Column: 1}, "write what the picture should show", "the sentence is empty")
	}
	p := parser{scene: scene{lexicon: l}, text: sentence, tokens: l.tokens(words)}
	if err := p.parse(); err != nil {
		return nil, err
	}
	b := builder{parser: &p}
	prompt, err := b.build()
	if err != nil {
		return nil, err
	}
	if _, err := compose.Parse(prompt); err != nil {
		return nil, fmt.Errorf("decompose: the prompt %q: %w", prompt, err)
	}
	d := &Decomposition{Sentence: sentence, Prompt: prompt, Levels: b.levels(),
		Words: []Word{}, Unplaced: []Unplaced{}, Notes: append([]Note{}, p.notes...)}
	slices.SortStableFunc(d.Notes, func(a, b Note) int { return a.Offset - b.Offset })
	d.account(p.tokens, b.inClause())
	return d, nil
}

// account says what became of each word.
func (d *Decomposition) account(tokens []token, inClause []bool) {
	for i, t := range tokens {
		w := Word{t.Span, d.Sentence[t.Offset:t.End], UseClause}
		if !inClause[i] {
			w.Use = t.use()
		}
		if w.Use == UseUnplaced {
			d.Unplaced = append(d.Unplaced, Unplaced{w.Span, w.Text, t.why(w.Text)})
		}
		d.Words = append(d.Words, w)
	}
}

// use is what became of a token that is in no clause. One that means something is
// not placed then, whatever the parser took it for.
func (t *token) use() Use {
	switch t.kind {
	case articleWord, isWord, thatWord, andWord, commaWord, stopWord, fillerWord:
		return UseFiller
	case orWord, notWord: // which made a choice, or cancelled another
		if t.used {
			return UseFiller
		}
	}
	return UseUnplaced
}

// why says why a token is not placed.
func (t *token) why(text string) string {
	first, _ := utf8.DecodeRuneInString(text)
	switch {
	case t.reason != "":
		return t.reason
	case t.kind == unknownWord && (unicode.IsLetter(first) || unicode.IsNumber(first)):
		return "not a word of the model's"
	case t.kind == unknownWord:
		return "signs mean nothing in a sentence"
	}
	return "nothing that it belongs to"
}

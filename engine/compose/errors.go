package compose

import "fmt"

// SyntaxError says what in a prompt is not part of the language.
type SyntaxError struct {
	Pos
	Msg  string // the fault
	Hint string // what to write instead; may be empty
}

func (e *SyntaxError) Error() string {
	return fmt.Sprintf("prompt: column %d: %s", e.Column, e.Msg)
}

// WarningKind tells warnings apart for a program; their text is for a person.
type WarningKind string

const (
	WarnWeight    WarningKind = "weight"    // a weight that is large, or that another tool would read
	WarnEmphasis  WarningKind = "emphasis"  // emphasis or BREAK, which the model reads as text
	WarnSeparator WarningKind = "separator" // "|" was read as AND
	WarnWord      WarningKind = "word"      // a word outside the model's vocabulary
	WarnModel     WarningKind = "model"     // what looks like a model's name and is none
)

// Warning is something in a prompt that is legal and perhaps not meant.
type Warning struct {
	Pos
	Kind WarningKind
	Msg  string
	Hint string

	Word    string // of WarnWord: the word, as it was written
	Instead string // of WarnWord: a word near it that is known; may be empty
}

func (w Warning) String() string {
	return fmt.Sprintf("prompt: column %d: %s", w.Column, w.Msg)
}

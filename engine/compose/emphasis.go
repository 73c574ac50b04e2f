package compose

import (
	"fmt"
	"slices"
	"strings"
)

// mark is a bracket of emphasis or the B of a BREAK in a term's text.
type mark struct {
	Pos
	r rune
}

// mark notes what of the two begins at i, the first of each.
func (w *textWriter) mark(i int) {
	r := w.src[i]
	if isBreak := w.keyword(i) == "BREAK"; !isBreak && r != '(' && r != '[' ||
		slices.ContainsFunc(w.marks, func(m mark) bool { return (m.r == 'B') == isBreak }) {
		return
	}
	w.marks = append(w.marks, mark{w.pos(i), r})
}

// EmphasisAsText warns of emphasis and of BREAK in the prompt's terms of a model that reads them as text, once of each.
func EmphasisAsText(p *Prompt, model string) []Warning {
	var emphasis, breaks []Warning
	for t := range leaves(p.Root) {
		for _, m := range t.marks {
			switch {
			case t.Model != model:
			case m.r == 'B' && breaks == nil:
				breaks = []Warning{{Pos: m.Pos, Kind: WarnEmphasis, Msg: "BREAK is read as text"}}
			case m.r != 'B' && emphasis == nil:
				emphasis = []Warning{{Pos: m.Pos, Kind: WarnEmphasis, Msg: "this model knows no emphasis: the brackets are read as text",
					Hint: fmt.Sprintf(`weights go after a term: a red cube :1.2; write \%c for the character itself`, m.r)}}
			}
		}
	}
	return append(emphasis, breaks...)
}

// unmarked writes text so that none of it is emphasis or a BREAK.
func unmarked(text string) string {
	s := &scanner{src: []rune(text)}
	var b strings.Builder
	for i, r := range s.src {
		if strings.ContainsRune(`()[]\`, r) || s.keyword(i) == "BREAK" {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}

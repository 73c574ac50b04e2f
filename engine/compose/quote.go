package compose

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// textWriter gathers a term's text, with white space folded, and its spelling.
type textWriter struct {
	*scanner
	*Term
	text, source, marked strings.Builder
	space                bool // white space stands before what comes next
}

// write adds what stands at i, how it is spelled without quotes, and how beside emphasis.
func (w *textWriter) write(i int, what, spelled, marked string) {
	if w.space && w.text.Len() > 0 {
		w.text.WriteByte(' ')
		w.source.WriteByte(' ')
		w.marked.WriteByte(' ')
		w.runes = append(w.runes, w.pos(i-1))
	}
	w.space = false
	w.text.WriteString(what)
	w.source.WriteString(spelled)
	w.marked.WriteString(marked)
	for k := range utf8.RuneCountInString(what) {
		w.runes = append(w.runes, w.pos(i+k))
	}
}

func (w *textWriter) term() *Term {
	w.Text, w.Source, w.Marked = w.text.String(), w.source.String(), w.marked.String()
	return w.Term
}

// parseQuotes reads a term's text in quotes, where \" and \\ are the only escapes.
func (p *parser) parseQuotes(w *textWriter, _ int) error {
	const hint = `quotes hold all of a term's text; write \" for the character itself`
	start, end := p.i, p.close[p.i]
	if end == 0 {
		if end = p.endOfQuotes(start); end < 0 {
			return p.errorf(start, hint, "the quote is never closed")
		}
		next := p.skipSpace(end + 1)
		return p.errorf(next, hint, "expected AND before %s", p.what(next))
	}
	for i := start + 1; i < end; i++ {
		if r := p.at(i + 1); p.src[i] == '\\' && (r == '"' || r == '\\') {
			i++
		} else if isSpace(p.src[i]) {
			w.space = true
			continue
		}
		w.write(i, string(p.src[i]), "", "")
	}
	if w.text.Len() == 0 {
		return p.errorf(start, "", "nothing in the quotes")
	}
	w.source.Reset()
	w.source.WriteString(spell(w.text.String()))
	w.marked.Reset()
	w.marked.WriteString(unmarked(w.text.String()))
	p.i = end + 1
	return nil
}

// spell writes text in the prompt language without quotes, so that all of it is
// read as text wherever a term may stand.
func spell(text string) string {
	s := &scanner{src: []rune(text)}
	var b strings.Builder
	for i := 0; i < len(s.src); i++ {
		r := s.src[i]
		switch {
		case s.keyword(i) != "" || strings.HasPrefix(s.word(i), "AND_"):
			b.WriteString(`\` + s.word(i))
			i += utf8.RuneCountInString(s.word(i)) - 1
			continue
		case strings.ContainsRune(`\:@|()[]{}<`, r), r == '"' && i == 0, r == '+' && unicode.IsLetter(s.at(i-1)):
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}

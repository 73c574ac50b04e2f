package tokenizer

import (
	"math"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Limits on emphasis.
const (
	MaxEmphasis = 1000 // magnitude of the weight that brackets come to
	maxBrackets = 32   // open at once
)

// Run is a stretch of a text whose tokens have one weight.
type Run struct {
	Text   string
	Weight float64
	Break  bool // BREAK stands before it, so it begins a chunk
}

// Emphasis reads a text with AUTOMATIC1111's emphasis (parse_prompt_attention of its modules/prompt_parser.py): (x) weighs
// 1.1 times, (x:1.3) 1.3 times, [x] 1/1.1 times, what nests multiplies, a bracket that is never closed ends with the text,
// and one that closes nothing is text. A backslash makes text of one of ()[]\ and is itself none elsewhere. Between runs that
// BREAK parts there is no white space. There is at least one run, and none next to it has its weight but after a BREAK.
//
// Of two things it makes more than the original: \: is a colon and \BREAK the word; and BREAK in brackets breaks.
//
// It fails where a weight is beyond MaxEmphasis, or brackets nest more than 32 deep.
func Emphasis(text string) ([]Run, error) {
	text = cut(text)
	e := emphasis{runs: []Run{{Weight: 1}}}
	for i := 0; i < len(text); {
		rest := text[i:]
		switch number, n := weight(rest); {
		case rest[0] == '\\':
			n := literal(rest[1:])
			e.text.WriteString(rest[1 : 1+n])
			i += 1 + n
			continue
		case n > 0 && e.close(round, number):
			i += n
			continue
		case rest[0] == '(':
			e.open[round] = append(e.open[round], e.next())
		case rest[0] == '[':
			e.open[square] = append(e.open[square], e.next())
		case rest[0] == ')' && e.close(round, 1.1), rest[0] == ']' && e.close(square, 1/1.1):
		case breaks(text, i):
			e.breakHere()
			i += len(text[i:]) - len(strings.TrimLeftFunc(rest[len(breakWord):], unicode.IsSpace))
			continue
		default:
			e.text.WriteByte(rest[0])
		}
		i++
		if len(e.open[round])+len(e.open[square]) > maxBrackets {
			return nil, errorf("emphasis: brackets nest more than %d deep", maxBrackets)
		}
	}
	for len(e.open[round]) > 0 {
		e.close(round, 1.1)
	}
	for len(e.open[square]) > 0 {
		e.close(square, 1/1.1)
	}
	return e.merged()
}

// The kinds of brackets.
const (
	round = iota
	square
)

const breakWord = "BREAK"

// emphasis is the state of a reader.
type emphasis struct {
	runs []Run
	text strings.Builder // of the last run
	open [2][]int        // by kind, the runs that open brackets begin with
}

// next begins a run and returns its index.
func (e *emphasis) next() int {
	e.runs[len(e.runs)-1].Text += e.text.String()
	e.text.Reset()
	e.runs = append(e.runs, Run{Weight: 1})
	return len(e.runs) - 1
}

// close ends the last bracket of a kind, if one is open.
func (e *emphasis) close(kind int, by float64) bool {
	last := len(e.open[kind]) - 1
	if last < 0 {
		return false
	}
	end := e.next()
	for i := e.open[kind][last]; i < end; i++ {
		e.runs[i].Weight *= by
	}
	e.open[kind] = e.open[kind][:last]
	return true
}

func (e *emphasis) breakHere() {
	before := strings.TrimRightFunc(e.text.String(), unicode.IsSpace)
	e.text.Reset()
	e.text.WriteString(before)
	e.runs[e.next()].Break = true
}

// merged joins runs of one weight.
func (e *emphasis) merged() ([]Run, error) {
	e.next() // whose text is empty
	var merged []Run
	for _, r := range e.runs {
		last := len(merged) - 1
		switch {
		case r.Text == "" && !r.Break:
		case last >= 0 && !r.Break && merged[last].Weight == r.Weight:
			merged[last].Text += r.Text
		default:
			if !(math.Abs(r.Weight) <= MaxEmphasis) {
				return nil, errorf("emphasis: the weight of %.40q is %g, beyond %d", r.Text, r.Weight, MaxEmphasis)
			}
			merged = append(merged, r)
		}
	}
	if len(merged) == 0 || merged[0].Break {
		merged = append([]Run{{Weight: 1}}, merged...)
	}
	return merged, nil
}

// weight reads ":1.3)", the end of a bracket with its weight: n is its length, 0 if text does not begin with one.
func weight(text string) (w float64, n int) {
	if text[0] != ':' {
		return 0, 0
	}
	rest := strings.TrimLeftFunc(text[1:], unicode.IsSpace)
	after := strings.TrimLeft(rest, "+-.0123456789")
	w, err := strconv.ParseFloat(rest[:len(rest)-len(after)], 64)
	if after = strings.TrimLeftFunc(after, unicode.IsSpace); err != nil && !math.IsInf(w, 0) || !strings.HasPrefix(after, ")") {
		return 0, 0
	}
	return w, len(text) - len(after) + 1
}

// literal is the length of what a backslash before text makes text of.
func literal(text string) int {
	switch {
	case text != "" && strings.IndexByte(`()[]\:`, text[0]) >= 0:
		return 1
	case breaks(text, 0):
		return len(breakWord)
	}
	return 0
}

// breaks reports whether a BREAK, a word of its own, stands at i.
func breaks(text string, i int) bool {
	if !strings.HasPrefix(text[i:], breakWord) {
		return false
	}
	before, _ := utf8.DecodeLastRuneInString(text[:i])
	after, _ := utf8.DecodeRuneInString(text[i+len(breakWord):])
	return !inWord(before) && !inWord(after)
}

// inWord is the \w of Python's re.
func inWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsNumber(r) || r == '_' }

package compose

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// scanner is the lexical half of the parser: the prompt's runes, and questions
// about what begins at one of them. Positions i are indices into src.
type scanner struct {
	src     []rune
	offsets []int  // byte offset of each rune, and of the end
	close   []int  // for an opening bracket or quote, the index of its partner
	closes  []bool // closes a bracket of the text or of a group
	group   []bool
	models  []string // names that terms may begin with
}

func newScanner(prompt string, models []string) (*scanner, error) {
	if len(prompt) > MaxPromptBytes {
		return nil, &SyntaxError{Pos{1, 0}, fmt.Sprintf("the prompt has %d bytes, more than %d", len(prompt), MaxPromptBytes), ""}
	}
	s := &scanner{models: models}
	for offset, r := range prompt {
		s.src = append(s.src, r)
		s.offsets = append(s.offsets, offset)
		if r == utf8.RuneError && !strings.HasPrefix(prompt[offset:], "\uFFFD") {
			return nil, s.errorf(len(s.src)-1, "", "the prompt is not valid UTF-8")
		}
	}
	s.offsets = append(s.offsets, len(prompt))
	if err := s.matchBrackets(); err != nil {
		return nil, err
	}
	return s, nil
}

func (s *scanner) pos(i int) Pos { return Pos{Column: i + 1, Offset: s.offsets[i]} }

func (s *scanner) errorf(i int, hint, format string, args ...any) *SyntaxError {
	return &SyntaxError{s.pos(i), fmt.Sprintf(format, args...), hint}
}

// at returns the rune at i, 0 outside the prompt.
func (s *scanner) at(i int) rune {
	if i < 0 || i >= len(s.src) {
		return 0
	}
	return s.src[i]
}

// isSpace is Python's str.isspace, so that prompts split where they do in the
// tools they come from; unicode.IsSpace lacks the four separators below.
func isSpace(r rune) bool { return unicode.IsSpace(r) || r >= 0x1c && r <= 0x1f }

// isWord is the \w of Python's re.
func isWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsNumber(r) || r == '_' }

func isDigit(r rune) bool { return '0' <= r && r <= '9' }

func (s *scanner) skipSpace(i int) int {
	for i < len(s.src) && isSpace(s.src[i]) {
		i++
	}
	return i
}

// word returns the run of word runes that begins at i, empty inside a word.
func (s *scanner) word(i int) string {
	if isWord(s.at(i - 1)) {
		return ""
	}
	end := i
	for isWord(s.at(end)) {
		end++
	}
	return string(s.src[i:end])
}

// keyword returns the keyword that begins at i, or "".
func (s *scanner) keyword(i int) string {
	switch s.at(i) {
	case 'A', 'N', 'O', 'B':
		switch w := s.word(i); w {
		case "AND", "NOT", "OR", "BREAK":
			return w
		}
	}
	return ""
}

// escape returns the number of runes of the escape sequence at i and the text it
// stands for; n is 0 if there is none. A backslash before anything but
// punctuation or a keyword is itself.
func (s *scanner) escape(i int) (n int, text string) {
	if s.at(i) != '\\' {
		return 0, ""
	}
	if w := s.word(i + 1); w != "" && (s.keyword(i+1) != "" || strings.HasPrefix(w, "AND_")) {
		return 1 + utf8.RuneCountInString(w), w
	}
	if r := s.at(i + 1); r > ' ' && r < unicode.MaxASCII && !isWord(r) || r == '_' {
		return 2, string(r)
	}
	return 0, ""
}

// placeParen returns the index of the bracket of a place's "@(" that begins at i.
func (s *scanner) placeParen(i int) (int, bool) {
	if s.at(i) != '@' {
		return 0, false
	}
	p := s.skipSpace(i + 1)
	return p, s.at(p) == '('
}

// rangeBegins reports whether a step range such as "@0-0.4" begins at i.
func (s *scanner) rangeBegins(i int) bool {
	unsigned := func(i int) int { // the end of an unsigned number
		if r := s.at(i); !isDigit(r) && r != '.' {
			return i
		}
		return s.number(i)
	}
	if s.at(i) != '@' {
		return false
	}
	dash := unsigned(i + 1)
	return dash > i+1 && s.at(dash) == '-' && unsigned(dash+1) > dash+1
}

// number returns the end of the number of the grammar that begins at i, or i.
func (s *scanner) number(i int) int {
	end, digits := i, 0
	if r := s.at(end); r == '+' || r == '-' {
		end++
	}
	for ; isDigit(s.at(end)); end++ {
		digits++
	}
	if s.at(end) == '.' {
		end++
		for ; isDigit(s.at(end)); end++ {
			digits++
		}
	}
	if digits == 0 {
		return i
	}
	return end
}

// endOfQuotes returns the index of the quote that closes the one at i, or -1.
func (s *scanner) endOfQuotes(i int) int {
	for i++; i < len(s.src); i++ {
		switch s.src[i] {
		case '"':
			return i
		case '\\':
			if r := s.at(i + 1); r == '"' || r == '\\' {
				i++
			}
		}
	}
	return -1
}

// quotes returns the index of the quote that closes the one at i, where an operand
// begins, if the two hold all of a term's text; 0 if they do not.
func (s *scanner) quotes(i int) int {
	end := s.endOfQuotes(i)
	if end < 0 {
		return 0
	}
	next := s.skipSpace(end + 1)
	if kw := s.keyword(next); next == len(s.src) || kw == "AND" || kw == "OR" || strings.ContainsRune(")|@:", s.src[next]) {
		return end
	}
	return 0
}

// matchBrackets pairs all brackets, and the quotes around terms, and marks the
// parentheses that make a group.
func (s *scanner) matchBrackets() error {
	s.close = make([]int, len(s.src))
	s.closes = make([]bool, len(s.src))
	s.group = make([]bool, len(s.src))
	var open []int
	mark := func() {
		if len(open) > 0 {
			s.group[open[len(open)-1]] = true
		}
	}
	begin := true // whether an operand may begin here
	for i := 0; i < len(s.src); i++ {
		if isSpace(s.src[i]) {
			continue
		}
		begins := begin
		begin = false
		if name, colon := s.model(i); begins && name != "" {
			begin, i = true, colon
			if next := s.skipSpace(colon + 1); s.number(next) == next { // else it may be a weight
				mark()
			}
			continue
		}
		if n, _ := s.escape(i); n > 0 {
			i += n - 1
			continue
		}
		if kw := s.keyword(i); kw != "" && kw != "BREAK" || s.src[i] == '|' {
			if len(open) > 0 && s.src[open[len(open)-1]] == '[' {
				return s.bracketError(open[len(open)-1], i)
			}
			mark()
			begin = true
			i += max(len(kw)-1, 0)
			continue
		}
		if _, ok := s.placeParen(i); ok || s.rangeBegins(i) {
			mark()
			continue
		}
		switch r := s.src[i]; r {
		case '"':
			if !begins {
				break
			}
			if end := s.quotes(i); end > 0 {
				mark()
				s.close[i] = end
				i = end
			}
		case '(', '[':
			if len(open) == MaxNesting {
				return s.errorf(i, "", "brackets nest more than %d deep", MaxNesting)
			}
			open = append(open, i)
			begin = begins && r == '('
		case ')', ']':
			if len(open) == 0 {
				return s.errorf(i, fmt.Sprintf(`write \%c for the character itself`, r), "%q closes nothing", r)
			}
			o := open[len(open)-1]
			if (s.src[o] == '(') != (r == ')') {
				return s.errorf(i, "", "%q does not close the %q of column %d", r, s.src[o], o+1)
			}
			s.close[o], s.closes[i] = i, true
			open = open[:len(open)-1]
			if s.group[o] {
				if len(open) > 0 && s.src[open[len(open)-1]] == '[' {
					return s.bracketError(open[len(open)-1], o)
				}
				mark()
			}
		}
	}
	if len(open) > 0 {
		o := open[len(open)-1]
		return s.errorf(o, fmt.Sprintf(`close it, or write \%c for the character itself`, s.src[o]), "%q is never closed", s.src[o])
	}
	return nil
}

// what names the token at i for a message.
func (s *scanner) what(i int) string {
	if i >= len(s.src) {
		return "the end"
	}
	if w := s.word(i); w != "" {
		return w
	}
	return fmt.Sprintf("%q", s.src[i])
}

// indexOutside finds r in src[from:to] outside inner brackets and escapes; -1 if
// it is not there.
func (s *scanner) indexOutside(from, to int, r rune) int {
	for i := from; i < to; i++ {
		if n, _ := s.escape(i); n > 0 {
			i += n - 1
			continue
		}
		if s.src[i] == r {
			return i
		}
		if s.close[i] > i {
			i = s.close[i]
		}
	}
	return -1
}

// run returns how often the rune at i repeats.
func (s *scanner) run(i int) int {
	n := 1
	for s.at(i+n) == s.src[i] {
		n++
	}
	return n
}

// endsWord reports whether nothing at i goes on with what stands before it.
func (s *scanner) endsWord(i int) bool {
	r := s.at(i)
	return r == 0 || s.keyword(i) != "" || isSpace(r) || strings.ContainsRune(",.;:!?)|@", r)
}

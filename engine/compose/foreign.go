package compose

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

const alternationHint = `write (a AND b) :0.5 for both at once, a OR b for one of them, or \| for the character itself`

// bracketError says what a keyword or "|" at i means inside the square bracket
// at o in other tools.
func (s *scanner) bracketError(o, i int) error {
	if s.at(i) == '|' {
		return s.errorf(o, alternationHint, "alternation [a|b] is not supported")
	}
	return s.errorf(o, "group with round parentheses: (a AND b) :1.5", "square brackets cannot hold %s", s.what(i))
}

// foreign reports syntax of other tools that begins at i and would silently mean
// something else here.
func (s *scanner) foreign(i int) error {
	r := s.src[i]
	bracketed := i > 0 && s.src[i-1] == ')' && s.closes[i-1]
	if isDigit(r) && bracketed && s.endsWord(s.number(i)) {
		return s.errorf(i, "write a weight such as :1.3 after the term", "a number after a bracket is not supported")
	}
	switch r {
	case 'A':
		if w := s.word(i); strings.HasPrefix(w, "AND_") {
			return s.errorf(i, "write AND, or AND NOT; what NOT does is a setting of the run", "%s is not supported", w)
		}
	case '<':
		if w := s.word(i + 1); w != "" && s.at(i+1+utf8.RuneCountInString(w)) == ':' {
			return s.errorf(i, "load the weights into the model folder instead", "<%s:…> is not supported", w)
		}
	case '[':
		if c := s.indexOutside(i+1, s.close[i], ':'); c >= 0 {
			return s.errorf(i, s.editingHint(i), "prompt editing [from:to:when] is not supported")
		}
	case '{':
		brace := i + 1
		for brace < len(s.src) && s.src[brace] != '{' && s.src[brace] != '}' {
			brace++
		}
		if s.at(brace) != 0 && s.indexOutside(i+1, brace, '|') >= 0 {
			return s.errorf(i, alternationHint, "alternation {a|b} is not supported")
		}
	case '+':
		if p := s.at(i - 1); (unicode.IsLetter(p) || bracketed) && s.endsWord(i+s.run(i)) {
			return s.errorf(i, `write a weight such as :1.1 after the term, or \+ for the character itself`, "weighting with + is not supported")
		}
	case '-':
		if bracketed && s.endsWord(i+s.run(i)) {
			return s.errorf(i, `write a weight such as :0.9 after the term, or \- for the character itself`, "weighting with - is not supported")
		}
	case '.':
		for _, call := range []string{"and", "blend", "swap"} {
			if s.word(i+1) == call && s.at(i+1+len(call)) == '(' {
				return s.errorf(i, "write a AND b, with weights such as :1.2", ".%s(…) is not supported", call)
			}
		}
	}
	return nil
}

// editingHint spells A1111's [from:to:when] at i in our language, as far as its
// time is a fraction of the steps there; a number of steps is none here.
func (s *scanner) editingHint(i int) string {
	parts := strings.Split(string(s.src[i+1:s.close[i]]), ":")
	when := strings.TrimSpace(parts[len(parts)-1])
	t, err := strconv.ParseFloat(when, 64)
	from, to := "a", "b"
	if err == nil && t > 0 && t < 1 && len(parts) <= 3 {
		from, to, when = "", fold(parts[len(parts)-2]), formatNumber(t)
		if len(parts) == 3 {
			from = fold(parts[0])
		}
	} else {
		when = "0.4"
	}
	var terms []string
	if from != "" {
		terms = append(terms, from+" @0-"+when)
	}
	if to != "" {
		terms = append(terms, to+" @"+when+"-1")
	}
	return "write terms with a part of the run each: " + strings.Join(terms, " AND ") + `; or \[ for the character itself`
}

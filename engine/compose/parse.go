package compose

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

const reserved = "what is: AND, AND NOT, ( ), weights such as :1.5, places such as @(0.25, 0.6)"

// Parse reads a prompt. A fault is a *[SyntaxError]. A prompt must ask for
// something: if no term has a positive weight, NOT has nothing to act beside, and
// that is an error too.
func Parse(prompt string) (*Prompt, error) {
	s, err := newScanner(prompt)
	if err != nil {
		return nil, err
	}
	p := &parser{scanner: s, warned: map[WarningKind]bool{}}
	root, err := p.parseGroup(len(p.src))
	if err != nil {
		return nil, err
	}
	parsed := &Prompt{Root: root, Warnings: p.warnings}
	slices.SortStableFunc(parsed.Warnings, func(a, b Warning) int { return cmp.Compare(a.Column, b.Column) })
	if err := p.checkPositive(parsed); err != nil {
		return nil, err
	}
	return parsed, nil
}

// parser is a recursive descent over the scanner's runes; i is where it stands.
type parser struct {
	*scanner
	i        int
	terms    int
	nots     int
	warnings []Warning
	warned   map[WarningKind]bool
}

func (p *parser) warn(i int, kind WarningKind, hint, format string, args ...any) {
	p.warnings = append(p.warnings, Warning{p.pos(i), kind, fmt.Sprintf(format, args...), hint})
}

// warnOnce is warn for what a prompt tends to hold many times.
func (p *parser) warnOnce(i int, kind WarningKind, hint, format string, args ...any) {
	if !p.warned[kind] {
		p.warned[kind] = true
		p.warn(i, kind, hint, format, args...)
	}
}

func (p *parser) checkPositive(parsed *Prompt) error {
	terms := parsed.Terms()
	if slices.ContainsFunc(terms, func(t Term) bool { return t.Weight > 0 }) {
		return nil
	}
	if len(terms) == 0 {
		return &SyntaxError{parsed.Root.Position(), "the weights of all terms come to 0", "give a term a positive weight"}
	}
	return &SyntaxError{terms[0].Pos, "no term has a positive weight", "NOT needs something beside it: a park AND NOT a tree"}
}

// ends reports whether an operand ends at i: at its group's end, AND or "|".
func (p *parser) ends(i, end int) bool {
	return i >= end || p.src[i] == '|' || p.keyword(i) == "AND"
}

// parseGroup reads operands up to end, the index of the group's closing bracket
// or of the prompt's end, and stops there.
func (p *parser) parseGroup(end int) (Node, error) {
	start := p.skipSpace(p.i)
	var operands []Node
	for {
		x, err := p.parseOperand(end)
		if err != nil {
			return nil, err
		}
		operands = append(operands, x)
		if p.i >= end {
			break
		}
		if p.src[p.i] == '|' {
			p.warnOnce(p.i, WarnSeparator, `write AND, or \| for the character itself`, `"|" is read as AND`)
			p.i++
		} else {
			p.i += len("AND")
		}
	}
	if len(operands) == 1 {
		return operands[0], nil
	}
	return &And{p.pos(start), operands, 1}, nil
}

func (p *parser) parseOperand(end int) (Node, error) {
	p.i = p.skipSpace(p.i)
	start := p.i
	if p.ends(start, end) {
		return nil, p.emptyTerm(start, end)
	}
	if p.keyword(start) == "NOT" {
		if p.nots++; p.nots > MaxNesting {
			return nil, p.errorf(start, "", "more than %d NOTs around one term", MaxNesting)
		}
		defer func() { p.nots-- }()
		p.i += len("NOT")
		x, err := p.parseOperand(end)
		if err != nil {
			return nil, err
		}
		return &Not{p.pos(start), x}, nil
	}
	if p.src[start] == '(' && p.group[start] {
		p.i++
		x, err := p.parseGroup(p.close[start])
		if err != nil {
			return nil, err
		}
		p.i = p.close[start] + 1
		place, weight, err := p.parseSuffix(end)
		if err != nil {
			return nil, err
		}
		if place != nil {
			return nil, p.errorf(p.close[start]+1, "place each term of the group: (a @(0.2, 0.5) AND b @(0.8, 0.5))", "a place belongs to one term, not to a group")
		}
		x.scale(weight)
		return x, nil
	}
	return p.parseTerm(end)
}

func (p *parser) emptyTerm(i, end int) error {
	switch {
	case len(p.src) == p.skipSpace(0):
		return p.errorf(0, "write what the picture should show", "the prompt is empty")
	case i >= end:
		return p.errorf(i, "", "expected a term before %s", p.what(i))
	default:
		return p.errorf(i, fmt.Sprintf(`write \%s for the word itself`, p.what(i)), "expected a term before %s", p.what(i))
	}
}

// parseTerm reads text and its suffix.
func (p *parser) parseTerm(end int) (Node, error) {
	if p.terms++; p.terms > MaxTerms {
		return nil, p.errorf(p.i, "", "more than %d terms", MaxTerms)
	}
	t := &Term{Pos: p.pos(p.i)}
	var text, source strings.Builder
	space := false
	write := func(i int, what, spelled string) { // what stands at i
		if space && text.Len() > 0 {
			text.WriteByte(' ')
			source.WriteByte(' ')
			t.runes = append(t.runes, p.pos(i-1))
		}
		space = false
		text.WriteString(what)
		source.WriteString(spelled)
		for k := range []rune(what) {
			t.runes = append(t.runes, p.pos(i+k))
		}
	}
	depth := 0 // of brackets that belong to the text
	for !p.ends(p.i, end) {
		i, r := p.i, p.src[p.i]
		if n, what := p.escape(i); n > 0 {
			write(i+1, what, string(p.src[i:i+n]))
			p.i += n
			continue
		}
		if depth == 0 {
			suffix, err := p.suffixBegins(i, end)
			if err != nil {
				return nil, err
			}
			if suffix {
				break
			}
		}
		if err := p.checkText(i); err != nil {
			return nil, err
		}
		switch r {
		case '(', '[':
			depth++
		case ')', ']':
			depth--
		}
		switch {
		case isSpace(r):
			space = true
		case r == '\\':
			write(i, `\`, `\\`)
		case r == ':' && !(isDigit(p.at(i-1)) && isDigit(p.at(i+1))):
			// Whether a colon begins a weight depends on what follows, which may be printed otherwise than it was
			// written; between two digits it never does.
			write(i, ":", `\:`)
		default:
			write(i, string(r), string(r))
		}
		p.i++
	}
	if text.Len() == 0 {
		return nil, p.errorf(p.i, "", "expected a term before %s", p.what(p.i))
	}
	t.Text, t.Source = text.String(), source.String()
	var err error
	t.Place, t.Weight, err = p.parseSuffix(end)
	return t, err
}

// checkText rejects what begins at i, in the midst of text, and would not mean
// there what it looks like; it warns of what is kept as text.
func (p *parser) checkText(i int) error {
	switch kw := p.keyword(i); kw {
	case "OR":
		return p.errorf(i, reserved+`; write \OR for the word itself`, "OR is not supported yet")
	case "NOT":
		return p.errorf(i, `write AND NOT, or \NOT for the word itself`, "NOT has to follow AND")
	case "BREAK":
		p.warnOnce(i, WarnEmphasis, "", "BREAK is read as text")
	}
	if p.src[i] == '(' && p.group[i] {
		return p.errorf(i, `join it with AND, or write \( for the character itself`, "a group in parentheses cannot stand inside a term")
	}
	if err := p.foreign(i); err != nil {
		return err
	}
	if r := p.src[i]; r == '(' || r == '[' {
		if p.skipSpace(i+1) == p.close[i] {
			return p.errorf(i, fmt.Sprintf(`write \%c for the character itself`, r), "nothing in the brackets")
		}
		p.warnOnce(i, WarnEmphasis, fmt.Sprintf(`weights go after a term: a red cube :1.2; write \%c for the character itself`, r),
			"emphasis is not applied: the brackets are read as text")
	}
	return nil
}

// suffixBegins reports whether a place or a weight begins at i and so ends the
// text before it.
func (p *parser) suffixBegins(i, end int) (bool, error) {
	switch p.src[i] {
	case '@':
		if err := p.checkRange(i); err != nil {
			return false, err
		}
		_, ok := p.placeParen(i)
		return ok, nil
	case ':':
		return p.weightBegins(i, end)
	}
	return false, nil
}

// checkRange rejects the step range of a term, as in @0-0.4.
func (p *parser) checkRange(i int) error {
	if n := p.number(i + 1); n > i+1 && p.at(n) == '-' && p.number(n+1) > n+1 {
		return p.errorf(i, reserved+`; write \@ for the character itself`, "step ranges are not supported yet")
	}
	return nil
}

// weightBegins applies A1111's rule: a colon and a number are a weight if nothing
// follows them in their operand; but not between two digits without a space.
func (p *parser) weightBegins(i, end int) (bool, error) {
	from := p.skipSpace(i + 1)
	last := func(j int) bool {
		j = p.skipSpace(j)
		return p.ends(j, end) || p.src[j] == '@'
	}
	n := p.number(from)
	if n == from {
		sign := from
		if r := p.at(sign); r == '+' || r == '-' {
			sign++
		}
		switch w := strings.ToLower(p.word(sign)); w {
		case "inf", "infinity", "nan":
			if last(sign + len(w)) {
				return false, p.errorf(from, `write \: for the character itself`, "a weight has to be a finite number")
			}
		}
		return false, nil
	}
	if e := p.at(n); (e == 'e' || e == 'E') && p.number(n+1) > n+1 && last(p.number(n+1)) {
		p.warn(i, WarnWeight, "write the number out, such as :0.001", "a number with an exponent is no weight: %s is text", string(p.src[i:p.number(n+1)]))
		return false, nil
	}
	if !last(n) {
		return false, nil
	}
	if isDigit(p.at(i-1)) && from == i+1 {
		p.warn(i, WarnWeight, fmt.Sprintf(`write " :%s" with a space for a weight, \: for text without this warning`, string(p.src[from:n])),
			"the colon between digits is text here; AUTOMATIC1111's web UI reads the weight %s", string(p.src[from:n]))
		return false, nil
	}
	return true, nil
}

// parseSuffix reads the place and the weight of an operand, in either order.
func (p *parser) parseSuffix(end int) (place *Place, weight float64, err error) {
	weight = 1
	weighted := false
	for {
		p.i = p.skipSpace(p.i)
		if p.ends(p.i, end) {
			return place, weight, nil
		}
		i := p.i
		switch r := p.src[i]; {
		case r == ':':
			if weighted {
				return nil, 0, p.errorf(i, "", "a second weight")
			}
			weighted = true
			if weight, err = p.parseWeight(); err != nil {
				return nil, 0, err
			}
		case r == '@':
			if err := p.checkRange(i); err != nil {
				return nil, 0, err
			}
			if place != nil {
				return nil, 0, p.errorf(i, "repeat the term to have it at two places: a AND a", "a second place")
			}
			if place, err = p.parsePlace(); err != nil {
				return nil, 0, err
			}
		default:
			return nil, 0, p.errorf(i, "join the next term with AND", "expected AND before %s", p.what(i))
		}
	}
}

func (p *parser) parseWeight() (float64, error) {
	i := p.i
	w, err := p.parseNumber(i+1, "a weight")
	if err != nil {
		return 0, err
	}
	switch a := math.Abs(w); {
	case math.IsInf(a, 0):
		return 0, p.errorf(i+1, "", "a weight has to be a finite number")
	case a > MaxWeight:
		return 0, p.errorf(i+1, "weights multiply the guidance scale: 0.5 to 2 is common", "the weight %s is beyond %d", formatNumber(w), MaxWeight)
	case a > 5:
		p.warn(i, WarnWeight, "weights multiply the guidance scale: 0.5 to 2 is common", "the weight %s is large", formatNumber(w))
	}
	return w, nil
}

// parseNumber reads a number at i, or after white space there, and moves on.
func (p *parser) parseNumber(i int, what string) (float64, error) {
	i = p.skipSpace(i)
	end := p.number(i)
	if end == i {
		return 0, p.errorf(i, "", "expected %s, a number, before %s", what, p.what(i))
	}
	p.i = end
	v, err := strconv.ParseFloat(string(p.src[i:end]), 64)
	if err != nil && !math.IsInf(v, 0) {
		return 0, p.errorf(i, "", "%q is not a number", string(p.src[i:end]))
	}
	return v, nil
}

func (p *parser) parsePlace() (*Place, error) {
	const hint = `write @(0.25, 0.6): x to the right, y down, from 0 to 1; or \@ for the character itself`
	paren, ok := p.placeParen(p.i)
	if !ok {
		return nil, p.errorf(p.i, hint, "expected a place")
	}
	p.i = paren + 1
	var xy [2]float64
	for k := range xy {
		i := p.skipSpace(p.i)
		v, err := p.parseNumber(i, "a coordinate")
		if err != nil {
			err.(*SyntaxError).Hint = hint
			return nil, err
		}
		if !(v >= 0 && v <= 1) {
			return nil, p.errorf(i, hint, "the coordinate %s lies outside the picture", string(p.src[i:p.i]))
		}
		xy[k] = v + 0 // -0 becomes 0: one place has one spelling
		p.i = p.skipSpace(p.i)
		if want := ",)"[k]; p.at(p.i) != rune(want) {
			if k == 1 && p.at(p.i) == ',' {
				return nil, p.errorf(p.i, reserved, "regions are not supported yet: a place is two numbers")
			}
			return nil, p.errorf(p.i, hint, "expected %q before %s", want, p.what(p.i))
		}
		p.i++
	}
	return &Place{xy[0], xy[1]}, nil
}

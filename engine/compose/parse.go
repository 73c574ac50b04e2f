package compose

import (
	"cmp"
	"fmt"
	"slices"
)

// Parse reads a prompt, in which terms may name the given models; see [CheckModel].
// A fault is a *[SyntaxError]. A prompt must ask for something, and so must each
// alternative of an OR: if no term has a positive weight, NOT has nothing to act
// beside, and that is an error too.
func Parse(prompt string, models ...string) (*Prompt, error) {
	s, err := newScanner(prompt, models)
	if err != nil {
		return nil, err
	}
	p := &parser{scanner: s, warned: map[WarningKind]bool{}}
	root, err := p.parseEither(len(p.src))
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
	p.warnings = append(p.warnings, Warning{Pos: p.pos(i), Kind: kind, Msg: fmt.Sprintf(format, args...), Hint: hint})
}

// warnOnce is warn for what a prompt tends to hold many times.
func (p *parser) warnOnce(i int, kind WarningKind, hint, format string, args ...any) {
	if !p.warned[kind] {
		p.warned[kind] = true
		p.warn(i, kind, hint, format, args...)
	}
}

// checkPositive compiles the prompt for what that says about the signs.
func (p *parser) checkPositive(parsed *Prompt) error {
	c := newCompiler(parsed.Root, Options{})
	c.strict = true
	root, err := c.add(nil, parsed.Root, 1, Extent{})
	if err != nil {
		return err
	}
	root = canonical(root)
	if positive, _ := Guidance(SumOf{root}); positive > 0 {
		return nil
	}
	terms := parsed.Terms()
	if len(terms) == 0 || len(root) == 0 {
		return &SyntaxError{parsed.Root.Position(), "the weights of all terms come to 0", "give a term a positive weight"}
	}
	return &SyntaxError{terms[0].Pos, "no term has a positive weight", "NOT needs something beside it: a park AND NOT a tree"}
}

// ends reports whether an operand ends at i: at its group's end or an operator.
func (p *parser) ends(i, end int) bool {
	if i >= end || p.src[i] == '|' {
		return true
	}
	kw := p.keyword(i)
	return kw == "AND" || kw == "OR"
}

// parseEither reads alternatives up to end, the index of the group's closing
// bracket or of the prompt's end, and stops there.
func (p *parser) parseEither(end int) (Node, error) {
	start, keyword := p.skipSpace(p.i), 0
	var operands []Node
	for {
		x, err := p.parseBoth(end)
		if err != nil {
			return nil, err
		}
		operands = append(operands, x)
		if p.i >= end {
			break
		}
		if len(operands) == 1 {
			keyword = p.i
		}
		p.i += len("OR")
	}
	if len(operands) == 1 {
		return operands[0], nil
	}
	return &Or{Pos: p.pos(start), Stand: Stand{Whole: p.span(start)}, Operands: operands, Weight: 1, keyword: p.pos(keyword)}, nil
}

// parseBoth reads operands up to end or OR, and stops there.
func (p *parser) parseBoth(end int) (Node, error) {
	start := p.skipSpace(p.i)
	var operands []Node
	for {
		x, err := p.parseOperand(end)
		if err != nil {
			return nil, err
		}
		operands = append(operands, x)
		if p.i >= end || p.keyword(p.i) == "OR" {
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
	return &And{Pos: p.pos(start), Stand: Stand{Whole: p.span(start)}, Operands: operands, Weight: 1}, nil
}

func (p *parser) parseOperand(end int) (Node, error) {
	p.i = p.skipSpace(p.i)
	start := p.i
	switch {
	case p.ends(start, end):
		return nil, p.emptyTerm(start, end)
	case p.keyword(start) == "NOT":
		if p.nots++; p.nots > MaxNesting {
			return nil, p.errorf(start, "", "more than %d NOTs around one term", MaxNesting)
		}
		defer func() { p.nots-- }()
		p.i += len("NOT")
		x, err := p.parseOperand(end)
		if err != nil {
			return nil, err
		}
		return &Not{p.pos(start), Stand{Whole: p.span(start)}, x}, nil
	case p.src[start] == '(' && p.group[start]:
		return p.parseGroup(end)
	}
	return p.parseTerm(end)
}

// parseGroup reads a group in parentheses and its suffixes.
func (p *parser) parseGroup(end int) (Node, error) {
	start := p.i
	p.i++
	x, err := p.parseEither(p.close[start])
	if err != nil {
		return nil, err
	}
	p.i = p.close[start] + 1
	body := p.source(p.span(start))
	s, err := p.parseSuffixes(end)
	if err != nil {
		return nil, err
	}
	if s.place != nil {
		return nil, p.errorf(s.placeAt, "place each term of the group: (a @(0.2, 0.5) AND b @(0.8, 0.5))", "a place belongs to one term, not to a group")
	}
	if err := p.checkOverlap(x, s); err != nil {
		return nil, err
	}
	x.narrow(s.Extent)
	x.scale(s.weight)
	x.bracket(p.span(start), body)
	return x, nil
}

// span is from start to where the parser stands, without the white space before that.
func (p *parser) span(start int) Span {
	end := p.i
	for end > start && isSpace(p.src[end-1]) {
		end--
	}
	return Span{start, end}
}

func (p *parser) source(s Span) string { return string(p.src[s[0]:s[1]]) }

// checkOverlap reports a region or range that leaves nothing of one below x. That
// two have a part in common suffices, since then all that nest do.
func (p *parser) checkOverlap(x Node, s suffixes) error {
	inner := x.Label().Extent
	if s.Region != nil && inner.Region != nil {
		if _, ok := s.Region.intersect(*inner.Region); !ok {
			return p.errorf(s.regionAt, "", "the group's region lies apart from %v inside it", inner.Region)
		}
	}
	if s.Range != nil && inner.Range != nil {
		if _, ok := s.Range.intersect(*inner.Range); !ok {
			return p.errorf(s.rangeAt, "", "the group's part of the run lies apart from %v inside it", inner.Range)
		}
	}
	for _, y := range x.Children() {
		if err := p.checkOverlap(y, s); err != nil {
			return err
		}
	}
	return nil
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

// parseTerm reads text and its suffixes.
func (p *parser) parseTerm(end int) (Node, error) {
	if p.terms++; p.terms > MaxTerms {
		return nil, p.errorf(p.i, "", "more than %d terms", MaxTerms)
	}
	start := p.i
	model, err := p.parseModel(end)
	if err != nil {
		return nil, err
	}
	w := textWriter{scanner: p.scanner, Term: &Term{Pos: p.pos(start), Model: model}}
	text, read := p.i, p.parseText
	quoted := p.src[text] == '"'
	if quoted {
		read = p.parseQuotes
	}
	if err := read(&w, end); err != nil {
		return nil, err
	}
	t := w.term()
	switch t.Body = t.spelling(); {
	case quoted && model != "":
		t.Body = model + ": " + p.source(p.span(text))
	case quoted:
		t.Body = p.source(p.span(text))
	}
	s, err := p.parseSuffixes(end)
	t.Whole = p.span(start)
	t.Place, t.Extent, t.Weight = s.place, s.Extent, s.weight
	return t, err
}

// parseText reads text up to where a suffix begins or the operand ends.
func (p *parser) parseText(w *textWriter, end int) error {
	depth := 0 // of brackets that belong to the text
	for !p.ends(p.i, end) {
		i, r := p.i, p.src[p.i]
		if n, what := p.escape(i); n > 0 {
			marked := unmarked(what)
			if what == ":" && depth > 0 {
				marked = `\:`
			}
			w.write(i+1, what, string(p.src[i:i+n]), marked)
			p.i += n
			continue
		}
		if depth == 0 {
			suffix, err := p.suffixBegins(i, end)
			if err != nil {
				return err
			}
			if suffix {
				break
			}
		}
		if err := p.checkText(i); err != nil {
			return err
		}
		w.mark(i)
		switch r {
		case '(', '[':
			depth++
		case ')', ']':
			depth--
		}
		switch {
		case isSpace(r):
			w.space = true
		case r == '\\':
			w.write(i, `\`, `\\`, `\\`)
		case r == ':' && depth == 0 && !(isDigit(p.at(i-1)) && isDigit(p.at(i+1))):
			// Whether a colon begins a weight depends on what follows, which may be printed otherwise than it was
			// written; between two digits it never does, nor in brackets, where it may be emphasis.
			w.write(i, ":", `\:`, ":")
		default:
			w.write(i, string(r), string(r), string(r))
		}
		p.i++
	}
	if w.text.Len() == 0 {
		return p.errorf(p.i, "", "expected a term before %s", p.what(p.i))
	}
	return nil
}

// checkText rejects what begins at i, in the midst of text, and would not mean
// there what it looks like.
func (p *parser) checkText(i int) error {
	if p.keyword(i) == "NOT" {
		return p.errorf(i, `write AND NOT, or \NOT for the word itself`, "NOT has to follow AND")
	}
	if p.src[i] == '(' && p.group[i] {
		return p.errorf(i, `join it with AND, or write \( for the character itself`, "a group in parentheses cannot stand inside a term")
	}
	if err := p.foreign(i); err != nil {
		return err
	}
	if r := p.src[i]; (r == '(' || r == '[') && p.skipSpace(i+1) == p.close[i] {
		return p.errorf(i, fmt.Sprintf(`write \%c for the character itself`, r), "nothing in the brackets")
	}
	return nil
}

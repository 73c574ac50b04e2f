package compose

import (
	"fmt"
	"strings"
)

// CheckModel reports a name that no term could name a model by: one not of lower-case letters, digits, "-" and "_", with a
// letter first, or of more than 64.
func CheckModel(name string) error {
	if s := (&scanner{src: []rune(name)}); len(s.src) > 64 || len(s.src) == 0 || s.name(0) != len(s.src) {
		return fmt.Errorf(`%q is no name of a model; want lower-case letters, digits, "-" and "_", a letter first`, name)
	}
	return nil
}

// name returns the end of what may name a model at i, or i.
func (s *scanner) name(i int) int {
	end := i
	for r := s.at(end); r >= 'a' && r <= 'z' || end > i && (isDigit(r) || r == '-' || r == '_'); r = s.at(end) {
		end++
	}
	return end
}

// model returns the known model whose name and colon begin at i, and the index of the colon. Between two digits a colon is
// text.
func (s *scanner) model(i int) (name string, colon int) {
	colon = s.name(i)
	if s.at(colon) != ':' || isDigit(s.at(colon-1)) && isDigit(s.at(colon+1)) {
		return "", 0
	}
	for _, m := range s.models {
		if m == string(s.src[i:colon]) {
			return m, colon
		}
	}
	return "", 0
}

// parseModel reads the name of a term's model, if a term begins with one, and its colon.
func (p *parser) parseModel(end int) (string, error) {
	start := p.i
	name, colon := p.model(start)
	if name == "" {
		p.warnModel(start)
		return "", nil
	}
	if weight, err := p.weightBegins(colon, end); weight || err != nil {
		return "", err
	}
	p.i = p.skipSpace(colon + 1)
	switch {
	case p.ends(p.i, end):
		return "", p.errorf(p.i, `write \: for the character itself`, "expected a term of model %s before %s", name, p.what(p.i))
	case p.keyword(p.i) == "NOT":
		return "", p.errorf(p.i, "write NOT "+name+": and the term", "NOT stands before the model's name")
	case p.src[p.i] == '(' && p.group[p.i]:
		return "", p.errorf(p.i, "write it before each term: ("+name+": a AND "+name+": b)", "a model's name belongs to one term, not to a group")
	}
	return name, nil
}

// warnModel warns of a word and a colon that begin a term and are text, where a prompt may name models.
func (p *parser) warnModel(i int) {
	word := p.word(i)
	colon := i + len([]rune(word))
	if len(p.models) == 0 || word == "" || p.at(colon) != ':' || !isSpace(p.at(colon+1)) || p.number(p.skipSpace(colon+1)) > p.skipSpace(colon+1) {
		return
	}
	hint := `write \: for text without this warning`
	if near := nearest(strings.ToLower(word), p.models); near != "" {
		hint = fmt.Sprintf("did you mean %q? ", near+":") + hint
	}
	p.warn(i, WarnModel, hint, "no model is called %q: this is text", word)
}

// spelling is the term without its suffixes. A text that would be the weight of the model's name goes in quotes.
func (t *Term) spelling() string {
	if t.Model == "" {
		return t.Source
	}
	s := &scanner{src: []rune(t.Text)}
	sign := s.at(0)
	if sign == '+' || sign == '-' {
		s.src = s.src[1:]
	}
	switch word := strings.ToLower(s.word(0)); {
	case len(t.marks) > 0: // which quotes would make text, and which follow the weight, so that it is none
	case s.number(0) > 0, word == "inf", word == "infinity", word == "nan":
		return t.Model + `: "` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(t.Text) + `"`
	}
	return t.Model + ": " + t.Source
}

package decompose

import (
	"fmt"
	"strings"

	"github.com/counterpoint/counterpoint/engine/compose"
)

// prompt writes what nothing absorbs.
func (b *builder) prompt() (string, error) {
	var operands []string
	asks, terms := false, 0
	for i := range b.items {
		x := &b.items[i]
		var alternatives []string
		for k, statements := range b.terms[i] {
			parts, positive := x.write(statements)
			terms += len(parts)
			if terms > compose.MaxTerms {
				return "", b.errorAt(statements[0].at, "", "more than %d terms", compose.MaxTerms)
			}
			asks = asks || positive
			switch {
			case x.denied && len(parts) > 0:
				operands = append(operands, "NOT "+grouped(parts, " AND "))
			case x.denied:
			case len(x.alternatives) == 1:
				operands = append(operands, parts...)
			case positive:
				alternatives = append(alternatives, grouped(parts, " AND "))
			default:
				return "", b.errorAt(x.alternatives[k].subject.tokens[0], "", "an alternative of “or” says nothing of its own")
			}
		}
		switch {
		case alternatives == nil:
		case len(b.items) == 1:
			operands = append(operands, strings.Join(alternatives, " OR "))
		default:
			operands = append(operands, grouped(alternatives, " OR "))
		}
	}
	if len(operands) == 0 {
		return "", b.nothing()
	}
	if !asks {
		return "", b.errorAt(0, "say what is there, too: a house without trees", "the sentence asks for nothing, it only denies")
	}
	return strings.Join(operands, " AND "), nil
}

// write spells those statements of an alternative that nothing absorbs, and reports
// whether one of them asks for something. What the item denies is left to the caller.
func (x *item) write(statements []*statement) (parts []string, positive bool) {
	for _, s := range statements {
		if s.by != nil {
			continue
		}
		text := spell(s.Text)
		if s.Denied && !x.denied {
			text = "NOT " + text
		}
		parts = append(parts, text)
		positive = positive || !s.Denied
	}
	return parts, positive
}

// nothing is the fault of a sentence without clauses. It names the first words that
// found no place.
func (b *builder) nothing() error {
	var words []string
	for i := range b.tokens {
		if t := &b.tokens[i]; t.use() == UseUnplaced && len(words) < 3 {
			words = append(words, fmt.Sprintf("%s: %s", b.quote(i, i+1), t.why(b.text[t.Offset:t.End])))
		}
	}
	msg := "the sentence names nothing that the model has"
	if len(words) > 0 {
		msg += " (" + strings.Join(words, "; ") + ")"
	}
	return b.errorAt(0, "things of the model are "+b.examples(), "%s", msg)
}

// errorAt is a fault at a token.
func (b *builder) errorAt(at int, hint, format string, args ...any) error {
	return faultAt(b.tokens[at].Pos, hint, format, args...)
}

// examples are some of the model's things.
func (b *builder) examples() string {
	return strings.Join(b.Things[:min(len(b.Things), 5)], ", ")
}

// grouped joins parts, in parentheses if there are several.
func grouped(parts []string, operator string) string {
	if len(parts) == 1 {
		return parts[0]
	}
	return "(" + strings.Join(parts, operator) + ")"
}

// spell writes a caption as a term: in quotes, where it holds anything that the
// language might read.
func spell(text string) string {
	plain := func(r rune) bool {
		return r == ' ' || r == ',' || r == '-' || r == '\'' || 'a' <= r && r <= 'z' || '0' <= r && r <= '9'
	}
	if !strings.ContainsFunc(text, func(r rune) bool { return !plain(r) }) {
		return text
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(text) + `"`
}

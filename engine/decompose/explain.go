package decompose

import (
	"fmt"
	"strings"
	"text/tabwriter"
	"unicode"
)

// String is the prompt.
func (d *Decomposition) String() string { return d.Prompt }

// Explain writes the levels as a table, with what absorbs which clause and by which
// rule, the prompt, the notes, and the words that are left out with carets below the
// sentence:
//
//	background    on grass
//	objects     ~ a car                     in "a red car": a thing with attributes implies the bare thing
//	            ~ a house                   in "a red car left of a house": a relation names its two things
//	attributes  ~ a red car                 in "a red car left of a house": a relation names its two things
//	relations     a red car left of a house
//
//	a red car left of a house AND on grass
func (d *Decomposition) Explain() string {
	var b strings.Builder
	texts := map[int]string{}
	for _, l := range d.Levels {
		for _, c := range l.Clauses {
			texts[c.ID] = c.Text
		}
	}
	table := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	for _, l := range d.Levels {
		name := string(l.Level)
		if len(l.Clauses) == 0 {
			fmt.Fprintf(table, "%s\t  –\n", name)
		}
		for _, c := range l.Clauses {
			fmt.Fprintf(table, "%s\t%s\n", name, c.line(texts))
			name = ""
		}
	}
	table.Flush() // a strings.Builder does not fail
	fmt.Fprintf(&b, "\n%s\n", d.Prompt)
	if len(d.Notes) > 0 {
		b.WriteString("\n")
	}
	for _, n := range d.Notes {
		fmt.Fprintf(&b, "column %d: %s\n", n.Column, n.Text)
	}
	d.explainUnplaced(&b)
	return trimLines(b.String())
}

// line is a clause and what becomes of it.
func (c *Clause) line(texts map[int]string) string {
	mark, text := "  ", c.Text
	if c.Absorbed != nil {
		mark = "~ "
	}
	if c.Denied {
		text = "NOT " + text
	}
	var last []string
	if c.Choice > 0 {
		last = append(last, fmt.Sprintf("choice %d, alternative %d", c.Choice, c.Alternative))
	}
	if c.Absorbed != nil {
		last = append(last, fmt.Sprintf("in %q: %s", texts[c.Absorbed.By], c.Absorbed.Rule))
	}
	return mark + text + "\t" + strings.Join(last, "; ")
}

// explainUnplaced marks the words that are left out.
func (d *Decomposition) explainUnplaced(b *strings.Builder) {
	if len(d.Unplaced) == 0 {
		return
	}
	line, carets, next := []rune{}, []rune{}, 0
	for offset, r := range d.Sentence {
		for next < len(d.Unplaced) && d.Unplaced[next].End <= offset {
			next++
		}
		mark := ' '
		if next < len(d.Unplaced) && d.Unplaced[next].Offset <= offset {
			mark = '^'
		}
		if !unicode.IsPrint(r) {
			r = ' '
		}
		line, carets = append(line, r), append(carets, mark)
	}
	fmt.Fprintf(b, "\nleft out:\n  %s\n  %s\n", string(line), string(carets))
	for _, u := range d.Unplaced {
		fmt.Fprintf(b, "column %d: %q: %s\n", u.Column, u.Text, u.Reason)
	}
}

// trimLines takes white space off the ends of lines.
func trimLines(text string) string {
	lines := strings.Split(text, "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	return strings.Join(lines, "\n")
}

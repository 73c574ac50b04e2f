package decompose

import (
	"slices"
	"strings"
)

// statement is a clause in the making.
type statement struct {
	Clause
	level  Level
	key    string // equal for what means the same
	things []int  // a relation's two, or the one that it is of
	count  int    // of the thing
	scope  [2]int // item and alternative of a choice; zero outside
	at     int    // token to point at
	tokens []int
	group  int        // of statements that a negation denies at once, 0 for none
	by     *statement // what absorbs it
	rule   Rule
}

// builder sorts what a scene says into levels.
type builder struct {
	*parser
	all   []*statement
	terms [][][]*statement // the statements of each alternative of each item
}

// build makes the statements and returns the prompt.
func (b *builder) build() (string, error) {
	choices := 0
	for i := range b.items {
		x := &b.items[i]
		b.terms = append(b.terms, nil)
		choice := len(x.alternatives) > 1 && !x.denied
		if choice {
			choices++
		}
		for k := range x.alternatives {
			from := len(b.all)
			if x.denied {
				b.deny(x, &x.alternatives[k])
			} else {
				b.state(&x.alternatives[k])
			}
			added := b.all[from:]
			for _, s := range added {
				if choice {
					s.scope = [2]int{i + 1, k}
					s.Choice, s.Alternative = choices, k+1
				}
			}
			b.terms[i] = append(b.terms[i], slices.Clone(added))
		}
	}
	b.absorbAgain()
	b.absorbBare()
	if err := b.absorbNamed(); err != nil {
		return "", err
	}
	if err := b.contradictions(); err != nil {
		return "", err
	}
	b.lists()
	return b.prompt()
}

// add adds a statement. Its words are those of the tokens.
func (b *builder) add(s statement) *statement {
	slices.Sort(s.tokens)
	s.tokens = slices.Compact(s.tokens)
	b.all = append(b.all, &s)
	return &s
}

// state adds what an alternative says.
func (b *builder) state(a *alternative) {
	for _, i := range a.things {
		b.thing(i, LevelObjects, nil)
		if b.things[i].described() {
			b.thing(i, LevelAttributes, b.things[i].full)
		}
	}
	for _, f := range a.facts {
		b.fact(f, f.denied, nil)
	}
}

// deny adds what the whole of an alternative denies: nothing of it by itself.
func (b *builder) deny(x *item, a *alternative) {
	group := 0
	if len(a.facts) > 1 {
		group = len(b.all) + 1
		b.note(a.facts[0].at, NoteDenied, "all of it is denied at once; only a gated NOT knows that from each alone")
	}
	for _, f := range a.facts {
		b.fact(f, true, x.tokens).group = group
	}
	if len(a.facts) > 0 {
		return
	}
	for _, i := range a.things {
		level := LevelObjects
		if b.things[i].described() {
			level = LevelAttributes
		}
		b.thing(i, level, slices.Concat(x.tokens, b.things[i].full)).Denied = true
	}
}

// thing adds a statement of a thing, on the level of attributes with what it has of
// them. Its words are those that name the thing, and more.
func (b *builder) thing(i int, level Level, more []int) *statement {
	t := &b.things[i]
	var attrs []string
	if level == LevelAttributes {
		attrs = t.attrs
	}
	s := statement{level: level, key: b.describe(t, attrs), things: []int{i}, count: t.count, at: t.bare[0]}
	s.Text = b.joined(s.key, t.count)
	s.tokens = slices.Concat(t.bare, more)
	return b.add(s)
}

// fact adds a statement of a ground, a relation, or an attribute that is denied.
// Its words are the fact's, those that deny it, and its things' attributes.
func (b *builder) fact(f fact, denied bool, negation []int) *statement {
	s := statement{level: f.level, at: f.tokens[0], tokens: slices.Concat(negation, f.tokens)}
	s.Denied = denied
	switch f.level {
	case LevelBackground:
		s.Text = b.Grounds[f.value].Phrase
		s.key = s.Text
	case LevelAttributes:
		t, e := &b.things[f.a], b.tokens[f.value].entry
		attrs := slices.Clone(t.attrs)
		attrs[e.value] = e.text
		s.Text = b.describe(t, attrs)
		s.key, s.things, s.count = s.Text, []int{f.a}, 1
	default:
		one, other := &b.things[f.a], &b.things[f.b]
		first, second := b.describe(one, one.attrs), b.describe(other, other.attrs)
		s.Text = first + " " + b.Relations[f.value].Wordings[0] + " " + second
		s.key, s.things, s.at = b.relationKey(f.value, first, second), []int{f.a, f.b}, f.at
	}
	for _, t := range s.things {
		s.tokens = append(s.tokens, b.things[t].full...)
	}
	return b.add(s)
}

// relationKey is the same for a relation and its inverse the other way round.
func (b *builder) relationKey(r int, first, second string) string {
	key := first + "\x00" + b.Relations[r].Name + "\x00" + second
	if inverse := b.Relations[r].Inverse; inverse != "" {
		key = min(key, second+"\x00"+inverse+"\x00"+first)
	}
	return key
}

// describe writes a thing as captions do: "a small red cube", "something red".
func (b *builder) describe(t *thing, attrs []string) string {
	noun := b.Things[t.noun]
	attrs = slices.DeleteFunc(slices.Clone(attrs), func(a string) bool { return a == "" })
	if slices.Contains(b.Bare, noun) {
		return strings.Join(append([]string{noun}, attrs...), " ")
	}
	text := strings.Join(append(attrs, noun), " ")
	if strings.ContainsRune("aeiou", []rune(text)[0]) {
		return "an " + text
	}
	return "a " + text
}

// joined writes a thing so many times.
func (b *builder) joined(text string, count int) string {
	if count == 1 {
		return text
	}
	between, last := ", ", " and "
	if !slices.Contains(b.Joins, ",") {
		between = last
	}
	if !slices.Contains(b.Joins, "and") {
		last = between
	}
	return strings.Repeat(text+between, count-2) + text + last + text
}

// lists notes where a relation stands beside things that it may seem to be of.
func (b *builder) lists() {
	for i := 1; i < len(b.items); i++ {
		before, x := &b.items[i-1], &b.items[i]
		if x.joint != andWord && x.joint != commaWord || before.denied || x.denied || before.ground() || x.ground() {
			continue
		}
		things, more := before.alternatives[0].things, x.alternatives[0].things
		if len(things) == 0 || len(more) == 0 || before.related() == x.related() {
			continue
		}
		if before.related() {
			at := b.things[more[0]].bare[0]
			b.note(at, NoteList, "%s stands beside the relation, not in it; repeat the relation to have it there", b.quote(at, at+1))
			continue
		}
		facts := x.alternatives[0].facts
		at := slices.IndexFunc(facts, func(f fact) bool { return f.level == LevelRelations })
		if at >= 0 && slices.Contains(more, facts[at].a) && !slices.Contains(things, facts[at].b) {
			at = facts[at].at
			b.note(at, NoteList, "%s is of what stands right before it alone; repeat it to have it of both", b.quote(at, at+1))
		}
	}
}

// levels are the clauses with their numbers.
func (b *builder) levels() []LevelClauses {
	found := make([]LevelClauses, len(levels))
	id := 0
	for i, level := range levels {
		found[i] = LevelClauses{level, []Clause{}}
		for _, s := range b.all {
			if s.level == level {
				s.ID = id
				id++
			}
		}
	}
	for _, s := range b.all {
		s.Spans = b.spans(s.tokens)
		if s.by != nil {
			s.Absorbed = &Absorbed{s.by.ID, s.rule}
		}
		i := slices.Index(levels, s.level)
		found[i].Clauses = append(found[i].Clauses, s.Clause)
	}
	return found
}

// spans are where tokens stand; those side by side are one span.
func (b *builder) spans(tokens []int) []Span {
	var spans []Span
	for k, i := range tokens {
		if k > 0 && tokens[k-1] == i-1 {
			spans[len(spans)-1].End = b.tokens[i].End
		} else {
			spans = append(spans, b.tokens[i].Span)
		}
	}
	return spans
}

// inClause marks the tokens that are in some clause.
func (b *builder) inClause() []bool {
	in := make([]bool, len(b.tokens))
	for _, s := range b.all {
		for _, i := range s.tokens {
			in[i] = true
		}
	}
	return in
}

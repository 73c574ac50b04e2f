package decompose

import "slices"

// group is what stands before a noun, or between "and" and "or" there.
type group struct {
	joint   kind // what joins it to the group before
	article int  // token, -1 for none
	number  int  // 0 for none
	attrs   []int
	tokens  []int // all
}

// own reports whether the group begins a thing of its own: "a red and a blue cube".
func (g *group) own() bool { return g.article >= 0 || g.number > 0 }

// nouns reads a noun phrase: things that all are there, or a choice of some. Those of
// a denied phrase are an alternative each. If refer is true, "the" and "it" can mean
// things that are there already. It returns nothing if the phrase has no noun.
func (p *parser) nouns(denied, refer bool) []alternative {
	if p.kind() == itWord {
		return p.pronoun(refer)
	}
	groups := []group{{article: -1}}
	gap := false // a word that means nothing stands before
	for {
		g := &groups[len(groups)-1]
		began := g.own() || len(g.attrs) > 0
		switch k := p.kind(); {
		case k == articleWord && !began && !gap:
			g.article = p.i
			g.tokens = append(g.tokens, p.take())
		case k == numberWord && g.number == 0 && len(g.attrs) == 0 && !gap:
			g.number = p.tokens[p.i].value
			g.tokens = append(g.tokens, p.take())
		case k == oneWord && (len(g.attrs) > 0 || g.article >= 0) && p.noun >= 0:
			i := p.take()
			return p.resolve(groups, p.noun, i, denied, refer)
		case k == oneWord && !began && !gap:
			g.number = 1
			g.tokens = append(g.tokens, p.take())
		case k == attributeWord:
			g.attrs = append(g.attrs, p.i)
			g.tokens = append(g.tokens, p.take())
		case k == unknownWord:
			gap = true
			p.i++
		case k == fillerWord && !began && !gap: // "left of either"
			p.take()
		case k == thingWord:
			i := p.take()
			p.noun = p.tokens[i].value
			bare := slices.Contains(p.Bare, p.Things[p.noun])
			for bare && (p.tokens[p.i-1].kind == attributeWord && p.kind() == attributeWord || p.nextAttribute()) {
				g.attrs = append(g.attrs, p.i)
				g.tokens = append(g.tokens, p.take())
			}
			return p.resolve(groups, p.noun, i, denied, refer)
		case (k == andWord || k == orWord || k == commaWord) && len(g.attrs) > 0 && !gap && p.joinsGroup():
			joint := k
			p.take()
			if k = p.kind(); k == andWord || k == orWord {
				joint = k
				p.take()
			}
			groups = append(groups, group{joint: joint, article: -1})
		default:
			p.abandon(groups)
			return nil
		}
	}
}

// joinsGroup reports whether the joint here stands between attributes of one noun.
func (p *parser) joinsGroup() bool {
	i := p.i + 1
	if k := p.kindAt(i); p.kind() == commaWord && (k == andWord || k == orWord) {
		i++
	}
	if p.kindAt(i) == articleWord {
		i++
	}
	if k := p.kindAt(i); k == numberWord || k == oneWord {
		i++
	}
	return p.kindAt(i) == attributeWord
}

// abandon leaves a noun phrase that has no noun.
func (p *parser) abandon(groups []group) {
	for _, g := range groups {
		for _, i := range g.tokens {
			if p.tokens[i].kind != articleWord {
				p.tokens[i].used = false
				p.leave(i, "no thing that it could be of follows")
			}
		}
	}
}

// pronoun reads "it", or "they": the subject of the phrase before.
func (p *parser) pronoun(refer bool) []alternative {
	i := p.i
	if !refer || p.open < 0 || p.items[p.open].denied {
		p.leave(i, "no thing that it could mean stands before it")
		return nil
	}
	p.is = p.tokens[i].is
	m := mention{tokens: []int{p.take()}}
	for _, a := range p.items[p.open].alternatives {
		m.things = union(m.things, a.subject.things)
	}
	if p.tokens[i].plural && p.count(m.things) < 2 {
		p.tokens[i].used = false
		p.leave(i, "it does not say which things it means")
		return nil
	}
	for _, t := range m.things {
		p.things[t].bare = append(p.things[t].bare, i)
	}
	return []alternative{{subject: m, last: m}}
}

// resolve makes things of what stands before a noun.
func (p *parser) resolve(groups []group, noun, at int, denied, refer bool) []alternative {
	or, ok := p.joint(groups)
	if !ok {
		return nil
	}
	plural := p.tokens[at].plural
	attrs := make([][]string, len(groups))
	tokens := []int{at}
	for k := range groups {
		attrs[k] = p.attrsOf(&groups[k])
		tokens = append(tokens, groups[k].tokens...)
	}
	if len(groups) > 1 {
		groups, attrs = p.share(groups, attrs, or, plural)
	}
	slices.Sort(tokens)
	var choices []alternative
	for k := range groups {
		a := p.mean(&groups[k], noun, at, attrs[k], denied, refer)
		a.subject.tokens = tokens
		if n := len(choices); n > 0 && !or && !denied {
			choices[n-1].things = union(choices[n-1].things, a.things)
			choices[n-1].subject.things = union(choices[n-1].subject.things, a.subject.things)
		} else {
			choices = append(choices, a)
		}
	}
	for k := range choices {
		choices[k].last = choices[k].subject
	}
	return choices
}

// joint reports whether the groups are a choice. A comma is what the last joint is.
func (p *parser) joint(groups []group) (or, ok bool) {
	and := false
	for _, g := range groups[1:] {
		or = or || g.joint == orWord
		and = and || g.joint == andWord
	}
	if and && or {
		p.fail(groups[0].attrs[0], "write each thing with its noun: a red cube or a blue cube",
			"“and” and “or” between attributes of one noun")
		return false, false
	}
	return or, true
}

// attrsOf is the attributes of a group. A thing has one of each kind.
func (p *parser) attrsOf(g *group) []string {
	attrs := make([]string, len(p.Attributes))
	for _, i := range g.attrs {
		e := p.tokens[i].entry
		if has := attrs[e.value]; has != "" && has != e.text {
			p.tokens[i].used = false
			p.leave(i, "the thing is %s already", has)
			continue
		}
		attrs[e.value] = e.text
	}
	g.attrs = slices.DeleteFunc(g.attrs, func(i int) bool { return !p.tokens[i].used })
	g.tokens = slices.DeleteFunc(g.tokens, func(i int) bool { return !p.tokens[i].used })
	return attrs
}

// share makes one group of several if their attributes can all be of one thing, and
// else gives each the attributes that stand before or behind all of them: "a small
// red or blue metal cube".
func (p *parser) share(groups []group, attrs [][]string, or, plural bool) ([]group, [][]string) {
	if slices.ContainsFunc(groups[1:], func(g group) bool { return g.own() }) {
		return groups, attrs
	}
	first := &groups[0]
	apart := or
	shared := make([]string, len(p.Attributes))
	for k := range shared {
		has := 0
		for _, a := range attrs {
			if a[k] != "" {
				has++
				shared[k] = a[k]
			}
		}
		if has > 1 {
			apart = true
			shared[k] = ""
		}
	}
	if !apart {
		for _, g := range groups[1:] {
			first.attrs = append(first.attrs, g.attrs...)
			first.tokens = append(first.tokens, g.tokens...)
		}
		return groups[:1], [][]string{shared}
	}
	for k, a := range attrs {
		for kind, s := range shared {
			if s != "" {
				a[kind] = s
			}
		}
		groups[k].article = first.article
	}
	switch at := first.tokens[0]; {
	case or:
	case first.number > 1 && first.number != len(groups):
		p.fail(at, "write how many there are of each: two red cubes and a blue cube",
			"%s does not say how many there are of each", p.quote(at, p.i))
	case first.number > 1:
		p.note(at, NoteAmbiguous, "%s is read as one of each", p.quote(at, p.i))
		for k := range groups {
			groups[k].number = 1
		}
	case !plural:
		p.note(at, NoteAmbiguous, "%s may be one thing with both; it is read as one of each", p.quote(at, p.i))
	}
	return groups, attrs
}

// mean returns the things that a group and its noun mean: new ones, or after "the"
// those that are there already.
func (p *parser) mean(g *group, noun, at int, attrs []string, denied, refer bool) alternative {
	plural := p.tokens[at].plural
	if refer && g.article >= 0 && p.tokens[g.article].the {
		if found := p.find(noun, attrs, plural, at); len(found) > 0 {
			for _, t := range found {
				p.things[t].bare = append(append(p.things[t].bare, g.tokens...), at)
			}
			return alternative{subject: mention{things: found}}
		}
	}
	if len(p.things) == maxThings {
		p.fail(at, "", "more than %d things", maxThings)
		return alternative{}
	}
	if plural && g.number == 0 && !denied {
		p.note(at, NoteNumber, "%s does not say how many; it is read as one", p.quote(at, at+1))
	}
	t := thing{noun: noun, attrs: attrs, count: max(g.number, 1), bare: []int{at}, full: slices.Clone(g.attrs), denied: denied}
	for _, i := range g.tokens {
		if p.tokens[i].kind != attributeWord {
			t.bare = append(t.bare, i)
		}
	}
	p.things = append(p.things, t)
	things := []int{len(p.things) - 1}
	return alternative{things: things, subject: mention{things: things}}
}

// find returns the first thing of that description that is there, or all of them.
func (p *parser) find(noun int, attrs []string, all bool, at int) []int {
	var found []int
	for i := range p.things {
		if t := &p.things[i]; !t.denied && t.is(noun, attrs) {
			found = append(found, i)
		}
	}
	if len(found) > 1 && !all {
		p.note(at, NoteAmbiguous, "%s may mean %d things; it is read as the first", p.quote(max(at-1, 0), at+1), len(found))
		found = found[:1]
	}
	return found
}

package decompose

import "slices"

// tail reads what is said of the things of some alternatives, as far as it goes.
func (p *parser) tail(alternatives []alternative, denied bool) []alternative {
	for p.err == nil {
		is := p.is
		p.is = false
		i := p.i
		for p.kindAt(i) == unknownWord || p.kindAt(i) == fillerWord {
			i++
		}
		if !p.follows(i, is) {
			break
		}
		if i > p.i {
			p.note(p.i, NoteSkipped, "what follows %s is taken to be of what stands before it", p.quote(p.i, i))
			p.i = i
		}
		more, that := p.connectives()
		is = is || more
		p.checkNumber(alternatives)
		not, negation := p.negation()
		if p.deny >= 0 {
			not, negation = true, append(negation, p.deny)
			p.tokens[p.deny].used = true
			p.deny = -1
		}
		if not && denied {
			p.fail(p.i, "write what is not there without a second negation", "a denial inside a denial")
			break
		}
		of := func(a *alternative) mention { return a.last }
		if is && !that {
			of = func(a *alternative) mention { return a.subject }
		}
		if p.kind() == relationWord {
			alternatives = p.relation(alternatives, denied, of, not, negation)
		} else {
			p.attributes(alternatives, of, not, negation)
		}
	}
	return alternatives
}

// checkNumber notes an "are" right before that has but one thing to be of.
func (p *parser) checkNumber(alternatives []alternative) {
	if t := &p.tokens[max(p.i-1, 0)]; t.kind != isWord || !t.plural {
		return
	}
	if len(alternatives) == 1 && p.count(alternatives[0].subject.things) == 1 {
		p.note(p.i-1, NoteList, "what is said here is of what stands right before it alone; repeat it to have it of more")
	}
}

// relation reads a relation and the things at its other end. If these are a choice,
// so is what it says.
func (p *parser) relation(
	alternatives []alternative, denied bool, of func(*alternative) mention, not bool, negation []int,
) []alternative {
	rel := p.i
	p.i++
	ends := p.nouns(denied, true)
	if len(ends) == 0 {
		p.leave(rel, "no thing that it could lead to follows")
		p.leaveAll(negation, "what it denies is not placed")
		for i := range alternatives {
			alternatives[i].last = mention{}
		}
		return alternatives
	}
	var all []alternative
	related := false
	for _, a := range alternatives {
		from := of(&a)
		for _, end := range ends {
			b := alternative{
				things: union(a.things, end.things), facts: slices.Clone(a.facts),
				subject: a.subject, last: end.subject,
			}
			for _, first := range from.things {
				for _, second := range end.subject.things {
					if first == second {
						continue
					}
					related = true
					b.facts = append(b.facts, fact{level: LevelRelations, denied: not, value: p.tokens[rel].value, a: first, b: second,
						at: rel, tokens: slices.Concat(negation, from.tokens, []int{rel}, end.subject.tokens)})
				}
			}
			all = append(all, b)
		}
		if p.facts += len(from.things) * len(ends); p.facts > maxFacts || len(all) > maxAlternatives {
			p.fail(rel, "", "more than %d relations, or %d alternatives", maxFacts, maxAlternatives)
			return all
		}
	}
	if p.tokens[rel].used = related; !related {
		p.leave(rel, "it needs two things")
		p.leaveAll(negation, "what it denies is not placed")
	}
	return all
}

// attributes reads what things are said to be, or not to be.
func (p *parser) attributes(alternatives []alternative, of func(*alternative) mention, not bool, negation []int) {
	for {
		i := p.i
		p.i++
		placed := false
		for k := range alternatives {
			a := &alternatives[k]
			m := of(a)
			for _, t := range m.things {
				if p.facts++; p.facts > maxFacts {
					p.fail(i, "", "more than %d statements", maxFacts)
					return
				}
				if not {
					placed = true
					a.facts = append(a.facts, fact{level: LevelAttributes, denied: true, value: i, a: t, at: i,
						tokens: slices.Concat(m.tokens, negation, []int{i})})
				} else {
					placed = p.give(t, i) || placed
				}
			}
		}
		p.tokens[i].used = placed
		if !placed {
			p.leave(i, "no thing that it could be of stands before it")
			p.leaveAll(negation, "what it denies is not placed")
		}
		if p.kind() != attributeWord && !p.nextAttribute() { // of a run, one look ahead suffices
			return
		}
	}
}

// nextAttribute goes on to another attribute behind a thing, and reports whether there
// is one.
func (p *parser) nextAttribute() bool {
	i := p.i
	for p.kindAt(i) == commaWord || p.kindAt(i) == andWord {
		i++
	}
	if p.kindAt(i) != attributeWord || !p.alone(i) {
		return false
	}
	p.i = i
	return true
}

// give gives a thing the attribute of a token, and reports whether it has it then.
func (p *parser) give(t, i int) bool {
	e := p.tokens[i].entry
	has := &p.things[t].attrs[e.value]
	if *has != "" && *has != e.text {
		p.leave(i, "the %s is %s already", p.Things[p.things[t].noun], *has)
		return false
	}
	*has = e.text
	p.things[t].full = append(p.things[t].full, i)
	return true
}

// leaveAll leaves tokens that were taken.
func (p *parser) leaveAll(tokens []int, reason string) {
	for _, i := range tokens {
		p.tokens[i].used = false
		p.leave(i, "%s", reason)
	}
}

// union is a with those of b that it lacks.
func union(a, b []int) []int {
	a = slices.Clone(a)
	for _, x := range b {
		if !slices.Contains(a, x) {
			a = append(a, x)
		}
	}
	return a
}

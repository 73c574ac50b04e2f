package decompose

import (
	"slices"
	"strconv"
	"strings"
)

// absorbAgain applies RuleAgain to all but things, which may be several.
func (b *builder) absorbAgain() {
	type identity struct {
		level  Level
		key    string
		denied bool
		scope  [2]int
		group  int
	}
	first := map[identity]*statement{}
	for _, s := range b.all {
		things := !s.Denied && (s.level == LevelObjects || s.level == LevelAttributes)
		if things {
			continue
		}
		id := identity{s.level, s.key, s.Denied, s.scope, s.group}
		if first[id] == nil {
			first[id] = s
		} else {
			s.by, s.rule = first[id], RuleAgain
		}
	}
}

// absorbBare applies RuleAttributes. A thing's statement of its attributes, if it has
// any, is the one after that of the bare thing.
func (b *builder) absorbBare() {
	for i := 1; i < len(b.all); i++ {
		bare, s := b.all[i-1], b.all[i]
		if s.level == LevelAttributes && !s.Denied && bare.level == LevelObjects && !bare.Denied {
			bare.by, bare.rule = s, RuleAttributes
		}
	}
}

// absorbNamed applies RuleRelation and RuleTogether to the things that no statement
// of theirs has absorbed. Things of one description are one group: a relation absorbs
// a group only if it names all of them.
func (b *builder) absorbNamed() error {
	type identity struct {
		key   string
		scope [2]int
	}
	var order []identity
	groups := map[identity][]*statement{}
	relations := map[[3]int][]*statement{} // those that name a thing, by scope and thing
	for _, s := range b.all {
		switch {
		case s.Denied:
		case s.level == LevelRelations:
			for _, t := range s.things {
				at := [3]int{s.scope[0], s.scope[1], t}
				relations[at] = append(relations[at], s)
			}
		case s.by == nil && s.level != LevelBackground:
			id := identity{s.key, s.scope}
			if groups[id] == nil {
				order = append(order, id)
			}
			groups[id] = append(groups[id], s)
		}
	}
	for _, id := range order {
		group := groups[id]
		total := 0
		var things []int
		var related []*statement
		for _, s := range group {
			total += s.count
			things = append(things, s.things[0])
			related = append(related, relations[[3]int{id.scope[0], id.scope[1], s.things[0]}]...)
		}
		if r := naming(related, things, total); r != nil {
			for _, s := range group {
				s.by, s.rule = r, RuleRelation
			}
			continue
		}
		if total > 1 {
			if err := b.together(group, total); err != nil {
				return err
			}
			if len(related) > 0 {
				b.note(related[0].at, NoteSame, "the prompt can't tell the %d things called %q apart: relations are read as of the first",
					total, id.key)
			}
		}
	}
	return nil
}

// naming returns a statement that names as many of the things, nil if none does.
func naming(relations []*statement, things []int, total int) *statement {
	if total > 2 {
		return nil
	}
	for _, r := range relations {
		n := 0
		for _, t := range r.things {
			if slices.Contains(things, t) {
				n++
			}
		}
		if n >= total {
			if r.by != nil {
				r = r.by // which says the same
			}
			return r
		}
	}
	return nil
}

// together makes one statement of equal things.
func (b *builder) together(group []*statement, total int) error {
	first, last := group[0], group[len(group)-1]
	if total > b.Together || len(b.Joins) == 0 {
		var places []string
		for k := range min(total, 3) {
			at := strconv.FormatFloat(float64(k+1)/float64(min(total, 3)+1), 'f', 2, 64)
			places = append(places, first.key+" @("+at+", 0.6)")
		}
		return b.errorAt(last.at, "write a prompt with a place for each: "+strings.Join(places, " AND "),
			"%d times %s is more than a caption of the model names", total, first.key)
	}
	first.Text = b.joined(first.key, total)
	for _, s := range group[1:] {
		s.by, s.rule = first, RuleTogether
	}
	return nil
}

// contradictions reports what is asked for and denied. Where that is true of a part
// of a statement alone, the sentence may mean others of the kind, and a note tells
// what NOT does.
func (b *builder) contradictions() error {
	asked := map[string][]*statement{}
	for _, s := range b.all {
		if !s.Denied {
			asked[s.key] = append(asked[s.key], s)
		}
	}
	for _, s := range b.all {
		if !s.Denied || s.by != nil || s.group > 0 {
			continue
		}
		noted := false
		for _, a := range asked[s.key] {
			switch {
			case a.scope == s.scope && a.by == nil:
				return b.errorAt(s.at, "leave out one of them", "%s is both asked for and denied", s.Text)
			case !noted:
				noted = true
				b.note(s.at, NoteDenied, "%s is a part of what is asked for; NOT works against that, too", s.Text)
			}
		}
	}
	return nil
}

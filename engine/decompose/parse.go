package decompose

import (
	"fmt"
	"slices"
	"strings"

	"github.com/counterpoint/counterpoint/engine/compose"
)

const (
	maxThings       = 2 * compose.MaxTerms // those that a prompt of relations can name
	maxAlternatives = compose.MaxTerms
	maxFacts        = 8 * compose.MaxTerms // said of things, before what is said twice is counted once
)

// parser is a recursive descent over the tokens; i is where it stands. What it does
// not mark as used is not placed.
type parser struct {
	scene
	text   string
	tokens []token
	i      int
	open   int  // the item that a continuation is of, -1 for none
	is     bool // an "is" is in the "it" that was just read, or understood
	deny   int  // an "or" that carries a denial on to the next tail, -1 for none
	noun   int  // the last one named, -1 for none
	facts  int  // so far
	notes  []Note
	err    error // the first fault; it ends the parsing
}

func (p *parser) kindAt(i int) kind {
	if i >= len(p.tokens) || p.err != nil {
		return endWord
	}
	return p.tokens[i].kind
}

func (p *parser) kind() kind { return p.kindAt(p.i) }

// take marks the token as used, and goes on.
func (p *parser) take() int {
	p.tokens[p.i].used = true
	p.i++
	return p.i - 1
}

// leave goes on from a token that finds no place.
func (p *parser) leave(i int, format string, args ...any) {
	if p.tokens[i].reason == "" {
		p.tokens[i].reason = fmt.Sprintf(format, args...)
	}
	p.i = max(p.i, i+1)
}

func (p *parser) fail(i int, hint, format string, args ...any) {
	if p.err == nil {
		p.err = faultAt(p.tokens[min(i, len(p.tokens)-1)].Pos, hint, format, args...)
	}
}

func (p *parser) note(i int, k NoteKind, format string, args ...any) {
	p.notes = append(p.notes, Note{p.tokens[i].Pos, k, fmt.Sprintf(format, args...)})
}

// parse reads the whole sentence.
func (p *parser) parse() error {
	p.open, p.noun, p.deny = -1, -1, -1
	joint := stopWord
	for p.kind() != endWord {
		switch k := p.kind(); k {
		case andWord:
			joint = k
			p.take()
		case commaWord, stopWord:
			if joint != andWord {
				joint = k
			}
			p.take()
		case fillerWord:
			p.take()
		case unknownWord:
			if joint != unknownWord {
				p.open = -1 // it may be what the phrase is about
			}
			p.i++
		case orWord:
			p.choice()
			joint = unknownWord
		default:
			if p.follows(p.i, false) {
				p.continuation(joint)
			} else {
				p.phrase(joint)
			}
			joint = unknownWord
		}
	}
	return p.err
}

// phrase reads an item of its own, and reports whether there was one.
func (p *parser) phrase(joint kind) bool {
	start := p.i
	p.connectives()
	denied, negation := p.negation()
	carried := !denied && p.carries(joint)
	var alternatives []alternative
	switch k := p.kind(); k {
	case groundWord:
		i := p.take()
		ground := fact{level: LevelBackground, value: p.tokens[i].value, tokens: []int{i}}
		alternatives = []alternative{{facts: []fact{ground}}}
	case articleWord, numberWord, oneWord, attributeWord, thingWord, itWord:
		if alternatives = p.nouns(denied || carried, !denied && !carried); len(alternatives) == 0 {
			p.open = -1
			break
		}
		alternatives = p.tail(alternatives, denied || carried)
	}
	if len(alternatives) == 0 {
		for _, i := range negation {
			p.tokens[i].used = false
			p.leave(i, "nothing that it denies follows")
		}
		if p.i == start {
			p.leave(p.i, "nothing that it belongs to")
		}
		return false
	}
	if carried {
		negation = p.items[len(p.items)-1].tokens
		if joint != orWord {
			p.note(start, NoteAmbiguous, "%s is denied too, as what stands before it; put “a” there to begin something new",
				p.quote(start, p.i))
		}
	}
	p.items = append(p.items, item{alternatives, denied || carried, joint, negation})
	if !p.items[len(p.items)-1].ground() {
		p.open = len(p.items) - 1
	}
	return true
}

// negation reads what denies the next thing; two cancel.
func (p *parser) negation() (denied bool, tokens []int) {
	for p.kind() == notWord {
		denied = !denied
		tokens = append(tokens, p.take())
		p.connectives()
	}
	return denied, tokens
}

// carries reports whether the denial of the item before holds for what begins here.
func (p *parser) carries(joint kind) bool {
	if len(p.items) == 0 || !p.items[len(p.items)-1].denied {
		return false
	}
	switch p.kind() {
	case attributeWord, thingWord:
		return joint == orWord || joint == andWord || joint == commaWord
	case articleWord:
		return joint == orWord || p.tokens[p.i].any && (joint == andWord || joint == commaWord)
	}
	return joint == orWord
}

// connectives skips "that" and "is", and reports which of them there were.
func (p *parser) connectives() (is, that bool) {
	for k := p.kind(); k == isWord || k == thatWord; k = p.kind() {
		that = that || k == thatWord
		is = is || k == isWord || p.tokens[p.i].is
		p.take()
	}
	return is, that
}

// follows reports whether a tail begins at i: a relation, or after "is" an attribute
// that belongs to no thing after it.
func (p *parser) follows(i int, is bool) bool {
	for k := p.kindAt(i); k == isWord || k == thatWord || k == notWord; k = p.kindAt(i) {
		is = is || k == isWord || p.tokens[i].is
		i++
	}
	switch p.kindAt(i) {
	case relationWord:
		return true
	case attributeWord:
		return is && p.alone(i)
	}
	return false
}

// alone reports whether the attributes at i stand before no thing.
func (p *parser) alone(i int) bool {
	for p.kindAt(i) == attributeWord {
		i++
	}
	return i < len(p.tokens) && p.kindAt(i) != thingWord && p.kindAt(i) != oneWord || i == len(p.tokens)
}

// continuation reads a tail of the phrase that is open. After a joint it is of the
// phrase's subject, else of the things right before.
func (p *parser) continuation(joint kind) {
	if p.open < 0 {
		p.orphan()
		return
	}
	x := p.items[p.open]
	if joint != unknownWord {
		for i := range x.alternatives {
			x.alternatives[i].last = x.alternatives[i].subject
		}
	}
	p.items[p.open].alternatives = p.tail(x.alternatives, x.denied)
}

// orphan leaves a tail that has nothing to be of.
func (p *parser) orphan() {
	for k := p.kind(); k == isWord || k == thatWord || k == notWord; k = p.kind() {
		p.i++ // of these, a negation is left without a reason of its own
	}
	p.leave(p.i, "no thing that it could be of stands before it")
}

const onlyDenies = "an alternative has to ask for something, not only deny"

// choice reads "or" and another alternative of the item before, or of the list of
// items before that commas join.
func (p *parser) choice() {
	or := p.i
	p.i++
	for p.kind() == fillerWord {
		p.take()
	}
	if len(p.items) == 0 || p.kind() == endWord {
		p.leave(or, "it needs something on both sides")
		return
	}
	n := len(p.items)
	carried := p.open == n-1 && p.items[n-1].endsDenied()
	switch {
	case carried && p.follows(p.i, true):
		p.is, p.deny = true, or
		p.continuation(unknownWord)
		return
	case p.follows(p.i, false):
		p.chooseTail(or)
		return
	}
	if !p.phrase(orWord) {
		p.leave(or, "it needs something on both sides")
		return
	}
	p.tokens[or].used = true
	added := p.items[n]
	if carried && added.ground() {
		p.items[n].denied = true
		p.items[n].tokens = append(p.items[n].tokens, or)
		return
	}
	p.items = p.items[:n]
	for p.listed(len(p.items)-1, &added) {
		n--
		x := &p.items[n-1]
		if x.related() || added.related() {
			p.note(or, NoteAmbiguous, "the choice is between all that commas join before it")
		}
		x.alternatives = append(x.alternatives, p.items[n].alternatives...)
		p.items = p.items[:n]
	}
	x := &p.items[n-1]
	switch {
	case added.denied && !x.denied:
		p.fail(or, "write what is there in each: a cube or a sphere", onlyDenies)
	case x.denied:
	case x.joint == andWord && n > 1 && !p.items[n-2].ground() && !x.ground():
		p.note(or, NoteAmbiguous, "the choice is between its two neighbours; what stands before “and” is there in any case")
	case x.ground() != added.ground():
		p.note(or, NoteAmbiguous, "the choice is between a background and things")
	case x.related() != added.related():
		p.note(or, NoteList, "the relation is of one alternative alone; repeat it to have it in both")
	}
	x.alternatives = append(x.alternatives, added.alternatives...)
	p.limit(or, x)
	if p.open = n - 1; x.ground() {
		p.open = -1
	}
}

// listed reports whether item n and the one before are of a list with commas that
// the added item is the last of.
func (p *parser) listed(n int, added *item) bool {
	if n < 1 || p.items[n].joint != commaWord {
		return false
	}
	x, before := &p.items[n], &p.items[n-1]
	return !added.denied && !x.denied && !before.denied && x.ground() == added.ground() && before.ground() == added.ground()
}

// chooseTail reads a tail as an alternative to the last item's: "a cube left of a
// sphere or behind a car".
func (p *parser) chooseTail(or int) {
	n := len(p.items) - 1
	x := p.items[n]
	if p.open != n || !x.related() {
		p.leave(or, "what it joins is not clear")
		p.orphan()
		return
	}
	subject := x.alternatives[len(x.alternatives)-1].subject
	added := p.tail([]alternative{{subject: subject, last: subject}}, x.denied)
	switch facts := added[0].facts; {
	case len(facts) == 0:
		p.leave(or, "it needs something on both sides")
		return
	case !x.denied && !slices.ContainsFunc(facts, func(f fact) bool { return !f.denied }):
		p.fail(or, "write what is there in each: a cube left of a car or behind it", onlyDenies)
		return
	}
	p.tokens[or].used = true
	p.items[n].alternatives = append(p.items[n].alternatives, added...)
	p.limit(or, &p.items[n])
}

func (p *parser) limit(i int, x *item) {
	if len(x.alternatives) > maxAlternatives {
		p.fail(i, "", "more than %d alternatives", maxAlternatives)
	}
}

// quote is the sentence's own words from token i up to j, or their beginning.
func (p *parser) quote(i, j int) string {
	const most = 40
	words := strings.Fields(p.text[p.tokens[i].Offset:p.tokens[max(i, j-1)].End])
	text := []rune(strings.Join(words, " "))
	if len(text) > most {
		text = append(text[:most:most], '…')
	}
	return "“" + string(text) + "”"
}

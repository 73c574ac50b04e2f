package compose

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// suffixes are what may follow an operand, and where those stand that a group
// gives reason to complain of.
type suffixes struct {
	place *Place
	Extent
	weight float64

	placeAt, regionAt, rangeAt int
}

// suffixBegins reports whether a place, region, range or weight begins at i and so
// ends the text before it.
func (p *parser) suffixBegins(i, end int) (bool, error) {
	switch p.src[i] {
	case '@':
		_, paren := p.placeParen(i)
		return paren || p.rangeBegins(i), nil
	case ':':
		return p.weightBegins(i, end)
	}
	return false, nil
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

// parseSuffixes reads what follows an operand, in any order, up to where it ends.
func (p *parser) parseSuffixes(end int) (suffixes, error) {
	s := suffixes{weight: 1}
	weighted := false
	for {
		p.i = p.skipSpace(p.i)
		if p.ends(p.i, end) {
			return s, nil
		}
		i := p.i
		var err error
		switch r := p.src[i]; {
		case r == ':':
			if weighted {
				return s, p.errorf(i, "", "a second weight")
			}
			weighted = true
			s.weight, err = p.parseWeight()
		case r == '@' && p.rangeBegins(i):
			if s.Range != nil {
				return s, p.errorf(i, "repeat the term to have it in two parts of the run: a @0-0.2 AND a @0.6-1", "a second step range")
			}
			s.rangeAt = i
			s.Range, err = p.parseRange()
		case r == '@':
			err = p.parseBox(&s)
		default:
			err = p.errorf(i, "join the next term with AND", "expected AND before %s", p.what(i))
		}
		if err != nil {
			return s, err
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

// parseFraction reads a number from 0 to 1; outside says what lies beyond.
func (p *parser) parseFraction(what, outside, hint string) (float64, error) {
	i := p.skipSpace(p.i)
	v, err := p.parseNumber(i, what)
	if err != nil {
		err.(*SyntaxError).Hint = hint
		return 0, err
	}
	if !(v >= 0 && v <= 1) {
		return 0, p.errorf(i, hint, "%s %s lies outside the %s", what, string(p.src[i:p.i]), outside)
	}
	return v + 0, nil // -0 becomes 0: one place has one spelling
}

// parseRange reads a step range such as "@0-0.4".
func (p *parser) parseRange() (*Range, error) {
	const hint = `write @0-0.4 for the first four tenths of the steps: from 0 to 1; or \@ for the character itself`
	at := p.i
	var r Range
	var err error
	for _, v := range []*float64{&r.From, &r.To} {
		p.i++ // the "@", the "-"
		if *v, err = p.parseFraction("the time", "run", hint); err != nil {
			return nil, err
		}
	}
	if r.From >= r.To {
		return nil, p.errorf(at, hint, "the step range %v holds no step", r)
	}
	return &r, nil
}

// parseBox reads a place or a region, which begin alike.
func (p *parser) parseBox(s *suffixes) error {
	const hint = `write @(0.25, 0.6) for a place, @(0-0.5, 0-1) for a region: x to the right, y down, from 0 to 1; or \@ for the character itself`
	at := p.i
	paren, ok := p.placeParen(at)
	if !ok {
		return p.errorf(at, `write @0-0.4 for a part of the run; `+hint, "expected a place, a region or a step range")
	}
	p.i = paren + 1
	var from, to [2]float64
	var wide [2]bool
	for k := range from {
		var err error
		if from[k], err = p.parseFraction("the coordinate", "picture", hint); err != nil {
			return err
		}
		if p.i = p.skipSpace(p.i); p.at(p.i) == '-' {
			wide[k] = true
			p.i++
			if to[k], err = p.parseFraction("the coordinate", "picture", hint); err != nil {
				return err
			}
			p.i = p.skipSpace(p.i)
		}
		if want := ",)"[k]; p.at(p.i) != rune(want) {
			return p.errorf(p.i, hint, "expected %q before %s", want, p.what(p.i))
		}
		p.i++
	}
	switch r := (Region{from[0], to[0], from[1], to[1]}); {
	case wide[0] != wide[1]:
		return p.errorf(at, hint, "a region has two ranges, and a place has none")
	case !wide[0] && s.place != nil:
		return p.errorf(at, "repeat the term to have it at two places: a AND a", "a second place")
	case !wide[0]:
		s.place, s.placeAt = &Place{from[0], from[1]}, at
	case s.Region != nil:
		return p.errorf(at, "repeat the term to have it in two regions: a AND a", "a second region")
	case r.X0 >= r.X1 || r.Y0 >= r.Y1:
		return p.errorf(at, hint, "the region %v is empty", r)
	default:
		s.Region, s.regionAt = &r, at
	}
	return nil
}

package recipe

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/counterpoint/counterpoint/engine"
	"github.com/counterpoint/counterpoint/engine/compose"
	"github.com/counterpoint/counterpoint/engine/sample"
)

const negativePrefix = "Negative prompt:"

// Parameters returns the recipe as AUTOMATIC1111's web UI writes it: the prompt in its dialect, the negative prompt if there
// is one, and a line of settings that begins with the steps. Values hold no comma, colon or quote, on which one reader or
// another trips. A prompt that the dialect can't express, with places for instance, stands as it is.
func (r *Recipe) Parameters() string {
	q := &r.Request
	width, height := float64(q.Width), float64(q.Height)
	if q.Hires > 1 { // the size there is that of the first run
		width, height = width/q.Hires, height/q.Hires
	}
	var b strings.Builder
	b.WriteString(dialect(q.Prompt) + "\n")
	if q.NegativePrompt != "" {
		b.WriteString(negativePrefix + " " + fold(q.NegativePrompt) + "\n")
	}
	fmt.Fprintf(&b, "Steps: %d, Sampler: %s, CFG scale: %s, Seed: %d, Size: %sx%s",
		q.Steps, samplerTitle(q.Sampler), number(q.GuidanceScale), q.Seed, number(width), number(height))
	settings := append([]setting{
		{"Model hash", r.Model.Hash}, {"Model", r.Model.Name}, {"Schedule type", scheduleTitle(q.Scheduler)}, {"Eta DDIM", unlessZero(q.Eta)},
		{"Denoising strength", unlessZero(q.Strength)}, {"Hires upscale", unlessZero(q.Hires)},
	}, r.extras()...)
	for _, s := range append(settings, setting{"Version", r.Version}) {
		if v := value(s.value); v != "" {
			b.WriteString(", " + s.key + ": " + v)
		}
	}
	return b.String()
}

// samplerTitle is A1111's name of a sampler, or ours.
func samplerTitle(name string) string {
	if s, err := sample.Lookup(name); err == nil && s.Title != "" {
		return s.Title
	}
	return value(name)
}

// scheduleTitle is a spacing's name with a capital, as A1111 has "Karras" and "Exponential".
func scheduleTitle(spacing string) string {
	if spacing == "" {
		return ""
	}
	return strings.ToUpper(spacing[:1]) + spacing[1:]
}

func unlessZero(v float64) string {
	if v == 0 {
		return ""
	}
	return number(v)
}

func number(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }

var valueEscaper = strings.NewReplacer(",", "_", ":", "_", `"`, "_")

func value(s string) string { return valueEscaper.Replace(fold(s)) }

// fold makes text one line without control characters.
func fold(s string) string {
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }), " ")
}

// dialect writes a prompt for a reader with AND and weights but neither NOT nor groups: they are multiplied out. What can't
// be said so, or isn't of our language, is returned as it is, on one line.
func dialect(source string) string {
	prompt, err := compose.Parse(source)
	if err != nil || !prompt.IsSum() {
		return fold(source)
	}
	var terms []string
	for _, t := range prompt.Terms() {
		text, ok := dialectText(t.Source)
		if !ok || t.Place != nil {
			return fold(source)
		}
		if t.Weight != 1 || endsInWeight(text) {
			text += " :" + number(t.Weight)
		}
		terms = append(terms, text)
	}
	return strings.Join(terms, " AND ")
}

// endsInWeight tells whether A1111 takes the end of a term for a weight: `:\s*[-+]?(?:\d+\.?|\d*\.\d+)\s*$`.
func endsInWeight(text string) bool {
	colon := strings.LastIndexByte(text, ':')
	if colon < 0 {
		return false
	}
	number := strings.Trim(text[colon+1:], asciiSpace)
	if number != "" && (number[0] == '-' || number[0] == '+') {
		number = number[1:]
	}
	whole, fraction, _ := strings.Cut(number, ".")
	return whole+fraction != "" && strings.Trim(whole+fraction, "0123456789") == ""
}

// asciiSpace is what \s matches.
const asciiSpace = "\t\n\f\r "

// dialectText spells a term's text with A1111's escapes, which are those of brackets and the backslash. It is not ok where a
// character that we escape would be syntax there.
func dialectText(source string) (string, bool) {
	var b strings.Builder
	bracketed := strings.ContainsAny(source, "([")
	runes := []rune(source)
	for i := 0; i < len(runes); i++ {
		if runes[i] != '\\' || i+1 == len(runes) {
			b.WriteRune(runes[i])
			continue
		}
		i++
		switch r := runes[i]; {
		case strings.ContainsRune(`()[]\`, r):
			b.WriteRune('\\')
			b.WriteRune(r)
		case r == '@' || (r == ':' || r == '|') && !bracketed:
			b.WriteRune(r)
		default:
			return "", false
		}
	}
	return fold(b.String()), true
}

// minSettings is how many settings a last line needs, by A1111's reader, not to be part of the prompt.
const minSettings = 3

// ParseParameters reads the text that A1111's web UI puts into pictures and onto the clipboard, as far as its fields map to
// ours: the rest is dropped, and a missing field stays zero. The prompt is taken as it is. Text that names no steps, seed or
// the like in its last line is not a recipe: the error is [ErrNone].
func ParseParameters(text string) (Recipe, error) {
	lines := strings.Split(strings.TrimSpace(strings.ReplaceAll(text, "\r\n", "\n")), "\n")
	settings := findSettings(lines[len(lines)-1])
	if len(settings) < minSettings {
		return Recipe{}, ErrNone
	}
	r := Recipe{Format: Format}
	prompt, negative := splitPrompts(lines[:len(lines)-1])
	r.Request.Prompt, r.Request.NegativePrompt, r.Request.Batch = prompt, negative, 1
	for _, s := range settings {
		var err error
		if field, ok := settingFields[s.key]; ok {
			err = field(&r, unquote(s.value))
		} else {
			err = r.readExtra(s)
		}
		if err != nil {
			return Recipe{}, fmt.Errorf("recipe: parameters: %s: %w", s.key, err)
		}
	}
	if !r.Request.Particles { // another program's pictures are those of their seeds alone
		r.Request.Batch, r.Index = 1, 0
	}
	return r, r.enlarge(settings)
}

// enlarge makes the size, which is that of the first of two runs, that of the second. Where it can't be told how large that
// was, the recipe is that of the first.
func (r *Recipe) enlarge(settings []setting) error {
	q := &r.Request
	if !(q.Hires > 1) {
		if slices.ContainsFunc(settings, func(s setting) bool { return strings.HasPrefix(s.key, "Hires ") }) {
			q.Strength = 0 // of the second
		}
		return nil
	}
	for _, side := range []*int{&q.Width, &q.Height} {
		larger := math.Round(float64(*side) * q.Hires)
		if larger > engine.MaxSide {
			return fmt.Errorf("recipe: parameters: Hires upscale: a side of %v pixels, want at most %d", larger, engine.MaxSide)
		}
		*side = int(larger)
	}
	return nil
}

func splitPrompts(lines []string) (prompt, negative string) {
	var parts [2][]string
	which := 0
	for _, line := range lines {
		line = strings.TrimSpace(line)
		if rest, ok := strings.CutPrefix(line, negativePrefix); ok {
			which, line = 1, strings.TrimSpace(rest)
		}
		parts[which] = append(parts[which], line)
	}
	return strings.Join(parts[0], "\n"), strings.Join(parts[1], "\n")
}

// unquote returns a value that holds commas or colons, a JSON string, as it was.
func unquote(v string) string {
	var s string
	if strings.HasPrefix(v, `"`) && json.Unmarshal([]byte(v), &s) == nil {
		return s
	}
	return strings.TrimSpace(v)
}

// settingFields are the settings we read, by their key.
var settingFields = map[string]func(r *Recipe, v string) error{
	"Steps":         func(r *Recipe, v string) error { return parseInt(v, engine.MaxSteps, &r.Request.Steps) },
	"Sampler":       func(r *Recipe, v string) error { r.Request.Sampler = strings.ToLower(v); return nil },
	"Schedule type": func(r *Recipe, v string) error { r.Request.Scheduler = strings.ToLower(v); return nil },
	"CFG scale":     func(r *Recipe, v string) error { return parseFloat(v, &r.Request.GuidanceScale) },
	"Eta DDIM":      func(r *Recipe, v string) error { return parseFloat(v, &r.Request.Eta) },
	"Denoising strength": func(r *Recipe, v string) error {
		err := parseFloat(v, &r.Request.Strength)
		if err == nil && !(r.Request.Strength >= 0 && r.Request.Strength <= 1) {
			err = fmt.Errorf("%.40q is not from 0 to 1", v)
		}
		return err
	},
	"Hires upscale": func(r *Recipe, v string) error {
		err := parseFloat(v, &r.Request.Hires)
		if err == nil && !(r.Request.Hires >= 1 && r.Request.Hires <= engine.MaxHires) {
			err = fmt.Errorf("%.40q is not from 1 to %d", v, engine.MaxHires)
		}
		return err
	},
	"Model":      func(r *Recipe, v string) error { r.Model.Name = v; return nil },
	"Model hash": func(r *Recipe, v string) error { r.Model.Hash = v; return nil },
	"Version":    func(r *Recipe, v string) error { r.Version = v; return nil },
	"Seed": func(r *Recipe, v string) error {
		seed, err := strconv.ParseUint(v, 10, 64)
		if err != nil || seed > engine.MaxSeed {
			return fmt.Errorf("%.40q is not a whole number from 0 to %d", v, uint64(engine.MaxSeed))
		}
		r.Request.Seed = seed
		return nil
	},
	"Size": func(r *Recipe, v string) error {
		width, height, ok := strings.Cut(v, "x")
		if !ok {
			return fmt.Errorf("%.40q is not WIDTHxHEIGHT", v)
		}
		if err := parseInt(width, engine.MaxSide, &r.Request.Width); err != nil {
			return err
		}
		return parseInt(height, engine.MaxSide, &r.Request.Height)
	},
}

func parseInt(s string, limit int, into *int) error {
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 || n > limit {
		return fmt.Errorf("%.40q is not a whole number from 1 to %d", s, limit)
	}
	*into = n
	return nil
}

func parseFloat(s string, into *float64) error {
	v, err := strconv.ParseFloat(s, 64)
	if err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
		return fmt.Errorf("%.40q is not a finite number", s)
	}
	*into = v
	return nil
}

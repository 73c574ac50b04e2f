package vocab

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"
)

//go:embed heldout.txt
var heldoutText string

// Triple is a relation between two shapes.
type Triple struct {
	Subject, Relation, Object string
}

// Heldout is the set of combinations that training scenes never hold.
type Heldout struct {
	ShapeColour     map[[2]string]bool
	ShapeBackground map[[2]string]bool
	Relations       map[Triple]bool // closed under inversion
}

// DefaultHeldout is the embedded list, heldout.txt.
var DefaultHeldout = must(parseHeldout(heldoutText, Default))

func parseHeldout(text string, v *Vocabulary) (*Heldout, error) {
	h := &Heldout{map[[2]string]bool{}, map[[2]string]bool{}, map[Triple]bool{}}
	words := v.Words()
	err := sections(text, func(section, entry string) error {
		f := strings.Fields(entry)
		for _, w := range f {
			if !slices.Contains(words, w) {
				return fmt.Errorf("unknown word %q", w)
			}
		}
		switch {
		case section == "shape colour" && len(f) == 2:
			h.ShapeColour[[2]string{f[0], f[1]}] = true
		case section == "shape background" && len(f) == 2:
			h.ShapeBackground[[2]string{f[0], f[1]}] = true
		case section == "relations" && len(f) >= 3:
			name := strings.Join(f[1:len(f)-1], " ")
			r, ok := v.Relation(name)
			if !ok {
				return fmt.Errorf("unknown relation %q", name)
			}
			h.Relations[Triple{f[0], r.Name, f[len(f)-1]}] = true
			h.Relations[Triple{f[len(f)-1], r.Inverse, f[0]}] = true
		default:
			return fmt.Errorf("section [%s]: cannot read %q", section, entry)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("heldout.txt: %w", err)
	}
	return h, nil
}

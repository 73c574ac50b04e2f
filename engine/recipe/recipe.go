// Package recipe keeps how a picture was made inside its PNG file, as two text chunks right after the header:
//
//   - "parameters", the text that AUTOMATIC1111's web UI writes and that it, Civitai and ComfyUI read ([Recipe.Parameters]);
//   - "counterpoint", a [Recipe] as ASCII JSON, exact: with the same model it makes the same picture again.
//
// [Encode] writes such a file; [Decode] reads one, or what fits of one that another program wrote.
package recipe

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf16"

	"github.com/counterpoint/counterpoint/engine"
	"github.com/counterpoint/counterpoint/engine/compose"
)

// Format is the version of the JSON form.
const Format = 1

// ErrNone reports a picture without a recipe.
var ErrNone = errors.New("no recipe in the picture")

// Recipe tells how one picture was made.
type Recipe struct {
	Format  int                 `json:"format"`
	Version string              `json:"version,omitempty"` // of the program, "counterpoint v0.1.0"
	Request engine.Request      `json:"request"`
	Index   int                 `json:"index,omitempty"` // which of the request's pictures; 0 but for particles, none of which is made alone
	Model   engine.ModelInfo    `json:"model"`
	Models  []engine.NamedModel `json:"models,omitempty"` // others that the prompt names
	Rows    []compose.Row       `json:"rows,omitempty"`   // what each step evaluated, for readers; Request alone decides
}

// Of returns the recipe of a result's i-th picture: a request for that picture alone, without the candidates that it was
// chosen from; or, of particles, for all of them. Version names the program.
func Of(r *engine.Result, i int, version string) Recipe {
	whole := Recipe{Format: Format, Version: version, Request: r.Request, Model: r.Model, Models: r.Models, Rows: r.Rows}
	if q := &whole.Request; q.Particles && q.Batch > 1 {
		whole.Index = i
	} else {
		q.Seed, q.Batch, q.BestOf = r.Pictures[i].Seed, 1, 0
	}
	return whole
}

// encodeJSON returns the recipe's JSON form in ASCII, so that readers which take a tEXt chunk for Latin-1 and those which
// take it for UTF-8 see the same.
func (r *Recipe) encodeJSON() ([]byte, error) {
	var plain strings.Builder
	enc := json.NewEncoder(&plain)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(r); err != nil {
		return nil, fmt.Errorf("recipe: %w", err)
	}
	var ascii []byte
	for _, c := range strings.TrimSpace(plain.String()) {
		switch {
		case c < 0x7f:
			ascii = append(ascii, byte(c))
		case c < 0x10000:
			ascii = fmt.Appendf(ascii, `\u%04x`, c)
		default:
			high, low := utf16.EncodeRune(c)
			ascii = fmt.Appendf(ascii, `\u%04x\u%04x`, high, low)
		}
	}
	return ascii, nil
}

func decodeJSON(text string) (Recipe, error) {
	var r Recipe
	if err := json.Unmarshal([]byte(text), &r); err != nil {
		return Recipe{}, fmt.Errorf("recipe: chunk %q: %w", keyOurs, err)
	}
	if r.Format != Format {
		return Recipe{}, fmt.Errorf("recipe: chunk %q: format %d, want %d", keyOurs, r.Format, Format)
	}
	return r, nil
}

package recipe

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"
)

// The rules of three programs that read "parameters", as CONVENTIONS has them from their sources: A1111's
// modules/infotext_utils.py, Civitai's automatic.metadata.ts and ComfyUI's pnginfo.ts.

type reading struct {
	prompt, negative string
	settings         map[string]string
}

func readA1111(text string) reading {
	pattern := regexp.MustCompile(`\s*(\w[\w \-/]+):\s*("(?:\\.|[^\\"])+"|[^,]*)(?:,|$)`)
	lines := strings.Split(strings.TrimSpace(text), "\n")
	last := lines[len(lines)-1]
	lines = lines[:len(lines)-1]
	found := pattern.FindAllStringSubmatch(last, -1)
	if len(found) < 3 {
		lines, found = append(lines, last), nil
	}
	r := reading{settings: map[string]string{}}
	negative := false
	for _, line := range lines {
		line = strings.TrimSpace(line)
		if rest, ok := strings.CutPrefix(line, "Negative prompt:"); ok {
			negative, line = true, strings.TrimSpace(rest)
		}
		into := &r.prompt
		if negative {
			into = &r.negative
		}
		if *into != "" {
			*into += "\n"
		}
		*into += line
	}
	for _, m := range found {
		v := m[2]
		if strings.HasPrefix(v, `"`) {
			_ = json.Unmarshal([]byte(m[2]), &v)
		}
		r.settings[m[1]] = v
	}
	return r
}

func readCivitai(text string) reading {
	r := reading{settings: map[string]string{}}
	lines := strings.Split(text, "\n")
	at := -1
	for i, line := range lines {
		if strings.HasPrefix(line, "Steps: ") {
			at = i
		}
	}
	if at < 0 {
		return r
	}
	r.prompt, r.negative, _ = strings.Cut(strings.Join(lines[:at], "\n"), "Negative prompt:")
	r.prompt, r.negative = strings.TrimSpace(r.prompt), strings.TrimSpace(r.negative)
	for _, pair := range strings.Split(lines[at], ", ") {
		key, value, _ := strings.Cut(pair, ": ")
		r.settings[key] = value
	}
	return r
}

func readComfyUI(text string) reading {
	r := reading{settings: map[string]string{}}
	at := strings.LastIndex(text, "\nSteps:")
	if at < 0 {
		return r
	}
	r.prompt = text[:at]
	if i := strings.LastIndex(r.prompt, "\nNegative prompt:"); i >= 0 {
		r.prompt, r.negative = r.prompt[:i], strings.TrimSpace(r.prompt[i+len("\nNegative prompt:"):])
	}
	for _, pair := range strings.Split(text[at+1:], ",") {
		parts := strings.Split(pair, ":") // what follows a second colon is lost
		if len(parts) > 1 {
			r.settings[strings.TrimSpace(parts[0])] = strings.TrimSpace(parts[1])
		}
	}
	return r
}

var readers = map[string]func(string) reading{"A1111": readA1111, "Civitai": readCivitai, "ComfyUI": readComfyUI}

func TestThreeReaders(t *testing.T) {
	hostile := example()
	hostile.Model.Name = `scenes: "new", v2`
	hostile.Version = "counterpoint (devel), go1.26"
	hostile.Request.NegativePrompt = "blurry,\r\n\tgrey: \"dull\""
	hostile.Request.Eta = 0.5
	for _, c := range []struct {
		name             string
		recipe           Recipe
		prompt, negative string
		settings         map[string]string
	}{
		{"example", example(), "a red cube AND a blue sphere :1.2 AND a shadow :-1", "blurry", map[string]string{
			"Steps": "24", "Sampler": "DDIM", "CFG scale": "6", "Seed": "7", "Size": "256x256",
			"Model hash": "3fa1c09b2e", "Model": "scenes", "Version": "counterpoint v0.1.0",
		}},
		{"hostile", hostile, "a red cube AND a blue sphere :1.2 AND a shadow :-1", `blurry, grey: "dull"`, map[string]string{
			"Steps": "24", "Sampler": "DDIM", "CFG scale": "6", "Seed": "7", "Size": "256x256", "Eta DDIM": "0.5",
			"Model hash": "3fa1c09b2e", "Model": "scenes_ _new__ v2", "Version": "counterpoint (devel)_ go1.26",
		}},
	} {
		text := c.recipe.Parameters()
		for name, read := range readers {
			got := read(text)
			if got.prompt != c.prompt || got.negative != c.negative {
				t.Errorf("%s: %s reads prompts %q, %q; want %q, %q", c.name, name, got.prompt, got.negative, c.prompt, c.negative)
			}
			for key, want := range c.settings {
				if got.settings[key] != want {
					t.Errorf("%s: %s reads %s as %q, want %q", c.name, name, key, got.settings[key], want)
				}
			}
			if len(got.settings) != len(c.settings) {
				t.Errorf("%s: %s reads %d settings, want %d: %q", c.name, name, len(got.settings), len(c.settings), got.settings)
			}
		}
	}
}

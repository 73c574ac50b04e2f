package recipe

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

// FuzzSettings holds the scanners to the patterns they stand for.
func FuzzSettings(f *testing.F) {
	for _, seed := range []string{
		"Steps: 24, Sampler: DDIM, CFG scale: 6, Seed: 7, Size: 256x256, Model hash: 3fa1c09b2e",
		`Lora hashes: "a: 1, b: 2", Version: v1.2`, `Key: "open, Steps: 3`, `Key: "a\"b" c, X: 1, Hires/up-scale: `, `Key: "", Y1: "\`,
		"- a: b, --x: 3,, a b:c:d, Ünï: 1", "a cube :1.5", "a cube : -.5 ", "16:9", "x:+", "x:1.2.3", ":.", "no colon 5",
	} {
		f.Add(seed)
	}
	pattern := regexp.MustCompile(`\s*(\w[\w \-/]+):\s*("(?:\\.|[^\\"])+"|[^,]*)(?:,|$)`)
	weight := regexp.MustCompile(`:\s*[-+]?(?:\d+\.?|\d*\.\d+)\s*$`)
	f.Fuzz(func(t *testing.T, text string) {
		line := strings.ToValidUTF8(strings.NewReplacer("\n", " ", "\v", " ", "\r", " ").Replace(text), "?")
		var want []setting
		for _, m := range pattern.FindAllStringSubmatch(line, -1) {
			want = append(want, setting{m[1], m[2]})
		}
		if got := findSettings(line); !slices.Equal(got, want) {
			t.Errorf("%q has settings %q, want %q", line, got, want)
		}
		if got, want := endsInWeight(line), weight.MatchString(line); got != want {
			t.Errorf("%q ends in a weight: %t, want %t", line, got, want)
		}
	})
}

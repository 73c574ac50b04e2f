package shaders

import (
	"fmt"
	"strings"
)

// unroll repeats the lines between "#for i NAME" and its "#endfor" as often as the variant says of NAME, with #i replaced by
// 0, 1, 2…, so that elements of an array have constant indices and are kept in registers: some compilers unroll no loop.
func unroll(text string, v Variant) (string, error) {
	lines := strings.SplitAfter(text, "\n")
	var out strings.Builder
	for i := 0; i < len(lines); i++ {
		words := strings.Fields(lines[i])
		if len(words) == 0 || words[0] != "#for" {
			if len(words) > 0 && words[0] == "#endfor" {
				return "", fmt.Errorf("#endfor without #for")
			}
			out.WriteString(lines[i])
			continue
		}
		if len(words) != 3 {
			return "", fmt.Errorf("%q is not of the form #for i NAME", strings.TrimSpace(lines[i]))
		}
		times, ok := v[words[2]]
		if !ok {
			return "", fmt.Errorf("%q: the variant does not give %s", strings.TrimSpace(lines[i]), words[2])
		}
		first, depth := i+1, 1
		for i++; i < len(lines); i++ {
			if d, _, _ := strings.Cut(strings.TrimSpace(lines[i]), " "); d == "#for" {
				depth++
			} else if d == "#endfor" {
				depth--
			}
			if depth == 0 {
				break
			}
		}
		if depth != 0 {
			return "", fmt.Errorf("#for %s %s without #endfor", words[1], words[2])
		}
		body := strings.Join(lines[first:i], "")
		var all strings.Builder
		for n := range times {
			all.WriteString(strings.ReplaceAll(body, "#"+words[1], fmt.Sprint(n)))
		}
		inner, err := unroll(all.String(), v)
		if err != nil {
			return "", err
		}
		out.WriteString(inner)
	}
	return out.String(), nil
}

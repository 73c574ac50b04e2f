package recipe

import "strings"

// setting is one "Key: value" of a line of settings. A value with a comma or a colon is a JSON string.
type setting struct{ key, value string }

// findSettings finds the settings in a line as A1111's own pattern does:
//
//	\s*(\w[\w \-/]+):\s*("(?:\\.|[^\\"])+"|[^,]*)(?:,|$)
//
// It is written out since package regexp would be a tenth of the engine for browsers.
func findSettings(line string) []setting {
	var found []setting
	for line != "" {
		end := 0
		for end < len(line) && (isWord(line[end]) || strings.IndexByte(" -/", line[end]) >= 0) {
			end++
		}
		key := strings.TrimLeft(line[:end], " -/") // it begins with a word character
		if len(key) < 2 || end == len(line) || line[end] != ':' {
			line = line[min(end+1, len(line)):]
			continue
		}
		line = strings.TrimLeft(line[end+1:], asciiSpace)
		n := quoted(line)
		if n == 0 || n < len(line) && line[n] != ',' {
			if n = strings.IndexByte(line, ','); n < 0 {
				n = len(line)
			}
		}
		found = append(found, setting{key, line[:n]})
		line = line[min(n+1, len(line)):]
	}
	return found
}

// isWord is \w.
func isWord(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

// quoted returns the length of the quoted text that s begins with, 0 if there is none.
func quoted(s string) int {
	if s == "" || s[0] != '"' {
		return 0
	}
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '"':
			if i == 1 {
				return 0
			}
			return i + 1
		}
	}
	return 0
}

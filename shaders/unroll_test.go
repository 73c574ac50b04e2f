package shaders

import (
	"strings"
	"testing"
)

func TestUnroll(t *testing.T) {
	v := Variant{"N": 3, "M": 2, "NONE": 0}
	for _, tt := range []struct {
		name, text, want string // want: the text, or part of the error
		fails            bool
	}{
		{"repeated", "a\n#for i N\nx[#i] = #iu;\n#endfor\nb\n", "a\nx[0] = 0u;\nx[1] = 1u;\nx[2] = 2u;\nb\n", false},
		{"nested", "#for i M\n#for j M\n#i#j\n#endfor\n-\n#endfor\n", "00\n01\n-\n10\n11\n-\n", false},
		{"one after the other", "#for i M\n#i\n#endfor\n#for j M\n#j\n#endfor\n", "0\n1\n0\n1\n", false},
		{"indented", "  #for i M\n  #i\n  #endfor\n", "  0\n  1\n", false},
		{"never", "a\n#for i NONE\n#i\n#endfor\nb\n", "a\nb\n", false},
		{"unfinished", "#for i N\n#for j M\n#endfor\n", "#for i N without #endfor", true},
		{"stray end", "a\n#endfor\n", "#endfor without #for", true},
		{"unknown name", "#for i K\n#endfor\n", "the variant does not give K", true},
		{"odd form", "#for i = N\n#endfor\n", "not of the form", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := unroll(tt.text, v)
			if tt.fails {
				if err == nil || !strings.Contains(err.Error(), tt.want) {
					t.Errorf("got error %v, want one about %s", err, tt.want)
				}
				return
			}
			if err != nil || got != tt.want {
				t.Errorf("got %q, %v, want %q", got, err, tt.want)
			}
		})
	}
}

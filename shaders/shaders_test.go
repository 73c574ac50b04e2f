package shaders

import (
	"io/fs"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// TestTable checks that the table lists every shader there is, each with the names it uses and no others.
func TestTable(t *testing.T) {
	names, err := fs.Glob(files, "*.wgsl")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range names {
		src, err := fs.ReadFile(files, file)
		if err != nil {
			t.Fatal(err)
		}
		name := strings.TrimSuffix(file, ".wgsl")
		if _, ok := table[name]; ok != strings.Contains(string(src), "fn main(") {
			t.Errorf("%s is in the table: %v; it has an entry point: %v", name, ok, !ok)
		}
	}
	for name, variants := range table {
		text := whole(t, name, map[string]bool{})
		for _, v := range variants {
			if v != F16 && v != Subgroups && !containsWord(text, v) {
				t.Errorf("shader %s never uses %s", name, v)
			}
		}
	}
}

// whole returns a file with all it imports, whatever the variant.
func whole(t *testing.T, name string, seen map[string]bool) string {
	if seen[name] {
		return ""
	}
	seen[name] = true
	src, err := fs.ReadFile(files, name+".wgsl")
	if err != nil {
		t.Fatal(err)
	}
	text := string(src)
	for line := range strings.Lines(string(src)) {
		if file, ok := strings.CutPrefix(strings.TrimSpace(line), "#import "); ok {
			text += whole(t, file, seen)
		}
	}
	return text
}

func containsWord(text, word string) bool {
	letter := func(r rune) bool {
		return r == '_' || r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z'
	}
	return slices.Contains(strings.FieldsFunc(text, func(r rune) bool { return !letter(r) }), word)
}

func TestBuild(t *testing.T) {
	s, err := Build("activate", Variant{Workgroup: 64, Act: 2}, Target{})
	if err != nil {
		t.Fatal(err)
	}
	if s.Label != "activate ACT=2 WG=64" || !strings.HasPrefix(s.Code, "const WG: u32 = 64u;\nconst ACT: u32 = 2u;\n") {
		t.Errorf("label %q, code begins %.60q", s.Label, s.Code)
	}
	want := []Binding{{"p", Uniform}, {"run", Uniform}, {"x", Read}, {"y", ReadWrite}}
	if !slices.Equal(s.Bindings, want) {
		t.Errorf("bindings %v, want %v", s.Bindings, want)
	}
	if want := []Param{{"images", false}, {"size", false}}; !slices.Equal(s.Params, want) {
		t.Errorf("parameters %v, want %v", s.Params, want)
	}
	if strings.Contains(s.Code, "#") || !strings.Contains(s.Code, "@binding(3) var<storage, read_write> y") {
		t.Errorf("code:\n%s", s.Code)
	}
}

func TestDirectives(t *testing.T) {
	for _, tt := range []struct {
		name, text, want string // want: the code after the constants, or part of the error
		variant          Variant
		fails            bool
	}{
		{"kept", "a\n#if X\nb\n#else\nc\n#endif\nd", "a\nb\nd\n", Variant{"X": 2}, false},
		{"dropped", "a\n#if X\nb\n#else\nc\n#endif\nd", "a\nc\nd\n", nil, false},
		{"not", "#if !X\nb\n#endif", "b\n", nil, false},
		{"nested", "#if X\n#if Y\na\n#else\nb\n#endif\n#else\nc\n#endif", "b\n", Variant{"X": 1}, false},
		{"nested in what is dropped", "#if X\n#if !Y\na\n#endif\n#else\nc\n#endif", "c\n", nil, false},
		{"imported once", "#import part\n#import part\na", "part\na\n", nil, false},
		{"not imported", "#if X\n#import nowhere\n#endif\na", "a\n", nil, false},
		{"numbered", "@group(0) @binding(#) var<uniform> p: P;\n#if X\n@group(0) @binding(#) var<storage, read> x: array<f32>;\n#endif\n@group(0) @binding(#) var<storage, read> y: array<f32>;",
			"@group(0) @binding(0) var<uniform> p: P;\n@group(0) @binding(1) var<storage, read> y: array<f32>;\n", nil, false},
		{"unfinished", "#if X\na", "s.wgsl: #if without #endif", nil, true},
		{"stray end", "a\n#endif", "s.wgsl:2: #endif without #if", nil, true},
		{"stray else", "#else", "s.wgsl:1: #else without #if", nil, true},
		{"typo", "#elif X", "s.wgsl:1: #elif is not a directive", nil, true},
		{"import of nothing", "#import nowhere", "s.wgsl:1", nil, true},
		{"odd binding", "@group(0) @binding(#) var<private> p: P;", "is not of the form", nil, true},
		{"odd parameter", "struct Params {\n    a: vec2<f32>,\n}", "neither u32 nor f32", nil, true},
		{"unknown name", "a", "have no Z", Variant{"Z": 1}, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, err := build(fstest.MapFS{"s.wgsl": {Data: []byte(tt.text)}, "part.wgsl": {Data: []byte("part")}}, "s", []string{"X", "Y"}, tt.variant, Target{})
			if tt.fails {
				if err == nil || !strings.Contains(err.Error(), tt.want) {
					t.Errorf("got error %v, want one about %s", err, tt.want)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			_, code, _ := strings.Cut(s.Code, "const Y: u32 = 0u;\n")
			code = strings.ReplaceAll(code, "\n\n", "\n")
			if code != tt.want {
				t.Errorf("got %q, want %q", code, tt.want)
			}
		})
	}
}

func TestUnknownShader(t *testing.T) {
	if _, err := Build("softmax", nil, Target{}); err == nil || !strings.Contains(err.Error(), "no shader softmax") {
		t.Errorf("got error %v", err)
	}
}

func TestEnables(t *testing.T) {
	s, err := build(fstest.MapFS{"s.wgsl": {Data: []byte("a")}}, "s", []string{F16, Subgroups}, Variant{F16: 1, Subgroups: 1}, Target{SubgroupsDirective: true})
	if err != nil || !strings.HasPrefix(s.Code, "enable f16;\nenable subgroups;\n") {
		t.Errorf("got %v, %v", s, err)
	}
	s, err = build(fstest.MapFS{"s.wgsl": {Data: []byte("a")}}, "s", []string{Subgroups}, Variant{Subgroups: 1}, Target{})
	if err != nil || strings.Contains(s.Code, "enable") {
		t.Errorf("got %v, %v", s, err)
	}
}

// Package shaders holds the WGSL compute shaders, one file an operator, and makes their variants. A shader is specialised
// as text, which works alike in every implementation of WebGPU:
//
//   - a variant's names (table.go lists them all) become constants at the top, "const TILE: u32 = 8u;";
//   - #import FILE takes in another file, once;
//   - #if NAME, #if !NAME, #else and #endif keep lines or drop them, by whether the name's value is other than 0;
//   - lines between #for i NAME and #endfor are repeated as often as NAME's value says, with #i replaced by 0, 1, 2…;
//   - each # in @binding(#) becomes the next number.
//
// What the host has to know, the order of the bindings and of the fields of struct Params, is read from the text, so it is
// written down once.
package shaders

import (
	"embed"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
)

//go:embed *.wgsl
var files embed.FS

// Variant gives values to a shader's names. Names left out are 0.
type Variant map[string]int

// Target tells what the WGSL compiler wants to read beyond the text itself.
type Target struct {
	SubgroupsDirective bool // "enable subgroups;"
}

// Access says how a shader uses a binding.
type Access uint8

// The kinds of bindings.
const (
	Uniform Access = iota
	Read
	ReadWrite
)

// Binding is a buffer of bind group 0.
type Binding struct {
	Name   string
	Access Access
}

// Shader is a variant's text and what its host must know. The entry point is main.
type Shader struct {
	Label    string // see Label
	Code     string
	Bindings []Binding // in order of binding numbers
	Params   []Param   // fields of the uniform named p, four bytes each, in order
}

// Param is a field of struct Params.
type Param struct {
	Name  string
	Float bool // f32; otherwise u32
}

// Build makes a variant of the named shader.
func Build(name string, v Variant, t Target) (*Shader, error) {
	names, ok := table[name]
	if !ok {
		return nil, fmt.Errorf("there is no shader %s", name)
	}
	return build(files, name, names, v, t)
}

// build makes a variant of a shader in src, in the given names.
func build(src fs.FS, name string, names []string, v Variant, t Target) (*Shader, error) {
	for n := range v {
		if !slices.Contains(names, n) {
			return nil, fmt.Errorf("shader %s: its variants have no %s", name, n)
		}
	}
	s := &Shader{Label: Label(name, v)}
	b := builder{src: src, variant: v, imported: map[string]bool{}}
	if v[F16] != 0 {
		b.text.WriteString("enable f16;\n")
	}
	if v[Subgroups] != 0 && t.SubgroupsDirective {
		b.text.WriteString("enable subgroups;\n")
	}
	for _, n := range names {
		fmt.Fprintf(&b.text, "const %s: u32 = %du;\n", n, v[n])
	}
	if err := b.include(name + ".wgsl"); err != nil {
		return nil, fmt.Errorf("shader %s: %w", s.Label, err)
	}
	var err error
	if s.Code, err = unroll(b.text.String(), v); err != nil {
		return nil, fmt.Errorf("shader %s: %w", s.Label, err)
	}
	if err := s.scan(); err != nil {
		return nil, fmt.Errorf("shader %s: %w", s.Label, err)
	}
	return s, nil
}

// Label names a shader's variant, "conv2d ENC=2 SILU=1": different ones differently.
func Label(name string, v Variant) string {
	for _, n := range slices.Sorted(maps.Keys(v)) {
		if v[n] != 0 {
			name += fmt.Sprintf(" %s=%d", n, v[n])
		}
	}
	return name
}

// builder writes a shader's text.
type builder struct {
	src      fs.FS
	variant  Variant
	imported map[string]bool
	bindings int
	text     strings.Builder
}

func (b *builder) include(file string) error {
	if b.imported[file] {
		return nil
	}
	b.imported[file] = true
	src, err := fs.ReadFile(b.src, file)
	if err != nil {
		return err
	}
	var open []bool // of each #if around the line, whether its lines are kept
	for i, line := range strings.Split(strings.TrimSuffix(string(src), "\n"), "\n") {
		directive, arg, _ := strings.Cut(strings.TrimSpace(line), " ")
		keep := !slices.Contains(open, false)
		switch directive {
		case "#if":
			not := strings.HasPrefix(arg, "!")
			open = append(open, (b.variant[strings.TrimPrefix(arg, "!")] != 0) != not)
			continue
		case "#else", "#endif":
			last := len(open) - 1
			if last < 0 {
				return fmt.Errorf("%s:%d: %s without #if", file, i+1, directive)
			}
			if directive == "#endif" {
				open = open[:last]
			} else {
				open[last] = !open[last]
			}
			continue
		case "#import":
			if keep {
				if err := b.include(arg + ".wgsl"); err != nil {
					return fmt.Errorf("%s:%d: %w", file, i+1, err)
				}
			}
			continue
		}
		if strings.HasPrefix(directive, "#") && directive != "#for" && directive != "#endfor" {
			return fmt.Errorf("%s:%d: %s is not a directive", file, i+1, directive)
		}
		if !keep {
			continue
		}
		if strings.Contains(line, "@binding(#)") {
			line = strings.Replace(line, "@binding(#)", fmt.Sprintf("@binding(%d)", b.bindings), 1)
			b.bindings++
		}
		b.text.WriteString(line)
		b.text.WriteByte('\n')
	}
	if len(open) > 0 {
		return fmt.Errorf("%s: #if without #endif", file)
	}
	return nil
}

// scan reads bindings and parameters from the finished text.
func (s *Shader) scan() error {
	accesses := map[string]Access{"var<uniform>": Uniform, "var<storage, read>": Read, "var<storage, read_write>": ReadWrite}
	inParams := false
	for line := range strings.Lines(s.Code) {
		line = strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(line, "@group(0) @binding("):
			_, rest, _ := strings.Cut(line, ") v")
			kind, rest, _ := strings.Cut("v"+rest, "> ")
			name, _, ok := strings.Cut(rest, ":")
			access, known := accesses[kind+">"]
			if !ok || !known {
				return fmt.Errorf("binding %q is not of the form @group(0) @binding(#) var<…> name: type;", line)
			}
			s.Bindings = append(s.Bindings, Binding{name, access})
		case line == "struct Params {":
			inParams = true
		case inParams && line == "}":
			inParams = false
		case inParams:
			field, _, _ := strings.Cut(line, ",")
			name, kind, _ := strings.Cut(field, ": ")
			if strings.HasPrefix(line, "//") || line == "" {
				continue
			}
			if kind != "u32" && kind != "f32" {
				return fmt.Errorf("parameter %q is neither u32 nor f32", line)
			}
			s.Params = append(s.Params, Param{name, kind == "f32"})
		}
	}
	return nil
}

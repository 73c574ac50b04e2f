package tokenizer

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
)

// show writes runs as the original's doctests do, in their rounding.
func show(runs []Run) string {
	var b strings.Builder
	for _, r := range runs {
		if r.Break {
			b.WriteString("BREAK ")
		}
		fmt.Fprintf(&b, "%q %.4g; ", r.Text, r.Weight)
	}
	return strings.TrimSuffix(b.String(), "; ")
}

func TestEmphasis(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		// The doctests of parse_prompt_attention.
		{"normal text", `"normal text" 1`},
		{"an (important) word", `"an " 1; "important" 1.1; " word" 1`},
		{"(unbalanced", `"unbalanced" 1.1`},
		{`\(literal\]`, `"(literal]" 1`},
		{"(unnecessary)(parens)", `"unnecessaryparens" 1.1`},
		{"a (((house:1.3)) [on] a (hill:0.5), sun, (((sky))).",
			`"a " 1; "house" 1.573; " " 1.1; "on" 1; " a " 1.1; "hill" 0.55; ", sun, " 1.1; "sky" 1.464; "." 1.1`},
		// What else it makes of texts.
		{"", `"" 1`},
		{"()[]", `"" 1`},
		{"[x]", `"x" 0.9091`},
		{"(x: 1.2 )", `"x" 1.2`},
		{"(x:-.5)(y:+2.)", `"x" -0.5; "y" 2`},
		{"x:1.2) [y:1.2]", `"x:1.2) " 1; "y:1.2" 0.9091`},
		{"(16:9) (a: b) (x:1.2.3) (y:.)", `"16" 9; " " 1; "a: b" 1.1; " " 1; "x:1.2.3" 1.1; " " 1; "y:." 1.1`},
		{"a) b] (c", `"a) b] " 1; "c" 1.1`},
		{"(a [b) c]", `"a " 1.1; "b" 1; " c" 0.9091`},
		{`\\ \[ d\e \`, `"\\ [ de " 1`},
		{`(a\)b:2)`, `"a)b" 2`},
		{"é(猫:1.5)", `"é" 1; "猫" 1.5`},
		{"a BREAK b", `"a" 1; BREAK "b" 1`},
		{"a\n BREAK(b)BREAK BREAK", `"a" 1; BREAK "" 1; "b" 1.1; BREAK "" 1; BREAK "" 1`},
		{"BREAK a", `"" 1; BREAK "a" 1`},
		{"BREAKFAST UNBREAK éBREAK BREAK_ break", `"BREAKFAST UNBREAK éBREAK BREAK_ break" 1`},
		// Ours.
		{`(a\: b\:1.2)`, `"a: b:1.2" 1.1`},
		{`a \BREAK b`, `"a BREAK b" 1`},
		{"(a BREAK b:1.5) c", `"a" 1.5; BREAK "b" 1.5; " c" 1`},
	} {
		runs, err := Emphasis(c.text)
		if got := show(runs); err != nil || got != c.want {
			t.Errorf("%q\n got %s, %v\nwant %s", c.text, got, err, c.want)
		}
	}
	for text, want := range map[string]string{
		"a (bc:1001)":  `the weight of "bc" is 1001, beyond 1000`,
		"((a:-40):40)": "-1600",
		"((a:0):1" + strings.Repeat("0", 400) + ")": "NaN",
		strings.Repeat("(", 33):                     "more than 32 deep",
	} {
		if runs, err := Emphasis(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.20q: got %v, %v, want %q", text, runs, err, want)
		}
	}
}

// chunksOf encodes a text and writes its tokens by chunk, without BOS and what follows EOS, with the weights that are not 1.
func chunksOf(t *testing.T, tok *Tokenizer, text string) string {
	t.Helper()
	runs, err := Emphasis(text)
	if err != nil {
		t.Fatal(err)
	}
	chunks, err := tok.Chunks(runs)
	if err != nil {
		t.Fatal(err)
	}
	var parts []string
	for _, c := range chunks {
		if len(c.IDs) != tok.ModelMaxLength() || c.IDs[0] != tok.bos {
			t.Fatalf("%q: chunk %v", text, c.IDs)
		}
		var words []string
		for i, id := range c.IDs[1 : 1+slices.Index(c.IDs[1:], tok.eos)] {
			word := string("ab,"[min(id-2, 2)])
			if c.Weights != nil && c.Weights[1+i] != 1 {
				word += fmt.Sprintf("%.3g", c.Weights[1+i])
			}
			words = append(words, word)
		}
		parts = append(parts, strings.Join(words, " "))
	}
	return strings.Join(parts, " / ")
}

// TestChunks uses a vocabulary of two words and a comma.
func TestChunks(t *testing.T) {
	const vocab = `{"a": 0, "b": 1, "a</w>": 2, "b</w>": 3, ",</w>": 4, "<s>": 6, "</s>": 7}`
	open := func(length int) *Tokenizer {
		tok, err := New([]byte(vocab), nil, Config{ModelMaxLength: length, BOS: "<s>", EOS: "</s>"})
		if err != nil {
			t.Fatal(err)
		}
		return tok
	}
	for _, c := range []struct {
		text, want string
	}{
		{"", ""},
		{"a (b:1.3) a", "a b1.3 a"},
		{"a b a b", "a b a b"},
		{"a b a b a", "a b a b / a"},
		{"a b, a b a", "a b , / a b a"},
		{"a b a, b", "a b a , / b"},
		{"a b a b, a", "a b a b / , a"},
		{", a b a b a", ", / a b a b / a"},
		{"a, b, a b a b a", "a , b , / a b a b / a"},
		{"a (b, a [b] a) b", "a b1.1 ,1.1 / a1.1 b a1.1 b"},
		{"a BREAK b", "a / b"},
		{"a BREAK BREAK b BREAK", "a /  / b"},
		{"BREAK a", " / a"},
	} {
		if got := chunksOf(t, open(6), c.text); got != c.want {
			t.Errorf("%q: got %q, want %q", c.text, got, c.want)
		}
	}
	// A comma further back than 20 tokens has no say.
	long := func(n int) string { return strings.TrimSpace(strings.Repeat(" a", n)) }
	for n, want := range map[int]string{
		19: long(10) + " , / " + long(19) + " b",
		20: long(9) + " , " + long(20) + " / b",
	} {
		if got := chunksOf(t, open(32), long(29-n)+", "+long(n)+" b"); got != want {
			t.Errorf("%d after the comma: got %q, want %q", n, got, want)
		}
	}
	if got := chunksOf(t, open(2), "a b"); got != "" {
		t.Errorf("without room: %q", got)
	}
	if chunks, err := open(6).Chunks([]Run{{long(33), 1, false}}); err == nil || !strings.Contains(err.Error(), "9 chunks of 4 tokens; want at most 8") {
		t.Errorf("33 words: got %v, %v", chunks, err)
	}
}

// TestOneChunk holds what fits and is not emphasised to be what Encode gives.
func TestOneChunk(t *testing.T) {
	tok := open(t, "bytes")
	for _, text := range []string{"", "a red cube, on sand", "it's \\(16:9\\)"} {
		runs, err := Emphasis(text)
		if err != nil {
			t.Fatal(err)
		}
		chunks, err := tok.Chunks(runs)
		if err != nil || len(chunks) != 1 || chunks[0].Weights != nil || !slices.Equal(chunks[0].IDs, tok.Encode(strings.ReplaceAll(text, `\`, ""))) {
			t.Errorf("%q: got %v, %v", text, chunks, err)
		}
	}
}

func FuzzEmphasis(f *testing.F) {
	for _, s := range []string{"a (((house:1.3)) [on] a (hill:0.5), sun, (((sky))).", `\(\[:\BREAK BREAK(x:9`, "(a BREAK, b:1.5) , c]\xff", strings.Repeat("a red, cube ", 9)} {
		f.Add(s)
	}
	tok := open(f, "words")
	f.Fuzz(func(t *testing.T, text string) {
		runs, err := Emphasis(text)
		if err != nil {
			return
		}
		tokens, weights, bytes := 0, map[float32]bool{1: true}, 0
		for i, r := range runs {
			if !(math.Abs(r.Weight) <= MaxEmphasis) || i > 0 && !r.Break && (r.Text == "" || r.Weight == runs[i-1].Weight) || i == 0 && r.Break {
				t.Fatalf("%q: run %d of %+v", text, i, runs)
			}
			tokens += len(tok.Tokens(r.Text))
			weights[float32(r.Weight)] = true
			bytes += len(r.Text)
		}
		if len(runs) == 0 || bytes > len(text) {
			t.Fatalf("%q: %+v", text, runs)
		}
		chunks, err := tok.Chunks(runs)
		if err != nil {
			return
		}
		for _, c := range chunks {
			if len(c.IDs) != tok.ModelMaxLength() || c.IDs[0] != tok.bos || c.Weights != nil && len(c.Weights) != len(c.IDs) {
				t.Fatalf("%q: chunk %+v", text, c)
			}
			for i, w := range c.Weights {
				if !weights[w] || w != 1 && (i == 0 || i == len(c.Weights)-1) {
					t.Fatalf("%q: weight %d is %v", text, i, w)
				}
			}
		}
		if len(chunks) == 0 || tokens > len(chunks)*(tok.ModelMaxLength()-2) {
			t.Fatalf("%q: %d tokens in %d chunks", text, tokens, len(chunks))
		}
	})
}

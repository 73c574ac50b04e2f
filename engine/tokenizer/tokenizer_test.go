package tokenizer

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"
)

func open(t testing.TB, folder string) *Tokenizer {
	t.Helper()
	tok, err := Open(os.DirFS("testdata/" + folder))
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

// The ids of transformers, which testdata/goldens.py wrote.
func TestGoldens(t *testing.T) {
	data, err := os.ReadFile("testdata/goldens.json")
	if err != nil {
		t.Fatal(err)
	}
	var goldens map[string][]struct {
		Text string
		IDs  []int32
	}
	if err := json.Unmarshal(data, &goldens); err != nil {
		t.Fatal(err)
	}
	for _, folder := range []string{"bytes", "words", "json"} {
		tok := open(t, folder)
		if len(goldens[folder]) < 30 {
			t.Errorf("%s: only %d goldens", folder, len(goldens[folder]))
		}
		for _, g := range goldens[folder] {
			if got := tok.Encode(g.Text); !slices.Equal(got, g.IDs) {
				t.Errorf("%s: %.40q\n got %v\nwant %v", folder, g.Text, got, g.IDs)
			}
		}
	}
}

func TestKnown(t *testing.T) {
	tok := open(t, "bytes")
	for word, want := range map[string]bool{"cube": true, "Cube": true, "a": true, "cubes": false, "red cube": false, "": false, "猫": true, "犬": false} {
		if got := tok.Known(word); got != want {
			t.Errorf("Known(%q) is %t", word, got)
		}
	}
	if sparse := open(t, "words"); sparse.Known("z") {
		t.Error("a letter that the vocabulary lacks is known")
	}
}

func TestLengths(t *testing.T) {
	tok := open(t, "words")
	if got := tok.ModelMaxLength(); got != 24 {
		t.Errorf("ModelMaxLength is %d, want 24", got)
	}
	ids := tok.Encode("red")
	if ids[len(ids)-1] != tok.pad || !slices.Contains(ids, tok.EOS()) {
		t.Errorf("ids %v do not end with EOS %d and PAD %d", ids, tok.EOS(), tok.pad)
	}
	if got := slices.Max(tok.Tokens(strings.Repeat("a red cube ", 50) + tok.added[1].text)); int(got) >= tok.VocabSize() {
		t.Errorf("id %d of a vocabulary of %d", got, tok.VocabSize())
	}
}

// What the package comment says of Unicode NFC.
func TestDecomposedTextIsNotComposed(t *testing.T) {
	tok := open(t, "bytes")
	composed, apart := tok.Tokens("caf\u00e9"), tok.Tokens("cafe\u0301")
	if slices.Equal(composed, apart) {
		t.Error("the package comment is out of date")
	}
}

func TestInvalidAndLongText(t *testing.T) {
	tok := open(t, "bytes")
	if !slices.Equal(tok.Tokens("a\xff\xfeb"), tok.Tokens("a\uFFFDb")) {
		t.Error("invalid UTF-8 is not read as U+FFFD")
	}
	long := strings.Repeat("猫", MaxTextBytes)
	start := time.Now()
	ids := tok.Tokens(long)
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("a word of %d bytes took %v", MaxTextBytes, took)
	}
	if !slices.Equal(ids, tok.Tokens(long[:MaxTextBytes/3*3])) {
		t.Error("text is not cut between two runes")
	}
}

// tiny is a vocabulary that one reads at a glance.
const (
	tinyVocab  = `{"a": 0, "b": 1, "a</w>": 2, "b</w>": 3, "ab": 4, "ab</w>": 5, "<s>": 6, "</s>": 7, "abab</w>": 8}`
	tinyMerges = "#version: 0.2\na b\na b</w>\nab ab</w>\n"
)

var tinyConfig = Config{ModelMaxLength: 6, BOS: "<s>", EOS: "</s>"}

func TestTiny(t *testing.T) {
	tok, err := New([]byte(tinyVocab), []byte(tinyMerges), tinyConfig)
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string][]int32{
		"":            {6, 7, 7, 7, 7, 7},
		"ab":          {6, 5, 7, 7, 7, 7},
		"ABAB a":      {6, 8, 2, 7, 7, 7},
		"ababa":       {6, 4, 4, 2, 7, 7},
		"ac":          {6, 0, 7, 7, 7, 7},
		"a b a b a b": {6, 2, 3, 2, 3, 7},
		"ab</s>a<s>":  {6, 5, 7, 2, 6, 7},
	} {
		if got := tok.Encode(text); !slices.Equal(got, want) {
			t.Errorf("%q: got %v, want %v", text, got, want)
		}
	}
}

func TestNormalizedAddedTokens(t *testing.T) {
	tok, err := NewFromJSON(fmt.Appendf(nil, `{"model": {"type": "BPE", "end_of_word_suffix": "</w>", "unk_token": "</s>", "vocab": %s, "merges": ["a b", ["a", "b</w>"]]},
		"added_tokens": [{"id": 6, "content": "<s>"}, {"id": 20, "content": "<Cat>", "normalized": true}, {"id": 21, "content": "<Dog>"}, {"id": 22, "content": "<Dog>s"}]}`, tinyVocab), tinyConfig)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := tok.Tokens("a<CAT>b <Dog><Dog>s<dog>"), []int32{2, 20, 3, 21, 22, 7, 7, 7, 7, 7}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if got := tok.VocabSize(); got != 23 {
		t.Errorf("VocabSize is %d, want 23", got)
	}
}

func TestVocabularyErrors(t *testing.T) {
	replace := func(s, old, new string) string { return strings.Replace(s, old, new, 1) }
	for _, c := range []struct {
		vocab, merges string
		config        Config
		want          string
	}{
		{"", tinyMerges, tinyConfig, "vocab.json"},
		{"[]", tinyMerges, tinyConfig, "vocab.json"},
		{replace(tinyVocab, `"b": 1`, `"b": 1.5`), tinyMerges, tinyConfig, "vocab.json"},
		{replace(tinyVocab, `"b": 1`, `"b": -1`), tinyMerges, tinyConfig, `the id of "b" is -1`},
		{replace(tinyVocab, `"b": 1`, `"b": 4294967297`), tinyMerges, tinyConfig, `the id of "b" is 4294967297`},
		{replace(tinyVocab, `"ab": 4, `, ""), tinyMerges, tinyConfig, `merge 1 makes "a" and "b" one: "ab" is not in the vocabulary`},
		{tinyVocab, tinyMerges + "c d\n", tinyConfig, `"c" is not in the vocabulary`},
		{tinyVocab, "#version: 0.2\nab\n", tinyConfig, "line 2 is not a pair"},
		{tinyVocab, "#version: 0.2\na b c\n", tinyConfig, "line 2 is not a pair"},
		{tinyVocab, tinyMerges, Config{}, `bos_token "<|startoftext|>" is not in the vocabulary`},
		{tinyVocab, tinyMerges, Config{BOS: "<s>", EOS: "</s>", PAD: "!"}, `pad_token "!"`},
		{tinyVocab, tinyMerges, Config{BOS: "<s>", EOS: "</s>", ModelMaxLength: 1}, "model_max_length 1"},
		{strings.Repeat(" ", MaxFileBytes+1), "", tinyConfig, "bytes"},
	} {
		if _, err := New([]byte(c.vocab), []byte(c.merges), c.config); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("got %v, want %q", err, c.want)
		}
	}
	for _, c := range []struct{ json, want string }{
		{"", "tokenizer.json"},
		{`{"model": {"type": "Unigram"}}`, `model "Unigram"`},
		{`{"model": {"type": "BPE"}}`, "end_of_word_suffix"},
		{`{"model": {"type": "BPE", "end_of_word_suffix": "</w>", "merges": [["a"]]}}`, "not a pair"},
		{`{"model": {"type": "BPE", "end_of_word_suffix": "</w>", "merges": [7]}}`, "tokenizer.json"},
		{`{"model": {"type": "BPE", "end_of_word_suffix": "</w>"}}`, "bos_token"},
		{`{"model": {"type": "BPE", "end_of_word_suffix": "</w>"}, "added_tokens": [{"content": "x", "lstrip": true}]}`, "lstrip"},
		{`{"model": {"type": "BPE", "end_of_word_suffix": "</w>", "vocab": {"x": 1}}, "added_tokens": [{"content": "x", "id": 2}]}`, `"x" is 2, and 1`},
		{`{"model": {"type": "BPE", "end_of_word_suffix": "</w>", "vocab": {"<s>": 1, "</s>": 2}}, "added_tokens": [{"id": 3}]}`, "empty"},
	} {
		if _, err := NewFromJSON([]byte(c.json), tinyConfig); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", c.json, err, c.want)
		}
	}
}

func TestConfigForms(t *testing.T) {
	got, err := ParseConfig([]byte(`{"model_max_length": 12, "bos_token": {"content": "<b>", "lstrip": false}, "eos_token": "<e>", "unk_token": null}`), Config{PAD: "<p>"})
	if want := (Config{ModelMaxLength: 12, BOS: "<b>", EOS: "<e>", PAD: "<p>"}); err != nil || got != want {
		t.Errorf("got %+v, %v; want %+v", got, err, want)
	}
	if got, err := ParseConfig([]byte(`{"model_max_length": 1000000000000000019884624838656}`), Config{ModelMaxLength: 32}); err != nil || got.ModelMaxLength != 32 {
		t.Errorf("no limit: got %+v, %v", got, err)
	}
	for _, bad := range []string{``, `{"bos_token": 7}`, `{"model_max_length": 1}`, `{"model_max_length": 2.5}`, `{"model_max_length": -5}`} {
		if c, err := ParseConfig([]byte(bad), Config{}); err == nil {
			t.Errorf("%s: read as %+v", bad, c)
		}
	}
}

func TestOpenNamesWhatIsMissing(t *testing.T) {
	for _, c := range []struct {
		folder fstest.MapFS
		want   string
	}{
		{fstest.MapFS{}, "neither vocab.json nor tokenizer.json"},
		{fstest.MapFS{"vocab.json": {Data: []byte(tinyVocab)}}, "merges.txt"},
		{fstest.MapFS{"tokenizer_config.json": {Data: []byte("{")}}, "tokenizer_config.json"},
		{fstest.MapFS{"vocab.json": {Data: make([]byte, MaxFileBytes+1)}}, "vocab.json has more than"},
	} {
		if _, err := Open(c.folder); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("got %v, want %q", err, c.want)
		}
	}
}

func FuzzEncode(f *testing.F) {
	for _, s := range []string{"", "a red cube", "it's 16:9 !!", "İ猫\u200d\U0001f600", "<|endoftext|>x<|startoftext", "\xff\x00'"} {
		f.Add(s)
	}
	tok := open(f, "words")
	f.Fuzz(func(t *testing.T, text string) {
		ids := tok.Encode(text)
		if len(ids) != tok.ModelMaxLength() || ids[0] != tok.bos || !slices.Contains(ids[1:], tok.eos) {
			t.Fatalf("%q: %v", text, ids)
		}
		for _, id := range ids {
			if id < 0 || int(id) >= tok.VocabSize() {
				t.Fatalf("%q: id %d of a vocabulary of %d", text, id, tok.VocabSize())
			}
		}
	})
}

func FuzzNew(f *testing.F) {
	f.Add([]byte(tinyVocab), []byte(tinyMerges), []byte(`{"model_max_length": 9}`))
	f.Add([]byte(`{"<|startoftext|>": 1, "<|endoftext|>": 199999}`), []byte(""), []byte(`{"pad_token": "<|startoftext|>"}`))
	f.Add([]byte(`{"model": {"type": "BPE", "end_of_word_suffix": "</w>", "vocab": {"<s>": 0, "</s>": 1}, "merges": ["a b"]}}`), []byte("a\r\n"), []byte(`{}`))
	f.Fuzz(func(t *testing.T, vocab, merges, config []byte) {
		c, err := ParseConfig(config, tinyConfig)
		if err != nil {
			return
		}
		for _, load := range []func() (*Tokenizer, error){
			func() (*Tokenizer, error) { return New(vocab, merges, c) },
			func() (*Tokenizer, error) { return NewFromJSON(vocab, c) },
		} {
			tok, err := load()
			if err != nil {
				continue
			}
			for _, id := range tok.Encode("ab abab " + string(merges)) {
				if id < 0 || int(id) >= tok.VocabSize() {
					t.Fatalf("id %d of a vocabulary of %d", id, tok.VocabSize())
				}
			}
		}
	})
}

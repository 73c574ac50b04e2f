package tokenizer

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"slices"
	"strings"
)

// New makes a tokenizer from the contents of vocab.json and merges.txt.
func New(vocabJSON, merges []byte, c Config) (*Tokenizer, error) {
	if len(vocabJSON) > MaxFileBytes || len(merges) > MaxFileBytes {
		return nil, errorf("vocab.json has %d bytes and merges.txt %d; want at most %d", len(vocabJSON), len(merges), MaxFileBytes)
	}
	var vocab map[string]int64
	if err := json.Unmarshal(vocabJSON, &vocab); err != nil {
		return nil, errorf("vocab.json: %w", err)
	}
	var pairs [][2]string
	for i, line := range strings.Split(string(merges), "\n") {
		line = strings.TrimSuffix(line, "\r")
		if line == "" || i == 0 && strings.HasPrefix(line, "#version") {
			continue
		}
		left, right, ok := strings.Cut(line, " ")
		if !ok || left == "" || right == "" || strings.Contains(right, " ") {
			return nil, errorf("merges.txt: line %d is not a pair of symbols", i+1)
		}
		pairs = append(pairs, [2]string{left, right})
	}
	return build(vocab, pairs, nil, c.withDefaults())
}

// NewFromJSON makes a tokenizer from the contents of tokenizer.json, which holds
// vocabulary, merges and added tokens.
func NewFromJSON(tokenizerJSON []byte, c Config) (*Tokenizer, error) {
	if len(tokenizerJSON) > MaxFileBytes {
		return nil, errorf("tokenizer.json has %d bytes; want at most %d", len(tokenizerJSON), MaxFileBytes)
	}
	var file struct {
		Added []struct {
			ID         int64  `json:"id"`
			Content    string `json:"content"`
			SingleWord bool   `json:"single_word"`
			LStrip     bool   `json:"lstrip"`
			RStrip     bool   `json:"rstrip"`
			Normalized bool   `json:"normalized"`
		} `json:"added_tokens"`
		Model struct {
			Type   string           `json:"type"`
			Suffix string           `json:"end_of_word_suffix"`
			UNK    string           `json:"unk_token"`
			Vocab  map[string]int64 `json:"vocab"`
			Merges []mergePair      `json:"merges"`
		} `json:"model"`
	}
	if err := json.Unmarshal(tokenizerJSON, &file); err != nil {
		return nil, errorf("tokenizer.json: %w", err)
	}
	if file.Model.Type != "BPE" || file.Model.Suffix != endOfWord {
		return nil, errorf("tokenizer.json: model %q with end_of_word_suffix %q; want BPE and %q", file.Model.Type, file.Model.Suffix, endOfWord)
	}
	vocab := file.Model.Vocab
	if vocab == nil {
		vocab = map[string]int64{}
	}
	var added []addedToken
	for _, a := range file.Added {
		if a.SingleWord || a.LStrip || a.RStrip {
			return nil, errorf("tokenizer.json: added token %q: single_word, lstrip and rstrip are not supported", a.Content)
		}
		if id, ok := vocab[a.Content]; ok && id != a.ID {
			return nil, errorf("tokenizer.json: added token %q is %d, and %d in the vocabulary", a.Content, a.ID, id)
		}
		vocab[a.Content] = a.ID
		added = append(added, addedToken{text: a.Content, normalized: a.Normalized})
	}
	if c.UNK == "" {
		c.UNK = file.Model.UNK
	}
	pairs := make([][2]string, len(file.Model.Merges))
	for i, m := range file.Model.Merges {
		pairs[i] = m
	}
	return build(vocab, pairs, added, c.withDefaults())
}

// mergePair is "a b" or, since tokenizers 0.20, ["a", "b"].
type mergePair [2]string

func (m *mergePair) UnmarshalJSON(data []byte) error {
	var parts []string
	if len(data) > 0 && data[0] == '"' {
		var line string
		if err := json.Unmarshal(data, &line); err != nil {
			return err
		}
		parts = strings.Split(line, " ")
	} else if err := json.Unmarshal(data, &parts); err != nil {
		return err
	}
	if len(parts) != 2 || parts[0] == "" || parts[1] == "" {
		return fmt.Errorf("merge %s is not a pair of symbols", data)
	}
	*m = mergePair(parts)
	return nil
}

// build checks the parts and makes the tables.
func build(vocab map[string]int64, pairs [][2]string, added []addedToken, c Config) (*Tokenizer, error) {
	if c.ModelMaxLength < 2 || c.ModelMaxLength > maxModelLength {
		return nil, errorf("model_max_length %d; want 2 to %d", c.ModelMaxLength, maxModelLength)
	}
	if len(vocab) > MaxVocab || len(pairs) > MaxVocab {
		return nil, errorf("%d entries and %d merges; want at most %d", len(vocab), len(pairs), MaxVocab)
	}
	t := &Tokenizer{
		vocab:  make(map[string]int32, len(vocab)),
		merges: make(map[pair]merge, len(pairs)),
		length: c.ModelMaxLength,
	}
	for token, id := range vocab {
		if id < 0 || id >= MaxVocab {
			return nil, errorf("the id of %q is %d; want 0 to %d", token, id, MaxVocab-1)
		}
		t.vocab[token] = int32(id)
		t.vocabulary = max(t.vocabulary, int(id)+1)
	}
	for rank, p := range pairs {
		var ids [3]int32
		for k, symbol := range []string{p[0], p[1], p[0] + p[1]} {
			id, ok := t.vocab[symbol]
			if !ok {
				return nil, errorf("merge %d makes %q and %q one: %q is not in the vocabulary", rank+1, p[0], p[1], symbol)
			}
			ids[k] = id
		}
		t.merges[pair{ids[0], ids[1]}] = merge{rank: int32(rank), id: ids[2]}
	}
	for b, r := range byteRunes {
		t.bytes[b] = t.lookup(string(r))
		t.lastBytes[b] = t.lookup(string(r) + endOfWord)
	}
	for _, special := range []struct {
		name, text string
		id         *int32
	}{{"bos_token", c.BOS, &t.bos}, {"eos_token", c.EOS, &t.eos}, {"pad_token", c.PAD, &t.pad}, {"unk_token", c.UNK, &t.unk}} {
		if *special.id = t.lookup(special.text); *special.id < 0 {
			return nil, errorf("%s %q is not in the vocabulary", special.name, special.text)
		}
		if !slices.ContainsFunc(added, func(a addedToken) bool { return a.text == special.text }) {
			added = append(added, addedToken{text: special.text})
		}
	}
	t.comma = t.lookup("," + endOfWord)
	if len(added) > MaxAddedTokens {
		return nil, errorf("%d added tokens; want at most %d", len(added), MaxAddedTokens)
	}
	for i := range added {
		a := &added[i]
		if a.text == "" {
			return nil, errorf("an added token is empty")
		}
		a.id = t.lookup(a.text)
		if a.normalized {
			a.text = normalize(a.text)
		}
	}
	t.added = added
	return t, nil
}

// lookup returns the id of a token, -1 if there is none.
func (t *Tokenizer) lookup(token string) int32 {
	if id, ok := t.vocab[token]; ok {
		return id
	}
	return -1
}

// ParseConfig reads a tokenizer_config.json or a special_tokens_map.json; tokens
// are strings or objects with "content". Fields that are absent stay as in c, and
// so does the length where it is transformers' 1e30 for "no limit".
func ParseConfig(data []byte, c Config) (Config, error) {
	var file struct {
		ModelMaxLength json.Number  `json:"model_max_length"`
		BOS            tokenContent `json:"bos_token"`
		EOS            tokenContent `json:"eos_token"`
		PAD            tokenContent `json:"pad_token"`
		UNK            tokenContent `json:"unk_token"`
	}
	if err := json.Unmarshal(data, &file); err != nil {
		return c, errorf("config: %w", err)
	}
	if file.ModelMaxLength != "" {
		n, err := file.ModelMaxLength.Float64()
		switch {
		case err != nil || n < 2 || n != math.Trunc(n):
			return c, errorf("config: model_max_length %s; want a whole number from 2", file.ModelMaxLength)
		case n <= maxModelLength:
			c.ModelMaxLength = int(n)
		}
	}
	for _, f := range []struct {
		field *string
		value tokenContent
	}{{&c.BOS, file.BOS}, {&c.EOS, file.EOS}, {&c.PAD, file.PAD}, {&c.UNK, file.UNK}} {
		if f.value != "" {
			*f.field = string(f.value)
		}
	}
	return c, nil
}

type tokenContent string

func (t *tokenContent) UnmarshalJSON(data []byte) error {
	var token struct {
		Content string `json:"content"`
	}
	if len(data) > 0 && data[0] == '{' {
		if err := json.Unmarshal(data, &token); err != nil {
			return err
		}
	} else if err := json.Unmarshal(data, &token.Content); err != nil {
		return err
	}
	*t = tokenContent(token.Content)
	return nil
}

// Open reads a tokenizer's folder: special_tokens_map.json and
// tokenizer_config.json, if they are there, and either vocab.json with merges.txt
// or tokenizer.json.
func Open(folder fs.FS) (*Tokenizer, error) {
	return Load(func(name string) ([]byte, error) { return readFile(folder, name) })
}

// Load is Open for files that are in no folder: read returns the content of the
// one with a name, or an error that is fs.ErrNotExist.
func Load(read func(name string) ([]byte, error)) (*Tokenizer, error) {
	var c Config
	for _, name := range []string{"special_tokens_map.json", "tokenizer_config.json"} {
		data, err := read(name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err == nil {
			c, err = ParseConfig(data, c)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	vocab, err := read("vocab.json")
	if errors.Is(err, fs.ErrNotExist) {
		data, err := read("tokenizer.json")
		if err != nil {
			return nil, fmt.Errorf("neither vocab.json nor tokenizer.json: %w", err)
		}
		return NewFromJSON(data, c)
	}
	if err != nil {
		return nil, err
	}
	merges, err := read("merges.txt")
	if err != nil {
		return nil, err
	}
	return New(vocab, merges, c)
}

// readFile is fs.ReadFile that stops at one byte more than is accepted.
func readFile(folder fs.FS, name string) ([]byte, error) {
	f, err := folder.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, MaxFileBytes+1))
	if err == nil && len(data) > MaxFileBytes {
		err = errorf("%s has more than %d bytes", name, MaxFileBytes)
	}
	return data, err
}

package tokenizer

import "slices"

// MaxChunks bounds the chunks of one text.
const MaxChunks = 8

// commaReach is how far back, in tokens, a full chunk is broken after a comma: AUTOMATIC1111's comma_padding_backtrack, as it
// is by default.
const commaReach = 20

// Chunk is a part of a text that a text encoder reads at once.
type Chunk struct {
	IDs     []int32   // ModelMaxLength, as Encode gives them
	Weights []float32 // of each id, 1 for BOS, EOS and PAD; nil if all are 1
}

// Chunks encodes runs as AUTOMATIC1111's web UI does, which goes on where Encode would cut (tokenize_line of its
// modules/sd_hijack_clip.py): each chunk has up to ModelMaxLength-2 tokens between a BOS and an EOS of its own; a new one
// begins at a BREAK, and where the last is full, or, if there was a comma among its last 20 tokens, after that. There is at
// least one. Runs are encoded apart, so none shares a word with the next. More than MaxChunks are an error.
func (t *Tokenizer) Chunks(runs []Run) ([]Chunk, error) {
	type token struct {
		id     int32
		weight float32
	}
	room := t.length - 2
	if room == 0 {
		return []Chunk{{IDs: t.frame(nil)}}, nil
	}
	var chunks []Chunk
	var open []token
	comma := -1 // the last one's index in open
	end := func(n int) {
		ids, weights := make([]int32, n), make([]float32, t.length)
		for i := range weights {
			weights[i] = 1
		}
		for i, k := range open[:n] {
			ids[i], weights[1+i] = k.id, k.weight
		}
		if !slices.ContainsFunc(weights, func(w float32) bool { return w != 1 }) {
			weights = nil
		}
		chunks = append(chunks, Chunk{t.frame(ids), weights})
		open, comma = slices.Clone(open[n:]), -1
	}
	for _, r := range runs {
		if r.Break {
			end(len(open))
		}
		for _, id := range t.Tokens(r.Text) {
			if full := len(open) == room; id == t.comma {
				comma = len(open)
			} else if full && comma >= 0 && room-comma <= commaReach {
				end(comma + 1)
			}
			if len(open) == room {
				end(room)
			}
			open = append(open, token{id, float32(r.Weight)})
		}
	}
	if len(open) > 0 || len(chunks) == 0 {
		end(len(open))
	}
	if len(chunks) > MaxChunks {
		return nil, errorf("the text takes %d chunks of %d tokens; want at most %d", len(chunks), room, MaxChunks)
	}
	return chunks, nil
}

// frame puts up to ModelMaxLength-2 ids between BOS and EOS, and PAD behind.
func (t *Tokenizer) frame(tokens []int32) []int32 {
	ids := make([]int32, 0, t.length)
	ids = append(ids, t.bos)
	ids = append(ids, tokens...)
	ids = append(ids, t.eos)
	for len(ids) < t.length {
		ids = append(ids, t.pad)
	}
	return ids
}

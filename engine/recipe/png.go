package recipe

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"image"
	"io"
	"strings"
)

// Keywords of the text chunks.
const (
	keyOurs  = "counterpoint"
	keyA1111 = "parameters"
)

// A PNG file is a signature and chunks of length, type, data and CRC, the first of which is IHDR.
const (
	signature   = "\x89PNG\r\n\x1a\n"
	ihdrLength  = 13
	chunkFrame  = 4 + 4 + 4
	headerBytes = len(signature) + chunkFrame + ihdrLength // where Encode's text begins
)

// Limits on what Decode reads.
const (
	maxText = 1 << 20  // of one chunk, in bytes
	maxFile = 64 << 20 // of the file, in bytes
)

// Encode writes img as a PNG that carries r; as a plain PNG if r is nil.
func Encode(w io.Writer, img image.Image, r *Recipe) error {
	header, pixels, err := encodePicture(img)
	if err != nil {
		return err
	}
	var text []byte
	if r != nil {
		ours, err := r.encodeJSON()
		if err != nil {
			return err
		}
		text = appendText(nil, keyA1111, r.Parameters())
		text = appendText(text, keyOurs, string(ours))
	}
	for _, part := range [][]byte{header, text, pixels} {
		if _, err := w.Write(part); err != nil {
			return err
		}
	}
	return nil
}

// appendText appends a text chunk: tEXt for ASCII, else iTXt, uncompressed and without a language, which some readers make
// part of the keyword.
func appendText(b []byte, keyword, text string) []byte {
	text = strings.ReplaceAll(text, "\x00", "")
	if isASCII(text) {
		return appendChunk(b, "tEXt", keyword+"\x00"+text)
	}
	const uncompressed = "\x00\x00" // flag and method
	const noLanguage = "\x00\x00"   // language and translated keyword
	return appendChunk(b, "iTXt", keyword+"\x00"+uncompressed+noLanguage+text)
}

func isASCII(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r >= 0x80 })
}

func appendChunk(b []byte, kind, data string) []byte {
	b = binary.BigEndian.AppendUint32(b, uint32(len(data)))
	start := len(b)
	b = append(append(b, kind...), data...)
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b[start:]))
}

// Decode reads the recipe of a PNG file: ours, or else what fits of the "parameters" text that AUTOMATIC1111's web UI and
// its kin write, as [ParseParameters] does. A picture with neither is [ErrNone]. It checks the chunks as far as it reads,
// which is to the end unless the file carries ours, and refuses files over 64 MiB and text over 1 MiB.
func Decode(r io.Reader) (Recipe, error) {
	texts := map[string]string{}
	if err := readTexts(r, texts); err != nil {
		return Recipe{}, fmt.Errorf("png: %w", err)
	}
	if text, ok := texts[keyOurs]; ok {
		return decodeJSON(text)
	}
	if text, ok := texts[keyA1111]; ok {
		return ParseParameters(text)
	}
	return Recipe{}, ErrNone
}

// readTexts reads chunks up to the end, or up to the text keyed keyOurs, and stores the first text of each keyword.
func readTexts(r io.Reader, texts map[string]string) error {
	left := io.LimitedReader{R: r, N: maxFile}
	read := func(b []byte, what string) error {
		switch _, err := io.ReadFull(&left, b); {
		case left.N == 0 && err != nil:
			return fmt.Errorf("more than %d bytes", maxFile)
		case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
			return fmt.Errorf("ends within %s", what)
		default:
			return err
		}
	}
	head := make([]byte, len(signature))
	if err := read(head, "the signature"); err != nil {
		return err
	}
	if string(head) != signature {
		return errors.New("not a PNG file: wrong signature")
	}
	for first := true; ; first = false {
		var frame [8]byte
		if err := read(frame[:], "a chunk's head"); err != nil {
			return err
		}
		length, kind := int64(binary.BigEndian.Uint32(frame[:4])), string(frame[4:])
		where := fmt.Sprintf("chunk %q", kind)
		isText := kind == "tEXt" || kind == "iTXt"
		switch {
		case first && (kind != "IHDR" || length != ihdrLength):
			return fmt.Errorf("%s of %d bytes, want IHDR of %d first", where, length, ihdrLength)
		case length > left.N:
			return fmt.Errorf("%s: %d bytes, more than the %d that a file may have left", where, length, left.N)
		case isText && length > maxText:
			return fmt.Errorf("%s: %d bytes of text, at most %d are read", where, length, maxText)
		}
		sum := crc32.NewIEEE()
		sum.Write(frame[4:])
		var data bytes.Buffer
		into := io.Writer(sum)
		if isText {
			into = io.MultiWriter(sum, &data)
		}
		switch n, err := io.CopyN(into, &left, length); {
		case errors.Is(err, io.EOF):
			return fmt.Errorf("ends within %s, after %d of %d bytes", where, n, length)
		case err != nil:
			return err
		}
		var crc [4]byte
		if err := read(crc[:], where); err != nil {
			return err
		}
		if got, want := sum.Sum32(), binary.BigEndian.Uint32(crc[:]); got != want {
			return fmt.Errorf("%s: CRC mismatch: got %08x, want %08x", where, got, want)
		}
		if kind == "IEND" {
			return nil
		}
		if !isText {
			continue
		}
		keyword, text, ok := splitText(kind, data.Bytes())
		if _, have := texts[keyword]; ok && !have {
			texts[keyword] = text
		}
		if keyword == keyOurs && ok {
			return nil
		}
	}
}

// splitText splits a text chunk's data. It is not ok where the data breaks the format or is compressed.
func splitText(kind string, data []byte) (keyword, text string, ok bool) {
	key, rest, ok := bytes.Cut(data, []byte{0})
	if !ok || len(key) == 0 {
		return "", "", false
	}
	if kind == "tEXt" {
		return string(key), latin1(rest), true
	}
	if len(rest) < 2 || rest[0] != 0 {
		return "", "", false
	}
	_, rest, ok = bytes.Cut(rest[2:], []byte{0}) // the language
	if !ok {
		return "", "", false
	}
	_, rest, ok = bytes.Cut(rest, []byte{0}) // the translated keyword
	return string(key), strings.ToValidUTF8(string(rest), "\uFFFD"), ok
}

// latin1 decodes ISO 8859-1, the encoding of tEXt.
func latin1(b []byte) string {
	runes := make([]rune, len(b))
	for i, c := range b {
		runes[i] = rune(c)
	}
	return string(runes)
}

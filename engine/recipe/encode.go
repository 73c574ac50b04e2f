package recipe

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/adler32"
	"image"
	"image/color"

	"github.com/klauspost/compress/flate"
)

// maxSide bounds a picture's sides, so that its size in bytes is no surprise.
const maxSide = 1 << 15

// encodePicture returns a PNG of img in two parts, between which text can stand: up to its header, and its pixels: eight bits a channel, with
// alpha if it is not opaque. The standard library's image/png does it too, but brings its decoder along, and a compressor of
// many levels: 0.1 MB of what a browser downloads.
func encodePicture(img image.Image) (header, pixels []byte, err error) {
	size := img.Bounds().Size()
	if size.X < 1 || size.Y < 1 || size.X > maxSide || size.Y > maxSide {
		return nil, nil, fmt.Errorf("png: a picture of %dx%d, want sides of 1 to %d", size.X, size.Y, maxSide)
	}
	const colours, withAlpha = 2, 6 // the format's numbers
	kind, channels := byte(withAlpha), 4
	if o, ok := img.(interface{ Opaque() bool }); ok && o.Opaque() {
		kind, channels = colours, 3
	}
	head := binary.BigEndian.AppendUint32(nil, uint32(size.X))
	head = binary.BigEndian.AppendUint32(head, uint32(size.Y))
	head = append(head, 8, kind, 0, 0, 0) // bits; deflate, adaptive filters, not interlaced

	rows := filtered(img, channels)
	const zlibHeader = "\x78\x01"
	var stream bytes.Buffer
	stream.WriteString(zlibHeader)
	if err := flate.StatelessDeflate(&stream, rows, true, nil); err != nil {
		return nil, nil, fmt.Errorf("png: %w", err)
	}
	data := binary.BigEndian.AppendUint32(stream.Bytes(), adler32.Checksum(rows))
	header = appendChunk([]byte(signature), "IHDR", string(head))
	pixels = appendChunk(nil, "IDAT", string(data))
	return header, appendChunk(pixels, "IEND", ""), nil
}

// filtered returns the rows, each behind the number of its filter, the one that leaves the smallest values: the heuristic of
// the PNG specification, section 12.8.
func filtered(img image.Image, channels int) []byte {
	size := img.Bounds().Size()
	n := size.X * channels
	row, above := make([]byte, n), make([]byte, n)
	trial, best := make([]byte, n), make([]byte, n)
	out := make([]byte, 0, size.Y*(1+n))
	for y := range size.Y {
		row, above = above, row
		readRow(row, img, y, channels)
		least, chosen := -1, 0
		for kind := range filters {
			if sum := applyFilter(trial, row, above, channels, kind); least < 0 || sum < least {
				least, chosen = sum, kind
				trial, best = best, trial
			}
		}
		out = append(append(out, byte(chosen)), best...)
	}
	return out
}

func readRow(row []byte, img image.Image, y, channels int) {
	b := img.Bounds()
	plain, _ := img.(*image.NRGBA)
	for x := range b.Dx() {
		to := row[x*channels:][:channels]
		if plain != nil {
			copy(to, plain.Pix[plain.PixOffset(b.Min.X+x, b.Min.Y+y):])
			continue
		}
		c := color.NRGBAModel.Convert(img.At(b.Min.X+x, b.Min.Y+y)).(color.NRGBA)
		copy(to, []byte{c.R, c.G, c.B, c.A})
	}
}

// filters predict a byte from those to its left, above it, and above the left one (PNG specification, section 9.2).
var filters = [...]func(left, above, corner byte) byte{
	func(_, _, _ byte) byte { return 0 },
	func(left, _, _ byte) byte { return left },
	func(_, above, _ byte) byte { return above },
	func(left, above, _ byte) byte { return byte((int(left) + int(above)) / 2) },
	paeth,
}

// paeth is whichever of the three is nearest to left + above − corner, in this order.
func paeth(left, above, corner byte) byte {
	p := int(left) + int(above) - int(corner)
	distance := func(b byte) int { return max(p-int(b), int(b)-p) }
	switch a, b, c := distance(left), distance(above), distance(corner); {
	case a <= b && a <= c:
		return left
	case b <= c:
		return above
	}
	return corner
}

// applyFilter writes what a filter leaves of a row, and returns the sum of its magnitudes as signed bytes.
func applyFilter(dst, row, above []byte, channels, kind int) int {
	predict, sum := filters[kind], 0
	for i, v := range row {
		var left, corner byte
		if i >= channels {
			left, corner = row[i-channels], above[i-channels]
		}
		dst[i] = v - predict(left, above[i], corner)
		d := int(int8(dst[i]))
		sum += max(d, -d)
	}
	return sum
}

package main

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/color"
)

// oriented is a picture as a camera's Exif orientation says that it is to be seen.
type oriented struct {
	image.Image
	how int // as Exif numbers it, 1 for as it is
}

func (o oriented) Bounds() image.Rectangle {
	size := o.Image.Bounds().Size()
	if o.how >= 5 {
		size.X, size.Y = size.Y, size.X
	}
	return image.Rectangle{Max: size}
}

func (o oriented) At(x, y int) color.Color {
	b := o.Image.Bounds()
	right, below := b.Dx()-1, b.Dy()-1
	switch o.how {
	case 2:
		x = right - x
	case 3:
		x, y = right-x, below-y
	case 4:
		y = below - y
	case 5:
		x, y = y, x
	case 6:
		x, y = y, below-x
	case 7:
		x, y = right-y, below-x
	case 8:
		x, y = right-y, x
	}
	return o.Image.At(b.Min.X+x, b.Min.Y+y)
}

// orientation finds the Exif orientation of a JPEG file, 1 if it has none.
func orientation(file []byte) int {
	const app1, startOfScan = 0xe1, 0xda
	if len(file) < 2 {
		return 1
	}
	for rest := file[2:]; len(rest) >= 4 && rest[0] == 0xff && rest[1] != startOfScan; {
		n := 2 + int(binary.BigEndian.Uint16(rest[2:]))
		if n < 4 || n > len(rest) {
			break
		}
		if tiff, ok := bytes.CutPrefix(rest[4:n], []byte("Exif\x00\x00")); ok && rest[1] == app1 {
			return tiffOrientation(tiff)
		}
		rest = rest[n:]
	}
	return 1
}

// tiffOrientation finds the tag in the first directory of a TIFF structure.
func tiffOrientation(tiff []byte) int {
	const head, entry, tag, short = 8, 12, 0x0112, 3
	if len(tiff) < head {
		return 1
	}
	var order binary.ByteOrder = binary.BigEndian
	if tiff[0] == 'I' {
		order = binary.LittleEndian
	}
	at := uint64(order.Uint32(tiff[4:]))
	if at+2 > uint64(len(tiff)) {
		return 1
	}
	count, entries := int(order.Uint16(tiff[at:])), tiff[at+2:]
	for ; count > 0 && len(entries) >= entry; count-- {
		if order.Uint16(entries) == tag && order.Uint16(entries[2:]) == short {
			if how := int(order.Uint16(entries[8:])); how >= 1 && how <= 8 {
				return how
			}
		}
		entries = entries[entry:]
	}
	return 1
}

package main

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"os"
	"strings"
	"testing"

	"github.com/counterpoint/counterpoint/engine"
	"github.com/counterpoint/counterpoint/engine/recipe"
)

func pictureFile(t testing.TB, encode func(*bytes.Buffer, image.Image) error) []byte {
	t.Helper()
	img := image.NewNRGBA(image.Rect(0, 0, 24, 16))
	for i := range img.Pix {
		img.Pix[i] = uint8(i)
		if i%4 == 3 {
			img.Pix[i] = 255
		}
	}
	var b bytes.Buffer
	if err := encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func asPNG(b *bytes.Buffer, img image.Image) error  { return png.Encode(b, img) }
func asJPEG(b *bytes.Buffer, img image.Image) error { return jpeg.Encode(b, img, nil) }

// bomb is a PNG file whose header says that it is large.
func bomb(t testing.TB) []byte {
	file := pictureFile(t, asPNG)
	binary.BigEndian.PutUint32(file[16:], 1<<20)
	binary.BigEndian.PutUint32(file[29:], crc32.ChecksumIEEE(file[12:29]))
	return file
}

func TestDecodePicture(t *testing.T) {
	for name, file := range map[string][]byte{"PNG": pictureFile(t, asPNG), "JPEG": pictureFile(t, asJPEG)} {
		if img, err := decodePicture(file); err != nil || img.Bounds().Size() != image.Pt(24, 16) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := decodePicture(file[:len(file)-20]); err == nil {
			t.Errorf("%s, cut short: no error", name)
		}
	}
	for want, file := range map[string][]byte{"1048576x16 pixels": bomb(t), "neither": []byte("GIF89a"), "neither a": nil} {
		if _, err := decodePicture(file); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

// withExif puts an orientation into a JPEG file.
func withExif(file []byte, order binary.AppendByteOrder, mark string, how uint16) []byte {
	tiff := order.AppendUint32(order.AppendUint16([]byte(mark), 42), 8)
	tiff = order.AppendUint16(tiff, 1)
	tiff = order.AppendUint32(order.AppendUint16(order.AppendUint16(tiff, 0x0112), 3), 1)
	tiff = order.AppendUint16(order.AppendUint16(tiff, how), 0)
	segment := append([]byte("Exif\x00\x00"), tiff...)
	out := append(bytes.Clone(file[:2]), 0xff, 0xe1)
	out = binary.BigEndian.AppendUint16(out, uint16(len(segment)+2))
	return append(append(out, segment...), file[2:]...)
}

// A camera's pictures are turned as it says: the first and last pixel of the first row are those that Pillow's
// exif_transpose puts there.
func TestOrientation(t *testing.T) {
	img := image.NewGray(image.Rect(0, 0, 32, 16)) // quarters of 0, 80 above 160, 240
	for i := range img.Pix {
		img.Pix[i] = uint8(80 * (i % 32 / 16))
		if i >= 32*8 {
			img.Pix[i] += 160
		}
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: 100}); err != nil {
		t.Fatal(err)
	}
	for how, want := range [][2]int{{0, 80}, {0, 80}, {80, 0}, {240, 160}, {160, 240}, {0, 160}, {160, 0}, {240, 80}, {80, 240}, {0, 80}} {
		for mark, order := range map[string]binary.AppendByteOrder{"II": binary.LittleEndian, "MM": binary.BigEndian} {
			got, err := decodePicture(withExif(b.Bytes(), order, mark, uint16(how)))
			if err != nil {
				t.Fatal(err)
			}
			size := got.Bounds().Size()
			if turned := how >= 5 && how <= 8; turned != (size.X < size.Y) {
				t.Errorf("orientation %d: %v", how, size)
			}
			for k, x := range []int{0, size.X - 1} {
				if v := int(color.GrayModel.Convert(got.At(x, 0)).(color.Gray).Y); max(v-want[k], want[k]-v) > 3 {
					t.Errorf("orientation %d, %s: pixel %d,0 is %d, want %d", how, mark, x, v, want[k])
				}
			}
		}
	}
}

// FuzzDecodePicture: whatever a file holds, it is refused or a picture of a size that can be taken.
func FuzzDecodePicture(f *testing.F) {
	f.Add(pictureFile(f, asPNG))
	f.Add(pictureFile(f, asJPEG))
	f.Add(withExif(pictureFile(f, asJPEG), binary.LittleEndian, "II", 6))
	f.Add(bomb(f))
	f.Fuzz(func(t *testing.T, file []byte) {
		config, _, err := image.DecodeConfig(bytes.NewReader(file))
		if err == nil && config.Width*config.Height > 1<<20 && config.Width <= engine.MaxSide && config.Height <= engine.MaxSide {
			t.Skip("large, but allowed")
		}
		img, err := decodePicture(file)
		if err != nil {
			return
		}
		if size := img.Bounds().Size(); size.X < 1 || size.Y < 1 || size.X > engine.MaxSide || size.Y > engine.MaxSide {
			t.Errorf("a picture of %v", size)
		}
		engine.Digest(img)
	})
}

// TestInpaintFile keeps what the mask's file says, and tells in the recipe what it began with.
func TestInpaintFile(t *testing.T) {
	t.Setenv(envModels, testModels(t))
	t.Chdir(t.TempDir())
	mask := image.NewGray(image.Rect(0, 0, 24, 16))
	for i := range mask.Pix {
		if i%24 < 8 {
			mask.Pix[i] = 255
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, mask); err != nil {
		t.Fatal(err)
	}
	original := pictureFile(t, asPNG)
	for name, data := range map[string][]byte{"in.png": original, "mask.png": b.Bytes()} {
		if err := os.WriteFile(name, data, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	status, file, said := command(t.Context(), "generate", "a red cube", "-m", "tiny", "--steps", "4", "--init-img", "in.png", "--mask-image", "mask.png", "-o", "-")
	if status != 0 {
		t.Fatalf("status %d: %s", status, said)
	}
	r, err := recipe.Decode(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	img, err := decodePicture(original)
	if err != nil {
		t.Fatal(err)
	}
	made, err := png.Decode(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range mask.Pix {
		if x, y := i%24, i/24; v == 0 && made.At(x, y).(color.RGBA) != color.RGBAModel.Convert(img.At(x, y)) {
			t.Fatalf("pixel %d,%d is %v, want %v kept", x, y, made.At(x, y), img.At(x, y))
		}
	}
	if q := r.Request; q.Width != 24 || q.Height != 16 || q.Strength != 1 || q.ImageSHA256 != engine.Digest(img) || q.MaskSHA256 != engine.Digest(mask) {
		t.Errorf("recipe %+v", q)
	}
}

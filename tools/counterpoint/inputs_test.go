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

// FuzzDecodePicture: whatever a file holds, it is refused or a picture of a size that can be taken.
func FuzzDecodePicture(f *testing.F) {
	f.Add(pictureFile(f, asPNG))
	f.Add(pictureFile(f, asJPEG))
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

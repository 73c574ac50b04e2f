package recipe

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"math/rand/v2"
	"testing"
)

// TestPicturesComeBack reads pictures of all kinds back with the standard library's decoder, which checks all checksums.
func TestPicturesComeBack(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for _, size := range []image.Point{{1, 1}, {3, 5}, {64, 40}, {300, 200}} {
		smooth, noisy, clear := image.NewNRGBA(image.Rectangle{Max: size}), image.NewNRGBA(image.Rectangle{Max: size}), image.NewNRGBA(image.Rectangle{Max: size})
		grey := image.NewGray(image.Rect(-2, 7, -2+size.X, 7+size.Y))
		for y := range size.Y {
			for x := range size.X {
				smooth.SetNRGBA(x, y, color.NRGBA{uint8(x * 3), uint8(y * 2), uint8(x + y), 255})
				noisy.SetNRGBA(x, y, color.NRGBA{uint8(random.Uint32()), uint8(random.Uint32()), uint8(random.Uint32()), 255})
				clear.SetNRGBA(x, y, color.NRGBA{uint8(x), 7, 9, uint8(y)})
				grey.SetGray(x-2, y+7, color.Gray{uint8(x * y)})
			}
		}
		for name, img := range map[string]image.Image{"smooth": smooth, "noisy": noisy, "clear": clear, "grey": grey} {
			var file, usual bytes.Buffer
			if err := Encode(&file, img, nil); err != nil {
				t.Fatal(err)
			}
			if err := png.Encode(&usual, img); err != nil {
				t.Fatal(err)
			}
			if n, want := file.Len(), usual.Len(); name != "grey" && n > want*2+100 {
				t.Errorf("%s of %v: %d bytes, the standard library makes %d", name, size, n, want)
			}
			got, err := png.Decode(&file)
			if err != nil {
				t.Fatalf("%s of %v: %v", name, size, err)
			}
			b := img.Bounds()
			for y := range size.Y {
				for x := range size.X {
					a := color.NRGBAModel.Convert(img.At(b.Min.X+x, b.Min.Y+y))
					if z := color.NRGBAModel.Convert(got.At(x, y)); a != z {
						t.Fatalf("%s of %v: %v at %d, %d, want %v", name, size, z, x, y, a)
					}
				}
			}
		}
	}
	if err := Encode(&bytes.Buffer{}, image.NewNRGBA(image.Rectangle{}), nil); err == nil {
		t.Error("an empty picture is no error")
	}
}

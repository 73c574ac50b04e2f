package e2e

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"testing"
)

// changed lists where two files' pictures of 64×64 differ.
func changed(t *testing.T, a, b []byte) (where []image.Point) {
	t.Helper()
	first, err := png.Decode(bytes.NewReader(a))
	if err != nil {
		t.Fatal(err)
	}
	second, err := png.Decode(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	for y := range 64 {
		for x := range 64 {
			if first.At(x, y) != second.At(x, y) {
				where = append(where, image.Pt(x, y))
			}
		}
	}
	return where
}

// only fails where pixels changed outside of a part of the picture, or few in it.
func only(t *testing.T, where []image.Point, part image.Rectangle) {
	t.Helper()
	for _, p := range where {
		if !p.In(part) {
			t.Fatalf("%v changed, which is outside of %v", p, part)
		}
	}
	if n := part.Dx() * part.Dy(); len(where) < n/3 {
		t.Errorf("of %d pixels in %v only %d changed", n, part, len(where))
	}
}

// A part of a picture is made anew, painted with a brush or given by its sides; all else stays as it is, to the bit. What it
// began with comes back from the history.
func TestStartFromThis(t *testing.T) {
	v := newCards(t, "a", "Concept 1")
	v.size(1280, 900)
	v.generate("a red cube", 7, 3)
	before, _ := v.download()
	v.click("button", "Start from this")
	v.awaitText("status", "^The picture is what the next one starts from$")
	v.awaitValue("slider", "Strength", "0.8")
	for name, value := range map[string]string{"left edge": "0.5", "right edge": "1", "top edge": "0", "bottom edge": "1"} {
		v.enter("spinbutton", "Part of the mask: "+name, value)
	}
	v.click("button", "Paint or erase this part")
	v.awaitValue("slider", "Strength", "1")
	v.generate("a blue sphere", 8, 4)
	after, r := v.download()
	only(t, changed(t, before, after), image.Rect(32, 0, 64, 64))
	if q := r.Request; q.Strength != 1 || len(q.ImageSHA256) != 64 || len(q.MaskSHA256) != 64 || q.Width != 64 || q.Height != 64 {
		t.Errorf("the recipe is %+v", q)
	}

	v = v.patient(t)
	v.click("button", "Clear the mask")
	v.click("button", "Erase") // on, and off again
	v.click("button", "Erase")
	evaluate[bool](v, `document.querySelector(".mask").scrollIntoView({ block: "center" }), true`)
	v.drag(v.on(".mask", 0.2, 0.2), v.on(".mask", 0.2, 0.8))
	v.generate("a blue sphere", 8, 4)
	painted, _ := v.download()
	only(t, changed(t, before, painted), image.Rect(6, 6, 20, 58))
	v.click("button", "Erase")
	evaluate[bool](v, `document.querySelector(".mask").scrollIntoView({ block: "center" }), true`)
	v.drag(v.on(".mask", 0.2, 0.1), v.on(".mask", 0.2, 0.5))
	v.generate("a blue sphere", 8, 4)
	erased, _ := v.download()
	only(t, changed(t, before, erased), image.Rect(6, 32, 20, 58))

	v = v.patient(t)
	v.click("button", "Start from noise")
	v.generate("a blue sphere", 8, 4)
	if _, r := v.download(); r.Request.Strength != 0 || r.Request.ImageSHA256 != "" {
		t.Errorf("from noise it is %+v", r.Request)
	}
	v.kept(5)
	evaluate[bool](v, `document.querySelectorAll("#history-list .thumb")[3].click(), true`) // the first that was inpainted
	v.awaitValue("slider", "Strength", "1")
	v.await("image", "Picture")
	if again, r := v.redo(); !bytes.Equal(again, after) {
		t.Errorf("from the history it makes another picture, of %+v", r.Request)
	}
}

// A picture that is dropped and has no recipe is one to begin with; one that has a recipe says how to begin with it.
func TestStartFromFile(t *testing.T) {
	v := newCards(t, "a", "Concept 1")
	img := image.NewNRGBA(image.Rect(0, 0, 130, 66))
	for i := range img.Pix {
		img.Pix[i] = uint8(max(i%4*85, i/4%130))
	}
	img.Set(0, 0, color.NRGBA{A: 255})
	var file bytes.Buffer
	if err := png.Encode(&file, img); err != nil {
		t.Fatal(err)
	}
	plain, bad := filepath.Join(t.TempDir(), "plain.png"), filepath.Join(t.TempDir(), "bad.png")
	if err := os.WriteFile(plain, file.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(bad, file.Bytes()[:60], 0o600); err != nil {
		t.Fatal(err)
	}
	v.drop(bad)
	v.awaitText("alert", "No recipe could be read")
	v.drop(plain)
	v.awaitThat(`document.querySelector("[role=status]").textContent + document.getElementById("alert").textContent`, "^The picture is what the next one starts from$")
	v.click("button", "Generate")
	v.awaitText("status", "^Done in ")
	data, r := v.download()
	if q := r.Request; q.Strength != 0.8 || q.Width != 128 || q.Height != 64 || q.ImageSHA256 == "" {
		t.Errorf("the recipe is %+v", q)
	}
	made := filepath.Join(t.TempDir(), "made.png")
	if err := os.WriteFile(made, data, 0o600); err != nil {
		t.Fatal(err)
	}
	v.click("button", "Start from noise")
	v.drop(made)
	v.awaitText("status", "begins with a picture, which is missing")
	v.click("button", "Start from noise")
	v.click("button", "Generate")
	v.awaitText("status", "^Done in ")
	v.give("#start-file", plain)
	v.awaitText("status", "^The picture is what")
}

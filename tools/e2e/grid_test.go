package e2e

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// labels returns a grid's labels as its table has them: those of the columns, then those of the rows.
func (v *visit) labels() string {
	v.Helper()
	return strings.Join(evaluate[[]string](v, `Array.from(document.querySelectorAll("#run th"), (th) => th.scope + " " + th.textContent)`), ", ")
}

// unfold opens what is folded away, by its id.
func (v *visit) unfold(id string) {
	v.Helper()
	evaluate[bool](v, fmt.Sprintf(`document.getElementById(%q).open = true`, id))
}

// A grid of a concept's weight and the seed is made picture by picture, with labels; each is one with its own recipe, and all
// of them are one file.
func TestGrid(t *testing.T) {
	v := newCards(t, "a red  cube AND NOT b :0.5", "Concept 2")
	v.enter("spinbutton", "Steps", "2")
	v.unfold("sweep")
	v.choose("x-what", "1")
	v.enter("textbox", "X, across: values", "0.25, 1-2")
	v.choose("y-what", "seed")
	v.enter("textbox", "Y, down: values", "7-9 (+2)")
	v.press(kb.Enter)
	v.awaitText("status", "^The grid is done: 6 pictures$")
	if got, want := v.labels(), "col 0.25, col 1, col 2, row 7, row 9"; got != want {
		t.Errorf("the grid's labels are %q, want %q", got, want)
	}
	v.kept(6)
	v.click("button", "Weight of not “b” 2, Seed 9")
	v.await("image", "Picture")
	data, r := v.download()
	if q := r.Request; q.Prompt != "a red  cube AND NOT b :2" || q.Seed != 9 || q.Steps != 2 || q.Batch != 1 {
		t.Errorf("the last picture's recipe is %+v", q)
	}
	if prompt := v.value("textbox", "Prompt"); prompt != "a red  cube AND NOT b :0.5" {
		t.Errorf("the grid changed the prompt to %q", prompt)
	}
	v = v.patient(t)
	sheet, err := png.Decode(bytes.NewReader(v.save("button", "Download grid")))
	if err != nil {
		t.Fatal(err)
	}
	last, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	size := sheet.Bounds().Size()
	const gap = 3
	corner := image.Pt(size.X-gap-64, size.Y-gap-64)
	for y := range 64 {
		for x := range 64 {
			got, want := color.NRGBAModel.Convert(sheet.At(corner.X+x, corner.Y+y)), color.NRGBAModel.Convert(last.At(x, y))
			if got != want {
				t.Fatalf("in the sheet of %v the last picture is %v at %d,%d, want %v", size, got, x, y, want)
			}
		}
	}
}

// Cancel keeps the pictures that are there; values that are none are said, and nothing is made.
func TestGridCancel(t *testing.T) {
	v := newCards(t, "a AND b", "Concept 2")
	v.unfold("sweep")
	v.choose("x-what", "steps")
	v.enter("textbox", "X, across: values", "2, none")
	v.click("button", "Make the grid")
	if said := evaluate[string](v, `document.querySelector("#sweep [aria-live]").textContent`); !strings.Contains(said, "“none”") {
		t.Errorf("of values that are none it says %q", said)
	}
	v.enter("textbox", "X, across: values", "2, 3, 1000")
	v.click("button", "Make the grid")
	for evaluate[int](v, `document.querySelectorAll("#run img").length`) < 2 {
		v.pause(fmt.Errorf("the first two pictures are not there"))
	}
	v.click("button", "Cancel")
	v.awaitText("status", "^Stopped: 2 of 3 pictures are here$")
	v.kept(2)
	v.click("button", "Steps 3")
	if _, r := v.download(); r.Request.Steps != 3 {
		t.Errorf("the second picture's recipe: %+v", r.Request)
	}
	if _, err := png.Decode(bytes.NewReader(v.save("button", "Download grid"))); err != nil {
		t.Error(err)
	}
}

// save clicks on what saves a file, and returns the file.
func (v *visit) save(role, name string) []byte {
	v.Helper()
	events := chromedp.BrowserEvents(v.ctx, browser.DownloadProgress)
	v.click(role, name)
	for event, err := range events {
		if err != nil {
			v.Fatal(err)
		}
		if event.State == browser.DownloadProgressStateCompleted {
			break
		}
	}
	files, err := os.ReadDir(v.downloads)
	if err != nil || len(files) != 1 {
		v.Fatalf("downloads %v, %v; want one", files, err)
	}
	path := filepath.Join(v.downloads, files[0].Name())
	data, err := os.ReadFile(path)
	if err == nil {
		err = os.Remove(path)
	}
	if err != nil {
		v.Fatal(err)
	}
	return data
}

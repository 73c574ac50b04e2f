package e2e

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/counterpoint/counterpoint/weights/scenes"
)

var screenshots = flag.String("screenshots", "", "a folder for pictures of every view on every screen, light and dark")

// screens are what the page is seen on, in CSS pixels.
var screens = []struct {
	name          string
	width, height int64
	more          []chromedp.EmulateViewportOption
}{
	{"phone", 390, 844, []chromedp.EmulateViewportOption{chromedp.EmulateTouch, chromedp.EmulateMobile}},
	{"laptop", 1280, 800, nil},
	{"wide", 1920, 1080, nil},
}

// TestScreenshots takes every view, for eyes: -screenshots DIR. A view is opened anew for each screen and theme, for what was
// scrolled to is elsewhere on another.
func TestScreenshots(t *testing.T) {
	if *screenshots == "" {
		t.Skip("takes none without -screenshots")
	}
	if err := os.MkdirAll(*screenshots, 0o777); err != nil {
		t.Fatal(err)
	}
	o := newOrigin(t, scenes.Model)
	for _, screen := range screens {
		v := newPerson(t)
		v.do("resizing", chromedp.EmulateViewport(screen.width, screen.height, screen.more...))
		v.open(o.url + "?device=cpu")
		for _, view := range views {
			v = v.patient(t)
			view.open(v)
			v.do("moving the mouse away", chromedp.MouseEvent(input.DispatchMouseEventTypeMouseMoved, 1, 1, chromedp.ButtonNone))
			for _, theme := range []string{"light", "dark"} {
				v.theme(theme)
				picture, err := chromedp.Run(v.ctx, chromedp.CaptureScreenshot())
				if err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(filepath.Join(*screenshots, view.name+"-"+screen.name+"-"+theme+".png"), picture, 0o666); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
}

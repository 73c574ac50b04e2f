package e2e

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// Whoever likes what is there keeps it before the run is over: by a button or a key. The picture says after which step that was,
// and so does its recipe, which makes it again.
func TestKeepThis(t *testing.T) {
	v := newCards(t, "a AND b", "Concept 2")
	begin := func(seed int) {
		t.Helper()
		v.begin("a AND b", seed, 1000)
		v.awaitText("status", "^Composing")
	}
	begin(5)
	v.do("pressing Alt and Enter", chromedp.KeyEvent(kb.Enter, chromedp.KeyModifiers(chromedp.ModifierAlt)))
	v.awaitText("status", `^Done in .*, kept after step \d+ of 1000$`)
	v = v.patient(t)
	begin(6)
	v.click("button", "Keep this")
	v.awaitText("status", `^Done in .*, kept after step \d+ of 1000$`)
	v.await("image", "Picture")
	data, r := v.download()
	q := r.Request
	if q.Seed != 6 || q.Steps != 1000 || q.StopAfter < 1 || q.StopAfter > 999 {
		t.Fatalf("the recipe is %+v", q)
	}
	if want := fmt.Sprintf(", Stop after: %d, ", q.StopAfter); !strings.Contains(r.Parameters(), want) {
		t.Errorf("for other programs it lacks %q: %s", want, r.Parameters())
	}
	want := fmt.Sprintf("Seed 6, kept after step %d of 1000, ", q.StopAfter)
	if made := evaluate[string](v, `document.getElementById("made").textContent`); !strings.HasPrefix(made, want) {
		t.Errorf("the picture says %q, want %q", made, want)
	}
	v.kept(2)
	file := filepath.Join(t.TempDir(), "kept.png")
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
	v = v.patient(t)
	v.enter("spinbutton", "Steps", "3")
	v.drop(file)
	v.awaitValue("spinbutton", "Steps", "1000")
	if again, r := v.redo(); !bytes.Equal(again, data) {
		t.Errorf("the recipe makes another picture, of %+v", r.Request)
	}
}

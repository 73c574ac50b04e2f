package e2e

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/counterpoint/counterpoint/engine"
	"github.com/counterpoint/counterpoint/weights/scenes"
)

// keepMaps keeps the maps that the page gathers, of each step, where a test finds them.
const keepMaps = `import(new URL("lib/maps.js", document.baseURI)).then(({ Maps, colours }) => {
	const { add } = Maps.prototype;
	globalThis.maps = [];
	globalThis.colours = Array.from(colours());
	Maps.prototype.add = function (event) {
		maps.push({ step: event.step, pulls: Object.fromEntries(event.terms.map(({ row, pull }) => [row, Array.from(pull)])) });
		return add.call(this, event);
	};
	return true;
})`

type stepMaps struct {
	Step  int
	Pulls map[int][]float64 // by row
}

// The maps of a run in the browser, on WebGPU, are what the CPU computes: ‖w·d‖ of each latent cell within a thousandth of the
// strongest in the step. Cards show their mean in colours; the one that is pointed at, or has the focus, is laid over the
// picture.
func TestMaps(t *testing.T) {
	r := engine.Request{Prompt: "a red cube AND a blue sphere AND NOT a tree", Seed: 7, Steps: 6, Corrector: engine.NoCorrector, Maps: true}
	want, rows := nativeMaps(t, r)
	o := newOrigin(t, scenes.Model)
	v := newVisit(t, o.url+"?device=webgpu")
	v.size(1280, 900)
	v.awaitText("status", "^Ready$")
	evaluate[bool](v, keepMaps)
	v.choose("corrector", r.Corrector)
	v.generate(r.Prompt, int(r.Seed), r.Steps)
	v = v.patient(t)
	got := evaluate[[]stepMaps](v, "maps")
	var steps []int
	mean := map[int][]float64{}
	for _, m := range got {
		steps = append(steps, m.Step)
		strongest, worst := 0.0, 0.0
		for row, pull := range want[m.Step-1] {
			if len(m.Pulls[row]) != len(pull) {
				t.Fatalf("step %d: row %d has %d cells, want %d", m.Step, row, len(m.Pulls[row]), len(pull))
			}
			if mean[row] == nil {
				mean[row] = make([]float64, len(pull))
			}
			for i, v := range pull {
				strongest, worst = max(strongest, float64(v)), max(worst, math.Abs(m.Pulls[row][i]-float64(v)))
				mean[row][i] += m.Pulls[row][i] / 4
			}
		}
		t.Logf("step %d: %.2g off, of %.3g", m.Step, worst, strongest)
		if !(worst <= strongest/1000) || len(m.Pulls) != len(want[m.Step-1]) {
			t.Errorf("step %d: maps of %d rows are up to %g off, where the strongest pull is %g", m.Step, len(m.Pulls), worst, strongest)
		}
	}
	if !slices.Equal(steps, []int{1, 3, 5, 6}) {
		t.Fatalf("maps of steps %v", steps)
	}

	colours := evaluate[[]int](v, "colours")
	peak := 0.0
	for _, pull := range mean {
		peak = max(peak, slices.Max(pull))
	}
	for i, text := range []string{"a red cube", "a blue sphere", "a tree"} {
		pull := mean[slices.IndexFunc(rows, func(of string) bool { return of == text })]
		shown := evaluate[[]int](v, fmt.Sprintf(`{
			const canvas = document.querySelectorAll(".card")[%d].querySelector(".pull canvas");
			Array.from(canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data);
		}`, i))
		if len(shown) != 4*len(pull) {
			t.Fatalf("the map of %q has %d values, want 4 for each of %d cells", text, len(shown), len(pull))
		}
		for cell, v := range pull {
			at, near := int(255*math.Sqrt(v/peak)+0.5), false
			for k := max(at-1, 0); k <= min(at+1, 255); k++ {
				near = near || slices.Equal(shown[4*cell:][:4], colours[4*k:][:4])
			}
			if !near {
				t.Fatalf("cell %d of the map of %q is %v, want about %v", cell, text, shown[4*cell:][:4], colours[4*at:][:4])
			}
		}
	}

	v.awaitThat(overPicture, "^$") // nothing is pointed at
	at := v.middle(".card-weight")
	v.do("pointing at a card", chromedp.MouseEvent("mouseMoved", at.X, at.Y))
	v.awaitThat(overPicture, "^Where “a red cube” pulls 0 "+fmt.Sprintf("%.2g", peak))
	v.do("pointing elsewhere", chromedp.MouseEvent("mouseMoved", 5, 5))
	v.awaitThat(overPicture, "^$")
	evaluate[bool](v, `document.querySelectorAll(".pull")[2].focus(), true`)
	v.awaitThat(overPicture, "^Where not “a tree” pulls")
	v.press("\r")
	v.await("button", "What is driven off as “a tree”")
	v.await("button", "What “a red cube” adds")
}

// overPicture is what the legend of the map over the picture says.
const overPicture = `document.getElementById("heat").hidden ? "" : document.getElementById("legend").textContent`

// nativeMaps are the pulls of each step by row, as the engine in this process has them on the CPU, and the rows' texts.
func nativeMaps(t *testing.T, r engine.Request) (steps []map[int][]float32, rows []string) {
	t.Helper()
	for event, err := range openNative(t).Generate(t.Context(), r) {
		if err != nil {
			t.Fatal(err)
		}
		if event.Maps != nil {
			maps, err := event.Maps()
			if err != nil {
				t.Fatal(err)
			}
			pulls := map[int][]float32{}
			for _, m := range maps[0] {
				pulls[m.Row] = m.Pull
			}
			steps = append(steps, pulls)
		}
		if event.Result != nil {
			rows = nil
			for _, row := range event.Result.Rows {
				rows = append(rows, row.Text)
			}
		}
	}
	return steps, rows
}

// Maps are the picture's in view, and gone with it; an edited concept has none. Who switches them off gets none, at the next
// visit neither.
func TestMapsOff(t *testing.T) {
	v := newCards(t, "a AND b AND (c OR d)", "Concept 2")
	shown := func() string {
		return evaluate[string](v, `Array.from(document.querySelectorAll(".pull:not([hidden])"), (map) => map.ariaLabel.replace(/:.*/, "")).join()`)
	}
	all := "Where “a” pulls,Where “b” pulls,Where “(c OR d)” pulls"
	v.enter("spinbutton", "Pictures", "2")
	evaluate[bool](v, keepMaps)
	v.generate("a AND b AND (c OR d)", 3, 3)
	if is := shown(); is != all {
		t.Errorf("there are %q, want %q", is, all)
	}
	first := evaluate[string](v, `document.querySelector(".pull canvas").toDataURL()`)
	v.click("button", "Show picture 2")
	v.awaitThat(`String(document.querySelector(".pull canvas").toDataURL() === `+fmt.Sprintf("%q", first)+`)`, "false")
	v.enter("textbox", "Concept 2", "x")
	v.awaitThat(`Array.from(document.querySelectorAll(".pull:not([hidden])")).length + ""`, "^2$")
	v.click("switch", "Concept 1 is on")
	v.awaitThat(`Array.from(document.querySelectorAll(".pull:not([hidden])")).length + ""`, "^1$")
	v.kept(2)
	evaluate[bool](v, `document.querySelectorAll("#history-list .thumb")[0].click(), true`)
	v.awaitThat(`Array.from(document.querySelectorAll(".pull:not([hidden])")).length + ""`, "^0$")

	v = v.patient(t)
	evaluate[bool](v, `document.getElementById("maps").click(), maps.length = 0, true`)
	v.generate("a AND b", 3, 2)
	if is, of := shown(), evaluate[int](v, "maps.length"); is != "" || of != 0 {
		t.Errorf("switched off, the engine sends %d and there are %q", of, is)
	}
	v.do("reloading", chromedp.Reload())
	v.awaitText("status", "^Ready$")
	if evaluate[bool](v, `document.getElementById("maps").checked`) || !evaluate[bool](v, `document.getElementById("previews").checked`) {
		t.Error("after a reload the switches are others")
	}
	if strings.Contains(evaluate[string](v, `localStorage.getItem("draft")`), "maps") {
		t.Error("the recipe says of maps")
	}
}

package e2e

import (
	"math"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/counterpoint/counterpoint/weights/scenes"
)

// cores makes the page believe that the machine has so many.
func (v *visit) cores(n int64) {
	v.Helper()
	_, err := chromedp.Call(v.ctx, emulation.SetHardwareConcurrencyOverride, emulation.SetHardwareConcurrencyOverrideParams{HardwareConcurrency: n})
	if err != nil {
		v.Fatal(err)
	}
}

// A helper that dies in the middle of a run is a plain message, and the next try works.
func TestHelperDies(t *testing.T) {
	o := newOrigin(t, tinyModel(t))
	v := newVisit(t, o.url+"?device=cpu")
	v.cores(3)
	v.begin("a AND b", 1, 1000)
	v.awaitText("status", "^Composing")
	if device := v.fact("Device"); !strings.Contains(device, "3 workers") {
		t.Errorf("device: %q, want 3 workers: three rows on three cores", device)
	}
	// What a worker says after its program has panicked.
	evaluate[bool](v.workers()["counterpoint helper"], `postMessage({ head: JSON.stringify({ type: "error", code: "internal", message: "it fell over" }) }), true`)
	v.awaitText("alert", "it fell over")
	v.enter("spinbutton", "Steps", "3")
	v.click("button", "Try again")
	v.awaitText("status", "^Done in ")
	if _, r := v.download(); r.Request.Steps != 3 {
		t.Errorf("after the loss it made a picture of %d steps, want 3", r.Request.Steps)
	}
}

// run is what onePicture tells of a run.
type run struct {
	Elapsed float64 // seconds it took
	At      float64 // seconds it had taken by the second step
	Left    float64 // and what it said then
}

// onePicture makes a picture with the API that the page itself uses.
const onePicture = `(async () => {
	const { Counterpoint } = await import("/counterpoint.js");
	const cp = await Counterpoint.from_pretrained("/model/", { device: "cpu" });
	const run = {};
	for await (const event of cp.stream("a red cube AND a blue sphere", { seed: 7, steps: 20 })) {
		if (event.phase === "denoising" && event.step === 2) Object.assign(run, { At: event.elapsed, Left: event.left });
		if (event.type === "done") run.Elapsed = event.elapsed;
	}
	cp.dispose();
	return run;
})()`

// Without a GPU, on one core, a picture of two concepts takes at most 30 seconds, and after its second step the engine knows
// how long to a quarter.
func TestCPUPace(t *testing.T) {
	o := newOrigin(t, scenes.Model)
	v := newVisit(t, o.url+"?device=cpu")
	v.cores(1)
	v.awaitText("status", "^Ready$")
	var r run
	for range 5 { // estimates are off where other programs come and go
		r = evaluate[run](v, onePicture)
		t.Logf("20 steps of 3 rows of 128x128: %.1f s; after the second step, at %.1f s, it said %.1f s more", r.Elapsed, r.At, r.Left)
		if math.Abs(r.At+r.Left-r.Elapsed) <= r.Elapsed/4 {
			break
		}
	}
	if r.Elapsed > 30 {
		t.Errorf("it takes %.1f s, want at most 30", r.Elapsed)
	}
	if math.Abs(r.At+r.Left-r.Elapsed) > r.Elapsed/4 {
		t.Errorf("the estimate of %.1f s in all is off by more than a quarter of %.1f s", r.At+r.Left, r.Elapsed)
	}
}

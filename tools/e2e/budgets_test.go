package e2e

import (
	"flag"
	"slices"
	"testing"
	"time"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/counterpoint/counterpoint/weights/scenes"
)

var budgets = flag.Bool("budgets", false, "measure how long the page takes to start, and hold it to its budgets: for a machine that does nothing else")

// clockEngine starts the page's engine with clocks in it, and asks for a picture as soon as it can be asked for.
const clockEngine = `{
	const clocks = ` + "`" + `{
		const at = () => performance.timeOrigin + performance.now();
		const clock = globalThis.clock = { Compiling: [] };
		const { instantiate } = WebAssembly;
		WebAssembly.instantiate = (...all) => {
			clock.Began = at();
			return instantiate.apply(WebAssembly, all);
		};
		const post = postMessage;
		globalThis.postMessage = (message, ...rest) => {
			clock.Started ??= at();
			if (message.head.includes('"phase":"encoding"')) clock.encoded = true;
			post(message, ...rest);
		};
		const { submit } = GPUQueue.prototype;
		GPUQueue.prototype.submit = function (...all) {
			if (clock.encoded) clock.Submitted ??= at(); // what follows the texts is the UNet
			return submit.apply(this, all);
		};
		const { createComputePipelineAsync: create } = GPUDevice.prototype;
		GPUDevice.prototype.createComputePipelineAsync = async function (...all) {
			const began = at();
			const pipeline = await create.apply(this, all);
			clock.Compiling.push([began, at()]);
			return pipeline;
		};
	}` + "`" + `;
	const module = (text) => URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
	const clocked = (url) => module(["import '" + module(clocks) + "'", "import '" + url + "'"].join(";"));
	globalThis.Worker = class extends Worker {
		constructor(url, options) {
			super(options.name === "counterpoint engine" ? clocked(url) : url, options);
		}
	};
	addEventListener("DOMContentLoaded", () => {
		const status = document.querySelector("[role=status]");
		const observer = new MutationObserver(() => {
			if (status.textContent !== "Ready") return;
			observer.disconnect();
			document.querySelector("#composer").requestSubmit();
		});
		observer.observe(status, { childList: true });
	});
}`

// clock is what the clocks say, in milliseconds.
type clock struct {
	Began, Started, Submitted float64
	Compiling                 [][2]float64 // from when to when
}

// compiling returns for how long pipelines were compiled before the first submit.
func (c clock) compiling() float64 {
	slices.SortFunc(c.Compiling, func(a, b [2]float64) int { return int(a[0] - b[0]) })
	sum, end := 0.0, 0.0
	for _, span := range c.Compiling {
		from, to := max(span[0], end), min(span[1], c.Submitted)
		if to > from {
			sum += to - from
			end = to
		}
	}
	return sum
}

// With everything stored, the engine is there within 150 ms of its program, and the network is at work on a picture of 128
// pixels within 3 seconds of a reload, on an adapter that is software, the time aside that this compiles for. Medians of five.
func TestBudgets(t *testing.T) {
	if !*budgets {
		t.Skip("measures only with -budgets")
	}
	v := newVisit(t, newOrigin(t, scenes.Model).url+"?device=webgpu")
	v.generate("a red cube AND a blue sphere", 7, 1)                                          // it is the draft from now on
	_, err := chromedp.Call(v.ctx, page.SetBypassCSP, page.SetBypassCSPParams{Enabled: true}) // which allows no such worker
	if err == nil {
		_, err = chromedp.Call(v.ctx, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: clockEngine})
	}
	if err != nil {
		t.Fatal(err)
	}
	var starts, firsts, rests []float64
	for range 5 {
		v = v.patient(t)
		v.do("reloading", chromedp.Reload())
		v.awaitText("status", "^Done in ")
		reloaded := evaluate[float64](v, `performance.timeOrigin`)
		c := evaluate[clock](v.workers()["counterpoint engine"], `clock`)
		start, first, compiling := c.Started-c.Began, c.Submitted-reloaded, c.compiling()
		t.Logf("the engine after %.0f ms; the first submit of the UNet after %.0f ms, of which pipelines are compiled for %.0f ms", start, first, compiling)
		starts, firsts, rests = append(starts, start), append(firsts, first), append(rests, first-compiling)
	}
	for _, b := range []struct {
		what   string
		values []float64
		most   time.Duration
	}{
		{"instantiate and start the engine", starts, 150 * time.Millisecond},
		{"from reload to the first submit of the UNet", firsts, time.Hour},
		{"the same without compiling", rests, 3 * time.Second},
	} {
		slices.Sort(b.values)
		median := b.values[len(b.values)/2]
		if t.Logf("%s: median %.0f ms", b.what, median); median > float64(b.most.Milliseconds()) {
			t.Errorf("%s: %.0f ms, at most %v", b.what, median, b.most)
		}
	}
}

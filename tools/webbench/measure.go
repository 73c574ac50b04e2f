package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"math"
	"regexp"
	"slices"

	"github.com/chromedp/chromedp"
	"github.com/counterpoint/counterpoint/engine"
	"github.com/counterpoint/counterpoint/engine/device"
	"github.com/counterpoint/counterpoint/tools/webbench/internal/message"
)

const (
	counterpoint = "Counterpoint"
	onnxruntime  = "ONNX Runtime Web"
)

// contender is an engine on one of its devices.
type contender struct {
	engine, provider string
	options          any // of its worker's open
}

func (c contender) name() string { return c.engine + ", " + c.provider }

// script is the contender's worker.
func (c contender) script() string {
	if c.engine == counterpoint {
		return "counterpoint.js"
	}
	return "onnxruntime.js"
}

// reference is what all are compared with.
var reference = contender{counterpoint, "webgpu", counterpointOptions{"webgpu", modelPath}}

type counterpointOptions struct {
	Device string `json:"device"`
	Model  string `json:"model"`
}

type onnxruntimeOptions struct {
	Bundle   string `json:"bundle"`
	Provider string `json:"provider"`
	Threads  int    `json:"threads"` // 0 leaves it to the library
	Model    string `json:"model"`
}

// contenders lists those whose names match, after the reference. ONNX Runtime has its WebGPU provider in three builds: in
// C++, waiting by Asyncify or by JSPI, and the older one in JavaScript.
func contenders(cores int, only *regexp.Regexp) []contender {
	list := []contender{
		reference,
		{counterpoint, "cpu, 1 thread", counterpointOptions{"cpu", modelPath}},
		{onnxruntime, "webgpu", onnxruntimeOptions{"ort.webgpu.min.mjs", "webgpu", 0, onnxPath}},
		{onnxruntime, "webgpu, JSPI", onnxruntimeOptions{"ort.jspi.min.mjs", "webgpu", 0, onnxPath}},
		{onnxruntime, "webgpu, JSEP", onnxruntimeOptions{"ort.min.mjs", "webgpu", 0, onnxPath}},
		{onnxruntime, "wasm, 1 thread", onnxruntimeOptions{"ort.wasm.min.mjs", "wasm", 1, onnxPath}},
	}
	if cores > 1 {
		name := fmt.Sprintf("wasm, %d threads", cores)
		list = append(list, contender{onnxruntime, name, onnxruntimeOptions{"ort.wasm.min.mjs", "wasm", cores, onnxPath}})
	}
	return slices.DeleteFunc(list, func(c contender) bool { return c != reference && !only.MatchString(c.name()) })
}

// rounds is how often every contender has its turn, at most.
const rounds = 5

// warmup is how many evaluations begin the first turn, and each of the others: caches are cold once others had theirs.
var warmup = [2]int{2, 1}

// measure opens all contenders, compares what they compute and times them.
func measure(t *tab, o options, progress io.Writer) (*report, error) {
	about, err := evaluate[struct {
		Cores    int  `json:"cores"`
		Isolated bool `json:"isolated"`
	}](t, "about")
	if err != nil {
		return nil, err
	}
	if !about.Isolated {
		return nil, errors.New("the page has no shared memory")
	}
	r := &report{Browser: t.version, Cores: about.Cores, Rows: o.rows, Model: cmp.Or(o.model, "scenes")}
	list := contenders(about.Cores, o.only)
	for _, c := range list {
		fmt.Fprintln(progress, "opening", c.name())
		if err := r.open(t, c); err != nil {
			return nil, fmt.Errorf("%s: %w", c.name(), err)
		}
	}
	if err := r.check(t, list); err != nil {
		return nil, err
	}
	turns := min(rounds, o.repeat)
	for i := range turns {
		timing := message.Timing{Rows: o.rows, Warmup: warmup[min(i, 1)], Repeat: o.repeat*(i+1)/turns - o.repeat*i/turns}
		for k, c := range list {
			timed, err := evaluate[message.Timed](t, "call", c.name(), "time", timing)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", c.name(), err)
			}
			fmt.Fprintf(progress, "round %d of %d: %s: %.1f ms\n", i+1, turns, c.name(), timed.Times)
			r.add(k, timed)
		}
	}
	r.summarize()
	return r, nil
}

// open opens a contender, and notes what it says of itself.
func (r *report) open(t *tab, c contender) error {
	if _, err := evaluate[chromedp.Void](t, "start", c.name(), c.script()); err != nil {
		return err
	}
	r.Results = append(r.Results, &result{Engine: c.engine, Provider: c.provider})
	if c.engine == counterpoint {
		info, err := evaluate[device.Info](t, "call", c.name(), "open", c.options)
		if c == reference {
			r.Adapter = info.Adapter
		}
		return err
	}
	opened, err := evaluate[struct {
		Version string `json:"version"`
		Rows    int    `json:"rows"`
	}](t, "call", c.name(), "open", c.options)
	if err == nil && opened.Rows != r.Rows {
		err = fmt.Errorf("the ONNX file is for %d rows, want %d", opened.Rows, r.Rows)
	}
	r.ONNXRuntime = opened.Version
	return err
}

// maxError is the normalised squared error up to which results are the same.
const maxError = 1e-6

// prompt is what Counterpoint's results are compared on.
const prompt = "a red cube AND a blue sphere"

// check compares what is computed: by ONNX Runtime's providers, and by Counterpoint's devices.
func (r *report) check(t *tab, list []contender) error {
	var want []float64
	for k, c := range slices.Backward(list) { // from the plainest
		if c.engine != onnxruntime {
			continue
		}
		got, err := evaluate[[]float64](t, "call", c.name(), "score", nil)
		if err != nil {
			return fmt.Errorf("%s: %w", c.name(), err)
		}
		if want == nil {
			want = got
		}
		nse, most := difference(got, want)
		if !(nse <= maxError) { // nor NaN
			return fmt.Errorf("%s computes something else: normalised squared error %.1e, at most %.1e", c.name(), nse, maxError)
		}
		r.Results[k].Difference = &most
	}
	f, err := evaluate[engine.Fidelity](t, "call", reference.name(), "check", map[string]string{"prompt": prompt})
	if err != nil {
		return fmt.Errorf("%s: %w", reference.name(), err)
	}
	r.Fidelity = slices.Min(f.Steps)
	if least := -10 * math.Log10(maxError); !(r.Fidelity >= least) {
		return fmt.Errorf("%s is not what the CPU computes: %.1f dB, want %.1f", reference.name(), r.Fidelity, least)
	}
	return nil
}

// difference returns the squared error of got against the square of want, and the largest difference.
func difference(got, want []float64) (nse, most float64) {
	if len(got) != len(want) {
		return math.NaN(), math.NaN()
	}
	var wrong, power float64
	for i, w := range want {
		d := got[i] - w
		wrong += d * d
		power += w * w
		most = max(most, math.Abs(d))
	}
	return wrong / power, most
}

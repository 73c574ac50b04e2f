package e2e

import (
	"bytes"
	"image"
	"image/draw"
	"image/png"
	"io/fs"
	"strings"
	"testing"

	"github.com/counterpoint/counterpoint/engine"
	"github.com/counterpoint/counterpoint/engine/device"
	"github.com/counterpoint/counterpoint/engine/device/cpu"
	"github.com/counterpoint/counterpoint/weights/scenes"
)

// The default model's picture in the browser, on either device, is the native CPU's: at most 2 of 255 apart on 99.5% of
// all values.
func TestSamePicture(t *testing.T) {
	const (
		prompt = "a red cube AND a blue sphere"
		seed   = 7
		steps  = 8
	)
	want := native(t, engine.Request{Prompt: prompt, Seed: seed, Steps: steps, Corrector: engine.NoCorrector})
	for _, device := range []string{"webgpu", "cpu"} {
		t.Run(device, func(t *testing.T) {
			o := newOrigin(t, scenes.Model)
			v := newVisit(t, o.url+"?device="+device)
			v.awaitText("status", "^Ready$")
			v.choose("corrector", engine.NoCorrector)
			v.generate(prompt, seed, steps)
			if fact, name := v.fact("Device"), map[string]string{"webgpu": "WebGPU on the CPU: ", "cpu": "CPU: "}[device]; !strings.HasPrefix(fact, name) {
				t.Errorf("it ran on %q, want %q", fact, name)
			}
			data, _ := v.download()
			got, err := png.Decode(bytes.NewReader(data))
			if err != nil {
				t.Fatal(err)
			}
			if got.Bounds() != want.Bounds() {
				t.Fatalf("picture of %v, want %v", got.Bounds(), want.Bounds())
			}
			near, worst := compare(got, want)
			t.Logf("%s: %.3f%% of values within 2, the worst %d apart; %s", device, 100*near, worst, v.awaitText("status", "^Done"))
			if near < 0.995 {
				t.Errorf("%.3f%% of values are within 2 of 255, want 99.5%%", 100*near)
			}
		})
	}
}

// openNative opens the default model in this process, on the CPU, for as long as the test runs.
func openNative(t *testing.T) *engine.Engine {
	t.Helper()
	return openNatively(t, scenes.Model, nativeCPU(t))
}

func nativeCPU(t *testing.T) device.Device {
	t.Helper()
	d, err := cpu.New(cpu.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

// openNatively opens a model in this process, for as long as the test runs.
func openNatively(t *testing.T, model fs.FS, d device.Device) *engine.Engine {
	t.Helper()
	e, err := engine.Open(t.Context(), model, engine.Options{Device: d})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	return e
}

// native makes the picture with the engine in this process.
func native(t *testing.T, r engine.Request) image.Image {
	t.Helper()
	for event, err := range openNative(t).Generate(t.Context(), r) {
		if err != nil {
			t.Fatal(err)
		}
		if event.Result != nil {
			return event.Result.Pictures[0].Image
		}
	}
	t.Fatal("the engine ended without a picture")
	return nil
}

// compare returns the share of colour values that are within 2, and the largest difference.
func compare(a, b image.Image) (near float64, worst int) {
	p, q := pixels(a), pixels(b)
	for i := range p {
		d := max(p[i], q[i]) - min(p[i], q[i])
		if d <= 2 {
			near++
		}
		worst = max(worst, int(d))
	}
	return near / float64(len(p)), worst
}

// pixels returns red, green and blue of all pixels.
func pixels(img image.Image) []byte {
	rgba := image.NewNRGBA(img.Bounds())
	draw.Draw(rgba, rgba.Bounds(), img, img.Bounds().Min, draw.Src)
	var values []byte
	for i := 0; i < len(rgba.Pix); i += 4 {
		values = append(values, rgba.Pix[i:i+3]...)
	}
	return values
}

// keepDevice keeps the GPU device that a worker opens where a test finds it.
const keepDevice = `{
	const open = GPUAdapter.prototype.requestDevice;
	GPUAdapter.prototype.requestDevice = async function (...args) { return globalThis.opened = await open.apply(this, args); };
}`

// keepSaid keeps what the page announces.
const keepSaid = `{
	const status = document.querySelector("[role=status]");
	window.said = [];
	new MutationObserver(() => window.said.push(status.textContent)).observe(status, { childList: true, characterData: true, subtree: true });
	true;
}`

// fastClock makes a worker's seconds short: an engine keeps a run's state about once a second.
const fastClock = `{
	const now = performance.now;
	performance.now = () => 100 * now.call(performance);
}`

// A GPU that is lost in the middle of a run is opened again, and the run goes on from where it was to the same picture. The
// page says so.
func TestDeviceLost(t *testing.T) {
	o := newOrigin(t, tinyModel(t))
	o.set(func(o *origin) { o.before["/worker.js"] = keepDevice + fastClock })
	v := newVisit(t, o.url+"?device=webgpu")
	v.awaitText("status", "^Ready$")
	engine := v.workers()["counterpoint engine"]
	evaluate[bool](v, keepSaid)
	v.choose("sampler", "ddpm")
	v = v.patient(t)
	v.generate("a AND b", 1, 80)
	want, r := v.download()
	if r.Request.Sampler != "ddpm" {
		t.Fatalf("the sampler is %q, want one with noise", r.Request.Sampler)
	}
	v = v.patient(t)
	v.begin("a AND b", 1, 80)
	v.awaitThat(`document.querySelector("#count").textContent`, "^[2-6]. / 80$")
	evaluate[bool](engine, "globalThis.opened.destroy(), true")
	v.awaitThat(`window.said.join("; ")`, "The GPU was lost after step [0-9]+: opening it again to go on(;.*)?; Composing")
	v.awaitText("status", "^Done in ")
	if got, _ := v.download(); !bytes.Equal(got, want) {
		t.Error("after the loss it makes another picture")
	}
}

// fragileDevice is one that is lost in each run, once the prompt is read.
const fragileDevice = keepDevice + `{
	const post = globalThis.postMessage;
	globalThis.postMessage = function (message, ...rest) {
		if (message.head?.includes('"phase":"encoding"')) globalThis.opened.destroy();
		return post.call(this, message, ...rest);
	};
}`

// A GPU that is lost again and again is given up: the page offers the CPU.
func TestDeviceLostAgain(t *testing.T) {
	o := newOrigin(t, tinyModel(t))
	o.set(func(o *origin) { o.before["/worker.js"] = fragileDevice })
	v := newVisit(t, o.url+"?device=webgpu")
	v.begin("a AND b", 1, 3)
	v = v.patient(t) // it tests the device four times
	v.awaitText("alert", "lost")
	v = v.patient(t)
	o.set(func(o *origin) { delete(o.before, "/worker.js") })
	v.click("button", "Use the CPU")
	v.awaitText("status", "^Done in ")
	if device := v.fact("Device"); !strings.HasPrefix(device, "CPU: ") {
		t.Errorf("device: %q, want the CPU", device)
	}
}

// An adapter that computes wrong values, or refuses a shader, is not used: the page says why, and offers the CPU.
func TestRefusedAdapter(t *testing.T) {
	for name, c := range map[string]struct{ script, says string }{
		"lies":           {lyingAdapter, "wrong values"},
		"compiles":       {pickyAdapter, "unresolved"},
		"has no device":  {`GPUAdapter.prototype.requestDevice = () => Promise.reject(new Error("it is out of order"));`, "out of order"},
		"has no adapter": {`GPU.prototype.requestAdapter = () => Promise.resolve(null);`, "adapter"},
	} {
		t.Run(name, func(t *testing.T) {
			o := newOrigin(t, tinyModel(t))
			o.set(func(o *origin) { o.before["/worker.js"] = c.script })
			v := newVisit(t, o.url+"?device=webgpu")
			v.awaitText("alert", c.says)
			v.click("button", "Use the CPU")
			v.generate("a", 1, 2)
			if device := v.fact("Device"); !strings.HasPrefix(device, "CPU: ") {
				t.Errorf("device: %q, want the CPU", device)
			}
			v.open(o.url) // which takes the CPU by itself, and says why
			v.generate("a", 1, 2)
			if device := v.fact("Device"); !strings.HasPrefix(device, "CPU: ") || !strings.Contains(device, "because ") {
				t.Errorf("device: %q, want the CPU and why", device)
			}
		})
	}
}

// lyingAdapter is an adapter that gets one function of shaders wrong by a few percent.
const lyingAdapter = `{
	const compile = GPUDevice.prototype.createShaderModule;
	GPUDevice.prototype.createShaderModule = function ({ code, ...rest }) {
		return compile.call(this, { ...rest, code: code.replaceAll("inverseSqrt(", "1.05 * inverseSqrt(") });
	};
}`

// pickyAdapter is one whose compiler refuses every shader.
const pickyAdapter = `{
	const compile = GPUDevice.prototype.createShaderModule;
	GPUDevice.prototype.createShaderModule = function ({ code, ...rest }) {
		return compile.call(this, { ...rest, code: code + "\nfn g() -> i32 { return nothing_of_that_name; }" });
	};
}`

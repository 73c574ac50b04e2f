package e2e

import (
	"reflect"
	"testing"
)

// stopSoon presses Generate, and Stop when the run has begun.
const stopSoon = `new Promise((resolve) => {
	const [generate, stop] = document.querySelectorAll("button");
	const observer = new MutationObserver(() => {
		observer.disconnect();
		stop.click();
		resolve(true);
	});
	observer.observe(document.querySelector("progress"), { attributes: true });
	generate.click();
})`

// The example for other people's pages makes a picture, stops when told to, and makes another.
func TestExample(t *testing.T) {
	o := newOrigin(t, tinyModel(t))
	v := newPerson(t)
	v.open(o.url + "example.html")
	v.click("button", "Generate")
	v.awaitText("status", "^Seed ")
	v.await("image", "a red cube AND a blue sphere")
	if shown := evaluate[int](v, `document.querySelector("img").naturalWidth`); shown != 64 {
		t.Errorf("the picture is %d pixels wide, want 64", shown)
	}
	evaluate[bool](v, stopSoon)
	v.awaitText("status", "abort")
	v.enter("textbox", "Prompt", "a AND b")
	v.click("button", "Generate")
	v.awaitText("status", "^Seed ")
	v.await("image", "a AND b")
}

// api is what useAPI tells.
type api struct {
	Images  int
	Size    int // of the second picture, pixels a side
	Seed    int
	Steps   int // of the recipe
	Rows    int
	Percent float64
	Ends    []string // how what was stopped, refused or asked too late ended
}

// useAPI calls all that the module has.
const useAPI = `(async () => {
	const { Counterpoint, CounterpointError } = await import("/counterpoint.js");
	const told = { Ends: [] };
	const end = async (promise) => told.Ends.push(await promise.then(() => "done", (error) => (error instanceof CounterpointError ? error.code : error)));
	const signal = AbortSignal.abort("stopped");
	await end(Counterpoint.from_pretrained("/model/", { signal }));
	await end(Counterpoint.from_pretrained("/nowhere/"));
	const cp = await Counterpoint.from_pretrained("/model/", { device: "wasm", progress_callback: ({ progress }) => (told.Percent = progress) });
	const { images, seed, recipe } = await cp("a AND b", { seed: 3, steps: 2, batch: 2 });
	const { width } = await createImageBitmap(images[1]);
	const { rows } = await cp.explain("a AND b");
	Object.assign(told, { Images: images.length, Size: width, Seed: seed, Steps: recipe.steps, Rows: rows.length });
	await end(cp("a", { signal }));
	await end(cp.explain("a", { signal }));
	await end(cp("a AND"));
	const controller = new AbortController();
	const long = cp("a", { steps: 1000, signal: controller.signal });
	for (let code; code !== "busy"; code = await cp("b", { steps: 1 }).then(() => "", ({ code }) => code));
	controller.abort("stopped");
	await end(long);
	const late = cp("a", { steps: 1000 });
	cp.dispose();
	await end(late);
	await end(cp.explain("a"));
	return told;
})()`

// The module does what API.md says.
func TestAPI(t *testing.T) {
	o := newOrigin(t, tinyModel(t))
	v := newPerson(t)
	v.open(o.url + "example.html")
	want := api{Images: 2, Size: 64, Seed: 3, Steps: 2, Rows: 3, Percent: 100, Ends: []string{
		"stopped", "network", "stopped", "stopped", "syntax", "stopped", "closed", "closed",
	}}
	if got := evaluate[api](v, useAPI); !reflect.DeepEqual(got, want) {
		t.Errorf("it tells %+v, want %+v", got, want)
	}
}

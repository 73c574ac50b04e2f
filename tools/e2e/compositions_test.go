package e2e

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"image"
	"image/png"
	"os"
	"strings"
	"testing"

	"github.com/counterpoint/counterpoint/engine"
	"github.com/counterpoint/counterpoint/weights/scenes"
)

// openOnGPU opens the model with the API that the page itself uses.
const openOnGPU = `(async () => {
	const { Counterpoint } = await import("/counterpoint.js");
	globalThis.cp = await Counterpoint.from_pretrained("/model/", { device: "webgpu" });
	return cp.device.name;
})()`

// drawWith makes the pictures of a request, and returns the last one's file in base64.
const drawWith = `(async ({ prompt, ...fields }) => {
	for await (const event of cp.stream(prompt, fields)) {
		if (event.type === "picture") var blob = event.blob;
	}
	return new Uint8Array(await blob.arrayBuffer()).toBase64();
})`

// Every operator, sampler and corrector makes the picture in the browser, on its GPU, that it makes on the CPU outside. The
// engine's tests hold the same list to native WebGPU.
func TestCompositions(t *testing.T) {
	data, err := os.ReadFile("../../engine/testdata/compositions.json")
	if err != nil {
		t.Fatal(err)
	}
	var list []map[string]any
	if err := json.Unmarshal(data, &list); err != nil {
		t.Fatal(err)
	}
	native := openNative(t)
	o := newOrigin(t, scenes.Model)
	v := newVisit(t, o.url+"?device=cpu") // the page leaves the GPU to this test
	if name := evaluate[string](v, openOnGPU); !strings.HasPrefix(name, "webgpu") {
		t.Fatalf("it computes on %s, want the GPU", name)
	}
	for _, fields := range list {
		name := fields["name"].(string)
		delete(fields, "name")
		if fields["corrector"] == nil {
			fields["corrector"] = engine.NoCorrector // the model's own has a case to itself
		}
		fields["seed"], fields["steps"], fields["width"], fields["height"] = 1, 3, 64, 64
		t.Run(name, func(t *testing.T) {
			request, err := json.Marshal(fields)
			if err != nil {
				t.Fatal(err)
			}
			v := v.patient(t)
			got := decoded(t, evaluate[string](v, drawWith+"("+string(request)+")"))
			near := likeness(got, natively(t, native, request))
			if near < 0.995 {
				t.Errorf("%.2f%% of the values are within 2 of 255 of the CPU's, want at least 99.5%%", 100*near)
			}
		})
	}
}

// natively makes the last picture of a request outside of the browser.
func natively(t *testing.T, e *engine.Engine, request []byte) image.Image {
	t.Helper()
	var r engine.Request
	if err := json.Unmarshal(request, &r); err != nil {
		t.Fatal(err)
	}
	for ev, err := range e.Generate(context.Background(), r) {
		if err != nil {
			t.Fatal(err)
		}
		if ev.Phase == engine.Done {
			return ev.Result.Pictures[len(ev.Result.Pictures)-1].Image
		}
	}
	t.Fatal("no picture")
	return nil
}

func decoded(t *testing.T, file string) image.Image {
	t.Helper()
	img, err := png.Decode(base64.NewDecoder(base64.StdEncoding, strings.NewReader(file)))
	if err != nil {
		t.Fatal(err)
	}
	return img
}

// likeness is the share of colour values that differ by at most 2 of 255.
func likeness(a, b image.Image) float64 {
	near, n := 0, 0
	for y := range a.Bounds().Dy() {
		for x := range a.Bounds().Dx() {
			ar, ag, ab, _ := a.At(x, y).RGBA()
			br, bg, bb, _ := b.At(x, y).RGBA()
			for _, d := range []int{int(ar>>8) - int(br>>8), int(ag>>8) - int(bg>>8), int(ab>>8) - int(bb>>8)} {
				n++
				if d >= -2 && d <= 2 {
					near++
				}
			}
		}
	}
	return float64(near) / float64(n)
}

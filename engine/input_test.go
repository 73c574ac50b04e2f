package engine

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"image"
	"image/color"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/counterpoint/counterpoint/engine/device/null"
	"github.com/counterpoint/counterpoint/weights/pack"
)

// painted is an opaque picture of many colours.
func painted(w, h int) *image.NRGBA {
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			img.SetNRGBA(x, y, color.NRGBA{uint8(255 * x / w), uint8(x * y), uint8(255 * y / h), 255})
		}
	}
	return img
}

// boxed is a mask, white within a box.
func boxed(w, h int, box image.Rectangle) *image.Gray {
	img := image.NewGray(image.Rect(0, 0, w, h))
	for y := box.Min.Y; y < box.Max.Y; y++ {
		for x := box.Min.X; x < box.Max.X; x++ {
			img.SetGray(x, y, color.Gray{255})
		}
	}
	return img
}

// changed is a request that begins with a picture.
func changed(prompt string, strength float64) Request {
	r := small(prompt)
	r.Steps, r.Image, r.Strength = 6, painted(64, 40), strength
	return r
}

// distance is the mean of what pictures differ by.
func distance(a, b []byte) float64 {
	sum := 0
	for i := range a {
		sum += max(int(a[i])-int(b[i]), int(b[i])-int(a[i]))
	}
	return float64(sum) / float64(len(a))
}

// TestStrength: the less strength, the nearer to the picture, and the fewer evaluations; the recipe holds what it began with.
func TestStrength(t *testing.T) {
	e := openTiny(t)
	weak, strong := generate(t, e, changed("a red cube", 0.2)), generate(t, e, changed("a red cube", 0.9))
	original := painted(64, 40).Pix
	if d, far := distance(weak.Pictures[0].Image.Pix, original), distance(strong.Pictures[0].Image.Pix, original); !(d < far) {
		t.Errorf("at strength 0.2 the picture is off by %.3g, at 0.9 by %.3g", d, far)
	}
	again := weak.Request
	if !bytes.Equal(pixels(t, e, again), weak.Pictures[0].Image.Pix) {
		t.Error("the completed request makes another picture")
	}
	for strength, steps := range map[float64]int{0: 4, 0.2: 1, 0.5: 3, 1: 6} { // 0.8 of 6 is 4.8
		x, err := e.Explain(changed("a red cube", strength))
		must(t, err)
		if x.Evaluations != 2*steps {
			t.Errorf("strength %v: %d evaluations, want %d", strength, x.Evaluations, 2*steps)
		}
	}

	data, err := json.Marshal(weak.Request)
	must(t, err)
	var recipe Request
	must(t, json.Unmarshal(data, &recipe))
	if recipe.Image != nil || recipe.ImageSHA256 != Digest(painted(64, 40)) || recipe.Strength != 0.2 {
		t.Errorf("recipe %s", data)
	}
	if _, err := e.Explain(recipe); err != nil {
		t.Errorf("explaining it without the picture: %v", err)
	}
	if got := refused(t, e, recipe, "image"); !strings.Contains(got, recipe.ImageSHA256) {
		t.Errorf("without the picture: %q does not name it", got)
	}
	recipe.Image = painted(32, 40)
	if got := refused(t, e, recipe, "image"); !strings.Contains(got, recipe.ImageSHA256) {
		t.Errorf("with another picture: %q does not name the right one", got)
	}
}

// refused runs a request that must be refused for a field, and returns why.
func refused(t *testing.T, e *Engine, r Request, field string) string {
	t.Helper()
	var bad *RequestError
	for _, err := range e.Generate(t.Context(), r) {
		if !errors.As(err, &bad) || bad.Field != field {
			t.Fatalf("%v, want one about %s", err, field)
		}
	}
	return bad.Msg
}

// TestInpaint: what the mask keeps is the picture's to the bit, whatever the sampler and wherever it stops; the rest is not.
func TestInpaint(t *testing.T) {
	e := openTiny(t)
	box := image.Rect(13, 11, 46, 30)
	original := painted(64, 40)
	for _, c := range []struct {
		sampler, corrector string
		stop, blur         int
	}{{}, {sampler: "dpm++ 2m", blur: -1}, {sampler: "euler a", stop: 2}, {corrector: "ula", blur: 5}} {
		r := changed("a red cube AND the sand", 0)
		r.Sampler, r.Corrector, r.StopAfter, r.MaskBlur = c.sampler, c.corrector, c.stop, c.blur
		r.Mask = boxed(64, 40, box)
		result := generate(t, e, r)
		img, different := result.Pictures[0].Image, 0
		for y := range 40 {
			for x := range 64 {
				if in := image.Pt(x, y).In(box); img.NRGBAAt(x, y) == original.NRGBAAt(x, y) {
					continue
				} else if !in {
					t.Fatalf("%+v: pixel %d,%d is %v, want %v kept", c, x, y, img.NRGBAAt(x, y), original.NRGBAAt(x, y))
				}
				different++
			}
		}
		if n := box.Dx() * box.Dy(); different < n*9/10 {
			t.Errorf("%+v: %d of %d pixels are new", c, different, n)
		}
		if q := result.Request; q.Strength != 1 || q.MaskSHA256 == "" || q.MaskBlur == 0 {
			t.Errorf("%+v: request %+v", c, q)
		}
	}
	all, plain := changed("a red cube", 0.5), changed("a red cube", 0.5)
	all.Mask = boxed(64, 40, image.Rect(0, 0, 64, 40))
	if !bytes.Equal(pixels(t, e, all), pixels(t, e, plain)) {
		t.Error("a mask that is all white makes another picture than none")
	}
	all.Mask = boxed(64, 40, image.Rectangle{})
	if !bytes.Equal(pixels(t, e, all), original.Pix) {
		t.Error("a mask that is all black changes the picture")
	}
	all.Mask, all.MaskSHA256 = nil, Digest(boxed(64, 40, box))
	refused(t, e, all, "mask_image")
	all.Image, all.ImageSHA256 = nil, ""
	all.Mask, all.MaskSHA256 = boxed(64, 40, box), ""
	refused(t, e, all, "mask_image")
	all.Mask = nil
	refused(t, e, all, "strength")
}

// TestInpaintedBatch: a picture of a batch is that of its seed alone, also where ranges and alternatives depend on the step.
func TestInpaintedBatch(t *testing.T) {
	e := openTiny(t)
	r := changed("(a red cube OR a blue sphere) AND NOT the sand @0.5-0.8", 0.7)
	r.Batch, r.Negation, r.Sampler = 6, "gated", "ddpm"
	r.Mask = boxed(64, 40, image.Rect(8, 8, 48, 32))
	for _, p := range generate(t, e, r).Pictures {
		alone := r
		alone.Seed, alone.Batch = p.Seed, 1
		if !bytes.Equal(p.Image.Pix, pixels(t, e, alone)) {
			t.Errorf("the picture of seed %d is another one alone", p.Seed)
		}
	}
}

// TestRangesOfStrength: ranges are fractions of all steps, those left out included.
func TestRangesOfStrength(t *testing.T) {
	e := openTiny(t)
	with := func(prompt string) []byte { return pixels(t, e, changed(prompt, 0.5)) }
	for _, c := range []struct {
		a, b string
		same bool
	}{
		{"a red cube AND the sand @0-0.5", "a red cube", true},
		{"a red cube AND the sand @0.5-1", "a red cube AND the sand", true},
		{"a red cube AND the sand @0.3-0.6", "a red cube", false},
		{"a red cube AND the sand @0.3-0.6", "a red cube AND the sand", false},
	} {
		if same := bytes.Equal(with(c.a), with(c.b)); same != c.same {
			t.Errorf("%q and %q make the same picture: %v, want %v", c.a, c.b, same, c.same)
		}
	}
	x, err := e.Explain(changed("a red cube AND the sand @0.3-0.7", 0.5)) // steps 4 to 6 of 6, of which the range has 4 and 5
	must(t, err)
	if want := 2*3 + 2; x.Evaluations != want {
		t.Errorf("%d evaluations, want %d", x.Evaluations, want)
	}
}

// TestInputErrors refuses what can't be begun with.
func TestInputErrors(t *testing.T) {
	e := openTiny(t)
	for _, c := range []struct {
		field  string
		change func(*Request)
	}{
		{"strength", func(r *Request) { r.Strength = -0.1 }},
		{"strength", func(r *Request) { r.Strength = 1.1 }},
		{"strength", func(r *Request) { r.Strength = 0.1 }}, // of 6 steps
		{"stop_after", func(r *Request) { r.StopAfter = 4 }},
		{"mask_blur", func(r *Request) { r.MaskBlur = MaxSide + 1 }},
		{"image", func(r *Request) { r.Image = image.NewNRGBA(image.Rect(0, 0, MaxSide+1, 1)) }},
		{"image", func(r *Request) { r.Image = image.NewNRGBA(image.Rectangle{}) }},
		{"mask_image", func(r *Request) { r.Mask = image.NewNRGBA(image.Rect(0, 0, 1, MaxSide+1)) }},
		{"image", func(r *Request) { r.ImageSHA256 = strings.Repeat("0", 64) }},
	} {
		r := changed("a red cube", 0.5)
		c.change(&r)
		refused(t, e, r, c.field)
	}
	r := changed("a red cube", 0.5)
	r.StopAfter = 3
	generate(t, e, r)
}

// TestSizes: without sides a request has the picture's own, as near as they may be; another picture is resized.
func TestSizes(t *testing.T) {
	e := openTiny(t)
	for _, c := range []struct{ w, h, wantW, wantH int }{{64, 40, 64, 40}, {71, 42, 64, 40}, {3, 200, 8, 200}, {1000, 500, 176, 88}, {1, 1, 8, 8}} {
		r, err := e.Complete(Request{Prompt: "a red cube", Image: painted(c.w, c.h)})
		must(t, err)
		if r.Width != c.wantW || r.Height != c.wantH {
			t.Errorf("a picture of %dx%d makes one of %dx%d, want %dx%d", c.w, c.h, r.Width, r.Height, c.wantW, c.wantH)
		}
	}
	r := changed("a red cube", 0.4)
	r.Image = painted(100, 30)
	if d := distance(pixels(t, e, r), pixels(t, e, changed("a red cube", 0.4))); d > 40 {
		t.Errorf("the same picture, resized, is off by %.3g", d)
	}
}

// TestNoEncoder opens a model without the encoder's tensors: all works but to begin with a picture.
func TestNoEncoder(t *testing.T) {
	folder, dir := t.TempDir(), t.TempDir()
	must(t, os.CopyFS(folder, os.DirFS("testdata/goldens/scenesish/model")))
	name := filepath.Join(folder, "vae", "diffusion_pytorch_model.safetensors")
	data, err := os.ReadFile(name)
	must(t, err)
	must(t, os.WriteFile(name, without(t, data, "encoder."), 0o666))
	_, err = pack.Pack(t.Context(), os.DirFS(folder), dir, pack.Options{})
	must(t, err)
	e := openEngine(t, os.DirFS(dir), null.New())
	generate(t, e, small("a red cube"))
	if got := refused(t, e, changed("a red cube", 0.5), "image"); !strings.Contains(got, "without its encoder") {
		t.Errorf("%q does not say what is missing", got)
	}
	if got := refused(t, e, larger("a red cube"), "hires"); !strings.Contains(got, "without its encoder") {
		t.Errorf("%q does not say what is missing", got)
	}
	if e.HasEncoder() {
		t.Error("it is said to have one")
	}
}

// without is a safetensors file without the tensors whose names begin so.
func without(t *testing.T, file []byte, prefix string) []byte {
	t.Helper()
	size := binary.LittleEndian.Uint64(file)
	var header map[string]struct {
		Type    string   `json:"dtype"`
		Shape   []int    `json:"shape"`
		Offsets []uint64 `json:"data_offsets"`
	}
	must(t, json.Unmarshal(file[8:8+size], &header))
	delete(header, "__metadata__")
	var data []byte
	for name, tensor := range header {
		if strings.HasPrefix(name, prefix) {
			delete(header, name)
			continue
		}
		first := uint64(len(data))
		data = append(data, file[8+size:][tensor.Offsets[0]:tensor.Offsets[1]]...)
		tensor.Offsets = []uint64{first, uint64(len(data))}
		header[name] = tensor
	}
	head, err := json.Marshal(header)
	must(t, err)
	return append(append(binary.LittleEndian.AppendUint64(nil, uint64(len(head))), head...), data...)
}

// TestPreviewOfInpainted: previews, too, show what the mask keeps.
func TestPreviewOfInpainted(t *testing.T) {
	e := openTiny(t)
	e.pipeline.extra.LatentRGB = latentRGB{Weight: make([][3]float32, e.pipeline.vae.Channels)}
	e.pipeline.extra.LatentRGB.Weight[1] = [3]float32{0.3, 0.2, 0.1}
	r := changed("a red cube", 0)
	r.Mask = boxed(64, 40, image.Rect(32, 0, 64, 40))
	var previews []*image.NRGBA
	for ev, err := range e.Generate(t.Context(), r) {
		must(t, err)
		if ev.Phase == Denoising {
			images, err := ev.Preview()
			must(t, err)
			previews = append(previews, images[0])
		}
	}
	first, last := previews[0], previews[len(previews)-1]
	for y := range 5 {
		if a, b := first.NRGBAAt(1, y), last.NRGBAAt(1, y); a != b {
			t.Errorf("a cell that is kept is %v at first, %v at last", a, b)
		}
	}
	if distance(first.Pix, last.Pix) == 0 {
		t.Error("no cell changed")
	}
}

// TestScaled compares with what Pillow 12's BICUBIC makes of the same row.
func TestScaled(t *testing.T) {
	row := image.NewGray(image.Rect(0, 0, 7, 1))
	copy(row.Pix, []uint8{0, 10, 40, 200, 90, 30, 250})
	for _, want := range [][]uint8{
		{10, 114, 127}, {1, 26, 166, 57, 183}, {0, 10, 40, 200, 90, 30, 250}, {0, 2, 9, 16, 56, 169, 186, 103, 43, 34, 177, 255},
	} {
		got := scaled(toNRGBA(row), 255, len(want), 1)
		for i, v := range want {
			if g := got[3*i]; g != v {
				t.Errorf("to %d: %v, want %v", len(want), got, want)
				break
			}
		}
	}
	clear := image.NewNRGBA(image.Rect(0, 0, 2, 1)) // transparent, and half so
	clear.SetNRGBA(1, 0, color.NRGBA{255, 0, 0, 51})
	if got, want := scaled(clear, 255, 2, 1), []uint8{255, 255, 255, 255, 204, 204}; !slices.Equal(got, want) {
		t.Errorf("over white: %v, want %v", got, want)
	}
	part := painted(5, 4).SubImage(image.Rect(1, 1, 3, 3))
	if got, want := toNRGBA(part).NRGBAAt(1, 1), painted(5, 4).NRGBAAt(2, 2); got != want {
		t.Errorf("a part's pixel is %v, want %v", got, want)
	}
}

func TestMask(t *testing.T) {
	if got := luminance([]uint8{255, 255, 255, 0, 0, 0, 255, 0, 0}); got[0] != 1 || got[1] != 0 || got[2] != float32(76)/255 {
		t.Errorf("luminance %v", got)
	}
	if got, want := cells([]float32{1, 1, 0, 0, 1, 0, 0, 0.5}, 4, 2), []float32{0.75, 0.125}; !slices.Equal(got, want) {
		t.Errorf("cells %v, want %v", got, want)
	}
	// A column kept, 1/3 of the way for each pixel; what is half kept fades half of the way.
	mask := []float32{0, 1, 1, 1, 0, 1, 1, 0.5, 0, 1, 1, 1}
	fade(mask, 4, 2)
	third, two := float32(1)/3, float32(1)/3+float32(1)/3
	if want := []float32{0, third, two, 0.5 + third, 0, third, two, 0.5, 0, third, two, 0.5 + third}; !alike(mask, want) {
		t.Errorf("faded %v, want %v", mask, want)
	}
	// Nothing is kept: nothing fades. A corner is as far as it is.
	whole := []float32{1, 1, 1, 1}
	fade(whole, 2, 3)
	corner := []float32{0, 1, 1, 1}
	fade(corner, 2, 3)
	if !alike(whole, []float32{1, 1, 1, 1}) || !alike(corner, []float32{0, 0.25, 0.25, 0.35355339}) {
		t.Errorf("faded %v and %v", whole, corner)
	}
}

func alike(a, b []float32) bool {
	return slices.EqualFunc(a, b, func(x, y float32) bool { return max(x-y, y-x) < 1e-6 })
}

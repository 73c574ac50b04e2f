package session

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"testing"

	"github.com/counterpoint/counterpoint/engine"
)

// gradient is the pixels of a picture, opaque.
func gradient(w, h int) []byte {
	pix := make([]byte, 4*w*h)
	for i := range w * h {
		copy(pix[4*i:], []byte{byte(4 * (i % w)), byte(4 * (i / w)), 128, 255})
	}
	return pix
}

// TestInpaint changes the right half of a picture, with helpers and without; the recipe names what it began with.
func TestInpaint(t *testing.T) {
	r := visitWithHelpers(t, 2)
	const w, h = 64, 40
	original := gradient(w, h)
	mask := bytes.Repeat([]byte{0, 0, 0, 255}, w*h)
	for i := range w * h {
		if i%w >= w/2 {
			copy(mask[4*i:], []byte{255, 255, 255})
		}
	}
	var pictures [][]byte
	for peers := range 3 {
		r.send(fmt.Sprintf(`{"type":"generate","id":%d,"peers":%d,"output":["rgba"],"image":{"width":64,"height":40},"mask_image":{"width":64,"height":40},`+
			`"request":{"prompt":"a red cube AND a blue sphere","seed":5,"steps":4,"strength":0.75}}`, peers+2, peers), original, mask)
		var end map[string]any
		for end == nil {
			switch kind, head, frames := r.next(); kind {
			case "picture":
				pictures = append(pictures, frames[0])
			case "event":
				if head["phase"] == "denoising" && head["steps"] != 3.0 {
					t.Errorf("event %v, want 3 steps", head)
				}
			case "done", "error":
				end = head
			}
		}
		request, _ := end["request"].(map[string]any)
		want := engine.Digest(&image.NRGBA{Pix: original, Stride: 4 * w, Rect: image.Rect(0, 0, w, h)})
		if request["image_sha256"] != want || request["mask_image_sha256"] == nil || request["width"] != 64.0 || request["height"] != 40.0 {
			t.Fatalf("%v, want one of image %s", end, want)
		}
	}
	changed := 0
	for i := range w * h {
		same := bytes.Equal(pictures[0][4*i:4*i+4], original[4*i:4*i+4])
		if i%w < w/2 && !same {
			t.Fatalf("pixel %d,%d was not kept", i%w, i/w)
		}
		if !same {
			changed++
		}
	}
	if changed < w*h/3 {
		t.Errorf("%d pixels are new", changed)
	}
	for peers, p := range pictures {
		if !bytes.Equal(p, pictures[0]) {
			t.Errorf("%d helpers make another picture", peers)
		}
	}
}

// TestInputErrors sends pictures that are none.
func TestInputErrors(t *testing.T) {
	p := visit(t, Options{})
	p.open()
	few := make([]byte, 15)
	for i, c := range []struct {
		fields string
		frames [][]byte
		field  any
	}{
		{`"image":{"width":2,"height":2},`, nil, "image"},
		{`"image":{"width":2,"height":2},`, [][]byte{few}, "image"},
		{`"image":{"width":0,"height":2},`, [][]byte{nil}, "image"},
		{`"image":{"width":4097,"height":1},`, [][]byte{few}, "image"},
		{`"image":{"width":-2,"height":-2},`, [][]byte{few}, "image"},
		{`"image":{"width":1,"height":1},"mask_image":{"width":1,"height":1},`, [][]byte{few[:4]}, "mask_image"},
		{`"image":{"width":1,"height":1},`, [][]byte{few[:4], few[:4]}, nil},
		{``, [][]byte{few[:4]}, nil},
		{`"mask_image":{"width":1,"height":1},`, [][]byte{few[:4]}, "mask_image"}, // of nothing
		{`"image":{"width":1,"height":1,"depth":4},`, [][]byte{few[:4]}, nil},
	} {
		p.send(fmt.Sprintf(`{"type":"generate","id":%d,%s"request":{"prompt":"a"}}`, i+2, c.fields), c.frames...)
		if got := p.wantError(BadRequest); got["field"] != c.field {
			t.Errorf("%s with %d frames: %v, want one about %v", c.fields, len(c.frames), got, c.field)
		}
	}
	p.send(`{"type":"generate","id":99,"request":{"prompt":"a","strength":0.5,"image_sha256":"00"}}`)
	if got := p.wantError(BadRequest); got["field"] != "image" {
		t.Errorf("a recipe without its picture: %v", got)
	}
}

// FuzzInputs: pictures are taken exactly if their frames have as many bytes as their sizes say.
func FuzzInputs(f *testing.F) {
	f.Add(2, 3, 24, 1, 1, 4, true, true)
	f.Add(1<<31, 1<<31, 0, 0, 0, 0, true, false)
	f.Add(-1, -4, 16, 1, 1, 4, false, true)
	f.Fuzz(func(t *testing.T, w, h, n, maskW, maskH, maskN int, withImage, withMask bool) {
		m := &generate{ID: 1}
		var frames []Frame
		good := true
		add := func(size **pictureSize, w, h, n int) {
			n = min(max(n, 0), 1<<16)
			*size = &pictureSize{w, h}
			frames = append(frames, bytes.NewReader(make([]byte, n)))
			good = good && w > 0 && h > 0 && w <= engine.MaxSide && h <= engine.MaxSide && n == 4*w*h
		}
		if withImage {
			add(&m.Image, w, h, n)
		}
		if withMask {
			add(&m.MaskImage, maskW, maskH, maskN)
		}
		inputs, err := m.inputs(frames)
		var bad *headError
		if good != (err == nil) || err != nil && !errors.As(err, &bad) {
			t.Fatalf("%dx%d in %d, %dx%d in %d: %v", w, h, n, maskW, maskH, maskN, err)
		}
		for _, in := range inputs {
			if err := in.read(); err != nil {
				t.Fatal(err)
			}
			engine.Digest(*in.into)
		}
	})
}

package session

import (
	"fmt"
	"image"

	"github.com/counterpoint/counterpoint/engine"
)

// pictureSize is that of a picture whose pixels a frame holds.
type pictureSize struct {
	Width  int `json:"width"`
	Height int `json:"height"`
}

// input is a picture that a generation begins with.
type input struct {
	field string
	size  *pictureSize
	frame Frame
	into  *image.Image
}

// inputs are those of the message, in the order of its frames, which are held to the sizes that it says.
func (m *generate) inputs(frames []Frame) ([]input, error) {
	var all []input
	for _, in := range []input{{"image", m.Image, nil, &m.Request.Image}, {"mask_image", m.MaskImage, nil, &m.Request.Mask}} {
		if in.size == nil {
			continue
		}
		w, h := in.size.Width, in.size.Height
		switch {
		case w < 1 || h < 1 || w > engine.MaxSide || h > engine.MaxSide:
			return nil, &headError{m.ID, in.field, fmt.Sprintf("a picture of %dx%d pixels, want sides of 1 to %d", w, h, engine.MaxSide)}
		case len(all) == len(frames):
			return nil, &headError{m.ID, in.field, "there is no frame of its pixels"}
		}
		in.frame = frames[len(all)]
		if n, want := in.frame.Size(), 4*int64(w)*int64(h); n != want {
			return nil, &headError{m.ID, in.field, fmt.Sprintf("a frame of %d bytes, want %d for %dx%d pixels", n, want, w, h)}
		}
		all = append(all, in)
	}
	if len(all) < len(frames) {
		return nil, &headError{m.ID, "", fmt.Sprintf("%d frames for %d pictures", len(frames), len(all))}
	}
	return all, nil
}

// read copies the pixels into the request.
func (in *input) read() error {
	data, err := readAll(in.frame)
	*in.into = &image.NRGBA{Pix: data, Stride: 4 * in.size.Width, Rect: image.Rect(0, 0, in.size.Width, in.size.Height)}
	return err
}

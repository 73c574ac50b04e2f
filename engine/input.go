package engine

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"image"
	"math"

	"github.com/counterpoint/counterpoint/engine/sample"
)

// Digest identifies a picture that a request begins with: the SHA-256, in hexadecimal, of its width and height, 32 bits
// each in little-endian, and its pixels in rows, a byte each of red, green, blue and alpha, not premultiplied.
func Digest(img image.Image) string {
	p := toNRGBA(img)
	size := p.Rect.Size()
	h := sha256.New()
	h.Write(binary.LittleEndian.AppendUint32(binary.LittleEndian.AppendUint32(nil, uint32(size.X)), uint32(size.Y)))
	h.Write(p.Pix)
	return hex.EncodeToString(h.Sum(nil))
}

// begin looks at the pictures that a request begins with, and sets defaults that follow from them; multiple is the number of
// pixels that sides are multiples of.
func (r *Request) begin(defaults *Request, multiple int) error {
	for _, in := range []struct {
		field string
		img   *image.Image
		sum   *string
	}{{"image", &r.Image, &r.ImageSHA256}, {"mask_image", &r.Mask, &r.MaskSHA256}} {
		if *in.img == nil {
			continue
		}
		if size := (*in.img).Bounds().Size(); size.X < 1 || size.Y < 1 || size.X > MaxSide || size.Y > MaxSide {
			return requestError(in.field, "a picture of %dx%d pixels, want sides of 1 to %d", size.X, size.Y, MaxSide)
		}
		*in.img = toNRGBA(*in.img) // once
		sum := Digest(*in.img)
		if *in.sum != "" && *in.sum != sum {
			return requestError(in.field, "the picture has %s_sha256 %s, the request is about that of %s", in.field, sum, *in.sum)
		}
		*in.sum = sum
	}
	if r.Image != nil && r.Width == 0 && r.Height == 0 {
		size := r.Image.Bounds().Size()
		defaults.Width, defaults.Height = fit(size.X, size.Y, 4*defaults.Width*defaults.Height, multiple)
	}
	if r.ImageSHA256 != "" {
		defaults.Strength = 0.8
	}
	if r.MaskSHA256 != "" {
		defaults.Strength = 1
		defaults.MaskBlur = max(1, min(cmp.Or(r.Width, defaults.Width), cmp.Or(r.Height, defaults.Height))/128)
	}
	return nil
}

// fit scales sides down to at most so many pixels, and cuts them to multiples.
func fit(w, h, pixels, multiple int) (int, int) {
	scale := min(1, math.Sqrt(float64(pixels)/float64(w*h)))
	side := func(n int) int { return max(multiple, int(float64(n)*scale)/multiple*multiple) }
	return side(w), side(h)
}

// Made is how many of a completed request's steps are made: a strength leaves out the first ones.
func (r *Request) Made() int {
	if r.Strength == 0 {
		return r.Steps
	}
	return int(float64(r.Steps) * r.Strength)
}

// checkInput reports what keeps a completed request from being run, though it can be explained: pictures that it speaks of
// and doesn't have, or that the model can't read.
func (e *Engine) checkInput(r *Request) error {
	missing := func(field, sum string) error {
		return &RequestError{field, fmt.Sprintf("the request begins with the picture of %s_sha256 %s, which is not given", field, sum)}
	}
	switch {
	case r.Image == nil && r.ImageSHA256 != "":
		return missing("image", r.ImageSHA256)
	case r.Mask == nil && r.MaskSHA256 != "":
		return missing("mask_image", r.MaskSHA256)
	case r.Image == nil && r.Mask != nil:
		return &RequestError{"mask_image", "there is no image that it is of"}
	case r.Image == nil && r.Strength != 0 && !(r.Hires > 1):
		return &RequestError{"strength", "there is no image to begin with, nor with hires a smaller picture"}
	case r.Image != nil && !e.HasEncoder():
		return &RequestError{"image", fmt.Sprintf("model %s was packed without its encoder, so nothing can begin with a picture", e.info.Name)}
	case r.Hires > 1 && !e.HasEncoder():
		return &RequestError{"hires", fmt.Sprintf("model %s was packed without its encoder, so no run can begin with another's picture", e.info.Name)}
	}
	return nil
}

// canvas is what a generation begins with beside noise.
type canvas struct {
	sample.Start
	picture []uint8   // [H,W,3]; nil for none
	anew    []float32 // [H,W], how much of each pixel is the new picture's; nil for all
}

// newCanvas reads the pictures of a completed request.
func (e *Engine) newCanvas(ctx context.Context, r *Request) (*canvas, error) {
	c := &canvas{}
	if r.Image == nil {
		return c, nil
	}
	const white, black = 255, 0
	c.picture = scaled(toNRGBA(r.Image), white, r.Width, r.Height)
	var err error
	if c.Clean, err = e.encodePicture(ctx, c.picture, r.Width, r.Height); err != nil || r.Mask == nil {
		return c, err
	}
	c.anew = luminance(scaled(toNRGBA(r.Mask), black, r.Width, r.Height))
	c.Mask = cells(c.anew, r.Width, e.pipeline.vae.Factor)
	fade(c.anew, r.Width, r.MaskBlur)
	return c, nil
}

// encodePicture runs the autoencoder's encoder on pixels [h,w,3]; the latents are as the sampler has them. Where the
// encoder gives a distribution they are its mean, of which diffusers draws a sample.
func (e *Engine) encodePicture(ctx context.Context, pixels []uint8, w, h int) ([]float32, error) {
	build, err := e.pipeline.vae.Encoder(e.pipeline.params, 1, h, w)
	if err != nil {
		return nil, err
	}
	encoder, err := e.compile(build)
	if err != nil {
		return nil, err
	}
	defer encoder.Close()
	values := make([]float32, len(pixels))
	for i, v := range pixels {
		values[i] = float32(v)/127.5 - 1
	}
	if err := encoder.writeFloats(ctx, "image", values); err != nil {
		return nil, err
	}
	if err := encoder.exe.Run(ctx, 1); err != nil {
		return nil, err
	}
	latents := make([]float32, encoder.outputs["latent"].Len())
	return latents, encoder.outputs["latent"].ReadFloats(ctx, 0, latents)
}

// restore puts back what the mask keeps, to the bit.
func (c *canvas) restore(img *image.NRGBA) {
	for i, share := range c.anew {
		for k := range 3 {
			at := &img.Pix[4*i+k]
			*at = uint8(float32(float32(*at)*share) + float32(float32(c.picture[3*i+k])*(1-share)) + 0.5)
		}
	}
}

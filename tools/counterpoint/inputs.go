package main

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	_ "image/jpeg" // to decode
	_ "image/png"
	"io"
	"os"

	"github.com/counterpoint/counterpoint/engine"
	"github.com/spf13/pflag"
)

// inputs are the files of pictures that a generation begins with.
type inputs struct{ image, mask string }

func (in *inputs) flags(f *pflag.FlagSet, r *engine.Request) {
	f.StringVarP(&in.image, "image", "i", "", "a PNG or JPEG `file` to begin with")
	f.StringVar(&in.mask, "mask", "", "a `file` that says where the image is changed: white anew, black kept, grey partly")
	f.Float64Var(&r.Strength, "strength", 0, "how much the image, or with --hires the smaller picture, is changed: share of the steps that are made (default 0.8, with a mask 1, with --hires 0.5)")
	f.IntVar(&r.MaskBlur, "mask-blur", 0, "pixels in which the mask's edge fades, inwards; below 0 for none (default 1/128 of the shorter side)")
}

// read reads the files into the request.
func (in *inputs) read(flags *pflag.FlagSet, r *engine.Request) error {
	if in.image == "" {
		for _, name := range []string{"mask", "mask-blur"} {
			if flags.Changed(name) {
				return withHint(usagef("--%s: there is no image", name), "--image FILE names one")
			}
		}
		return nil
	}
	if in.mask == "" && flags.Changed("mask-blur") {
		return withHint(usagef("--mask-blur: there is no mask"), "--mask FILE names one")
	}
	var err error
	if r.Image, err = readPicture(in.image); err != nil {
		return fmt.Errorf("--image %s: %w", in.image, err)
	}
	if in.mask == "" {
		return nil
	}
	if r.Mask, err = readPicture(in.mask); err != nil {
		return fmt.Errorf("--mask %s: %w", in.mask, err)
	}
	return nil
}

// maxPictureFile bounds the files that are read, in bytes.
const maxPictureFile = 64 << 20

func readPicture(name string) (image.Image, error) {
	f, err := os.Open(name)
	if err != nil {
		var path *os.PathError
		if errors.As(err, &path) {
			err = path.Err // the name is told already
		}
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxPictureFile+1))
	switch {
	case err != nil:
		return nil, err
	case len(data) > maxPictureFile:
		return nil, fmt.Errorf("more than %d bytes", maxPictureFile)
	}
	return decodePicture(data)
}

// decodePicture decodes a PNG or JPEG file, the right way up, once its size is known to be one that can be taken.
func decodePicture(data []byte) (image.Image, error) {
	config, format, err := image.DecodeConfig(bytes.NewReader(data))
	switch {
	case errors.Is(err, image.ErrFormat):
		return nil, errors.New("neither a PNG nor a JPEG file")
	case err != nil:
		return nil, err
	case config.Width < 1 || config.Height < 1 || config.Width > engine.MaxSide || config.Height > engine.MaxSide:
		return nil, fmt.Errorf("%dx%d pixels, want sides of 1 to %d", config.Width, config.Height, engine.MaxSide)
	}
	img, _, err := image.Decode(bytes.NewReader(data))
	if err == nil && format == "jpeg" {
		img = oriented{img, orientation(data)}
	}
	return img, err
}

package dataset

import (
	"context"
	"image"
	"image/png"
	"io"

	"github.com/counterpoint/counterpoint/tools/scenes/render"
	"github.com/counterpoint/counterpoint/tools/scenes/scene"
)

// sheetColumns is the greatest number of pictures in a row of a contact sheet.
const sheetColumns = 8

// WriteSheet writes a PNG of the first k scenes of c, in rows from the top.
func WriteSheet(ctx context.Context, w io.Writer, c Config, k int) error {
	if err := c.validate(); err != nil {
		return err
	}
	columns := min(k, sheetColumns)
	rows := (k + columns - 1) / columns
	sheet := image.NewNRGBA(image.Rect(0, 0, columns*c.Size, rows*c.Size))
	err := parallel(ctx, c.Workers, k, func(i int) error {
		s, err := scene.Sample(c.Seed, c.Start+i, c.Split, c.Only)
		if err != nil {
			return err
		}
		pix := render.Image(s, c.Size)
		for y := range c.Size {
			at := sheet.PixOffset(i%columns*c.Size, i/columns*c.Size+y)
			for x := range c.Size {
				copy(sheet.Pix[at+4*x:], pix[3*(y*c.Size+x):][:3])
				sheet.Pix[at+4*x+3] = 255
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return png.Encode(w, sheet)
}

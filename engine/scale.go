package engine

import (
	"image"
	"image/color"
	"math"
)

// toNRGBA returns a picture's pixels in rows without gaps.
func toNRGBA(img image.Image) *image.NRGBA {
	b := img.Bounds()
	size := b.Size()
	if p, ok := img.(*image.NRGBA); ok && p.Stride == 4*size.X && len(p.Pix) == 4*size.X*size.Y {
		return p
	}
	p := image.NewNRGBA(image.Rectangle{Max: size})
	for y := range size.Y {
		for x := range size.X {
			p.SetNRGBA(x, y, color.NRGBAModel.Convert(img.At(b.Min.X+x, b.Min.Y+y)).(color.NRGBA))
		}
	}
	return p
}

// scaled brings a picture to w×h pixels, [h,w,3], over a grey background where it is transparent; its proportions change
// with it. One of that size comes back as it is.
func scaled(img *image.NRGBA, background float32, w, h int) []uint8 {
	size := img.Rect.Size()
	row, rows := make([]float32, 3*size.X), make([]float32, 0, 3*w*size.Y)
	for y := range size.Y {
		for x := range size.X {
			p := img.Pix[4*(y*size.X+x):][:4]
			for c := range 3 {
				row[3*x+c] = background + float32((float32(p[c])-background)*float32(p[3]))/255
			}
		}
		rows = append(rows, resample(row, size.X, w)...)
	}
	out := make([]uint8, 3*w*h)
	for i, v := range resample(rows, size.Y, h) {
		out[i] = uint8(min(max(v, 0), 255) + 0.5)
	}
	return out
}

// resample turns n elements, each of as many values as that makes of src, into m, by Keys' cubic convolution with a = −½,
// widened where there become fewer so that none is passed over: Pillow's BICUBIC.
func resample(src []float32, n, m int) []float32 {
	if n == m {
		return src
	}
	size := len(src) / n
	out := make([]float32, m*size)
	scale := float64(n) / float64(m)
	wide := max(scale, 1)
	for i := range m {
		middle := (float64(i) + 0.5) * scale
		first, last := max(0, int(middle-float64(2*wide)+0.5)), min(n, int(middle+float64(2*wide)+0.5))
		weights, sum := make([]float64, last-first), 0.0
		for k := range weights {
			weights[k] = cubic((float64(first+k) + 0.5 - middle) / wide)
			sum += weights[k]
		}
		to := out[i*size:][:size]
		for k, weight := range weights {
			share := float32(weight / sum)
			for c, v := range src[(first+k)*size:][:size] {
				to[c] += float32(share * v)
			}
		}
	}
	return out
}

// cubic is the kernel of Keys' convolution (IEEE Trans. ASSP 29, 1981, equation 15).
func cubic(x float64) float64 {
	x = math.Abs(x)
	switch {
	case x < 1:
		return float64((float64(1.5*x)-2.5)*x*x) + 1
	case x < 2:
		return float64((float64((2.5-float64(0.5*x))*x)-4)*x) + 2
	}
	return 0
}

// luminance is that of pixels [h,w,3], from 0 to 1, as Pillow's mode L has it (ITU-R BT.601).
func luminance(pixels []uint8) []float32 {
	grey := make([]float32, len(pixels)/3)
	for i := range grey {
		r, g, b := int(pixels[3*i]), int(pixels[3*i+1]), int(pixels[3*i+2])
		grey[i] = float32((19595*r+38470*g+7471*b+1<<15)>>16) / 255
	}
	return grey
}

// cells averages a mask of rows of w pixels over squares of so many pixels along each side.
func cells(mask []float32, w, side int) []float32 {
	n := w / side
	out := make([]float32, len(mask)/(side*side))
	for i, v := range mask {
		out[i/w/side*n+i%w/side] += v
	}
	for i := range out {
		out[i] /= float32(side * side)
	}
	return out
}

// fade lowers a mask of rows of w pixels where it is near to what is kept: by distance up to so many pixels, and never below
// zero. So a seam is spread, and what is kept stays.
func fade(mask []float32, w, pixels int) {
	if pixels < 1 {
		return
	}
	step := 1 / float32(pixels+1)
	diagonal := step * math.Sqrt2
	// Two passes, each bringing the distance from one side (Borgefors' chamfer).
	for pass := range 2 {
		for i := range mask {
			at, back := i, 1
			if pass == 1 {
				at, back = len(mask)-1-i, -1
			}
			near := func(dx, dy int, cost float32) {
				x, from := at%w+dx, at+dy*w+dx
				if x >= 0 && x < w && from >= 0 && from < len(mask) {
					mask[at] = min(mask[at], mask[from]+cost)
				}
			}
			near(-back, 0, step)
			near(0, -back, step)
			near(-back, -back, diagonal)
			near(back, -back, diagonal)
		}
	}
}

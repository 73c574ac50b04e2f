package engine

import (
	"image"

	"github.com/counterpoint/counterpoint/engine/sample"
)

// latentRGB is the linear map from a latent's channels to red, green and blue in [-1,1] that comes nearest to the decoder.
type latentRGB struct {
	Weight [][3]float32 `json:"weight"` // a row a channel
	Bias   [3]float32   `json:"bias"`
}

// valid reports whether the map is one of latents of so many channels.
func (m latentRGB) valid(channels int) bool { return len(m.Weight) == channels }

// apply writes the colours of cells [cell,channel] to dst [cell,3].
func (m latentRGB) apply(dst, cells []float32) {
	channels := len(m.Weight)
	for i := range len(cells) / channels {
		rgb := m.Bias
		for c, v := range cells[i*channels:][:channels] {
			for k := range rgb {
				rgb[k] += v * m.Weight[c][k]
			}
		}
		copy(dst[3*i:], rgb[:])
	}
}

// preview renders the clean latents of every picture, as far as a run has come; the bank's last register is for it.
func (g *generation) preview(latents *bank, progress sample.Progress) ([]*image.NRGBA, error) {
	estimate := sample.Reg(len(latents.registers) - 1)
	if err := latents.applyAll(progress.Estimate(estimate)); err != nil {
		return nil, err
	}
	size := g.shape.Len()
	clean := make([]float32, len(g.seeds)*size)
	if err := latents.Read(estimate, clean); err != nil {
		return nil, err
	}
	pixels := make([]float32, 3*g.shape.H*g.shape.W)
	var images []*image.NRGBA
	for k := range g.seeds {
		g.pipeline.extra.LatentRGB.apply(pixels, clean[k*size:][:size])
		images = append(images, toImage(pixels, g.shape.W, g.shape.H))
	}
	return images, nil
}

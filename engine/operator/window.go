package operator

import (
	"math"

	"github.com/counterpoint/counterpoint/engine/compose"
)

// Windows says near which places rows count. What a score for a thing at a place says of the rest of the picture is little
// but how far the network errs there, and errors of several such scores add up, so each is heard where its thing is: its
// direction is multiplied by exp(−d²/2σ²), with d the distance from the nearest of its places. Like a region this makes a
// direction a mask away from the gradient of a density, exact only where the mask is 1 wherever the direction is not 0.
type Windows struct {
	Sigma  float64             // in shorter sides of the picture
	Places [][][]compose.Place // of each picture's rows; a row without any counts everywhere there
}

// within returns the windows of a row in so many pictures over the cells of h×w, each times the shares of a region; nil is a
// region of all cells.
func (s *Windows) within(region []float32, pictures, row, h, w int) []float32 {
	all := make([]float32, pictures*h*w)
	sigma := s.Sigma * float64(min(h, w))
	for k := range pictures {
		window, places := all[k*h*w:][:h*w], s.Places[k][row]
		for _, p := range places {
			down, along := Bump(p.Y, sigma, h), Bump(p.X, sigma, w)
			for i := range window {
				window[i] = max(window[i], float32(down[i/w]*along[i%w]))
			}
		}
		for i := range window {
			if len(places) == 0 {
				window[i] = 1
			}
			if region != nil {
				window[i] *= region[i]
			}
		}
	}
	return all
}

// bounds reports whether a row has a window in any picture. A nil Windows has none.
func (s *Windows) bounds(row int) bool {
	if s == nil {
		return false
	}
	for _, picture := range s.Places {
		if len(picture[row]) > 0 {
			return true
		}
	}
	return false
}

// Bump is exp(−d²/2σ²) for each of n cells of a side, d the distance of its middle from a position in fractions of the side,
// σ in cells.
func Bump(at, sigma float64, n int) []float64 {
	values := make([]float64, n)
	for i := range values {
		d := (float64(i) + 0.5 - float64(at*float64(n))) / sigma
		values[i] = math.Exp(-0.5 * d * d)
	}
	return values
}

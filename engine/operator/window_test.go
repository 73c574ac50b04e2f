package operator_test

import (
	"math"
	"slices"
	"testing"

	"github.com/counterpoint/counterpoint/engine/compose"
	"github.com/counterpoint/counterpoint/engine/operator"
)

// windowed has a window for the rows of a prompt that come after the unconditional one, at places of each of the pictures.
func windowed(pictures int, rows ...[]compose.Place) *operator.Windows {
	w := &operator.Windows{Sigma: .3}
	for k := range pictures {
		places := [][]compose.Place{nil}
		for _, row := range rows {
			var moved []compose.Place
			for _, p := range row {
				moved = append(moved, compose.Place{X: p.X, Y: p.Y + .1*float64(k)})
			}
			places = append(places, moved)
		}
		w.Places = append(w.Places, places)
	}
	return w
}

// A direction fades with the distance from the nearest of its row's places, which are each picture's own; a row that has none
// counts everywhere.
func TestWindows(t *testing.T) {
	const pictures, scale = 2, 3
	d := testCPU(t)
	places := []compose.Place{{X: .2, Y: .3}, {X: .8, Y: .3}}
	r := run{prompt: "a AND b", pictures: pictures, options: operator.Options{Windows: windowed(pictures, places, nil)}}
	got := r.last(t, d)
	for k := range pictures {
		null, a, b := randomScore("", 0, k), randomScore("a", 0, k), randomScore("b", 0, k)
		for i := range null {
			y, x := (float64(i/channels/width)+.5)/height, (float64(i/channels%width)+.5)/width
			near := 0.
			for _, p := range places {
				dx, dy := (x-p.X)*width, (y-p.Y-.1*float64(k))*height
				near = max(near, math.Exp(-(dx*dx+dy*dy)/(2*math.Pow(.3*min(height, width), 2))))
			}
			want := float64(null[i]) + scale*near*float64(a[i]-null[i]) + scale*float64(b[i]-null[i])
			if got := float64(got[k*latent+i]); math.Abs(got-want) > 1e-5 {
				t.Fatalf("picture %d, element %d is %g, want %g", k, i, got, want)
			}
		}
	}
}

// Windows of a width beyond the picture change nothing, and within a region they multiply its shares.
func TestWideWindows(t *testing.T) {
	d := testCPU(t)
	middle := []compose.Place{{X: .5, Y: .5}}
	for _, prompt := range []string{"a AND NOT b", "a OR b", "a @(0-0.4, 0-1) AND b"} {
		r := run{prompt: prompt, steps: 2, pictures: 2}
		want := r.last(t, d)
		r.options.Windows = windowed(2, middle, middle)
		if slices.Equal(r.last(t, d), want) {
			t.Errorf("%s: a narrow window changes nothing", prompt)
		}
		r.options.Windows.Sigma = 1e6
		near(t, r.last(t, d), want, 1e-5)
	}
}

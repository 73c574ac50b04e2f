package operator

import (
	"fmt"
	"math"

	"github.com/counterpoint/counterpoint/engine/compose"
)

// Options says how plans are carried out. The zero Options is good.
type Options struct {
	// Edge is the width of the border of a region, in cells of the latent; 0 is one cell, negative none.
	Edge float64
	// Prior is the share P₀ of all pictures that show what a gated NOT negates; 0 is ½. Its posterior is P₀·e^ℓ.
	Prior float64
	// MaxGate bounds the weight P/(1−P) of a gated NOT; 0 is 4, where the posterior is 0.8.
	MaxGate float64
	// Rescale is φ, the share of the result whose standard deviation over a picture is brought back to that of the
	// prediction with total weight 1 (Lin et al., arXiv 2305.08891, section 3.4, with 0.7); 0 for none.
	Rescale float64
	// Project has adaptive projected guidance; nil for none. Not together with Rescale: both take back the same excess.
	Project *Projection
	// Guided is the part of the run that is guided, in fractions of its steps; zero is all of it. The rest follows the
	// mean of the positive terms by their weights, without negation, as conditional sampling without guidance does, and
	// evaluates no other rows (Kynkäänniemi et al., arXiv 2404.07724).
	Guided compose.Range
	// Windows bounds where rows count in a picture; nil for everywhere.
	Windows *Windows
	// Lifts follows the log-ratios of all rows, for Combiner.Lifts; plans with OR or a gated NOT do so anyway.
	Lifts bool
	// Particles follows the pictures' Feynman–Kac weights, for Combiner.Resample. The plan has to be a sum of leaves with
	// constant weights, and no hygiene goes with it.
	Particles bool
	// Clamp bounds the magnitude of the log-weights' distance from their mean, to at most 40; 0 for no bound.
	Clamp float64
	// Below is the share of the pictures that the effective sample size has to fall below for Combiner.Resample to draw; 0
	// for always. It goes with Clamp.
	Below float64
}

// Projection is adaptive projected guidance (Sadat et al., arXiv 2410.02416), on the prediction of the clean latents and
// without momentum, which would carry from one evaluation to the next what a corrector has moved away from.
type Projection struct {
	Eta  float64 // what is kept of the direction's part along the prediction of total weight 1: 0 to 1, the paper has 0
	Norm float64 // bound of the direction's norm at total weight 1, the paper's r; 0 for none
}

// filled checks the options and fills in defaults.
func (o Options) filled() (Options, error) {
	fill := func(v *float64, d float64) {
		if *v == 0 {
			*v = d
		}
	}
	fill(&o.Edge, 1)
	fill(&o.Prior, 0.5)
	fill(&o.MaxGate, 4)
	if o.Guided == (compose.Range{}) {
		o.Guided.To = 1
	}
	projection := Projection{}
	if o.Project != nil {
		projection = *o.Project
	}
	for _, v := range []struct {
		name           string
		value, low, up float64
	}{
		{"edge of regions", o.Edge, math.Inf(-1), 1 << 16},
		{"prior of NOT", o.Prior, 1e-6, 1 - 1e-6},
		{"largest weight of NOT", o.MaxGate, 1e-6, 1e6},
		{"rescaled share", o.Rescale, 0, 1},
		{"share of the parallel part", projection.Eta, 0, 1},
		{"largest norm", projection.Norm, 0, math.MaxFloat32},
		{"clamp of log-weights", o.Clamp, 0, 40},
		{"share of effective pictures", o.Below, 0, 1},
		{"first end of the guided part", o.Guided.From, 0, 1},
		{"last end of the guided part", o.Guided.To, o.Guided.From, 1},
	} {
		if !(v.value >= v.low && v.value <= v.up) {
			return o, fmt.Errorf("operator: the %s is %g; want %g to %g", v.name, v.value, v.low, v.up)
		}
	}
	if o.Rescale > 0 && o.Project != nil {
		return o, fmt.Errorf("operator: rescaling and projection both take back the excess of guidance; want one of them")
	}
	if o.Below > 0 && o.Clamp == 0 {
		return o, fmt.Errorf("operator: the effective sample size is that of clamped log-weights; want a clamp")
	}
	if o.Particles && (o.Rescale > 0 || o.Project != nil || o.Guided != compose.Range{From: 0, To: 1}) {
		return o, fmt.Errorf("operator: particles weigh the plain sum; want no rescaling, projection or guided part")
	}
	return o, nil
}

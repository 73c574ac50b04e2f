package engine

import (
	"math"

	"github.com/counterpoint/counterpoint/engine/compose"
	"github.com/counterpoint/counterpoint/engine/operator"
	"github.com/counterpoint/counterpoint/engine/sample"
)

// operators are the options that a request's composition is carried out with.
func (r *Request) operators() operator.Options {
	o := operator.Options{Rescale: r.Rescale}
	if r.Negation == compose.NotGated.String() {
		o.Prior, o.MaxGate = r.NegationPrior, r.NegationMaxGate
	}
	if r.GuidanceStart > 0 || r.GuidanceStop > 0 {
		o.Guided = compose.Range{From: r.GuidanceStart, To: r.guidanceStop()}
	}
	if r.APG {
		o.Project = &operator.Projection{Eta: r.APGEta, Norm: r.APGNormThreshold}
	}
	return o
}

func (r *Request) guidanceStop() float64 {
	if r.GuidanceStop == 0 {
		return 1
	}
	return r.GuidanceStop
}

// checkOperators reports the first of the composition's fields out of range.
func (r *Request) checkOperators() error {
	for _, f := range []struct {
		name           string
		value, low, up float64
	}{
		{"guidance_rescale", r.Rescale, 0, 1},
		{"guidance_start", r.GuidanceStart, 0, 1},
		{"guidance_stop", r.guidanceStop(), r.GuidanceStart, 1},
		{"apg_eta", r.APGEta, 0, 1},
		{"apg_norm_threshold", r.APGNormThreshold, 0, math.MaxFloat32},
		{"negation_prior", r.NegationPrior, 0, 0.999},
		{"negation_max_gate", r.NegationMaxGate, 0, 1e6},
	} {
		if !(f.value >= f.low && f.value <= f.up) {
			return requestError(f.name, "%v, want %v to %v", f.value, f.low, f.up)
		}
	}
	if r.APG && r.Rescale > 0 {
		return requestError("apg", "it takes back the same excess as guidance_rescale; want one of them")
	}
	return nil
}

// operate works out which rows each step evaluates.
func (p *plan) operate() error {
	p.operators = p.request.operators()
	var err error
	p.evaluated, err = operator.Rows(p.composition, p.operators, len(p.seeds), p.shape.H, p.shape.W, p.shape.C, sample.Count(p.steps))
	if err != nil {
		return requestError("prompt", "%v", err)
	}
	return nil
}

// evaluations counts those of the network for one picture.
func (p *plan) evaluations() int {
	step, n := 0, 0
	for _, s := range p.steps {
		n += len(p.evaluated[min(step, len(p.evaluated)-1)])
		if !s.Partial {
			step++
		}
	}
	return n
}

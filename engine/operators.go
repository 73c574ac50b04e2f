package engine

import (
	"cmp"
	"math"

	"github.com/counterpoint/counterpoint/engine/compose"
	"github.com/counterpoint/counterpoint/engine/operator"
)

// operators are the options that a request's composition is carried out with, windows aside.
func (r *Request) operators() operator.Options {
	o := operator.Options{Rescale: r.Rescale, Lifts: r.Verify == VerifyCached}
	if r.Negation == compose.NotGated.String() {
		o.Prior, o.MaxGate = r.NegationPrior, r.NegationMaxGate
	}
	if r.GuidanceStart > 0 || r.GuidanceStop > 0 {
		o.Guided = compose.Range{From: r.GuidanceStart, To: r.guidanceStop()}
	}
	if r.Particles {
		o.Particles, o.Clamp, o.Below = true, cmp.Or(r.ParticlesClamp, 1), r.ResampleBelow
	}
	if r.APG {
		o.Project = &operator.Projection{Eta: r.APGEta, Norm: r.APGNormThreshold}
	}
	return o
}

func (r *Request) guidanceStop() float64 { return cmp.Or(r.GuidanceStop, 1) }

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
		{"particles_clamp", r.ParticlesClamp, 0, 40},
		{"resample_below", r.ResampleBelow, 0, 1},
		{"negation_prior", cmp.Or(r.NegationPrior, 0.5), 1e-6, 0.999},
		{"negation_max_gate", cmp.Or(r.NegationMaxGate, 4), 1e-6, 1e6},
	} {
		if !(f.value >= f.low && f.value <= f.up) {
			return requestError(f.name, "%v, want %v to %v", f.value, f.low, f.up)
		}
	}
	if v := r.Verify; v != "" && v != VerifyCached && v != VerifyFresh {
		return requestError("verify", "%q, want %q or %q", v, VerifyCached, VerifyFresh)
	}
	if r.BestOf < 0 || r.BestOf > MaxBatch/r.Batch {
		return requestError("best_of", "%d, want 0 to %d for a batch of %d", r.BestOf, MaxBatch/r.Batch, r.Batch)
	}
	if r.APG && r.Rescale > 0 {
		return requestError("apg", "it takes back the same excess as guidance_rescale; want one of them")
	}
	return r.checkParticles()
}

// operate works out which rows each step evaluates.
func (p *plan) operate() error {
	p.operators = p.request.operators()
	unconditional := true // of each term's model
	for _, row := range p.composition.Rows {
		unconditional = unconditional && (row.Unconditional || row.Null >= 0)
	}
	switch r := &p.request; {
	case r.Verify != "" && !unconditional:
		return requestError("verify", "a guidance of 1 evaluates no unconditional score, which lifts are measured against")
	case r.Particles && !unconditional:
		return requestError("particles", "a guidance of 1 has no weights; want no particles")
	}
	if unconditional {
		p.operators.Windows = p.windows()
	}
	_, steps := p.skipped()
	var err error
	p.evaluated, err = operator.Rows(p.composition, p.operators, len(p.seeds), p.shape.H, p.shape.W, p.shape.C, steps)
	switch {
	case err != nil && p.request.Particles:
		return requestError("particles", "%v", err)
	case err != nil:
		return requestError("prompt", "%v", err)
	}
	return nil
}

// windows are those that terms of placed things are heard in; nil if they are heard everywhere. So are terms that say the
// ground as well, and all where no other term is: else the rest of the picture would be the unconditional row's alone, which
// fills it with things that no one asked for.
func (p *plan) windows() *operator.Windows {
	if p.request.Reach <= 0 {
		return nil
	}
	bounds, others := false, false
	w := &operator.Windows{Sigma: p.request.Reach, Places: make([][][]compose.Place, len(p.placed))}
	for k, picture := range p.placed {
		w.Places[k] = make([][]compose.Place, len(picture))
		for i, row := range picture {
			if r := p.rows[i]; p.grounded[i] || len(row) == 0 {
				others = others || r.Coef > 0 && !r.Unconditional
				continue
			}
			for _, thing := range row {
				w.Places[k][i], bounds = append(w.Places[k][i], thing.Place), true
			}
		}
	}
	if !bounds || !others {
		return nil
	}
	return w
}

// evaluations counts those of the network for one picture.
func (p *plan) evaluations() int {
	step, _ := p.skipped()
	n := 0
	for _, s := range p.steps {
		n += len(p.evaluated[min(step, len(p.evaluated)-1)])
		if !s.Partial {
			step++
		}
	}
	return p.request.candidates() * (n + p.request.Verified()*len(p.rows))
}

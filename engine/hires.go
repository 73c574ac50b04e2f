package engine

import (
	"cmp"
	"context"
	"math"

	"github.com/counterpoint/counterpoint/engine/device"
	"github.com/counterpoint/counterpoint/engine/sample"
)

// hiresStrength is the share of the steps that a second run makes unless Request.Strength says more or less.
const hiresStrength = 0.5

// hires is the model's own Request.Hires for a request, whose other fields are complete: what it declares, if the smaller
// picture is no smaller than the model's default; 0 for none.
func (e *Engine) hires(r *Request) float64 {
	scale := e.pipeline.extra.Default.Hires
	if !(scale > 1) || r.ImageSHA256 != "" || r.Particles || !e.HasEncoder() || int(float64(r.Steps)*hiresStrength) == 0 {
		return 0
	}
	d := e.Defaults()
	if w, h, ok := r.smaller(scale, e.Multiple()); !ok || min(w, h) < min(d.Width, d.Height) {
		return 0
	}
	return scale
}

// smaller are the sides of a picture so many times smaller; not ok if they are no multiples.
func (r *Request) smaller(scale float64, multiple int) (w, h int, ok bool) {
	side := func(n int) int { return int(math.Round(float64(n)/scale/float64(multiple))) * multiple }
	w, h = side(r.Width), side(r.Height)
	return w, h, w > 0 && h > 0 && float64(w)*scale == float64(r.Width) && float64(h)*scale == float64(r.Height)
}

// checkHires reports what keeps a request from beginning with a smaller picture of its own.
func (r *Request) checkHires(multiple int) error {
	if !(r.Hires > 1) {
		return nil
	}
	_, _, ok := r.smaller(r.Hires, multiple)
	switch {
	case r.ImageSHA256 != "":
		return requestError("hires", "the picture begins with one that is given; want no other")
	case r.Particles:
		return requestError("hires", "particles are drawn anew in one run; want no other")
	case !ok:
		return requestError("hires", "%dx%d is not %v times a picture whose sides are multiples of %d", r.Width, r.Height, r.Hires, multiple)
	}
	return nil
}

// runs plans all runs of a request that is about to be generated.
func (e *Engine) runs(r Request) ([]*plan, error) {
	p, err := e.plan(r)
	if err == nil {
		err = e.checkInput(&p.request)
	}
	if err != nil {
		return nil, err
	}
	return e.withDraft(p)
}

// withDraft is the run of a plan, after that of the smaller picture which it begins with, if it does.
func (e *Engine) withDraft(p *plan) ([]*plan, error) {
	r := p.request
	if !(r.Hires > 1) {
		return []*plan{p}, nil
	}
	r.Width, r.Height, _ = r.smaller(r.Hires, e.Multiple())
	r.Hires, r.Strength, r.StopAfter = 1, 0, 0
	draft, err := e.plan(r)
	return []*plan{draft, p}, err
}

// runAll makes the runs one after the other, from a checkpoint if there is one.
func (g *generation) runAll(ctx context.Context) (pictures []Picture, err error) {
	if g.from != nil {
		g.at, g.clean = g.from.at, g.from.clean
	}
	for ; g.at < len(g.runs) && err == nil && !g.left; g.at++ {
		g.plan = g.runs[g.at]
		pictures, err = g.run(ctx)
	}
	return pictures, err
}

// last reports whether no run begins with this one's pictures.
func (g *generation) last() bool { return g.at == len(g.runs)-1 }

// before is the number of steps of the runs that were made.
func (g *generation) before() int {
	n := 0
	for _, p := range g.runs[:g.at] {
		n += sample.Count(p.steps)
	}
	return n
}

// stepped is the event after a step of the run, which ends with step stop.
func (g *generation) stepped(done, stop int) Event {
	all := g.runs[len(g.runs)-1].shape
	work := float64(g.shape.H*g.shape.W) / float64(all.H*all.W)
	ev := Event{Phase: Denoising, Step: g.before() + done, Steps: g.before(), Work: work, Ahead: float64(stop-done) * work}
	for i, p := range g.runs[g.at:] {
		ev.Steps += sample.Count(p.steps)
		if i > 0 {
			ev.Ahead += float64(p.lastStep())
		}
	}
	return ev
}

// lastStep is the number of the last step that a run is to make.
func (p *plan) lastStep() int { return cmp.Or(p.request.StopAfter, sample.Count(p.steps)) }

// enlarge makes the latents that the next run begins with of all of this one's.
func (g *generation) enlarge(ctx context.Context, latents device.Buffer) error {
	r := &g.runs[g.at+1].request
	g.clean = nil
	for img, err := range g.decoded(ctx, latents, every(g.seeds)) {
		if err != nil {
			return err
		}
		larger, err := g.encodePicture(ctx, scaled(img, 0, r.Width, r.Height), r.Width, r.Height)
		if err != nil {
			return err
		}
		g.clean = append(g.clean, larger...)
	}
	return nil
}

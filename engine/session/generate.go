package session

import (
	"bytes"
	"fmt"
	"image"
	"time"

	"github.com/counterpoint/counterpoint/engine"
	"github.com/counterpoint/counterpoint/engine/recipe"
)

// maxPeers bounds the helpers of a generation: no more rows are evaluated at once.
const maxPeers = 64

// generateWork makes pictures.
func (s *Session) generateWork(m *generate, frames []Frame) (func(*job) (message, error), error) {
	if s.opened() == nil {
		return nil, errNoModel
	}
	if err := validOutput(m.Output); err != nil {
		return nil, &headError{m.ID, "output", err.Error()}
	}
	if m.PreviewEvery < 0 {
		return nil, &headError{m.ID, "preview_every", fmt.Sprintf("preview_every %d, want 0 or more", m.PreviewEvery)}
	}
	if m.MapsEvery < 0 {
		return nil, &headError{m.ID, "maps_every", fmt.Sprintf("maps_every %d, want 0 or more", m.MapsEvery)}
	}
	m.Request.Maps = m.MapsEvery > 0
	if m.Peers < 0 || m.Peers > maxPeers {
		return nil, &headError{m.ID, "peers", fmt.Sprintf("%d peers, want 0 to %d", m.Peers, maxPeers)}
	}
	inputs, err := m.inputs(frames)
	if err != nil {
		return nil, err
	}
	if len(m.Output) == 0 {
		m.Output = outputs[:1]
	}
	start := s.now()
	return func(j *job) (message, error) {
		for _, in := range inputs {
			if err := in.read(); err != nil {
				return nil, err
			}
		}
		g := &generation{Session: s, generate: m, job: j, start: start, estimate: estimator{picture: s.pictureTime}}
		return s.outlive(j, g.run, g.step)
	}, nil
}

var errNoModel = &fault{failure{Code: NoModel, Message: "no model is open", Hint: "open one first"}}

// opened is the open model, nil if there is none.
func (s *Session) opened() *openModel {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.model
}

// generation is a generate request at work.
type generation struct {
	*Session
	*generate
	job      *job
	start    time.Time
	estimate estimator
	pictures int // sent

	checkpoint *engine.Checkpoint // where it goes on if the device is lost; nil for the beginning
	saved      time.Time          // when that was
}

// checkpointEvery is the time that a lost device may cost, about. A checkpoint waits for the device, which is then idle for
// some milliseconds; after a preview, which has waited, it is nearly free.
const checkpointEvery = time.Second

// step is the one after which a lost device's run goes on.
func (g *generation) step() int {
	if g.checkpoint == nil {
		return 0
	}
	return g.checkpoint.Step
}

func (g *generation) run() (message, error) {
	if err := g.reopen(g.job); err != nil {
		return nil, err
	}
	e := g.opened().engine
	peers := g.newPeers(g.Peers, e.Hash())
	for ev, err := range e.Resume(g.job.ctx, g.Request, g.checkpoint, peers...) {
		if err != nil {
			return nil, err
		}
		if ev.Phase == engine.Done {
			r := ev.Result
			return done{g.ID, r.Request, r.Model, r.Models, r.Rows, warnings(r.Warnings), r.Acceptance, r.Effective, g.seconds(g.now().Sub(g.start))}, nil
		}
		if err := g.tell(ev); err != nil {
			return nil, err
		}
	}
	return nil, fmt.Errorf("the engine ended without a result")
}

// tell passes an event on, with what there is to see.
func (g *generation) tell(ev engine.Event) error {
	now := g.now()
	batch := max(g.Request.Batch, 1)
	steps, pictures, last := 0.0, batch, false
	switch ev.Phase {
	case engine.Encoding:
		g.estimate.begin(now)
		g.saved = now
		steps = 1 // at least: there is no estimate yet
	case engine.Denoising:
		g.estimate.stepped(now, ev.Work)
		steps = ev.Ahead
		if g.job.keep.Load() {
			ev.Stop()
			steps = 0
		}
		last = steps == 0
		steps += float64(g.Request.Verified()) // a level takes as long as a step
	case engine.Verifying:
		g.estimate.begin(now)
		steps = float64(ev.Steps - ev.Step)
	case engine.Decoding:
		g.estimate.decoded(now)
		g.pictureTime = g.estimate.picture
		pictures = ev.Steps - ev.Step
	}
	m := event{ID: g.ID, Phase: ev.Phase.String(), Step: ev.Step, Steps: ev.Steps, Elapsed: g.seconds(now.Sub(g.start))}
	if left, ok := g.estimate.left(steps, pictures); ok {
		seconds := g.seconds(left)
		m.Left = &seconds
	}
	if err := g.send(m); err != nil {
		return err
	}
	if ev.Maps != nil && ((ev.Step-1)%g.MapsEvery == 0 || last) {
		if err := g.sendMaps(ev); err != nil {
			return err
		}
	}
	switch ev.Phase {
	case engine.Denoising:
		previewed := ev.Preview != nil && g.PreviewEvery > 0 && ev.Step%g.PreviewEvery == 0 && steps > 0
		if previewed {
			if err := g.sendPreviews(ev); err != nil {
				return err
			}
		}
		stops := last && ev.Step < ev.Steps // a run that went on from there would not
		if due := previewed || ev.Step == ev.Steps || now.Sub(g.saved) >= checkpointEvery; due && !stops {
			return g.save(ev, now)
		}
	case engine.Decoding:
		if ev.Step > g.pictures { // else it was sent before the device was lost
			g.pictures = ev.Step
			return g.sendPicture(ev.Result, ev.Step-1)
		}
	}
	return nil
}

// save makes a checkpoint.
func (g *generation) save(ev engine.Event, now time.Time) error {
	c, err := ev.Checkpoint()
	if err == nil {
		g.checkpoint, g.saved = c, now
	}
	return err
}

// seconds cuts to milliseconds, which is all that a page shows.
func (g *generation) seconds(d time.Duration) float64 { return float64(d.Milliseconds()) / 1000 }

func (g *generation) sendPreviews(ev engine.Event) error {
	images, err := ev.Preview()
	if err != nil {
		return err
	}
	for i, img := range images {
		size := img.Rect.Size()
		if err := g.send(preview{g.ID, i, ev.Step, size.X, size.Y}, img.Pix); err != nil {
			return err
		}
	}
	return nil
}

func (g *generation) sendMaps(ev engine.Event) error {
	pictures, err := ev.Maps()
	if err != nil {
		return err
	}
	for i, terms := range pictures {
		m := termMaps{ID: g.ID, Index: i, Step: ev.Step, Rows: []int{}}
		var pull, previews []byte
		some := false
		for _, t := range terms {
			m.Rows, m.Width, m.Height = append(m.Rows, t.Row), t.Width, len(t.Pull)/t.Width
			pull = appendFloats(pull, t.Pull)
			if t.Preview == nil {
				previews = append(previews, make([]byte, 4*len(t.Pull))...)
				continue
			}
			previews, some = append(previews, t.Preview.Pix...), true
		}
		frames := [][]byte{pull, previews}
		if !some {
			frames = frames[:1]
		}
		if err := g.send(m, frames...); err != nil {
			return err
		}
	}
	return nil
}

func (g *generation) sendPicture(r *engine.Result, i int) error {
	p := r.Pictures[i]
	size := p.Image.Rect.Size()
	var frames [][]byte
	for _, form := range g.Output {
		if form == "rgba" {
			frames = append(frames, p.Image.Pix)
			continue
		}
		file, err := g.encodePNG(r, i, p.Image)
		if err != nil {
			return err
		}
		frames = append(frames, file)
	}
	m := picture{g.ID, i, p.Seed, size.X, size.Y, g.Output, p.Places, p.Lifts, nil}
	if r.Request.Particles {
		m.Ancestor = &p.Ancestor
	}
	return g.send(m, frames...)
}

func (g *generation) encodePNG(r *engine.Result, i int, img *image.NRGBA) ([]byte, error) {
	var file bytes.Buffer
	var about *recipe.Recipe
	if !g.Plain {
		of := recipe.Of(r, i, g.options.Version)
		about = &of
	}
	err := recipe.Encode(&file, img, about)
	return file.Bytes(), err
}

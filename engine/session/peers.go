package session

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/counterpoint/counterpoint/engine"
)

// peer is a helper of a generation, reached through the page.
type peer struct {
	session *Session
	number  int
	model   string // hash of
	id      int64  // of the assist, 0 if none runs
	answers chan peerAnswer
	failed  chan error // the first failure
}

// peerAnswer is a helper's scores.
type peerAnswer struct {
	t     float64
	frame Frame
}

var _ engine.Peer = (*peer)(nil)

func (s *Session) newPeers(n int, model string) []engine.Peer {
	peers := make([]engine.Peer, n)
	for i := range peers {
		peers[i] = &peer{session: s, number: i, model: model}
	}
	return peers
}

// Prepare asks the helper for its rows. It does not wait: if the helper can't, Finish says so.
func (p *peer) Prepare(_ context.Context, r engine.Request, rows []int) error {
	s := p.session
	s.mu.Lock()
	p.id = s.nextID
	s.nextID++
	p.answers, p.failed = make(chan peerAnswer, 1), make(chan error, 1)
	s.peers[p.id] = p
	s.mu.Unlock()
	return s.send(assist{p.id, p.number, p.model, r, rows})
}

// Start sends the latents.
func (p *peer) Start(_ context.Context, t float64, latents []float32) error {
	return p.session.send(score{p.id, p.number, t}, appendFloats(nil, latents))
}

// Finish waits for the scores.
func (p *peer) Finish(ctx context.Context, t float64, scores []float32) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case err := <-p.failed:
		return err
	case a := <-p.answers:
		if a.t != t {
			return fmt.Errorf("scores of timestep %v, want those of %v", a.t, t)
		}
		return readFloats(scores, a.frame)
	}
}

// Release ends the assist.
func (p *peer) Release() {
	s := p.session
	s.mu.Lock()
	delete(s.peers, p.id)
	s.mu.Unlock()
	_ = s.send(cancel{ID: p.id, Peer: &p.number}) // if the page is gone, so are the helpers
}

// heard takes what a helper says. What no generation waits for any more is dropped.
func (s *Session) heard(m message, frames []Frame) {
	s.mu.Lock()
	p := s.peers[idOf(m)]
	s.mu.Unlock()
	if p == nil {
		return
	}
	switch m := m.(type) {
	case *scores:
		offer(p.answers, peerAnswer{m.T, frames[0]})
	case *failure:
		offer(p.failed, errors.New(m.Message))
	case *cancelled:
		offer(p.failed, errors.New("it was cancelled"))
	}
}

// offer puts v into a channel if there is room: who sends more than was asked for is not waited for.
func offer[T any](c chan T, v T) {
	select {
	case c <- v:
	default:
	}
}

// scoreTask is latents to evaluate.
type scoreTask struct {
	t       float64
	latents Frame
}

// assistWork evaluates rows for a generation that runs elsewhere, until it is cancelled.
func (s *Session) assistWork(m *assist) func(*job) (message, error) {
	return func(j *job) (message, error) {
		model := s.opened()
		switch {
		case model == nil:
			return nil, errNoModel
		case model.engine.Hash() != m.Model:
			return nil, &fault{failure{Code: NoModel, Message: fmt.Sprintf("another model is open, of hash %s", model.engine.Hash())}}
		}
		if err := s.reopen(j); err != nil {
			return nil, err
		}
		a, err := s.opened().engine.Assist(j.ctx, m.Request, m.Rows)
		if err != nil {
			return nil, err
		}
		defer a.Close()
		n, rows := a.Sizes()
		latents, values := make([]float32, n), make([]float32, rows)
		for {
			select {
			case <-j.ctx.Done():
				return nil, j.ctx.Err()
			case task := <-j.scores:
				if err := readFloats(latents, task.latents); err != nil {
					return nil, &headError{m.ID, "", err.Error()}
				}
				if err := a.Score(j.ctx, task.t, latents, values); err != nil {
					return nil, err
				}
				if err := s.send(scores{m.ID, m.Peer, task.t}, appendFloats(nil, values)); err != nil {
					return nil, err
				}
			}
		}
	}
}

// peerOf is the number of the helper that a message is for, nil if it is for none.
func peerOf(m message) *int {
	if a, ok := m.(*assist); ok {
		return &a.Peer
	}
	return nil
}

// appendFloats appends values in little-endian.
func appendFloats(dst []byte, values []float32) []byte {
	for _, v := range values {
		dst = binary.LittleEndian.AppendUint32(dst, math.Float32bits(v))
	}
	return dst
}

// readFloats reads exactly as many values as dst takes.
func readFloats(dst []float32, f Frame) error {
	if f.Size() != 4*int64(len(dst)) {
		return fmt.Errorf("frame of %d bytes, want %d for %d values", f.Size(), 4*len(dst), len(dst))
	}
	data := make([]byte, f.Size())
	if _, err := io.ReadFull(io.NewSectionReader(f, 0, f.Size()), data); err != nil {
		return err
	}
	for i := range dst {
		dst[i] = math.Float32frombits(binary.LittleEndian.Uint32(data[4*i:]))
	}
	return nil
}

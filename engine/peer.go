package engine

import (
	"context"
	"errors"
	"fmt"

	"github.com/counterpoint/counterpoint/engine/device"
)

// Peer evaluates rows of a generation elsewhere, where the same model is open: in another worker, say. The rows of a step
// are independent, so with peers its time is that of the largest share.
type Peer interface {
	// Prepare readies the peer for some rows of a completed request. Rows are indices of Result.Rows, ascending.
	Prepare(ctx context.Context, r Request, rows []int) error
	// Start hands over the latents of all pictures, [picture,h,w,channel], to be evaluated at timestep t. It does not wait.
	Start(ctx context.Context, t float64, latents []float32) error
	// Finish waits for the scores of the last Start, [picture,row,h,w,channel].
	Finish(ctx context.Context, t float64, scores []float32) error
	// Release ends what Prepare began.
	Release()
}

// PeerError reports a peer that failed.
type PeerError struct {
	Peer int // its index among those of the generation
	Err  error
}

func (e *PeerError) Error() string { return fmt.Sprintf("helper %d: %v", e.Peer, e.Err) }

// Unwrap gives the peer's error.
func (e *PeerError) Unwrap() error { return e.Err }

// helper is a peer at work on its share of the rows.
type helper struct {
	number int
	peer   Peer
	rows   []int
	scores []float32
	buffer device.Buffer // the scores, on this device
}

// share deals n rows out to the engine itself and to peers, evenly, and readies the peers that get any. The engine's own
// rows come first: the unconditional one, which reads the shortest text, does not matter. Where the prompt names other
// models, which peers have not and could not read it without, the engine keeps all rows.
func (g *generation) share(ctx context.Context, peers []Peer) (local []int, help []*helper, err error) {
	n := len(g.rowsOf(""))
	if len(g.named()) > 0 {
		peers = nil
	}
	workers := min(n, 1+len(peers))
	for w := range workers {
		var rows []int
		for row := n * w / workers; row < n*(w+1)/workers; row++ {
			rows = append(rows, row)
		}
		if w == 0 {
			local = rows
			continue
		}
		h := &helper{number: w - 1, peer: peers[w-1], rows: rows}
		help = append(help, h)
		if err := h.prepare(ctx, g); err != nil {
			release(help)
			return nil, nil, err
		}
	}
	return local, help, nil
}

func (h *helper) prepare(ctx context.Context, g *generation) (err error) {
	h.scores = make([]float32, len(g.seeds)*len(h.rows)*g.shape.Len())
	if h.buffer, err = g.device.NewBuffer(len(h.scores)); err != nil {
		return err
	}
	if err := h.peer.Prepare(ctx, g.request, h.rows); err != nil {
		return h.fail(err)
	}
	return nil
}

// finish waits for the scores and puts them on the device.
func (h *helper) finish(ctx context.Context, t float64) error {
	if err := h.peer.Finish(ctx, t, h.scores); err != nil {
		return h.fail(err)
	}
	return h.buffer.WriteFloats(ctx, 0, h.scores)
}

// fail says which peer failed, unless it was told to stop.
func (h *helper) fail(err error) error {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return &PeerError{h.number, err}
}

func release(help []*helper) {
	for _, h := range help {
		h.peer.Release()
		if h.buffer != nil {
			h.buffer.Close()
		}
	}
}

// Assistant is the other side of a [Peer]: it evaluates some rows of a generation that runs elsewhere.
type Assistant struct {
	engine     *Engine
	evaluator  *evaluator
	conditions *conditions
	latents    device.Buffer
}

// Assist readies some rows of a request, as [Peer] has them. The caller closes the assistant, before the engine.
func (e *Engine) Assist(ctx context.Context, r Request, rows []int) (*Assistant, error) {
	p, err := e.plan(r)
	if err != nil {
		return nil, err
	}
	for i, row := range rows {
		if row < 0 || row >= len(p.rows) || i > 0 && row <= rows[i-1] {
			return nil, fmt.Errorf("rows %v of %d, want ascending ones", rows, len(p.rows))
		}
	}
	if len(rows) == 0 {
		return nil, errors.New("no rows")
	}
	a := &Assistant{engine: e}
	if a.conditions, err = e.encode(ctx, pick(p.texts, rows), pickPlaced(p.placed, rows), p.shape.H, p.shape.W); err != nil {
		return nil, err
	}
	if a.evaluator, err = e.newEvaluator(len(rows), a.conditions, len(p.seeds), p.shape.H, p.shape.W); err == nil {
		a.latents, err = e.device.NewBuffer(len(p.seeds) * p.shape.Len())
	}
	if err != nil {
		a.Close()
		return nil, err
	}
	return a, nil
}

// Sizes returns the number of elements of the latents that Score takes and of the scores that it gives.
func (a *Assistant) Sizes() (latents, scores int) {
	return a.latents.Len(), a.latents.Len() * a.evaluator.rows
}

// Score evaluates the rows, as [Peer] says. The slices have the lengths that Sizes gives.
func (a *Assistant) Score(ctx context.Context, t float64, latents, scores []float32) error {
	if err := a.latents.WriteFloats(ctx, 0, latents); err != nil {
		return err
	}
	v := a.evaluator
	return v.evaluate(ctx, t, a.latents, v.all(), func(first, count int) error {
		n := v.rows * v.size
		return v.unet.outputs["score"].ReadFloats(ctx, 0, scores[first*n:(first+count)*n])
	})
}

// Close frees what the assistant holds on the device.
func (a *Assistant) Close() error {
	var err error
	if a.evaluator != nil {
		err = a.evaluator.Close()
	}
	if a.latents != nil {
		err = errors.Join(err, a.latents.Close())
	}
	return errors.Join(err, a.conditions.Close())
}

// pick returns the elements of s at the indices.
func pick[T any](s []T, indices []int) []T {
	picked := make([]T, len(indices))
	for i, at := range indices {
		picked[i] = s[at]
	}
	return picked
}

package webgpu

import (
	"context"
	"time"

	"github.com/counterpoint/counterpoint/engine/device/webgpu/internal/gpu"
)

// The GPU is given work in pieces that take about submitTime, so that a page goes on being drawn, a driver's watchdog
// stays quiet and a cancelled run ends soon. Software draws no page, and its submits cost it dear. At most inFlight pieces
// are under way.
const (
	submitTime         = 25 * time.Millisecond
	softwareSubmitTime = 100 * time.Millisecond

	inFlight      = 2
	firstCommands = 16
	maxCommands   = 1024
)

// queue collects commands and submits them in pieces sized by measured time.
type queue struct {
	gpu     gpu.Device
	now     func() time.Time
	pending []gpu.Command
	flying  []flight
	last    time.Time     // when the newest finished piece was seen to be done
	target  time.Duration // of a piece
	piece   int           // commands a piece
	stats   Stats
}

// flight is a piece the GPU has not finished.
type flight struct {
	fence    gpu.Fence
	commands int
}

func newQueue(g gpu.Device) *queue {
	q := &queue{gpu: g, now: time.Now, target: submitTime, piece: firstCommands}
	if g.Adapter().Software {
		q.target = softwareSubmitTime
	}
	return q
}

// add enqueues a command; it is submitted with the next piece.
func (q *queue) add(ctx context.Context, c gpu.Command) error {
	q.pending = append(q.pending, c)
	if len(q.pending) >= q.piece {
		return q.flush(ctx)
	}
	return nil
}

// run submits commands after all that wait. When ctx is done it stops between two pieces.
func (q *queue) run(ctx context.Context, commands []gpu.Command) error {
	for len(commands) > 0 {
		if err := ctx.Err(); err != nil {
			return err
		}
		n := min(len(commands), max(q.piece-len(q.pending), 1))
		q.pending = append(q.pending, commands[:n]...)
		commands = commands[n:]
		if err := q.flush(ctx); err != nil {
			return err
		}
	}
	return nil
}

// flush submits what waits.
func (q *queue) flush(ctx context.Context) error {
	if len(q.pending) == 0 {
		return nil
	}
	for len(q.flying) >= inFlight {
		if err := q.land(ctx); err != nil {
			return err
		}
	}
	if len(q.flying) == 0 {
		q.last = q.now()
	}
	fence, err := q.gpu.Submit(q.pending)
	if err != nil {
		q.pending = q.pending[:0]
		return err
	}
	q.flying = append(q.flying, flight{fence, len(q.pending)})
	q.stats.Submits++
	q.stats.Dispatches += len(q.pending)
	q.pending = q.pending[:0]
	return nil
}

// land waits for the oldest piece and sizes the next ones by the time it took since the one before it.
func (q *queue) land(ctx context.Context) error {
	f := q.flying[0]
	if err := q.gpu.Wait(ctx, f.fence); err != nil {
		return err
	}
	now := q.now()
	took := max(now.Sub(q.last), time.Microsecond)
	q.last, q.flying = now, q.flying[1:]
	fits := int(float64(f.commands) * float64(q.target) / float64(took))
	q.piece = min(max(min(fits, 2*q.piece), q.piece/2, 1), maxCommands)
	return nil
}

// drain waits for everything.
func (q *queue) drain(ctx context.Context) error {
	if err := q.flush(ctx); err != nil {
		return err
	}
	for len(q.flying) > 0 {
		if err := q.land(ctx); err != nil {
			return err
		}
	}
	return nil
}

// write sets bytes of a buffer, after all commands so far.
func (q *queue) write(ctx context.Context, b gpu.Buffer, offset int, data []byte) error {
	if err := q.flush(ctx); err != nil {
		return err
	}
	return q.gpu.Write(b, offset, data)
}

// read copies bytes of a buffer once all commands so far are done.
func (q *queue) read(ctx context.Context, b gpu.Buffer, offset int, dst []byte) error {
	if err := q.drain(ctx); err != nil {
		return err
	}
	return q.gpu.Read(ctx, b, offset, dst)
}

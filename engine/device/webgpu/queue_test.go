package webgpu

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/counterpoint/counterpoint/engine/device/webgpu/internal/gpu"
)

// slowGPU takes a fixed time for each command, by a clock of its own.
type slowGPU struct {
	gpu.Device
	each    time.Duration
	clock   time.Time
	busy    time.Time // when everything submitted will be done
	pieces  []int     // commands of each submit
	ends    []time.Time
	written bool
	fail    error
}

func (g *slowGPU) Adapter() gpu.Adapter { return gpu.Adapter{} }

func (g *slowGPU) Submit(commands []gpu.Command) (gpu.Fence, error) {
	if g.fail != nil {
		return 0, g.fail
	}
	if g.busy.Before(g.clock) {
		g.busy = g.clock
	}
	g.busy = g.busy.Add(time.Duration(len(commands)) * g.each)
	g.pieces, g.ends = append(g.pieces, len(commands)), append(g.ends, g.busy)
	return gpu.Fence(len(g.pieces)), nil
}

func (g *slowGPU) Wait(ctx context.Context, f gpu.Fence) error {
	if end := g.ends[f-1]; g.clock.Before(end) {
		g.clock = end
	}
	return ctx.Err()
}

func (g *slowGPU) Write(gpu.Buffer, int, []byte) error { g.written = true; return nil }

func newSlowQueue(each time.Duration) (*queue, *slowGPU) {
	g := &slowGPU{each: each, clock: time.Unix(0, 0)}
	q := newQueue(g)
	q.now = func() time.Time { return g.clock }
	return q, g
}

// TestPieces checks that pieces come to take about submitTime, on slow devices and fast ones.
func TestPieces(t *testing.T) {
	for _, tt := range []struct {
		each       time.Duration
		least, max int
	}{
		{time.Second, 1, 1}, {5 * time.Millisecond, 4, 5}, {time.Millisecond, 24, 25}, {100 * time.Microsecond, 240, 250}, {0, maxCommands, maxCommands},
	} {
		q, g := newSlowQueue(tt.each)
		for range 60 {
			if err := q.run(t.Context(), make([]gpu.Command, 200)); err != nil {
				t.Fatal(err)
			}
		}
		if q.piece < tt.least || q.piece > tt.max {
			t.Errorf("%v a command: pieces of %d, want %d to %d", tt.each, q.piece, tt.least, tt.max)
		}
		if g.pieces[0] > firstCommands {
			t.Errorf("%v a command: the first piece has %d", tt.each, g.pieces[0])
		}
		sum := 0
		for _, n := range g.pieces {
			sum += n
		}
		if sum != 60*200 || q.stats.Dispatches != sum || q.stats.Submits != len(g.pieces) {
			t.Errorf("%v a command: %d commands in %d submits, counted %+v", tt.each, sum, len(g.pieces), q.stats)
		}
	}
}

// TestCancelWithinOneSubmit checks that nothing is submitted once ctx is done, and that little is under way by then.
func TestCancelWithinOneSubmit(t *testing.T) {
	q, g := newSlowQueue(time.Millisecond)
	if err := q.run(t.Context(), make([]gpu.Command, 1000)); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	before := len(g.pieces)
	if err := q.run(ctx, make([]gpu.Command, 1000)); !errors.Is(err, context.Canceled) {
		t.Errorf("got error %v", err)
	}
	if len(g.pieces) != before {
		t.Errorf("%d pieces were submitted after the end", len(g.pieces)-before)
	}
	if left := g.busy.Sub(g.clock); left > inFlight*submitTime {
		t.Errorf("%v of work were under way, want at most %v", left, inFlight*submitTime)
	}
}

// TestOrder checks that what is written does not overtake commands that wait.
func TestOrder(t *testing.T) {
	q, g := newSlowQueue(time.Millisecond)
	if err := q.add(t.Context(), gpu.Command{}); err != nil {
		t.Fatal(err)
	}
	if len(g.pieces) != 0 {
		t.Fatal("one command was submitted at once")
	}
	if err := q.write(t.Context(), 1, 0, nil); err != nil || !g.written || len(g.pieces) != 1 {
		t.Errorf("written %v after %d submits, error %v", g.written, len(g.pieces), err)
	}
}

func TestLost(t *testing.T) {
	q, g := newSlowQueue(time.Millisecond)
	g.fail = gpu.ErrLost
	if err := q.run(t.Context(), make([]gpu.Command, 40)); !errors.Is(err, ErrLost) {
		t.Errorf("got error %v", err)
	}
	if len(q.pending) != 0 {
		t.Errorf("%d commands still wait for a device that is gone", len(q.pending))
	}
}

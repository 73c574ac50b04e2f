package session

import (
	"bytes"
	"context"
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/counterpoint/counterpoint/engine/device"
	"github.com/counterpoint/counterpoint/engine/graph"
)

// mortal is a device whose programs fail with an error once it has run so many.
type mortal struct {
	device.Device
	left *int
	err  error
}

func (d mortal) Compile(p *graph.Program, w device.Weights) (device.Executable, error) {
	e, err := d.Device.Compile(p, w)
	return mortalExecutable{e, d}, err
}

type mortalExecutable struct {
	device.Executable
	device mortal
}

func (e mortalExecutable) Run(ctx context.Context, rows int) error {
	if *e.device.left--; *e.device.left < 0 {
		return fmt.Errorf("running: %w", e.device.err)
	}
	return e.Executable.Run(ctx, rows)
}

// outcome is what a generate brings.
type outcome struct {
	kind     string // of the message that ends it
	head     map[string]any
	pictures [][]byte
	lost     []float64 // after which steps it went on
	steps    []float64 // that were done, in the order in which it said so
}

// generate makes the pictures of a request, given as JSON, with previews after every so many steps.
func (p *page) generate(id, previews int, request string) (o outcome) {
	p.t.Helper()
	p.send(fmt.Sprintf(`{"type":"generate","id":%d,"output":["rgba"],"preview_every":%d,"request":%s}`, id, previews, request))
	for {
		kind, head, frames := p.next()
		switch kind {
		case "lost":
			if message, _ := head["message"].(string); message == "" {
				p.t.Error("a device is lost for no reason")
			}
			o.lost = append(o.lost, head["step"].(float64))
		case "event":
			if head["phase"] == "denoising" {
				o.steps = append(o.steps, head["step"].(float64))
			}
		case "picture":
			if index := head["index"].(float64); int(index) != len(o.pictures) {
				p.t.Errorf("picture %v comes after %d others", index, len(o.pictures))
			}
			o.pictures = append(o.pictures, frames[0])
		case "done", "error", "cancelled":
			o.kind, o.head = kind, head
			return o
		}
	}
}

// TestDeviceLost loses the device at each run of a network there is, and gets the pictures of an undisturbed run.
func TestDeviceLost(t *testing.T) {
	for name, request := range map[string]string{
		"plain":     `{"prompt":"a red cube AND a blue sphere:1.5","seed":5,"steps":4,"width":64,"height":40,"batch":2}`,
		"noise, OR": `{"prompt":"a red cube OR a blue sphere","seed":5,"steps":3,"sampler":"ddpm","verify":"cached","width":32,"height":32}`,
		"history":   `{"prompt":"a red cube","seed":5,"steps":4,"sampler":"dpm++ 2m","corrector":"mala","corrector_moves":1,"width":32,"height":32}`,
	} {
		t.Run(name, func(t *testing.T) {
			opened, left := 0, 1<<30
			p := visit(t, Options{OpenDevice: func(context.Context, string) (Opened, error) {
				if opened++; opened%2 == 1 {
					return Opened{Device: mortal{portable(t), &left, device.ErrLost}}, nil
				}
				return Opened{Device: portable(t), Why: "again"}, nil
			}})
			p.open()
			want := p.generate(2, 1, request)
			runs := 1<<30 - left
			for n := range runs {
				p.send(`{"type":"close","id":3}`) // so the next device is mortal, if none was lost
				p.until("closed")
				opened, left = 0, n
				p.open()
				before := opened
				got := p.generate(4, 1, request)
				if got.kind != "done" || len(got.lost) != 1 || opened != before+1 {
					t.Fatalf("lost in run %d of %d: %s %v, lost after steps %v, opened %d times", n+1, runs, got.kind, got.head, got.lost, opened)
				}
				for i, pix := range want.pictures {
					if !bytes.Equal(got.pictures[i], pix) {
						t.Errorf("lost in run %d of %d, picture %d is another", n+1, runs, i)
					}
				}
				for _, field := range []string{"request", "rows", "accepted"} {
					if !reflect.DeepEqual(got.head[field], want.head[field]) {
						t.Errorf("lost in run %d of %d, %s is %v, want %v", n+1, runs, field, got.head[field], want.head[field])
					}
				}
				// With a preview at each step, no step that was done is made again.
				if !slices.Equal(got.steps, want.steps) {
					t.Errorf("lost in run %d of %d it did steps %v", n+1, runs, got.steps)
				}
			}
		})
	}
}

// TestCheckpoints looks at where a run goes on: at a preview's step, at one a second after the last, else at the beginning.
func TestCheckpoints(t *testing.T) {
	for name, c := range map[string]struct {
		previews int
		tick     time.Duration // between two looks at the clock
		want     float64
	}{
		"nothing saved":    {0, 0, 0},
		"at previews":      {2, 0, 2},
		"after a second":   {0, 400 * time.Millisecond, 3},
		"at slow steps":    {0, time.Second, 3},
		"a preview counts": {2, 600 * time.Millisecond, 2},
		"at each preview":  {1, time.Second, 3},
	} {
		t.Run(name, func(t *testing.T) {
			now := time.Unix(0, 0)
			opened, left := 0, 5 // the text encoder has two
			p := visit(t, Options{OpenDevice: func(context.Context, string) (Opened, error) {
				if opened++; opened == 1 {
					return Opened{Device: mortal{portable(t), &left, device.ErrLost}}, nil
				}
				return Opened{Device: portable(t)}, nil
			}}, func(s *Session) { s.now = func() time.Time { now = now.Add(c.tick); return now } })
			p.open()
			if got := p.generate(2, c.previews, small); !slices.Equal(got.lost, []float64{c.want}) {
				t.Errorf("lost in step 4 it goes on after %v, want %v", got.lost, c.want)
			}
		})
	}
}

// TestLostAgain loses each device: after some there is an error, and what is not on a device still works. The next
// generation opens a device again, and so does an open.
func TestLostAgain(t *testing.T) {
	opened, left := 0, 2
	p := visit(t, Options{OpenDevice: func(context.Context, string) (Opened, error) {
		opened++
		return Opened{Device: mortal{portable(t), &left, device.ErrLost}}, nil
	}})
	p.open()
	got := p.generate(2, 1, small)
	if got.kind != "error" || got.head["code"] != string(DeviceLost) || got.head["hint"] == nil || len(got.lost) != maxLost || opened != 1+maxLost {
		t.Fatalf("got %s %v, lost %v, opened %d times", got.kind, got.head, got.lost, opened)
	}
	p.send(`{"type":"info","id":3}`)
	if _, head, _ := p.until("info"); head["device"] != nil || head["model"] == nil {
		t.Errorf("with the device lost, info is %v", head)
	}
	p.send(`{"type":"explain","id":4,"request":` + small + `}`)
	p.until("explained")
	left = 1 << 30
	first := p.generate(5, 0, small)
	if first.kind != "done" || len(first.lost) > 0 || opened != 2+maxLost {
		t.Errorf("after the losses: %s %v, lost %v, opened %d times", first.kind, first.head, first.lost, opened)
	}
	left = 0
	p.generate(6, 0, small)
	left = 1 << 30
	p.open()
	if again := p.generate(7, 0, small); again.kind != "done" || !bytes.Equal(again.pictures[0], first.pictures[0]) {
		t.Errorf("after an open: %s %v, or another picture", again.kind, again.head)
	}
}

// TestCancelLost cancels while the device is opened again.
func TestCancelLost(t *testing.T) {
	opened, left := 0, 3
	opening := make(chan struct{})
	p := visit(t, Options{OpenDevice: func(ctx context.Context, _ string) (Opened, error) {
		if opened++; opened == 2 {
			close(opening)
			<-ctx.Done()
			return Opened{}, ctx.Err()
		}
		return Opened{Device: mortal{portable(t), &left, device.ErrLost}}, nil
	}})
	p.open()
	go func() {
		<-opening
		p.carrier.toEngine.put(sent{head: []byte(`{"type":"cancel","id":2}`)})
	}()
	if got := p.generate(2, 0, small); got.kind != "cancelled" {
		t.Errorf("got %s %v, want cancelled", got.kind, got.head)
	}
	left = 1 << 30
	if got := p.generate(3, 0, small); got.kind != "done" {
		t.Errorf("then %s %v", got.kind, got.head)
	}
}

func TestOutOfMemory(t *testing.T) {
	left := 2
	p := visit(t, Options{OpenDevice: func(context.Context, string) (Opened, error) {
		return Opened{Device: mortal{portable(t), &left, device.ErrMemory}}, nil
	}})
	p.open()
	p.send(`{"type":"generate","id":2,"request":` + small + `}`)
	p.wantError(OutOfMemory)
}

package session

import (
	"bytes"
	"context"
	"fmt"
	"testing"

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

// TestDeviceLost loses the device in the middle of a picture. The next picture opens it again, and is the right one.
func TestDeviceLost(t *testing.T) {
	opened, left := 0, 4
	p := visit(t, Options{OpenDevice: func(context.Context, string) (Opened, error) {
		opened++
		if opened == 1 {
			return Opened{Device: mortal{portable(t), &left, device.ErrLost}}, nil
		}
		return Opened{Device: portable(t), Why: "again"}, nil
	}})
	p.open()
	generate := func(id int) (kind string, head map[string]any, picture []byte) {
		p.send(fmt.Sprintf(`{"type":"generate","id":%d,"output":["rgba"],"request":%s}`, id, small))
		for {
			kind, head, frames := p.next()
			switch kind {
			case "picture":
				picture = frames[0]
			case "done", "error":
				return kind, head, picture
			}
		}
	}
	if kind, head, _ := generate(2); kind != "error" || head["code"] != string(DeviceLost) || head["hint"] == nil {
		t.Fatalf("got %s %v, want an error of code %s", kind, head, DeviceLost)
	}
	p.send(`{"type":"info","id":3}`)
	if _, head, _ := p.until("info"); head["device"] != nil || head["model"] == nil {
		t.Errorf("with the device lost, info is %v", head)
	}
	p.send(`{"type":"explain","id":4,"request":` + small + `}`)
	p.until("explained")

	var seen []string
	p.onHead = func(kind string, head map[string]any, _ [][]byte) {
		if head["id"] == 5.0 && (len(seen) == 0 || seen[len(seen)-1] != kind) && (kind == "device" || kind == "need") {
			seen = append(seen, kind)
		}
	}
	kind, head, picture := generate(5)
	if kind != "done" {
		t.Fatalf("after the loss: %s %v", kind, head)
	}
	if len(seen) < 2 || seen[0] != "device" || seen[1] != "need" || opened != 2 {
		t.Errorf("the device was opened %d times, with messages %v", opened, seen)
	}
	p.open() // on a device that is open
	if _, _, again := generate(6); !bytes.Equal(picture, again) {
		t.Error("the picture after the loss is another")
	}
	if opened != 2 {
		t.Errorf("the device was opened %d times, want 2", opened)
	}
}

// TestLostThenOpen opens a model after the loss, which opens the device again.
func TestLostThenOpen(t *testing.T) {
	opened, left := 0, 2
	p := visit(t, Options{OpenDevice: func(context.Context, string) (Opened, error) {
		opened++
		return Opened{Device: mortal{portable(t), &left, device.ErrLost}}, nil
	}})
	p.open()
	p.send(`{"type":"generate","id":2,"request":` + small + `}`)
	p.wantError(DeviceLost)
	left = 100
	p.open()
	p.send(`{"type":"generate","id":3,"request":` + small + `}`)
	if kind, head, _ := p.until("done", "error"); kind != "done" {
		t.Errorf("got %s %v", kind, head)
	}
	if opened != 2 {
		t.Errorf("the device was opened %d times, want 2", opened)
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

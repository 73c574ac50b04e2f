package session

import (
	"bytes"
	"fmt"
	"slices"
	"testing"
)

// TestMaps asks for maps: they come after the first step, each second one and the last, the picture is the same, and what is off
// pulls nowhere.
func TestMaps(t *testing.T) {
	p := visit(t, Options{})
	p.open()
	const ask = `{"type":"generate","id":%d,"output":["rgba"],"maps_every":%d,"request":{"prompt":"a red cube AND NOT a blue sphere @0-0.3","seed":3,"steps":6,"batch":2,"width":64,"height":40}}`
	var said []string
	p.onHead = func(kind string, head map[string]any, frames [][]byte) {
		if kind != "maps" {
			return
		}
		said = append(said, fmt.Sprint(head["index"], " ", head["step"]))
		const cells = 8 * 5
		if fmt.Sprint(head["rows"], head["width"], head["height"]) != "[1 2] 8 5" || len(frames) != 2 || len(frames[0]) != 4*2*cells || len(frames[1]) != 4*2*cells {
			t.Fatalf("maps %v with %d frames", head, len(frames))
		}
		for row, on := range []bool{head["step"] == 1.0, true} { // the sphere's comes first
			values := make([]float32, 2*cells)
			if err := readFloats(values, bytes.NewReader(frames[0])); err != nil {
				t.Fatal(err)
			}
			pulls := slices.Max(values[row*cells:][:cells])
			if alpha := frames[1][4*row*cells+3]; slices.Min(values) < 0 || pulls > 0 != on || alpha > 0 != on {
				t.Errorf("step %v: row %d is on: %v, and pulls by up to %g, with a preview of opacity %d", head["step"], row, on, pulls, alpha)
			}
		}
	}
	var pictures [2][]byte
	for i, every := range []int{2, 0} {
		p.send(fmt.Sprintf(ask, 2+i, every))
		_, _, frames := p.until("picture")
		pictures[i] = frames[0]
		p.until("done")
	}
	if got := fmt.Sprint(said); got != "[0 1 1 1 0 3 1 3 0 5 1 5 0 6 1 6]" {
		t.Errorf("maps of pictures and steps %s", got)
	}
	if !bytes.Equal(pictures[0], pictures[1]) {
		t.Error("with maps it is another picture")
	}
	p.send(fmt.Sprintf(ask, 4, -1))
	if head := p.wantError(BadRequest); head["field"] != "maps_every" {
		t.Errorf("a negative number of steps: %v", head)
	}
}

package session

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/counterpoint/counterpoint/weights"
)

// relayed is a page with helpers: it relays what has a field peer, as PROTOCOL.md says, and nothing else.
type relayed struct {
	*page
	helpers []*page
	loseAt  string         // the type of message at which helper 0 dies, if any
	dead    bool           // it has
	relayed map[string]int // messages by type
}

func visitWithHelpers(t *testing.T, n int) *relayed {
	r := &relayed{page: visit(t, Options{}), relayed: make(map[string]int)}
	r.open()
	for range n {
		h := visit(t, Options{})
		h.open()
		r.helpers = append(r.helpers, h)
	}
	return r
}

// next receives the first engine's next message for the page, relaying others meanwhile.
func (r *relayed) next() (kind string, head map[string]any, frames [][]byte) {
	r.t.Helper()
	for {
		kind, head, frames = r.page.next()
		to, ok := head["peer"].(float64)
		if !ok {
			return kind, head, frames
		}
		r.relayed[kind]++
		helper := r.helpers[int(to)]
		text, err := json.Marshal(head)
		if err != nil {
			r.t.Fatal(err)
		}
		if r.dead {
			continue
		}
		if kind == r.loseAt {
			r.dead = true
			r.send(fmt.Sprintf(`{"type":"error","id":%.0f,"peer":%.0f,"code":"peer_lost","message":"the worker died"}`, head["id"], to))
			continue
		}
		helper.send(string(text), frames...)
		if kind == "assist" {
			continue
		}
		answer, answerHead, answerFrames := helper.next() // every score has its scores, every cancel its cancelled
		if answerHead["peer"] != to {
			r.t.Fatalf("a helper says %s %v, which is not to be relayed", answer, answerHead)
		}
		r.relayed[answer]++
		if text, err = json.Marshal(answerHead); err != nil {
			r.t.Fatal(err)
		}
		r.send(string(text), answerFrames...)
	}
}

func (r *relayed) picture(id, peers, batch int) (picture []byte, end map[string]any) {
	r.t.Helper()
	return r.pictureOf("a red cube @(0.2, 0.7) AND a blue sphere AND NOT the sand", id, peers, batch)
}

func (r *relayed) pictureOf(prompt string, id, peers, batch int) (picture []byte, end map[string]any) {
	r.t.Helper()
	return r.made(fmt.Sprintf(`{"prompt":%q,"sampler":"ddpm","seed":5,"steps":3,"batch":%d,"width":64,"height":40}`, prompt, batch), id, peers)
}

func (r *relayed) made(request string, id, peers int) (picture []byte, end map[string]any) {
	r.t.Helper()
	r.send(fmt.Sprintf(`{"type":"generate","id":%d,"peers":%d,"output":["rgba"],"request":%s}`, id, peers, request))
	for {
		kind, head, frames := r.next()
		switch kind {
		case "picture":
			picture = append(picture, frames[0]...)
		case "done", "error", "cancelled":
			return picture, head
		}
	}
}

// TestHelpers spreads rows over sessions; the pictures are those of one session, to the last bit.
func TestHelpers(t *testing.T) {
	r := visitWithHelpers(t, 5)
	id := 1
	for _, batch := range []int{1, 6} { // 6 pictures of 4 rows are more than one evaluation holds
		id++
		want, end := r.picture(id, 0, batch)
		if end["type"] != "done" {
			t.Fatal(end)
		}
		for _, peers := range []int{1, 2, 3, 5} { // 5 is more than there are rows
			id++
			clear(r.relayed)
			got, end := r.picture(id, peers, batch)
			if end["type"] != "done" {
				t.Fatalf("%d helpers, %d pictures: %v", peers, batch, end)
			}
			if !bytes.Equal(got, want) {
				t.Errorf("%d helpers, %d pictures: not those that one engine makes", peers, batch)
			}
			work := min(peers, 3)
			if r.relayed["assist"] != work || r.relayed["scores"] != 3*work || r.relayed["cancelled"] != work {
				t.Errorf("%d helpers: relayed %v", peers, r.relayed)
			}
		}
	}
}

// TestHelpersTwice has helpers help with both runs of a picture that begins with a smaller one.
func TestHelpersTwice(t *testing.T) {
	r := visitWithHelpers(t, 2)
	const request = `{"prompt":"a red cube AND a blue sphere","steps":4,"hires":2,"batch":2,"width":64,"height":48}`
	want, _ := r.made(request, 2, 0)
	got, end := r.made(request, 3, 2)
	if end["type"] != "done" || !bytes.Equal(got, want) {
		t.Errorf("not the pictures that one engine makes: %v", end)
	}
	if r.relayed["assist"] != 4 || r.relayed["scores"] != 2*(4+2) || r.relayed["cancelled"] != 4 {
		t.Errorf("relayed %v", r.relayed)
	}
}

func TestHelperFails(t *testing.T) {
	for _, kind := range []string{"assist", "score"} {
		r := visitWithHelpers(t, 1)
		r.loseAt = kind
		_, end := r.picture(2, 1, 1)
		if end["code"] != string(PeerLost) || end["id"] != 2.0 || !strings.Contains(end["message"].(string), "helper 0: the worker died") {
			t.Errorf("a helper lost at %s: %v", kind, end)
		}
		if _, end := r.picture(3, 0, 1); end["type"] != "done" { // a way on
			t.Error(end)
		}
	}
}

// TestAssistErrors asks a helper for what it can't do.
func TestAssistErrors(t *testing.T) {
	p := visit(t, Options{})
	hash := p.open()["model"].(map[string]any)["hash"]
	request := `{"prompt":"a red cube","steps":2,"width":64,"height":40}`
	id := int64(maxPageID)
	assist := func(model any, rows string) {
		id++
		p.send(fmt.Sprintf(`{"type":"assist","id":%d,"peer":3,"model":%q,"request":%s,"rows":%s}`, id, model, request, rows))
	}
	for _, rows := range []string{"[]", "[2]", "[1,0]", "[0,0]", "[-1]"} {
		assist(hash, rows)
		if got := p.wantError(Internal); got["peer"] != 3.0 {
			t.Errorf("rows %s: %v", rows, got)
		}
	}
	assist("another", "[0]")
	p.wantError(NoModel)
	assist(hash, "[0]")
	p.send(fmt.Sprintf(`{"type":"score","id":%d,"peer":3,"t":500}`, id), make([]byte, 12))
	p.wantError(BadRequest)
	p.send(`{"type":"assist","id":7,"peer":0,"model":"x","request":{},"rows":[0]}`)
	p.wantError(BadRequest)
	p.send(fmt.Sprintf(`{"type":"info","id":%d}`, id))
	p.wantError(BadRequest)
	p.send(`{"type":"open","id":8,"protocol":1}`, p.files[weights.ManifestName])
	p.until("opened")
}

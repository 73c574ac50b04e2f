package session

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/counterpoint/counterpoint/engine/device"
	"github.com/counterpoint/counterpoint/engine/device/cpu"
	"github.com/counterpoint/counterpoint/engine/device/cpu/kernel"
	"github.com/counterpoint/counterpoint/weights"
	"github.com/counterpoint/counterpoint/weights/pack"
)

// queue is one direction of a carrier in memory: it holds any number of messages.
type queue struct {
	mu       sync.Mutex
	messages []sent
	more     chan struct{} // holds one token while there may be messages
	closed   bool
}

type sent struct {
	head   []byte
	frames [][]byte
}

func newQueue() *queue { return &queue{more: make(chan struct{}, 1)} }

func (q *queue) put(m sent) {
	q.mu.Lock()
	q.messages = append(q.messages, m)
	q.mu.Unlock()
	offer(q.more, struct{}{})
}

func (q *queue) close() {
	q.mu.Lock()
	q.closed = true
	q.mu.Unlock()
	offer(q.more, struct{}{})
}

func (q *queue) take(ctx context.Context) (sent, error) {
	for {
		q.mu.Lock()
		if len(q.messages) > 0 {
			m := q.messages[0]
			q.messages = q.messages[1:]
			q.mu.Unlock()
			return m, nil
		}
		closed := q.closed
		q.mu.Unlock()
		if closed {
			return sent{}, io.EOF
		}
		select {
		case <-q.more:
		case <-ctx.Done():
			return sent{}, ctx.Err()
		}
	}
}

// memory is a carrier in memory. Everything crosses it in binary form.
type memory struct{ toEngine, toPage *queue }

func (m memory) Receive(ctx context.Context) (Message, error) {
	got, err := m.toEngine.take(ctx)
	if err != nil {
		return Message{}, err
	}
	msg := Message{Head: got.head}
	for _, f := range got.frames {
		msg.Frames = append(msg.Frames, bytes.NewReader(f))
	}
	return msg, nil
}

func (m memory) Send(head []byte, frames [][]byte) error {
	data, err := AppendBinary(nil, head, frames)
	if err != nil {
		return err
	}
	head, frames, err = ParseBinary(data)
	m.toPage.put(sent{head, frames})
	return err
}

// page is the other side of a session: it has a model's files and answers what the engine needs.
type page struct {
	t       *testing.T
	carrier memory
	session *Session
	files   map[string][]byte
	onNeed  func(n need) (data []byte, why string)                  // instead of files
	onHead  func(kind string, head map[string]any, frames [][]byte) // sees every message of the engine
	served  chan error
	ready   []byte // the first head

	onMessage func(from string, m sent) // sees every message
}

// visit starts a session and receives its ready.
func visit(t *testing.T, o Options, change ...func(*Session)) *page {
	t.Helper()
	p := &page{t: t, carrier: memory{newQueue(), newQueue()}, files: tinyModel(t), served: make(chan error, 1)}
	if o.OpenDevice == nil {
		o.OpenDevice = func(context.Context, string) (Opened, error) {
			return Opened{Device: portable(t), Why: "the test says so"}, nil
		}
	}
	o.Version, o.Devices = "counterpoint test", []string{"cpu"}
	p.session = New(p.carrier, o)
	for _, f := range change {
		f(p.session)
	}
	p.onMessage = func(_ string, m sent) {
		if p.ready == nil {
			p.ready = m.head
		}
	}
	go func() { p.served <- p.session.Serve(context.Background()) }()
	t.Cleanup(func() {
		p.carrier.toEngine.close()
		if err := <-p.served; err != nil {
			t.Errorf("serving: %v", err)
		}
	})
	if kind, _, _ := p.next(); kind != "ready" {
		t.Fatalf("the first message is %s, want ready", kind)
	}
	return p
}

func portable(t *testing.T) device.Device {
	level := kernel.Portable
	d, err := cpu.New(cpu.Options{Threads: 1, Level: &level})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

var packTiny = sync.OnceValues(func() (map[string][]byte, error) {
	dir, err := os.MkdirTemp("", "session")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	folder, packed := filepath.Join(dir, "folder"), filepath.Join(dir, "packed")
	if err := os.CopyFS(folder, os.DirFS("../testdata/goldens/scenesish/model")); err != nil {
		return nil, err
	}
	if err := addPreviews(filepath.Join(folder, "counterpoint.json")); err != nil {
		return nil, err
	}
	if _, err := pack.Pack(context.Background(), os.DirFS(folder), packed, pack.Options{}); err != nil {
		return nil, err
	}
	files := make(map[string][]byte)
	entries, err := os.ReadDir(packed)
	for _, e := range entries {
		if err == nil {
			files[e.Name()], err = os.ReadFile(filepath.Join(packed, e.Name()))
		}
	}
	return files, err
})

// addPreviews gives the model a projection to colours: its first three channels are red, green and blue.
func addPreviews(file string) error {
	data, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var extra map[string]any
	if err := json.Unmarshal(data, &extra); err != nil {
		return err
	}
	weight := make([][3]float64, 8)
	for k := range 3 {
		weight[k][k] = 1
	}
	extra["latent_rgb"] = map[string]any{"weight": weight, "bias": [3]float64{}}
	if data, err = json.Marshal(extra); err != nil {
		return err
	}
	return os.WriteFile(file, data, 0o644)
}

// tinyModel is the files of a small random model.
func tinyModel(t *testing.T) map[string][]byte {
	files, err := packTiny()
	if err != nil {
		t.Fatal(err)
	}
	return maps.Clone(files)
}

// send sends a head, given as JSON, and frames.
func (p *page) send(head string, frames ...[]byte) {
	m := sent{[]byte(head), frames}
	p.onMessage("page", m)
	p.carrier.toEngine.put(m)
}

// next receives one message and answers it if it is a need.
func (p *page) next() (kind string, head map[string]any, frames [][]byte) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	m, err := p.carrier.toPage.take(ctx)
	if err != nil {
		p.t.Fatalf("waiting for a message: %v", err)
	}
	if err := json.Unmarshal(m.head, &head); err != nil {
		p.t.Fatalf("head %s: %v", m.head, err)
	}
	kind = head["type"].(string)
	p.onMessage("engine", m)
	if p.onHead != nil {
		p.onHead(kind, head, m.frames)
	}
	if kind == "need" {
		var n need
		if err := json.Unmarshal(m.head, &n); err != nil {
			p.t.Fatal(err)
		}
		p.provide(n)
	}
	return kind, head, m.frames
}

func (p *page) provide(n need) {
	data, why := p.files[n.Name], ""
	if p.onNeed != nil {
		data, why = p.onNeed(n)
	}
	if data == nil {
		p.send(fmt.Sprintf(`{"type":"shard","id":%d,"name":%q,"error":%q}`, n.ID, n.Name, why))
		return
	}
	p.send(fmt.Sprintf(`{"type":"shard","id":%d,"name":%q}`, n.ID, n.Name), data)
}

// until receives messages up to the first of one of the given types.
func (p *page) until(kinds ...string) (kind string, head map[string]any, frames [][]byte) {
	p.t.Helper()
	for {
		kind, head, frames = p.next()
		if slices.Contains(kinds, kind) {
			return kind, head, frames
		}
	}
}

// wantError receives messages up to an error of the given code; all others with its id must come before it.
func (p *page) wantError(code Code) map[string]any {
	p.t.Helper()
	kind, head, _ := p.until("error", "opened", "done", "cancelled", "explained", "closed")
	if kind != "error" || head["code"] != string(code) {
		p.t.Fatalf("got %s %v, want an error of code %s", kind, head, code)
	}
	return head
}

// open opens the tiny model as request 1.
func (p *page) open() map[string]any {
	p.t.Helper()
	p.send(`{"type":"open","id":1,"protocol":1}`, p.files[weights.ManifestName])
	kind, head, _ := p.until("opened", "error")
	if kind != "opened" {
		p.t.Fatalf("opening: %v", head)
	}
	return head
}

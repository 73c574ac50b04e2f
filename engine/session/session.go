package session

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/counterpoint/counterpoint/engine"
	"github.com/counterpoint/counterpoint/engine/device"
	"github.com/counterpoint/counterpoint/engine/device/selftest"
	"github.com/counterpoint/counterpoint/engine/sample"
)

// Options say what a session offers.
type Options struct {
	// Version names the program: "counterpoint v0.1.0". It goes into pictures, too.
	Version string
	// Devices are the names that OpenDevice knows beside "auto".
	Devices []string
	// OpenDevice opens a device by one of those names or "auto". The session closes it. It is called again where a device
	// was lost.
	OpenDevice func(ctx context.Context, name string) (Opened, error)
}

// Opened is a device, and what a page is told about it.
type Opened struct {
	Device   device.Device
	Why      string            // why this one, a sentence for a person
	SelfTest []selftest.Result // empty on the CPU, which is the judge
}

// Session serves one page.
type Session struct {
	carrier Carrier
	options Options
	now     func() time.Time

	sending sync.Mutex // around carrier.Send

	mu     sync.Mutex // guards what follows, which jobs change
	job    *job       // the one request that runs, nil for none
	device *openDevice
	model  *openModel
	peers  map[int64]*peer // helpers at work, by the id of their assist
	nextID int64           // of an assist

	pictureTime time.Duration // to decode a picture, as last measured
}

// openDevice is a device and the name it was asked for by.
type openDevice struct {
	device.Device
	asked string
	info  deviceInfo
}

// openModel is a model and all that it takes to open it again.
type openModel struct {
	engine   *engine.Engine
	info     modelInfo
	manifest *manifest
	asked    string       // the device's name, as it was asked for
	lost     bool         // with its device
	named    []namedModel // beside it, in the order in which they came
}

// New makes a session over a carrier.
func New(c Carrier, o Options) *Session {
	return &Session{carrier: c, options: o, now: time.Now, peers: make(map[int64]*peer), nextID: maxPageID + 1}
}

// Serve answers the page until it is gone or ctx is done. Then it stops what runs and closes model and device.
func (s *Session) Serve(ctx context.Context) error {
	ctx, stop := context.WithCancel(ctx)
	defer s.shut()
	defer stop()
	if err := s.send(ready{Version, s.options.Version, s.options.Devices}); err != nil {
		return err
	}
	for {
		m, err := s.carrier.Receive(ctx)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("session: receiving: %w", err)
		}
		if err := s.handle(ctx, m); err != nil {
			return err
		}
	}
}

// shut waits for what runs, which has been told to stop, and frees everything.
func (s *Session) shut() {
	s.mu.Lock()
	running := s.job
	s.mu.Unlock()
	if running != nil {
		<-running.ended
	}
	s.closeDevice()
}

// send sends a message without waiting for anything but the carrier.
func (s *Session) send(m message, frames ...[]byte) error {
	head, err := encodeHead(m)
	if err != nil {
		return err
	}
	s.sending.Lock()
	defer s.sending.Unlock()
	if err := s.carrier.Send(head, frames); err != nil {
		return fmt.Errorf("session: sending %s: %w", m.kind(), err)
	}
	return nil
}

// handle takes one message. Its error is the carrier's; what is wrong with the message is told to the page.
func (s *Session) handle(ctx context.Context, raw Message) error {
	m, err := parse(raw)
	if err != nil {
		return s.refuse(0, err)
	}
	id := idOf(m)
	s.mu.Lock()
	running := s.job
	s.mu.Unlock()
	ours := running != nil && running.id == id
	switch m := m.(type) {
	case *shard:
		if ours {
			running.answer(m, raw.Frames)
		}
		return nil
	case *cancel:
		if ours {
			running.stop(m.Keep)
		}
		return nil
	case *score:
		if ours && running.scores != nil {
			offer(running.scores, scoreTask{m.T, raw.Frames[0]})
		}
		return nil
	case *scores, *cancelled, *failure:
		s.heard(m, raw.Frames)
		return nil
	}
	if ours {
		return s.send(failure{Code: BadRequest, Field: "id", Message: fmt.Sprintf("id %d is that of a request that runs", id)})
	}
	_, assisting := m.(*assist)
	if own := id > maxPageID; own != assisting {
		return s.refuse(id, &headError{id, "id", fmt.Sprintf("id %d, a page's are from 1 to %d", id, int64(maxPageID))})
	}
	switch m := m.(type) {
	case *explain:
		return s.explain(m)
	case *info:
		return s.send(s.info(m.ID))
	}
	return s.begin(ctx, m, raw.Frames)
}

// refuse answers a message that is in error.
func (s *Session) refuse(id int64, err error) error {
	f := explainFailure(err, Internal)
	if id != 0 {
		f.ID = id
	}
	return s.send(f)
}

// job is a request that takes time. One runs at a time.
type job struct {
	id     int64
	ctx    context.Context
	cancel context.CancelFunc
	keep   atomic.Bool   // stop early and decode
	ended  chan struct{} // closed after the terminal message
	shards chan shardAnswer
	scores chan scoreTask // of an assist; nil for others
	peer   *int           // of an assist
}

// stop cancels the job; with keep, a generation only ends early.
func (j *job) stop(keep bool) {
	if keep && j.scores == nil {
		j.keep.Store(true)
		return
	}
	j.cancel()
}

// begin starts the job of a request, unless another runs.
func (s *Session) begin(ctx context.Context, m message, frames []Frame) error {
	id := idOf(m)
	run, err := s.work(m, frames)
	if err != nil {
		return s.refuse(id, err)
	}
	s.mu.Lock()
	running := s.job
	s.mu.Unlock()
	if running != nil {
		if running.ctx.Err() == nil {
			return s.send(failure{ID: id, Code: Busy, Message: fmt.Sprintf("request %d is running", running.id),
				Hint: "cancel it, or wait for its end", Peer: peerOf(m)})
		}
		<-running.ended
	}
	j := &job{id: id, ended: make(chan struct{}), shards: make(chan shardAnswer, 1), peer: peerOf(m)}
	if j.peer != nil {
		j.scores = make(chan scoreTask, 1)
	}
	j.ctx, j.cancel = context.WithCancel(ctx)
	s.mu.Lock()
	s.job = j
	s.mu.Unlock()
	go s.run(j, run)
	return nil
}

// run does a job's work and sends its terminal message. By then the next request may come.
func (s *Session) run(j *job, work func(*job) (message, error)) {
	defer close(j.ended)
	defer j.cancel()
	end, err := work(j)
	if errors.Is(err, device.ErrLost) {
		s.loseDevice()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.job = nil
	switch {
	case err == nil:
	case j.ctx.Err() != nil:
		end = cancelled{j.id, j.peer}
	default:
		f := explainFailure(err, Internal)
		f.ID, f.Peer = j.id, j.peer
		end = f
	}
	_ = s.send(end) // if the page is gone, Receive says so too
}

// work is the function of a request's job. It fails on what is wrong with the request itself.
func (s *Session) work(m message, frames []Frame) (func(*job) (message, error), error) {
	switch m := m.(type) {
	case *open:
		return s.openWork(m, frames[0])
	case *generate:
		return s.generateWork(m, frames)
	case *with:
		return s.withWork(m, frames)
	case *assist:
		return s.assistWork(m), nil
	case *closeModel:
		return func(*job) (message, error) {
			s.closeDevice()
			return closed{m.ID}, nil
		}, nil
	}
	return nil, fmt.Errorf("no one handles messages of type %s", m.kind())
}

// info describes the session.
func (s *Session) info(id int64) infoAnswer {
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	s.mu.Lock()
	defer s.mu.Unlock()
	a := infoAnswer{ID: id, Protocol: Version, Version: s.options.Version, Devices: s.options.Devices, Memory: memory.HeapSys}
	if s.device != nil {
		a.Device = &s.device.info
	}
	if s.model != nil {
		a.Model = &s.model.info
	}
	a.Models = s.model.describeNamed()
	return a
}

func describeDevice(o Opened) deviceInfo {
	at := o.Device.Info()
	tested := make([]selfTested, len(o.SelfTest))
	for i, r := range o.SelfTest {
		tested[i] = selfTested(r)
	}
	return deviceInfo{at.Name, at.Adapter, o.Why, tested}
}

func describeModel(e *engine.Engine) modelInfo {
	about := e.Model()
	vocabulary := append([]string{}, e.Vocabulary()...) // never null
	slices.Sort(vocabulary)
	return modelInfo{
		Name: about.Name, Hash: e.Hash(), Profile: about.Profile, License: about.License, Attribution: about.Attribution,
		Defaults: e.Defaults(), Vocabulary: vocabulary, Samplers: sample.Names(), Multiple: e.Multiple(), Places: e.HasPlaces(),
		Previews: e.HasPreviews(), Images: e.HasEncoder(), WeightBytes: e.WeightBytes(),
	}
}

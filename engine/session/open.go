package session

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/counterpoint/counterpoint/engine"
	"github.com/counterpoint/counterpoint/engine/device"
	"github.com/counterpoint/counterpoint/weights"
)

// openWork opens a model on a device.
func (s *Session) openWork(m *open, frame Frame) (func(*job) (message, error), error) {
	if m.Protocol != Version {
		return nil, &fault{failure{Code: BadVersion, Field: "protocol", Hint: "reload the page",
			Message: fmt.Sprintf("the page speaks version %d of the protocol, this engine version %d", m.Protocol, Version)}}
	}
	asked := m.Device
	if asked == "" {
		asked = "auto"
	}
	if asked != "auto" && !slices.Contains(s.options.Devices, asked) {
		known := strings.Join(s.options.Devices, ", ")
		if !slices.Contains([]string{"cpu", "webgpu"}, asked) {
			return nil, &headError{m.ID, "device", fmt.Sprintf("unknown device %.40q, want auto or one of %s", asked, known)}
		}
		return nil, &fault{failure{Code: NoDevice, Field: "device", Message: fmt.Sprintf("this engine has no device %s, only %s", asked, known)}}
	}
	parsed, err := readManifest(frame)
	if err != nil {
		return nil, err
	}
	return func(j *job) (message, error) {
		s.closeModel()
		return s.outlive(j, func() (message, error) {
			if err := s.openDevice(j, asked); err != nil {
				return nil, err
			}
			if err := s.load(j, parsed, asked, nil); err != nil {
				return nil, err
			}
			s.mu.Lock()
			defer s.mu.Unlock()
			return opened{m.ID, s.model.info, s.device.info}, nil
		}, func() int { return 0 })
	}, nil
}

// manifest is a model's, as it came and as it reads.
type manifest struct {
	*weights.Manifest
	data []byte
}

func readManifest(f Frame) (*manifest, error) {
	const limit = 16 << 20
	if f.Size() > limit {
		return nil, &headError{msg: fmt.Sprintf("manifest of %d bytes, at most %d are allowed", f.Size(), limit)}
	}
	data, err := readAll(f)
	if err != nil {
		return nil, err
	}
	m, err := weights.ParseManifest(data)
	if err != nil {
		return nil, &fault{failure{Code: UnknownModel, Message: err.Error()}}
	}
	return &manifest{m, data}, nil
}

// openDevice sees to it that the device asked for is open, and tells the page if it had to be opened.
func (s *Session) openDevice(j *job, asked string) error {
	s.mu.Lock()
	current := s.device
	s.mu.Unlock()
	switch {
	case current == nil: // a model that was lost with its device stays
	case current.asked == asked:
		return nil
	default:
		s.closeDevice()
	}
	found, err := s.options.OpenDevice(j.ctx, asked)
	if err != nil {
		return &fault{failure{Code: NoDevice, Field: "device", Message: err.Error()}}
	}
	d := &openDevice{found.Device, asked, describeDevice(found)}
	s.mu.Lock()
	s.device, s.pictureTime = d, 0
	s.mu.Unlock()
	return s.send(deviceOpened{j.id, d.info})
}

// load opens the model of a manifest on the open device, which was asked for by the given name, and others beside it.
func (s *Session) load(j *job, m *manifest, asked string, beside []namedModel) error {
	e, err := s.loadEngine(j, m, "", nil)
	if err != nil {
		return err
	}
	model := &openModel{engine: e, info: describeModel(e), manifest: m, asked: asked}
	for _, n := range beside {
		if err := s.loadNamed(j, model, n.info.As, n.manifest); err != nil {
			model.close()
			return err
		}
	}
	s.mu.Lock()
	s.model = model
	s.mu.Unlock()
	return nil
}

// loadEngine opens the model of a manifest on the open device: the one of that name beside another, if it has a name. The page
// gives the shards.
func (s *Session) loadEngine(j *job, m *manifest, name string, beside *engine.Engine) (*engine.Engine, error) {
	source := &pageSource{session: s, job: j, manifest: m, name: name}
	percent := int64(0)
	var gone error // the page is
	e, err := engine.OpenSource(j.ctx, source, engine.Options{Device: s.device.Device, Beside: beside, Progress: func(done, total int64) {
		if p := 100 * done / max(total, 1); p > percent {
			percent, gone = p, s.send(loading{j.id, name, done, total})
		}
	}})
	if err != nil {
		return nil, source.judge(err)
	}
	if gone != nil {
		e.Close()
		return nil, gone
	}
	return e, nil
}

// closeModel frees the model and those beside it, if one is open.
func (s *Session) closeModel() {
	s.mu.Lock()
	model := s.model
	s.model = nil
	s.mu.Unlock()
	if model != nil {
		model.close()
	}
}

// closeDevice frees the model and the device.
func (s *Session) closeDevice() {
	s.closeModel()
	s.mu.Lock()
	d := s.device
	s.device = nil
	s.mu.Unlock()
	if d != nil {
		d.Close()
	}
}

// shardAnswer is what the page says to a need.
type shardAnswer struct {
	name  string
	frame Frame // nil if the page can't get it
	why   string
}

// answer hands the page's answer to the job that waits for it, if it does.
func (j *job) answer(m *shard, frames []Frame) {
	a := shardAnswer{name: m.Name, why: m.Error}
	if len(frames) > 0 {
		a.frame = frames[0]
	}
	select {
	case <-j.shards: // one that nothing waited for
	default:
	}
	j.shards <- a
}

// pageSource is a model whose files the page has. Only the bytes of one shard at a time come into Go's heap.
type pageSource struct {
	session  *Session
	job      *job
	manifest *manifest
	name     string // that prompts have for the model, "" for the open one
	asked    string // the file asked for last
	again    bool   // because it came wrong before
	missing  *fault // what the page has not
}

var _ weights.Refetcher = (*pageSource)(nil)

// Open asks the page for a shard.
func (p *pageSource) Open(ctx context.Context, name string) (io.ReadCloser, error) {
	return p.ask(ctx, name, nil)
}

// Refetch asks the page for a shard whose bytes were wrong.
func (p *pageSource) Refetch(ctx context.Context, name string, err error) (io.ReadCloser, error) {
	return p.ask(ctx, name, err)
}

func (p *pageSource) ask(ctx context.Context, name string, wrong error) (io.ReadCloser, error) {
	if name == weights.ManifestName {
		return io.NopCloser(bytes.NewReader(p.manifest.data)), nil
	}
	at := slices.IndexFunc(p.manifest.Shards, func(s weights.ShardInfo) bool { return s.File() == name })
	if at < 0 {
		return nil, fmt.Errorf("the model has no file %s", name)
	}
	p.asked, p.again = name, wrong != nil
	m := need{ID: p.job.id, Model: p.name, Name: name, Bytes: p.manifest.Shards[at].Bytes, SHA256: p.manifest.Shards[at].SHA256}
	if wrong != nil {
		m.Fault = wrong.Error()
	}
	if err := p.session.send(m); err != nil {
		return nil, err
	}
	for {
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case a := <-p.job.shards:
			switch {
			case a.name != name: // an answer to something else
			case a.frame == nil:
				p.missing = &fault{failure{Code: MissingShard, Name: name, Message: fmt.Sprintf("file %s is missing: %s", name, a.why),
					Hint: "get online and open the model again"}}
				return nil, p.missing
			default:
				return io.NopCloser(io.NewSectionReader(a.frame, 0, a.frame.Size())), nil
			}
		}
	}
}

// judge says what a failure to open the model comes of.
func (p *pageSource) judge(err error) error {
	f := explainFailure(err, UnknownModel)
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, device.ErrLost):
		return err
	case p.missing != nil:
		return p.missing
	case p.again && (errors.Is(err, weights.ErrHash) || errors.Is(err, weights.ErrFormat)):
		f.Code, f.Name, f.Hint = CorruptShard, p.asked, "delete the stored file and open the model again"
	}
	return &fault{f}
}

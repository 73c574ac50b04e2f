package session

import (
	"bytes"
	"slices"
	"strings"

	"github.com/counterpoint/counterpoint/engine"
	"github.com/counterpoint/counterpoint/engine/compose"
)

// namedModel is a model beside the open one: terms of prompts may name it.
type namedModel struct {
	info     modelInfo      // As is the name
	engine   *engine.Engine // another name's, or the open model's, where that is the same model
	manifest *manifest
}

// withWork gives a model a name beside the open one, or takes a name away.
func (s *Session) withWork(m *with, frames []Frame) (func(*job) (message, error), error) {
	if s.opened() == nil {
		return nil, errNoModel
	}
	if err := compose.CheckModel(m.Name); err != nil {
		return nil, &headError{m.ID, "name", err.Error()}
	}
	if len(frames) == 0 {
		return func(*job) (message, error) {
			model := s.opened()
			if model == nil {
				return nil, errNoModel
			}
			if err := s.assign(model, m.Name, nil); err != nil {
				return nil, err
			}
			return named{m.ID, s.named()}, nil
		}, nil
	}
	parsed, err := readManifest(frames[0])
	if err != nil {
		return nil, err
	}
	return func(j *job) (message, error) {
		return s.outlive(j, func() (message, error) {
			if err := s.reopen(j); err != nil {
				return nil, err
			}
			if err := s.loadNamed(j, s.opened(), m.Name, parsed); err != nil {
				return nil, err
			}
			return named{m.ID, s.named()}, nil
		}, func() int { return 0 })
	}, nil
}

// named describes the models that prompts may name, by name.
func (s *Session) named() []modelInfo {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.model.describeNamed()
}

// describeNamed is named without a model, too; the caller holds the session's lock.
func (m *openModel) describeNamed() []modelInfo {
	infos := []modelInfo{} // never null
	if m == nil {
		return infos
	}
	for _, n := range m.named {
		infos = append(infos, n.info)
	}
	slices.SortFunc(infos, func(a, b modelInfo) int { return strings.Compare(a.As, b.As) })
	return infos
}

// loadNamed opens a model beside another, under a name. One that is open already only gets the name.
func (s *Session) loadNamed(j *job, model *openModel, name string, m *manifest) error {
	e := model.holding(m)
	if e == nil {
		if err := s.assign(model, name, nil); err != nil { // first: its memory may be needed
			return err
		}
		var err error
		if e, err = s.loadEngine(j, m, name, model.engine); err != nil {
			return err
		}
	}
	info := describeModel(e)
	info.As = name
	return s.assign(model, name, &namedModel{info, e, m})
}

// assign takes a name away, and gives it to another model unless that is nil. The one that had it is closed if nothing else
// needs it.
func (s *Session) assign(model *openModel, name string, n *namedModel) error {
	s.mu.Lock()
	before := model.engines()
	if n != nil && !slices.Contains(before, n.engine) {
		before = append(before, n.engine)
	}
	model.engine.Without(name)
	model.named = slices.DeleteFunc(model.named, func(n namedModel) bool { return n.info.As == name })
	var err error
	if n != nil {
		if err = model.engine.With(name, n.engine); err == nil {
			model.named = append(model.named, *n)
		}
	}
	after := model.engines()
	s.mu.Unlock()
	for _, e := range before {
		if !model.lost && !slices.Contains(after, e) {
			e.Close()
		}
	}
	return err
}

// holding is the engine of an open model by its manifest, nil if it is not open.
func (m *openModel) holding(other *manifest) *engine.Engine {
	if bytes.Equal(m.manifest.data, other.data) {
		return m.engine
	}
	for _, n := range m.named {
		if bytes.Equal(n.manifest.data, other.data) {
			return n.engine
		}
	}
	return nil
}

// engines are those of the model and of the ones beside it, each once.
func (m *openModel) engines() []*engine.Engine {
	all := []*engine.Engine{m.engine}
	for _, n := range m.named {
		if !slices.Contains(all, n.engine) {
			all = append(all, n.engine)
		}
	}
	return all
}

// close frees the model and those beside it, but what went with its device.
func (m *openModel) close() {
	if m.lost {
		return
	}
	for _, e := range m.engines() {
		e.Close()
	}
}

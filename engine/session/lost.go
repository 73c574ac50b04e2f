package session

import (
	"errors"

	"github.com/counterpoint/counterpoint/engine/device"
)

// maxLost is how often a request outlives its device. A device that is gone once more is not trusted again.
const maxLost = 3

// outlive does a request's work, and does it again where the device was lost meanwhile: work opens what it needs. Step is after
// which one it will go on.
func (s *Session) outlive(j *job, work func() (message, error), step func() int) (message, error) {
	for lost := 0; ; lost++ {
		end, err := work()
		if !errors.Is(err, device.ErrLost) || j.ctx.Err() != nil || lost == maxLost {
			return end, err
		}
		s.loseDevice()
		if err := s.send(deviceLost{j.id, step(), err.Error()}); err != nil {
			return nil, err
		}
	}
}

// loseDevice lets go of a device that is gone. The model stays, as far as it is not on the device: it explains prompts, and
// reopen opens it again.
func (s *Session) loseDevice() {
	s.mu.Lock()
	d, model := s.device, s.model
	s.device = nil
	was := model == nil || model.lost
	if model != nil {
		model.lost = true
	}
	s.mu.Unlock()
	if !was {
		for _, e := range model.engines() {
			e.Close()
		}
	}
	if d != nil {
		d.Close()
	}
}

// reopen opens device and models again if they were lost.
func (s *Session) reopen(j *job) error {
	model := s.opened()
	switch {
	case model == nil:
		return errNoModel
	case !model.lost:
		return nil
	}
	if err := s.openDevice(j, model.asked); err != nil {
		return err
	}
	return s.load(j, model.manifest, model.asked, model.named)
}

package session

import (
	"slices"
	"time"
)

// estimator tells how long a generation will still take, from what its steps took.
type estimator struct {
	last    time.Time       // when what is measured next began
	steps   []time.Duration // of each step so far, as if it had done all of a step's work
	picture time.Duration   // to decode one; what an earlier generation took until one is decoded, 0 if none did
}

// begin starts the clock, once the texts are encoded.
func (e *estimator) begin(now time.Time) { e.last = now }

// stepped notes that a step ended, with its work: 1, or less for a smaller picture.
func (e *estimator) stepped(now time.Time, work float64) {
	e.steps = append(e.steps, time.Duration(float64(now.Sub(e.last))/work))
	e.last = now
}

// decoded notes that a picture was decoded.
func (e *estimator) decoded(now time.Time) {
	e.picture = now.Sub(e.last)
	e.last = now
}

// left estimates the time for so many steps, by their work, and pictures more. It is not ok before the second step: the first pays for
// what is prepared once, so it says little of the others, and is not counted among them.
func (e *estimator) left(steps float64, pictures int) (d time.Duration, ok bool) {
	if len(e.steps) < 2 && steps > 0 {
		return 0, false
	}
	step := e.step()
	picture := e.picture
	if picture == 0 {
		picture = step // decoding costs about as much as a step; soon it is measured
	}
	return time.Duration(steps*float64(step)) + time.Duration(pictures)*picture, true
}

// step is the median of the steps after the first.
func (e *estimator) step() time.Duration {
	if len(e.steps) == 0 {
		return 0
	}
	measured := slices.Clone(e.steps[min(1, len(e.steps)-1):])
	slices.Sort(measured)
	half := len(measured) / 2
	if len(measured)%2 == 1 {
		return measured[half]
	}
	return (measured[half-1] + measured[half]) / 2
}

package recipe

import (
	"fmt"

	"github.com/counterpoint/counterpoint/engine"
)

// extra is a setting that A1111 does not have, as a number; what is zero is left out.
type extra struct {
	key string
	of  func(*engine.Request) *float64
}

var extras = []extra{
	{"Guidance rescale", func(q *engine.Request) *float64 { return &q.Rescale }},
	{"Guidance start", func(q *engine.Request) *float64 { return &q.GuidanceStart }},
	{"Guidance stop", func(q *engine.Request) *float64 { return &q.GuidanceStop }},
	{"APG eta", func(q *engine.Request) *float64 { return &q.APGEta }},
	{"APG norm threshold", func(q *engine.Request) *float64 { return &q.APGNormThreshold }},
	{"Negation prior", func(q *engine.Request) *float64 { return &q.NegationPrior }},
	{"Negation max gate", func(q *engine.Request) *float64 { return &q.NegationMaxGate }},
	{"Particles clamp", func(q *engine.Request) *float64 { return &q.ParticlesClamp }},
	{"Resample below", func(q *engine.Request) *float64 { return &q.ResampleBelow }},
}

// extras are a recipe's settings that A1111 does not have, and, of particles, the batch in A1111's words.
func (r *Recipe) extras() (found []setting) {
	q := &r.Request
	for _, x := range extras {
		if v := *x.of(q); v != 0 {
			found = append(found, setting{x.key, number(v)})
		}
	}
	if q.Negation != "" {
		found = append(found, setting{"Negation", value(q.Negation)})
	}
	if q.StopAfter != 0 {
		found = append(found, setting{keyStop, fmt.Sprint(q.StopAfter)})
	}
	if q.APG {
		found = append(found, setting{"APG", on})
	}
	if q.Particles {
		found = append(found, setting{"Particles", on}, setting{keyBatch, fmt.Sprint(q.Batch)}, setting{keyIndex, fmt.Sprint(r.Index)})
	}
	return found
}

const on, keyBatch, keyIndex, keyStop = "on", "Batch size", "Batch pos", "Stop after"

// readExtra takes a setting of extras.
func (r *Recipe) readExtra(s setting) error {
	q, v := &r.Request, unquote(s.value)
	switch s.key {
	case "Negation":
		q.Negation = v
	case keyStop:
		return parseInt(v, engine.MaxSteps, &q.StopAfter)
	case "APG":
		q.APG = v == on
	case "Particles":
		q.Particles = v == on
	case keyBatch:
		return parseInt(v, engine.MaxBatch, &q.Batch)
	case keyIndex:
		if v == "0" {
			return nil
		}
		return parseInt(v, engine.MaxBatch-1, &r.Index)
	}
	for _, x := range extras {
		if x.key == s.key {
			return parseFloat(v, x.of(q))
		}
	}
	return nil
}

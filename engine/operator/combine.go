package operator

import (
	"fmt"
	"slices"

	"github.com/counterpoint/counterpoint/engine/compose"
	"github.com/counterpoint/counterpoint/engine/device"
)

// Evaluation is what has been evaluated, for some of the run's pictures: picture 0 of its batches is picture First of the
// run. The first one begins the run. Evaluations of one step, a corrector's among them, come one after the other, and
// pictures always in the same groups.
type Evaluation struct {
	Step         int
	Level        Level // of X
	First, Count int   // Count 0 is all pictures from First on
	X            device.Batch
	Score        func(row int) device.Batch // of each row that the step evaluates
	Out          device.Batch               // the result; overlaps none of the others
}

// Combine sets Out to the combination of the scores, which is an output of the network's kind.
func (c *Combiner) Combine(ev Evaluation) error {
	if ev.Count == 0 {
		ev.Count = c.pictures - ev.First
	}
	if err := c.check(ev); err != nil {
		return fmt.Errorf("operator: %w", err)
	}
	e := evaluation{c, ev, c.steps[ev.Step], slots{len(c.leaves)}}
	if err := e.combine(); err != nil {
		return fmt.Errorf("operator: step %d: %w", ev.Step+1, err)
	}
	return nil
}

func (c *Combiner) check(ev Evaluation) error {
	if ev.Step < 0 || ev.Step >= len(c.steps) {
		return fmt.Errorf("step %d of %d", ev.Step+1, len(c.steps))
	}
	if ev.First < 0 || ev.Count < 1 || ev.First > c.pictures-ev.Count {
		return fmt.Errorf("step %d: pictures %d to %d of %d", ev.Step+1, ev.First, ev.First+ev.Count-1, c.pictures)
	}
	if err := ev.Level.check(); err != nil {
		return fmt.Errorf("step %d: %w", ev.Step+1, err)
	}
	return nil
}

// evaluation is an Evaluation under way.
type evaluation struct {
	*Combiner
	Evaluation
	part  *part
	slots slots
}

func (e evaluation) combine() error {
	if err := e.direct(); err != nil {
		return err
	}
	if e.part.guard != nil {
		return e.hygiene()
	}
	return e.mix(e.Out, e.terms(1)...)
}

// direct takes the state to this evaluation and computes the coefficients.
func (e evaluation) direct() error {
	var err error
	do := func(when bool, f func() error) {
		if err == nil && when {
			err = f()
		}
	}
	do(e.options.Particles, func() error { return e.weigh(e.last[e.First].level) })
	do(e.part.tracked, e.follow)
	do(e.part.stored, e.store)
	do(true, e.products)
	do(e.part.program != nil, func() error { return e.eval(e.part.program) })
	do(e.options.Particles, func() error { return e.weigh(e.Level) })
	do(e.part.tracked, e.arrive)
	if err == nil {
		e.last[e.First] = moment{e.Level, e.Step}
	}
	return err
}

// terms are those of unconditional times the unconditional score plus the composed direction.
func (e evaluation) terms(unconditional float64) []device.MixTerm {
	var terms []device.MixTerm
	null := func(row int, coef float64, slot device.Slot) {
		if coef != 0 {
			terms = append(terms, device.MixTerm{Of: e.Score(row), Coef: coef, Factor: slot})
		}
	}
	switch {
	case e.part.constant:
		rests := slices.Clone(e.part.rests)
		for _, t := range e.part.sum.Terms {
			if i := e.leaf(t.X.(compose.Leaf)); e.masks[i].Buffer != nil {
				rests[e.null(i)] += t.Weight
			}
		}
		rests[0] += unconditional - 1
		for row, rest := range rests {
			null(row, rest, 0)
		}
		for _, t := range e.part.sum.Terms {
			l := t.X.(compose.Leaf)
			i := e.leaf(l)
			m := e.mask(i)
			terms = append(terms, device.MixTerm{Of: e.Score(l.Row), Coef: t.Weight, Mask: m})
			if m.Buffer != nil {
				terms = append(terms, device.MixTerm{Of: e.Score(e.null(i)), Coef: -t.Weight, Mask: m})
			}
		}
	case e.part.stored:
		null(0, unconditional, 0)
		for _, i := range e.part.leaves {
			terms = append(terms, device.MixTerm{Of: e.direction(i), Coef: 1, Factor: device.At(e.slots.coef(i))})
		}
	default:
		null(0, 1, device.At(e.slots.rest()))
		null(0, unconditional-1, 0)
		for _, i := range e.part.leaves {
			coef := device.At(e.slots.coef(i))
			terms = append(terms, device.MixTerm{Of: e.Score(e.leaves[i].row), Coef: 1, Factor: coef})
			if n := e.null(i); n > 0 {
				null(n, -1, coef)
			}
		}
	}
	return terms
}

// store keeps the directions for the next evaluation.
func (e evaluation) store() error {
	for _, i := range e.part.leaves {
		row := e.Score(e.leaves[i].row)
		terms := []device.MixTerm{{Of: row, Coef: 1, Mask: e.mask(i)}, {Of: e.Score(e.null(i)), Coef: -1, Mask: e.mask(i)}}
		if err := e.mix(e.direction(i), terms...); err != nil {
			return err
		}
	}
	return nil
}

// arrive keeps where the directions were taken.
func (e evaluation) arrive() error {
	if err := e.mix(e.lastX(), device.MixTerm{Of: e.X, Coef: 1}); err != nil {
		return err
	}
	for i, row := range e.nulls {
		if !slices.Contains(e.part.rows, row) {
			continue
		}
		if err := e.mix(e.lastNull(i), device.MixTerm{Of: e.Score(row), Coef: 1}); err != nil {
			return err
		}
	}
	return nil
}

// products takes those of directions that the part asks for, each run of slots by one call.
func (e evaluation) products() error {
	for pairs := e.part.pairs; len(pairs) > 0; {
		var run []device.Pair
		first := pairs[0].slot
		for len(pairs) > 0 && pairs[0].slot == first+len(run) {
			run = append(run, e.pair(pairs[0].i, pairs[0].j))
			pairs = pairs[1:]
		}
		if err := e.dots(first, run); err != nil {
			return err
		}
	}
	return nil
}

func (e evaluation) pair(i, j int) device.Pair {
	if e.part.stored {
		return device.Pair{A: e.direction(i), B: e.direction(j)}
	}
	return device.Pair{A: e.Score(e.leaves[i].row), MinusA: e.Score(e.null(i)), B: e.Score(e.leaves[j].row), MinusB: e.Score(e.null(j))}
}

// keptSize is what a picture keeps.
func (c *Combiner) keptSize() int { return (len(c.leaves) + 1 + len(c.nulls)) * c.size }

// mask is that of leaf i for the group.
func (e evaluation) mask(i int) device.Batch {
	m := e.masks[i]
	m.Offset += e.First * m.Stride
	return m
}

// direction is that of leaf i as it is kept, lastX where it was taken, lastNull the i-th model's unconditional score there.
func (e evaluation) direction(i int) device.Batch {
	return device.Batch{Buffer: e.kept, Offset: e.First*e.keptSize() + i*e.size, Stride: e.keptSize()}
}
func (e evaluation) lastX() device.Batch         { return e.direction(len(e.leaves)) }
func (e evaluation) lastNull(i int) device.Batch { return e.direction(len(e.leaves) + 1 + i) }

// latents are the group's in a buffer of one for each picture.
func (e evaluation) latents(b device.Buffer) device.Batch {
	return device.Batch{Buffer: b, Offset: e.First * e.size, Stride: e.size}
}

// state are the group's scalars.
func (e evaluation) state() device.Scalars {
	s := e.scalars
	s.Offset += e.First * s.Slots
	return s
}

func (e evaluation) mix(dst device.Batch, terms ...device.MixTerm) error {
	return e.device.Mix(device.Mix{Pictures: e.Count, Len: e.size, Dst: dst, Terms: terms, Scalars: e.state(), Channels: e.channels})
}

func (e evaluation) dots(first int, pairs []device.Pair) error {
	return e.device.Dots(device.Dots{Pictures: e.Count, Len: e.size, Dst: e.state(), First: first, Pairs: pairs})
}

func (e evaluation) eval(p *device.Program) error {
	return e.device.Eval(device.Eval{Pictures: e.Count, Scalars: e.state(), Program: p})
}

package operator

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/counterpoint/counterpoint/engine/compose"
	"github.com/counterpoint/counterpoint/engine/device"
)

// Level is a noise level, and how the network's output there estimates the clean latents: x̂₀ = CleanX·x + CleanOut·output.
// So outputs may be predictions of noise, velocity or sample, down to pure noise.
type Level struct {
	AlphaBar         float64 // the share of signal in x, from 0 to below 1
	CleanX, CleanOut float64
}

func (l Level) check() error {
	for _, v := range []float64{l.CleanX, l.CleanOut} {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return fmt.Errorf("the estimate of the clean latents is %g·x + %g·output", l.CleanX, l.CleanOut)
		}
	}
	if !(l.AlphaBar >= 0 && l.AlphaBar < 1) || l.CleanOut == 0 {
		return fmt.Errorf("ᾱ %g and %g·output in the clean latents; want 0 ≤ ᾱ < 1 and not 0", l.AlphaBar, l.CleanOut)
	}
	return nil
}

// Combiner carries out a plan for the pictures of one run. It has device memory, in which the run's state is; nothing is
// read back before Lifts.
type Combiner struct {
	device   device.Device
	plan     *compose.Plan
	options  Options
	pictures int
	h, w     int
	size     int // elements of one latent
	channels int

	leaves []leaf
	nulls  []int // the unconditional rows that leaves are measured from, ascending; row 0 always among them
	index  map[leaf]int
	masked []bool         // of the leaves: that one does not count everywhere
	masks  []device.Batch // of the leaves, one for all pictures or one for each; no buffer for everywhere
	steps  []*part
	tracks bool // log-ratios are followed

	buffers []device.Buffer
	scalars device.Scalars
	kept    device.Buffer // of each picture: the leaves' directions, then x and the unconditional score
	scratch device.Buffer // a latent for each picture
	guide   device.Buffer // likewise
	spare   resampled     // of particles
	last    map[int]moment
}

// moment is an evaluation that has been made, of the pictures from a certain one on.
type moment struct {
	level Level
	step  int
}

// New prepares a plan for a run of so many steps over pictures of h×w×c latents.
func New(d device.Device, plan *compose.Plan, o Options, pictures, h, w, c, steps int) (*Combiner, error) {
	m, err := newCombiner(plan, o, pictures, h, w, c, steps)
	if err != nil {
		return nil, err
	}
	m.device = d
	if err := m.allocate(); err != nil {
		m.Close()
		return nil, err
	}
	return m, nil
}

// Rows are those that each step evaluates, as Combiner.Rows has them, and the errors are New's, without a device.
func Rows(plan *compose.Plan, o Options, pictures, h, w, c, steps int) ([][]int, error) {
	m, err := newCombiner(plan, o, pictures, h, w, c, steps)
	if err != nil {
		return nil, err
	}
	rows := make([][]int, steps)
	for step := range rows {
		rows[step] = m.Rows(step)
	}
	return rows, nil
}

// newCombiner is New but for what is on the device.
func newCombiner(plan *compose.Plan, o Options, pictures, h, w, c, steps int) (*Combiner, error) {
	for _, v := range []struct {
		name string
		n    int
	}{{"pictures", pictures}, {"height", h}, {"width", w}, {"channels", c}, {"steps", steps}} {
		if v.n < 1 || v.n > math.MaxUint16 {
			return nil, fmt.Errorf("operator: %s %d; want 1 to %d", v.name, v.n, math.MaxUint16)
		}
	}
	o, err := o.filled()
	if err != nil {
		return nil, err
	}
	m := &Combiner{
		plan: plan, options: o, pictures: pictures, h: h, w: w, size: h * w * c, channels: c,
		index: map[leaf]int{}, last: map[int]moment{},
		tracks: o.Lifts || stateful(plan.Root),
	}
	m.findLeaves()
	if o.Particles && !constantWeights(plan.Root, plan.Negation) {
		return nil, fmt.Errorf("operator: only a sum of terms with constant weights has weights of particles")
	}
	if o.Particles && len(m.nulls) > 1 {
		return nil, fmt.Errorf("operator: particles have weights where all terms are of one model")
	}
	if o.Clamp > 0 && pictures > maxClamped {
		return nil, fmt.Errorf("operator: log-weights of %d pictures are clamped; want at most %d", pictures, maxClamped)
	}
	if err := m.findParts(steps); err != nil {
		return nil, err
	}
	m.scalars.Slots = max(m.scalars.Slots, slots{len(m.leaves)}.free())
	return m, nil
}

// allocate makes what is on the device.
func (c *Combiner) allocate() error {
	made := map[leaf]device.Batch{}
	for i, l := range c.leaves {
		if !c.options.Windows.bounds(l.row) {
			l.row = -1 // the mask is the region's, whatever the row
		}
		if _, shared := made[l]; !shared && c.masked[i] {
			m, err := c.newMask(l)
			if err != nil {
				return err
			}
			made[l] = m
		}
		c.masks = append(c.masks, made[l]) // the zero Batch, a mask of ones, where none is made
	}
	stored, guarded := false, false
	for _, p := range c.steps {
		stored, guarded = stored || p.stored, guarded || p.guard != nil
	}
	want := []struct {
		buffer *device.Buffer
		n      int
		when   bool
	}{
		{&c.scalars.Buffer, c.scalars.Slots, true},
		{&c.kept, c.keptSize(), stored},
		{&c.scratch, c.size, stored || guarded || c.options.Particles},
		{&c.guide, c.size, guarded},
		{&c.spare.scalars, c.scalars.Slots, c.options.Particles},
		{&c.spare.kept, c.keptSize(), stored && c.options.Particles},
	}
	for _, b := range want {
		if !b.when {
			continue
		}
		var err error
		if *b.buffer, err = c.newBuffer(c.pictures * b.n); err != nil {
			return err
		}
	}
	if !c.options.Particles {
		return nil
	}
	state := make([]float32, c.pictures*c.scalars.Slots)
	for k := range c.pictures {
		state[k*c.scalars.Slots+slots{len(c.leaves)}.own(ownAncestor)] = float32(k)
	}
	return c.scalars.Buffer.WriteFloats(context.Background(), 0, state)
}

func (c *Combiner) newBuffer(n int) (device.Buffer, error) {
	b, err := c.device.NewBuffer(n)
	if err != nil {
		return nil, fmt.Errorf("operator: %w", err)
	}
	c.buffers = append(c.buffers, b)
	return b, nil
}

// findLeaves numbers the leaves and works out where they count.
func (c *Combiner) findLeaves() {
	compose.EachLeaf(c.plan.Root, func(l compose.Leaf) {
		key := leaf{l.Row, l.Region}
		if _, known := c.index[key]; known {
			return
		}
		c.index[key] = len(c.leaves)
		c.leaves = append(c.leaves, key)
		c.masked = append(c.masked, c.options.Windows.bounds(l.Row) || mask(l.Region, c.options.Edge, c.h, c.w) != nil)
	})
	c.nulls = []int{0}
	for i := range c.leaves {
		if null := c.null(i); !slices.Contains(c.nulls, null) {
			c.nulls = append(c.nulls, null)
		}
	}
	slices.Sort(c.nulls)
}

// null is the row of the unconditional score that a leaf's direction starts at.
func (c *Combiner) null(leaf int) int { return max(c.plan.Rows[c.leaves[leaf].row].Null, 0) }

// newMask puts on the device where a leaf counts: within its region, and where its row has a window within that of each
// picture.
func (c *Combiner) newMask(l leaf) (device.Batch, error) {
	shares, stride := mask(l.region, c.options.Edge, c.h, c.w), 0
	if l.row >= 0 {
		stride = c.h * c.w
		shares = c.options.Windows.within(shares, c.pictures, l.row, c.h, c.w)
	}
	b, err := c.newBuffer(len(shares))
	if err != nil {
		return device.Batch{}, err
	}
	return device.Batch{Buffer: b, Stride: stride}, b.WriteFloats(context.Background(), 0, shares)
}

func (c *Combiner) leaf(l compose.Leaf) int { return c.index[leaf{l.Row, l.Region}] }

// findParts prepares the parts of the run. Neighbouring steps share one.
func (c *Combiner) findParts(steps int) error {
	var last compose.SumOf
	var lastGuided bool
	for step := range steps {
		t := float64(step) / float64(steps)
		sum, guided := c.plan.At(t), c.options.Guided.Holds(step, steps)
		if step > 0 && guided == lastGuided && compose.Equal(sum, last) {
			c.steps = append(c.steps, c.steps[step-1])
			continue
		}
		p, err := c.newPart(sum, guided)
		if err != nil {
			return err
		}
		c.steps = append(c.steps, p)
		last, lastGuided = sum, guided
	}
	return nil
}

// Rows are the rows of the plan that a step evaluates, ascending; none for a step that the run does not have.
func (c *Combiner) Rows(step int) []int {
	if step < 0 || step >= len(c.steps) {
		return nil
	}
	return c.steps[step].rows
}

// read copies the scalars to the host.
func (c *Combiner) read(ctx context.Context) ([]float32, error) {
	state := make([]float32, c.pictures*c.scalars.Slots)
	if err := c.scalars.Buffer.ReadFloats(ctx, 0, state); err != nil {
		return nil, fmt.Errorf("operator: %w", err)
	}
	return state, nil
}

// Close frees the device memory.
func (c *Combiner) Close() error {
	var errs []error
	for _, b := range c.buffers {
		errs = append(errs, b.Close())
	}
	c.buffers = nil
	return errors.Join(errs...)
}

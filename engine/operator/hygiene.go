package operator

import "github.com/counterpoint/counterpoint/engine/device"

// compileHygiene writes the part's program for what is done to the composed direction.
func (c *Combiner) compileHygiene(p *part) error {
	k := c.calculus()
	if c.options.Rescale > 0 {
		k.rescale(c.options.Rescale, p.total, c.size)
	} else {
		k.project(*c.options.Project, p.total)
	}
	var err error
	p.guard, err = k.end()
	return err
}

// hygiene sets the result, by way of the composed direction D.
func (e evaluation) hygiene() error {
	if err := e.mix(e.latents(e.guide), e.terms(0)...); err != nil {
		return err
	}
	if e.options.Rescale > 0 {
		return e.rescale()
	}
	return e.project()
}

// own is a scalar in one of hygiene's slots.
func (k *calculus) own(i int) device.Value { return k.expr.Load(k.slots.own(i)) }

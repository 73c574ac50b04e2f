package null

import (
	"fmt"

	"github.com/counterpoint/counterpoint/engine/device"
)

// Combine checks the views.
func (d *Device) Combine(dst device.View, terms []device.Term) error {
	m, err := device.Combination(dst, terms)
	if err != nil {
		return fmt.Errorf("null: combine: %w", err)
	}
	return d.check("combine", m)
}

// Mix checks the operation.
func (d *Device) Mix(m device.Mix) error { return d.check("mix", m) }

// Dots checks the operation.
func (d *Device) Dots(o device.Dots) error { return d.check("dots", o) }

// Eval checks the operation.
func (d *Device) Eval(o device.Eval) error { return d.check("eval", o) }

// Resample checks the operation.
func (d *Device) Resample(r device.Resample) error { return d.check("resample", r) }

func (d *Device) check(name string, op interface{ Check(device.Owner) error }) error {
	if d.closed {
		return device.ErrClosed
	}
	if err := op.Check(owns); err != nil {
		return fmt.Errorf("null: %s: %w", name, err)
	}
	return nil
}

// owns is a device.Owner.
func owns(b device.Buffer) error {
	own, ok := b.(*buffer)
	if !ok {
		return fmt.Errorf("buffer is a %T, not one of this device", b)
	}
	if own.closed {
		return device.ErrClosed
	}
	return nil
}

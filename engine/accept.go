package engine

import (
	"context"

	"github.com/counterpoint/counterpoint/engine/device"
	"github.com/counterpoint/counterpoint/engine/sample"
)

// tests are the Metropolis tests of a bank. Nothing is read back until the end of the run.
type tests struct {
	scalars  device.Scalars // of each picture: slots of tests, then the sums of products
	uniforms device.Buffer
	made     int
}

// Slots of tests.
const (
	testUniform  = iota
	testPassed   // 1 or 0
	testFailed   // the other
	testAccepted // how many were passed
	testSums
)

var _ sample.Accepter = (*bank)(nil)

// Accept makes a Metropolis test.
func (b *bank) Accept(a *sample.Acceptance, uniforms []float32) error {
	n, t := len(uniforms), &b.tests
	if t.made == 0 {
		if err := t.allocate(b.device, n, testSums+len(a.Log)); err != nil {
			return err
		}
	}
	t.made++
	if err := t.uniforms.WriteFloats(b.ctx, 0, uniforms); err != nil {
		return err
	}
	if err := b.device.Mix(device.Mix{Pictures: n, Len: 1, Dst: device.Batch{Buffer: t.scalars.Buffer, Offset: testUniform, Stride: t.scalars.Slots},
		Terms: []device.MixTerm{{Of: device.Batch{Buffer: t.uniforms, Stride: 1}, Coef: 1}}}); err != nil {
		return err
	}
	size := b.registers[sample.RegX].Len() / n
	view := func(r sample.Reg) device.Batch { return device.Batch{Buffer: b.registers[r], Stride: size} }
	dots := device.Dots{Pictures: n, Len: size, Dst: t.scalars, First: testSums}
	var x device.Expr
	log := x.Const(0)
	for i, p := range a.Log {
		dots.Pairs = append(dots.Pairs, device.Pair{A: view(p.A), B: view(p.B)})
		log = x.Add(log, x.Mul(x.Const(p.Coef), x.Load(testSums+i)))
	}
	if err := b.device.Dots(dots); err != nil {
		return err
	}
	passed := x.Greater(log, x.Log(x.Max(x.Load(testUniform), x.Const(1e-30))))
	x.Store(testPassed, passed)
	x.Store(testFailed, x.Sub(x.Const(1), passed))
	x.Store(testAccepted, x.Add(x.Load(testAccepted), passed))
	p, err := x.Program()
	if err != nil {
		return err
	}
	if err := b.device.Eval(device.Eval{Pictures: n, Scalars: t.scalars, Program: p}); err != nil {
		return err
	}
	for _, take := range a.Take {
		if err := b.device.Mix(device.Mix{Pictures: n, Len: size, Dst: view(take.Dst), Scalars: t.scalars, Terms: []device.MixTerm{
			{Of: view(take.From), Coef: 1, Factor: device.At(testPassed)}, {Of: view(take.Dst), Coef: 1, Factor: device.At(testFailed)},
		}}); err != nil {
			return err
		}
	}
	return nil
}

// acceptance is the share of tests that were passed, by all pictures; 0 if there were none.
func (b *bank) acceptance(ctx context.Context) (float64, error) {
	if b.tests.made == 0 {
		return 0, nil
	}
	state, err := b.tests.read(ctx)
	if err != nil {
		return 0, err
	}
	accepted, slots := 0.0, b.tests.scalars.Slots
	for i := testAccepted; i < len(state); i += slots {
		accepted += float64(state[i])
	}
	return accepted / float64(b.tests.made*(len(state)/slots)), nil
}

// allocate makes the scalars of n pictures.
func (t *tests) allocate(d device.Device, n, slots int) (err error) {
	t.scalars.Slots = slots
	if t.scalars.Buffer, err = d.NewBuffer(n * slots); err != nil {
		return err
	}
	t.uniforms, err = d.NewBuffer(n)
	return err
}

// read copies the scalars to the host.
func (t *tests) read(ctx context.Context) ([]float32, error) {
	state := make([]float32, t.scalars.Buffer.Len())
	return state, t.scalars.Buffer.ReadFloats(ctx, 0, state)
}

func (t *tests) close() {
	for _, b := range []device.Buffer{t.scalars.Buffer, t.uniforms} {
		if b != nil {
			b.Close()
		}
	}
}

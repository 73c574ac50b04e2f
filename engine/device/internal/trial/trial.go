// Package trial runs programs on made-up weights and inputs, between guards: what the suite of package devicetest and the
// self-test share.
package trial

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"

	"github.com/counterpoint/counterpoint/engine/device"
	"github.com/counterpoint/counterpoint/engine/graph"
)

// Trial is a program and something to run it on. The same program has the same weights and inputs on every machine.
type Trial struct {
	Program *graph.Program
	Weights map[string]graph.Weight
	Floats  map[string][]float32 // the f32 inputs at MaxRows, by name
	Ints    map[string][]int32   // the i32 inputs
}

// New makes up weights and inputs for p. Floats are normal with deviation 1; the integers of an input lie in
// [0, below[name]), so 0 if it is not listed.
func New(p *graph.Program, below map[string]int) *Trial {
	t := &Trial{p, map[string]graph.Weight{}, map[string][]float32{}, map[string][]int32{}}
	for _, w := range p.Weights {
		t.Weights[w.Name] = Weight(w)
	}
	for _, port := range p.Inputs {
		rng, n := source(port.Name), port.Shape.Elems(p.MaxRows)
		if port.DType == graph.I32 {
			v := make([]int32, n)
			for i := range v {
				v[i] = rng.Int32N(int32(max(below[port.Name], 1)))
			}
			t.Ints[port.Name] = v
			continue
		}
		v := make([]float32, n)
		for i := range v {
			v[i] = float32(rng.NormFloat64())
		}
		t.Floats[port.Name] = v
	}
	return t
}

// source gives the random numbers that belong to a name.
func source(name string) *rand.Rand {
	h := fnv.New64a()
	h.Write([]byte(name))
	return rand.New(rand.NewPCG(h.Sum64(), 0))
}

// guard is how many elements buffers have beyond what they need.
const guard = 67

// untouched fills what a program must not write, and what it must: a NaN that no arithmetic makes.
var untouched = math.Float32frombits(0x7fc5a5a5)

// ErrOutput is wrapped by the error about a device that ran a program and wrote what it should not have, or did not write
// what it should.
var ErrOutput = errors.New("wrong output")

// Loaded is a trial on a device.
type Loaded struct {
	trial   *Trial
	store   device.Weights
	exe     device.Executable
	buffers map[string]device.Buffer
}

// Load puts the trial's weights on d, compiles its program and binds buffers to it.
func (t *Trial) Load(d device.Device) (*Loaded, error) {
	l := &Loaded{trial: t, store: d.NewWeights(), buffers: map[string]device.Buffer{}}
	if err := l.load(d); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

func (l *Loaded) load(d device.Device) error {
	p := l.trial.Program
	for _, w := range p.Weights {
		if err := l.store.Put(l.trial.Weights[w.Name]); err != nil {
			return err
		}
	}
	var err error
	if l.exe, err = d.Compile(p, l.store); err != nil {
		return err
	}
	for _, ports := range [][]graph.Port{p.Inputs, p.Outputs} {
		for _, port := range ports {
			b, err := d.NewBuffer(port.Shape.Elems(p.MaxRows) + guard)
			if err != nil {
				return err
			}
			l.buffers[port.Name] = b
			if err := l.exe.Bind(port.Name, b); err != nil {
				return err
			}
		}
	}
	return nil
}

// Close frees what Load made.
func (l *Loaded) Close() error {
	errs := []error{l.store.Close()}
	if l.exe != nil {
		errs = append(errs, l.exe.Close())
	}
	for _, b := range l.buffers {
		errs = append(errs, b.Close())
	}
	return errors.Join(errs...)
}

// Run runs the program over the given number of rows and returns its outputs. The error wraps ErrOutput if one of their
// elements is not written or not a number, or if anything else of the bound buffers is written.
func (l *Loaded) Run(ctx context.Context, rows int) (map[string][]float32, error) {
	p := l.trial.Program
	before := map[string][]float32{} // what each buffer holds
	for name, b := range l.buffers {
		v := make([]float32, b.Len())
		for i := range v {
			v[i] = untouched
		}
		before[name] = v
		if err := b.WriteFloats(ctx, 0, v); err != nil {
			return nil, err
		}
	}
	for _, port := range p.Inputs {
		n, b := port.Shape.Elems(rows), l.buffers[port.Name]
		var err error
		if port.DType == graph.I32 {
			err = b.WriteInts(ctx, 0, l.trial.Ints[port.Name][:n])
		} else {
			err = b.WriteFloats(ctx, 0, l.trial.Floats[port.Name][:n])
		}
		if err = errors.Join(err, b.ReadFloats(ctx, 0, before[port.Name])); err != nil {
			return nil, err
		}
	}
	if err := l.exe.Run(ctx, rows); err != nil {
		return nil, err
	}
	for _, port := range p.Inputs {
		if _, err := l.after(ctx, port.Name, 0, before[port.Name]); err != nil {
			return nil, err
		}
	}
	outputs := map[string][]float32{}
	for _, port := range p.Outputs {
		n := port.Shape.Elems(rows)
		v, err := l.after(ctx, port.Name, n, before[port.Name])
		if err != nil {
			return nil, err
		}
		for i, f := range v[:n] {
			switch {
			case math.Float32bits(f) == math.Float32bits(untouched):
				return nil, fmt.Errorf("%w: %s: element %d of %d is not written", ErrOutput, port.Name, i, n)
			case f != f:
				return nil, fmt.Errorf("%w: %s: element %d of %d is not a number", ErrOutput, port.Name, i, n)
			}
		}
		outputs[port.Name] = v[:n]
	}
	return outputs, nil
}

// after reads the named buffer, all of which but its first elements must be as before.
func (l *Loaded) after(ctx context.Context, name string, first int, before []float32) ([]float32, error) {
	v := make([]float32, len(before))
	if err := l.buffers[name].ReadFloats(ctx, 0, v); err != nil {
		return nil, err
	}
	for i := first; i < len(v); i++ {
		if math.Float32bits(v[i]) != math.Float32bits(before[i]) {
			return nil, fmt.Errorf("%w: %s: element %d is overwritten with %v, the program may write the first %d", ErrOutput, name, i, v[i], first)
		}
	}
	return v, nil
}

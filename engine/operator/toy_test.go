package operator_test

import (
	"context"
	"math"
	"testing"

	"github.com/counterpoint/counterpoint/engine/compose"
	"github.com/counterpoint/counterpoint/engine/device"
	"github.com/counterpoint/counterpoint/engine/operator"
	"github.com/counterpoint/counterpoint/engine/sample"
)

// Densities on the line with three narrow atoms, whose scores at every level are known: what a perfect network would say.
const atomStd = 0.1

var atoms = [3]float64{-1, 0, 1}

type masses [3]float64

// concepts maps texts to densities; "" is the unconditional one, and "any" asks for nothing.
var concepts = map[string]masses{
	"":      {1. / 3, 1. / 3, 1. / 3},
	"any":   {1. / 3, 1. / 3, 1. / 3},
	"a":     {.60, .38, .02},
	"b":     {.02, .38, .60},
	"left":  {1, 0, 0},
	"right": {0, 0, 1},
	"outer": {.5, 0, .5},
}

// epsilon is the noise predicted at x.
func (p masses) epsilon(x, alphaBar float64) float64 {
	variance := alphaBar*atomStd*atomStd + 1 - alphaBar
	var total, pull float64
	for k, mass := range p {
		d := x - math.Sqrt(alphaBar)*atoms[k]
		density := mass * math.Exp(-d*d/(2*variance))
		total += density
		pull += density * d / variance
	}
	if total == 0 { // far from all atoms
		return math.Sqrt(1-alphaBar) * x / variance
	}
	return math.Sqrt(1-alphaBar) * pull / total
}

// times is the density of independent concepts, this one's and one in which atom k has a likelihood of l[k].
func (p masses) times(l func(k int) float64) masses {
	var total float64
	for k := range p {
		p[k] *= l(k)
		total += p[k]
	}
	for k := range p {
		p[k] /= total
	}
	return p
}

func (p masses) within(off float64, want masses) bool {
	for k := range p {
		if !(math.Abs(p[k]-want[k]) <= off) {
			return false
		}
	}
	return true
}

func (p masses) distance(q masses) (d float64) {
	for k := range p {
		d += math.Abs(p[k] - q[k])
	}
	return d
}

// toy is a composed density, sampled by way of the device.
type toy struct {
	prompt   string
	negation compose.Negation
	sampler  string
	steps    int
	options  operator.Options
	sample   sample.Options
	resample int // every so many steps; 0 for never
}

// deviceBank keeps registers on a device.
type deviceBank struct {
	device.Device
	t         testing.TB
	registers []device.Buffer
}

func newBank(t testing.TB, d device.Device, registers, size int) *deviceBank {
	b := &deviceBank{Device: d, t: t}
	for range registers {
		b.registers = append(b.registers, buffer(t, d, size))
	}
	return b
}

func (b *deviceBank) Apply(m sample.Move) error {
	view := func(r sample.Reg) device.View {
		return device.View{Buffer: b.registers[r], Len: b.registers[r].Len()}
	}
	var terms []device.Term
	for _, t := range m.Terms {
		terms = append(terms, device.Term{View: view(t.Reg), Coef: t.Coef})
	}
	return b.Combine(view(m.Dst), terms)
}

func (b *deviceBank) Fill(r sample.Reg, v []float32) error {
	return b.registers[r].WriteFloats(b.t.Context(), 0, v)
}

func (b *deviceBank) Read(r sample.Reg, v []float32) error {
	return b.registers[r].ReadFloats(b.t.Context(), 0, v)
}

// outcome are the samples of a run and what the operators know of them.
type outcome struct {
	atom    []int // the nearest
	lifts   [][]operator.Lift
	weights []float64
	rows    []compose.Score
}

// masses are the shares of the atoms, by the samples' weights.
func (o outcome) masses() (m masses) {
	highest, total := math.Inf(-1), 0.0
	for _, w := range o.weights {
		highest = max(highest, w)
	}
	for i, k := range o.atom {
		w := math.Exp(o.weights[i] - highest)
		m[k] += w
		total += w
	}
	for k := range m {
		m[k] /= total
	}
	return m
}

// run samples so many pictures of one element.
func (y toy) run(t *testing.T, d device.Device, samples int) outcome {
	t.Helper()
	plan := compiled(t, y.prompt, compose.Options{Scale: 1, Negation: y.negation})
	config, err := sample.ParseConfig([]byte(`{"_class_name": "DDIMScheduler", "timestep_spacing": "trailing", "beta_schedule": "squaredcos_cap_v2"}`))
	fatal(t, err)
	schedule, err := sample.NewSchedule(config)
	fatal(t, err)
	way, err := sample.Lookup(y.sampler)
	fatal(t, err)
	steps, err := way.Steps(schedule, y.steps, y.sample)
	fatal(t, err)
	c, err := operator.New(d, plan, y.options, samples, 1, 1, 1, y.steps)
	fatal(t, err)
	defer c.Close()

	bank := newBank(t, d, sample.Registers(steps), samples)
	scores := buffer(t, d, samples*len(plan.Rows))
	score := func(row int) device.Batch {
		return device.Batch{Buffer: scores, Offset: row * samples, Stride: 1}
	}
	whole := 0
	x, out := make([]float32, samples), make([]float32, samples)
	scorer := sample.ScorerFunc(func(ctx context.Context, step sample.Step, in, to sample.Reg) error {
		if err := bank.Read(in, x); err != nil {
			return err
		}
		for _, row := range c.Rows(whole) {
			curve := tabulate(func(x float64) float64 { return concepts[plan.Rows[row].Text].epsilon(x, step.AlphaBar) })
			for i, v := range x {
				out[i] = float32(curve.at(float64(v)))
			}
			if err := scores.WriteFloats(ctx, row*samples, out); err != nil {
				return err
			}
		}
		signal := math.Sqrt(step.AlphaBar)
		latents := func(r sample.Reg) device.Batch { return device.Batch{Buffer: bank.registers[r], Stride: 1} }
		err := c.Combine(operator.Evaluation{
			Step:  whole,
			Level: operator.Level{AlphaBar: step.AlphaBar, CleanX: 1 / signal, CleanOut: -math.Sqrt(1-step.AlphaBar) / signal},
			X:     latents(in), Score: score, Out: latents(to),
		})
		if !step.Partial {
			whole++
		}
		if err == nil && y.resample > 0 && whole%y.resample == 0 {
			read := []device.Batch{latents(in), latents(to)}
			for r := sample.RegHistory; int(r) < len(bank.registers); r++ {
				read = append(read, latents(r))
			}
			err = c.Resample(ctx, math.Mod(float64(whole)*.618, 1), read...)
		}
		return err
	})
	for _, err := range sample.Run(t.Context(), bank, scorer, steps, []uint64{5}, sample.Shape{C: 1, H: 1, W: samples}) {
		fatal(t, err)
	}
	fatal(t, bank.Read(sample.RegX, x))
	o := outcome{rows: plan.Rows}
	for _, v := range x {
		o.atom = append(o.atom, min(max(int(math.Round(float64(v)))+1, 0), 2))
	}
	o.lifts, err = c.Lifts(t.Context())
	fatal(t, err)
	o.weights, err = c.LogWeights(t.Context())
	fatal(t, err)
	return o
}

// curve is a function on the line, tabulated from -reach to reach and linear beyond.
type curve []float64

const (
	reach = 8
	cells = 4096
)

func tabulate(f func(x float64) float64) curve {
	c := make(curve, cells+1)
	for i := range c {
		c[i] = f(2*reach*float64(i)/cells - reach)
	}
	return c
}

func (c curve) at(x float64) float64 {
	u := (x + reach) * (cells / (2. * reach))
	i := min(max(int(u), 0), cells-1)
	return c[i] + (u-float64(i))*(c[i+1]-c[i])
}

func buffer(t testing.TB, d device.Device, n int) device.Buffer {
	t.Helper()
	b, err := d.NewBuffer(n)
	fatal(t, err)
	t.Cleanup(func() { b.Close() })
	return b
}

func compiled(t testing.TB, prompt string, o compose.Options) *compose.Plan {
	t.Helper()
	p, err := compose.Parse(prompt, "m", "n")
	fatal(t, err)
	plan, err := p.Compile(o)
	fatal(t, err)
	return plan
}

func fatal(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

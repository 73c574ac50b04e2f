package operator_test

import (
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/counterpoint/counterpoint/engine/compose"
	"github.com/counterpoint/counterpoint/engine/device"
	"github.com/counterpoint/counterpoint/engine/device/cpu/kernel"
	"github.com/counterpoint/counterpoint/engine/device/testdevices"
	"github.com/counterpoint/counterpoint/engine/operator"
)

const (
	height, width, channels = 6, 5, 3
	latent                  = height * width * channels
)

// run is a few evaluations of random scores: those of a text and step are the same in every run.
type run struct {
	prompt   string
	plan     compose.Options
	options  operator.Options
	steps    int
	pictures int
	groups   int                                            // pictures of an evaluation; 0 for all
	score    func(text string, step, picture int) []float32 // nil for random ones
	after    func(*operator.Combiner, operator.Evaluation)  // called once an evaluation is combined; may be nil
}

func testCPU(t testing.TB) device.Device { return testdevices.CPU(t, kernel.Supported()[0], 1) }

func random(name string) []float32 {
	h := fnv.New64()
	h.Write([]byte(name))
	r := rand.New(rand.NewPCG(h.Sum64(), 7))
	v := make([]float32, latent)
	for i := range v {
		v[i] = float32(r.NormFloat64())
	}
	return v
}

func randomScore(text string, step, picture int) []float32 {
	return random(fmt.Sprintf("%s/%d/%d", text, step, picture))
}

// level is that of a step, for a network that predicts velocity.
func (r run) level(step int) operator.Level {
	a := (float64(step) + .5) / float64(r.steps+1)
	return operator.Level{AlphaBar: a, CleanX: math.Sqrt(a), CleanOut: -math.Sqrt(1 - a)}
}

// results are those of each step, [step][picture·latent].
func (r run) results(t testing.TB, d device.Device) [][]float32 {
	t.Helper()
	if r.plan.Scale == 0 {
		r.plan.Scale = 3
	}
	r.steps, r.pictures = max(r.steps, 1), max(r.pictures, 1)
	if r.groups == 0 {
		r.groups = r.pictures
	}
	if r.score == nil {
		r.score = randomScore
	}
	plan := compiled(t, r.prompt, r.plan)
	c, err := operator.New(d, plan, r.options, r.pictures, height, width, channels, r.steps)
	fatal(t, err)
	defer c.Close()
	x, out := buffer(t, d, r.pictures*latent), buffer(t, d, r.pictures*latent)
	scores := buffer(t, d, len(plan.Rows)*r.groups*latent)
	var results [][]float32
	for step := range r.steps {
		for first := 0; first < r.pictures; first += r.groups {
			count := min(r.groups, r.pictures-first)
			for k := range count {
				at := random(fmt.Sprintf("x/%d/%d", step, first+k))
				fatal(t, x.WriteFloats(t.Context(), (first+k)*latent, at))
				for row, s := range plan.Rows {
					v := slices.Repeat([]float32{float32(math.NaN())}, latent) // what is not asked for is not read
					if slices.Contains(c.Rows(step), row) {
						v = r.score(s.Model+s.Text, step, first+k)
					}
					fatal(t, scores.WriteFloats(t.Context(), (k*len(plan.Rows)+row)*latent, v))
				}
			}
			batch := func(b device.Buffer) device.Batch {
				return device.Batch{Buffer: b, Offset: first * latent, Stride: latent}
			}
			ev := operator.Evaluation{
				Step: step, Level: r.level(step), First: first, Count: count, X: batch(x), Out: batch(out),
				Score: func(row int) device.Batch {
					return device.Batch{Buffer: scores, Offset: row * latent, Stride: len(plan.Rows) * latent}
				},
			}
			fatal(t, c.Combine(ev))
			if r.after != nil {
				r.after(c, ev)
			}
		}
		result := make([]float32, r.pictures*latent)
		fatal(t, out.ReadFloats(t.Context(), 0, result))
		results = append(results, result)
	}
	return results
}

// last is the result of the last step.
func (r run) last(t testing.TB, d device.Device) []float32 {
	t.Helper()
	all := r.results(t, d)
	return all[len(all)-1]
}

// sum is Σ coefᵢ·scoreᵢ of the first step's first picture, in float64.
func sum(terms map[string]float64) []float32 {
	acc := make([]float64, latent)
	for text, coef := range terms {
		for i, v := range randomScore(text, 0, 0) {
			acc[i] += coef * float64(v)
		}
	}
	out := make([]float32, latent)
	for i, v := range acc {
		out[i] = float32(v)
	}
	return out
}

// near fails unless two results agree to a part of the largest element.
func near(t *testing.T, got, want []float32, off float64) {
	t.Helper()
	var largest, worst float64
	for i := range want {
		largest = max(largest, math.Abs(float64(want[i])))
		if e := math.Abs(float64(got[i]) - float64(want[i])); !(e <= worst) {
			worst = e
		}
	}
	if !(worst <= off*largest) {
		t.Errorf("off by %.3g of %.3g, want %.1g", worst, largest, off)
	}
}

func dot(a, b []float32) (s float64) {
	for i := range a {
		s += float64(a[i]) * float64(b[i])
	}
	return s
}

func minus(a, b []float32) []float32 {
	d := slices.Clone(a)
	for i := range d {
		d[i] -= b[i]
	}
	return d
}

func TestOneTermIsGuidance(t *testing.T) {
	d := testCPU(t)
	got := run{prompt: "a", plan: compose.Options{Scale: 7.5}}.last(t, d)
	src, dst := buffer(t, d, 2*latent), buffer(t, d, latent)
	fatal(t, src.WriteFloats(t.Context(), 0, randomScore("", 0, 0)))
	fatal(t, src.WriteFloats(t.Context(), latent, randomScore("a", 0, 0)))
	want := make([]float32, latent)
	fatal(t, d.Combine(device.View{Buffer: dst, Len: latent}, []device.Term{
		{View: device.View{Buffer: src, Len: latent}, Coef: 1 - 7.5}, {View: device.View{Buffer: src, Offset: latent, Len: latent}, Coef: 7.5},
	}))
	fatal(t, dst.ReadFloats(t.Context(), 0, want))
	if !slices.Equal(got, want) {
		t.Error("one term is not classifier-free guidance to the bit")
	}
}

// Prompts that mean the same have the same bits.
func TestEqualPrompts(t *testing.T) {
	signed, perp, gated := compose.NotSigned, compose.NotPerp, compose.NotGated
	for _, c := range []struct {
		a, b     string
		negation compose.Negation
		options  operator.Options
	}{
		{"a AND b :0", "a", signed, operator.Options{}},
		{"a AND b AND NOT c :.3", "NOT c :.3 AND (b AND a)", signed, operator.Options{}},
		{"a AND b AND NOT c :.3", "NOT c :.3 AND (b AND a)", perp, operator.Options{}},
		{"a AND (b OR c :2) AND NOT e", "NOT e AND (c :2 OR b) AND a", gated, operator.Options{}},
		{"a OR a", "a", signed, operator.Options{}},
		{"a :.5 AND a :.5", "a", signed, operator.Options{}},
		{"a AND NOT e :0", "a", perp, operator.Options{}},
		{"a AND NOT background", "a", signed, operator.Options{}},
		{"a AND NOT background", "a", perp, operator.Options{}},
		{"a AND NOT background", "a", gated, operator.Options{}},
		{"a @(0-1, 0-1)", "a", signed, operator.Options{}},
		{"a @(0.01-0.99, 0-1) OR b", "a OR b", signed, operator.Options{Edge: -1}}, // ones at every cell
		{"a @(0.01-0.99, 0-1)", "a", signed, operator.Options{Edge: -1}},
		{"a @0-1", "a", signed, operator.Options{}},
		{"a AND b @0-0.5", "a", signed, operator.Options{}}, // in the last step
		{"a AND (b OR c) @0-0.5", "a", signed, operator.Options{}},
		{"a @0-0.5 AND b @0.5-1", "b", signed, operator.Options{}},
	} {
		d := testCPU(t)
		t.Run(c.a, func(t *testing.T) {
			plan := compose.Options{Scale: 3, Negation: c.negation, Unconditional: "background"}
			x := run{prompt: c.a, plan: plan, options: c.options, steps: 4, pictures: 2}
			y := x
			y.prompt = c.b
			if got, want := x.last(t, d), y.last(t, d); !slices.Equal(got, want) {
				near(t, got, want, 0)
			}
		})
	}
}

// The first step's coefficients, where all log-ratios are 0.
func TestCoefficients(t *testing.T) {
	for _, c := range []struct {
		prompt   string
		negation compose.Negation
		options  operator.Options
		want     map[string]float64
	}{
		{"a AND b :2 AND NOT c :.5", compose.NotSigned, operator.Options{}, map[string]float64{"": -6.5, "a": 3, "b": 6, "c": -1.5}},
		{"a OR b :3", compose.NotSigned, operator.Options{}, map[string]float64{"": -2, "a": .75, "b": 2.25}},
		{"(a AND c) OR b", compose.NotSigned, operator.Options{}, map[string]float64{"": -3.5, "a": 1.5, "c": 1.5, "b": 1.5}},
		{"a AND NOT (b OR c)", compose.NotSigned, operator.Options{}, map[string]float64{"": 1, "a": 3, "b": -1.5, "c": -1.5}},
		{"a AND NOT b", compose.NotGated, operator.Options{}, map[string]float64{"": 1, "a": 3, "b": -3}},
		{"a AND NOT b", compose.NotGated, operator.Options{Prior: .2}, map[string]float64{"": -1.25, "a": 3, "b": -.75}},
		{"a AND NOT b", compose.NotGated, operator.Options{Prior: .9, MaxGate: 2}, map[string]float64{"": 4, "a": 3, "b": -6}},
		{"a AND NOT (b AND c)", compose.NotGated, operator.Options{}, map[string]float64{"": 4, "a": 3, "b": -3, "c": -3}},
		{"a OR (b AND NOT c)", compose.NotGated, operator.Options{}, map[string]float64{"": -.5, "a": 1.5, "b": 1.5, "c": -1.5}},
		{"a AND b :2 AND NOT c", compose.NotSigned, operator.Options{Lifts: true}, map[string]float64{"": -5, "a": 3, "b": 6, "c": -3}},
		{"a AND b :3 AND NOT c", compose.NotPerp, operator.Options{Guided: compose.Range{From: .5, To: 1}}, map[string]float64{"a": .25, "b": .75}},
		{"a", compose.NotSigned, operator.Options{Guided: compose.Range{From: .5, To: 1}}, map[string]float64{"a": 1}},
	} {
		t.Run(c.prompt, func(t *testing.T) {
			got := run{prompt: c.prompt, plan: compose.Options{Scale: 3, Negation: c.negation}, options: c.options}.last(t, testCPU(t))
			near(t, got, sum(c.want), 1e-6)
		})
	}
}

// The product of differences of scores and that of directions in memory give the same.
func TestStoredDirections(t *testing.T) {
	d := testCPU(t)
	x := run{prompt: "a AND b :2 AND NOT c", plan: compose.Options{Scale: 3, Negation: compose.NotPerp}, steps: 3, pictures: 2}
	y := x
	y.options.Lifts = true
	near(t, y.last(t, d), x.last(t, d), 1e-6)
	// A region in two halves whose soft edges add up to the whole.
	y = x
	y.options = operator.Options{}
	y.prompt = "a AND b :2 @(0-0.4, 0-1) AND b :2 @(0.4-1, 0-1) AND NOT c"
	near(t, y.last(t, d), x.last(t, d), 1e-6)
	x.prompt, x.plan.Negation = "a AND b :2", compose.NotSigned
	y.prompt, y.plan.Negation = "a AND b :2 @(0-1, 0-0.7) AND b :2 @(0-1, 0.7-1)", compose.NotSigned
	near(t, y.last(t, d), x.last(t, d), 1e-6)
}

func TestPerpendicular(t *testing.T) {
	d := testCPU(t)
	perp := compose.Options{Scale: 3, Negation: compose.NotPerp}
	positive := run{prompt: "a AND b", plan: perp, pictures: 2}.last(t, d)
	got := run{prompt: "a AND b AND NOT c AND NOT e :.5", plan: perp, pictures: 2}.last(t, d)
	for k := range 2 { // per picture
		p, g := positive[k*latent:][:latent], got[k*latent:][:latent]
		guide := minus(p, randomScore("", 0, k))
		if away := minus(g, p); math.Abs(dot(away, guide)) > 1e-5*math.Sqrt(dot(away, away)*dot(guide, guide)) || dot(away, away) == 0 {
			t.Errorf("picture %d: what NOT adds has product %g with the positive direction", k, dot(away, guide))
		}
	}
	if alone := (run{prompt: "a AND b AND NOT c AND NOT e :.5", plan: perp}).last(t, d); !slices.Equal(alone, got[:latent]) {
		t.Error("a picture of a batch is not what it is alone")
	}
	// With directions in disjoint places it is the signed NOT; with parallel ones it does nothing.
	placed := func(at func(text string) (from, to int, of string, by float32)) func(string, int, int) []float32 {
		return func(text string, step, picture int) []float32 {
			v := randomScore("", step, picture)
			if text == "" {
				return v
			}
			from, to, of, by := at(text)
			for i, w := range randomScore(of, step, picture)[from:to] {
				v[from+i] += by * w
			}
			return v
		}
	}
	apart := placed(func(text string) (int, int, string, float32) {
		if text == "c" {
			return 50, latent, text, 1
		}
		return 0, 50, text, 1
	})
	x := run{prompt: "a AND b AND NOT c", plan: perp, score: apart}
	y := x
	y.plan.Negation = compose.NotSigned
	near(t, x.last(t, d), y.last(t, d), 1e-6)
	parallel := placed(func(text string) (int, int, string, float32) {
		return 0, latent, "a", map[string]float32{"a": 1, "c": .5}[text]
	})
	x = run{prompt: "a AND NOT c", plan: perp, score: parallel}
	y = x
	y.prompt = "a"
	near(t, x.last(t, d), y.last(t, d), 1e-6)
	// Positive directions that cancel leave a negative one whole.
	cancelled := placed(func(text string) (int, int, string, float32) {
		return 0, latent, map[string]string{"a": "a", "b": "a", "c": "c"}[text], map[string]float32{"a": 1, "b": -1, "c": 1}[text]
	})
	x = run{prompt: "a AND b AND NOT c", plan: perp, score: cancelled}
	y = x
	y.plan.Negation = compose.NotSigned
	near(t, x.last(t, d), y.last(t, d), 1e-5)
}

func TestRegions(t *testing.T) {
	d := testCPU(t)
	got := run{prompt: "a @(0-0.4, 0-1)", options: operator.Options{Edge: -1}}.last(t, d)
	inside, outside := sum(map[string]float64{"": -2, "a": 3}), sum(map[string]float64{"": 1})
	for i := range got {
		want := outside[i]
		if i/channels%width < 2 {
			want = inside[i]
		}
		if math.Abs(float64(got[i]-want)) > 1e-5 {
			t.Fatalf("element %d is %g, want %g", i, got[i], want)
		}
	}
}

// Pictures may be evaluated in groups, and other batches leave a picture as it is.
func TestGroups(t *testing.T) {
	d := testCPU(t)
	place := []compose.Place{{X: .3, Y: .2}}
	for _, prompt := range []string{"a AND (b OR c) AND NOT e", "a AND b @(0-0.5, 0-1) AND NOT c", "a AND b"} {
		windows := operator.Options{Windows: windowed(5, place, place, place, place)}
		for _, o := range []operator.Options{{}, {Rescale: .7}, {Project: &operator.Projection{Norm: 5}}, windows} {
			x := run{prompt: prompt, plan: compose.Options{Scale: 3, Negation: compose.NotGated}, options: o, steps: 4, pictures: 5}
			y := x
			y.groups = 2
			if got, want := y.last(t, d), x.last(t, d); !slices.Equal(got, want) {
				t.Errorf("%s: groups of 2 differ from all at once", prompt)
			}
			y = x
			y.pictures = 1
			if got, want := y.last(t, d), x.last(t, d)[:latent]; !slices.Equal(got, want) {
				t.Errorf("%s: a picture alone differs", prompt)
			}
		}
	}
}

// What the CPU computes, each device does.
func TestDevices(t *testing.T) {
	runs := []run{
		{prompt: "a AND b :2 AND NOT c", steps: 2},
		{prompt: "a AND b :2 @(0-0.4, 0-1) AND NOT c", plan: compose.Options{Scale: 3, Negation: compose.NotPerp}, steps: 3},
		{prompt: "a AND (b OR c :2)", steps: 3},
		{prompt: "a AND (b OR c :2)", steps: 1},
		{prompt: "a AND NOT b", plan: compose.Options{Scale: 3, Negation: compose.NotGated}, steps: 3},
		{prompt: "a AND b", options: operator.Options{Rescale: .7}},
		{prompt: "a AND b AND NOT c", options: operator.Options{Windows: windowed(3, []compose.Place{{X: .3, Y: .2}}, nil, []compose.Place{{X: .9, Y: .5}})}, steps: 2},
		{prompt: "a AND b", options: operator.Options{Project: &operator.Projection{Eta: .2, Norm: 10}}},
	}
	reference := testCPU(t)
	testdevices.Each(t, kernel.Supported()[0], func(t *testing.T, d device.Device, exact bool) {
		for _, r := range runs {
			r.pictures = 3
			got, want := r.last(t, d), r.last(t, reference)
			if exact && !slices.Equal(got, want) {
				t.Errorf("%s: bits depend on the CPU's level", r.prompt)
			}
			near(t, got, want, 1e-4)
		}
	})
}

package operator_test

import (
	"math"
	"slices"
	"testing"

	"github.com/counterpoint/counterpoint/engine/compose"
	"github.com/counterpoint/counterpoint/engine/operator"
)

func deviation(v []float32) float64 {
	var sum, square float64
	for _, x := range v {
		sum += float64(x)
		square += float64(x) * float64(x)
	}
	n := float64(len(v))
	return math.Sqrt(square/n - sum/n*sum/n)
}

func TestRescale(t *testing.T) {
	d := testCPU(t)
	unit := sum(map[string]float64{"a": .25, "b": .75}) // of total weight 1
	plain := run{prompt: "a AND b :3", plan: compose.Options{Scale: 2}}
	whole := plain.last(t, d)
	for _, phi := range []float64{1, .7} {
		x := plain
		x.options.Rescale = phi
		got := x.last(t, d)
		factor := 1 - phi + phi*deviation(unit)/deviation(whole)
		want := slices.Clone(whole)
		for i := range want {
			want[i] *= float32(factor)
		}
		near(t, got, want, 1e-5)
	}
	// Coefficients from the device, and a total of 1, which there is nothing to take back from.
	x := run{prompt: "a OR b", plan: compose.Options{Scale: 4}, options: operator.Options{Rescale: 1}}
	if got, want := deviation(x.last(t, d)), deviation(sum(map[string]float64{"a": .5, "b": .5})); math.Abs(got-want) > 1e-5 {
		t.Errorf("rescaled choice deviates by %g, want %g", got, want)
	}
	x.plan.Scale = 1
	near(t, x.last(t, d), sum(map[string]float64{"a": .5, "b": .5}), 1e-6)
}

func TestProject(t *testing.T) {
	d := testCPU(t)
	plain := run{prompt: "a AND b :3", plan: compose.Options{Scale: 2}, steps: 1}
	null, unit, whole := sum(map[string]float64{"": 1}), sum(map[string]float64{"a": .25, "b": .75}), plain.last(t, d)
	level := plain.level(0)
	// clean is what an output says of the clean latents.
	clean := func(output []float32) []float32 {
		v := random("x/0/0")
		for i := range v {
			v[i] = float32(level.CleanX*float64(v[i]) + level.CleanOut*float64(output[i]))
		}
		return v
	}
	project := func(p operator.Projection) []float32 {
		x := plain
		x.options.Project = &p
		return x.last(t, d)
	}
	near(t, project(operator.Projection{Eta: 1}), whole, 1e-5)
	prediction := clean(unit)
	extra := minus(clean(project(operator.Projection{})), prediction)
	if c := dot(extra, prediction) / math.Sqrt(dot(extra, extra)*dot(prediction, prediction)); math.Abs(c) > 1e-5 {
		t.Errorf("the guidance has a cosine of %g with the prediction", c)
	}
	// A bound of half the norm halves what guidance adds to the prediction.
	guide := minus(prediction, clean(null))
	half := project(operator.Projection{Eta: 1, Norm: math.Sqrt(dot(guide, guide)) / 2})
	want := slices.Clone(unit)
	for i := range want {
		want[i] += (whole[i] - unit[i]) / 2
	}
	near(t, half, want, 1e-5)
}

func TestGuidedPart(t *testing.T) {
	d := testCPU(t)
	o := operator.Options{Guided: compose.Range{From: .25, To: .5}}
	plan := compiled(t, "a AND b AND NOT c", compose.Options{Scale: 3})
	c, err := operator.New(d, plan, o, 1, height, width, channels, 4)
	fatal(t, err)
	defer c.Close()
	for step, want := range [][]int{{1, 2}, {0, 1, 2, 3}, {1, 2}, {1, 2}} {
		if got := c.Rows(step); !slices.Equal(got, want) {
			t.Errorf("step %d evaluates rows %v, want %v", step, got, want)
		}
	}
	x := run{prompt: "a AND b AND NOT c", options: o, steps: 4}
	y := x
	y.options = operator.Options{}
	if !slices.Equal(x.results(t, d)[1], y.results(t, d)[1]) {
		t.Error("the guided part differs from guidance")
	}
}

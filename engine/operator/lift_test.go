package operator_test

import (
	"fmt"
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

// Comparing is the difference of squared errors of the clean latents, within a term's region, whenever the term holds.
func TestCompare(t *testing.T) {
	testdevices.Each(t, kernel.Supported()[0], func(t *testing.T, d device.Device, _ bool) { testCompare(t, d) })
}

func testCompare(t *testing.T, d device.Device) {
	const pictures, first, levels = 3, 1, 2
	plan := compiled(t, "a AND NOT b @(0-0.5, 0-1) AND c @0.9-1", compose.Options{Scale: 2})
	c, err := operator.New(d, plan, operator.Options{Lifts: true, Edge: -1}, pictures, height, width, channels, 1)
	fatal(t, err)
	defer c.Close()
	batch := func(b device.Buffer) device.Batch { return device.Batch{Buffer: b, Stride: latent} }
	want := make([]operator.Lift, len(plan.Rows))
	for i := range levels {
		at, weight := run{steps: 3}.level(i), .25*float64(i+1)
		clean, x, null := random(fmt.Sprint("clean", i)), random(fmt.Sprint("x", i)), random(fmt.Sprint("null", i))
		scores := buffer(t, d, len(plan.Rows)*latent)
		for row, s := range plan.Rows {
			out := random(fmt.Sprint(s.Text, i))
			if row == 0 {
				out = null
			}
			fatal(t, scores.WriteFloats(t.Context(), row*latent, out))
			for j := range clean {
				if s.Text == "b" && j/channels%width >= width/2 {
					continue
				}
				predict := func(out float32) float64 { return at.CleanX*float64(x[j]) + at.CleanOut*float64(out) }
				far, near := float64(clean[j])-predict(null[j]), float64(clean[j])-predict(out[j])
				want[row].Nats += weight * (far*far - near*near)
				want[row].Expected += weight * (far - near) * (far - near)
			}
		}
		latents, cleans := buffer(t, d, latent), buffer(t, d, latent)
		fatal(t, latents.WriteFloats(t.Context(), 0, x))
		fatal(t, cleans.WriteFloats(t.Context(), 0, clean))
		fatal(t, c.Compare(operator.Evaluation{
			Level: at, First: first, Count: 1, X: batch(latents),
			Score: func(row int) device.Batch { return device.Batch{Buffer: scores, Offset: row * latent} },
		}, batch(cleans), weight))
	}
	lifts, err := c.Lifts(t.Context())
	fatal(t, err)
	for row, w := range want {
		l := lifts[first][row]
		if math.Abs(l.Nats-w.Nats) > 1e-4*w.Expected || math.Abs(l.Expected-w.Expected) > 1e-4*w.Expected {
			t.Errorf("row %q: %+v, want %+v", plan.Rows[row].Text, l, w)
		}
		if lifts[0][row] != (operator.Lift{}) {
			t.Errorf("row %q: another picture has %+v", plan.Rows[row].Text, lifts[0][row])
		}
	}
	if l := (operator.Lift{Nats: -3, Expected: 2}); l.Score() != -1.5 || (operator.Lift{}).Score() != 0 {
		t.Errorf("score %g", l.Score())
	}
}

// A population is drawn only where few of it are in effect, and knows its ancestors.
func TestBelow(t *testing.T) {
	testdevices.Each(t, kernel.Supported()[0], func(t *testing.T, d device.Device, _ bool) { testBelow(t, d) })
}

func testBelow(t *testing.T, d device.Device) {
	const pictures = 4
	for _, below := range []float64{0, .1, 1} {
		plan := compiled(t, "a AND b :2", compose.Options{Scale: 2})
		c, err := operator.New(d, plan, operator.Options{Particles: true, Clamp: 1, Below: below}, pictures, height, width, channels, 3)
		fatal(t, err)
		defer c.Close()
		x, _, before := twoSteps(t, d, c, plan, pictures)
		var total, squares float64
		mean := (before[0] + before[1] + before[2] + before[3]) / 4
		for _, w := range before {
			w = math.Exp(min(max(w-mean, -1), 1))
			total += w
			squares += w * w
		}
		fatal(t, c.Resample(t.Context(), .5, device.Batch{Buffer: x, Stride: latent}))
		p, err := c.Population(t.Context())
		fatal(t, err)
		if want := total * total / squares; math.Abs(p.Effective-want) > 1e-3 {
			t.Errorf("below %g: %g in effect, want %g", below, p.Effective, want)
		}
		after, err := c.LogWeights(t.Context())
		fatal(t, err)
		all := slices.Equal(p.Ancestors, []int{0, 1, 2, 3})
		if drawn := below != .1; drawn == all || drawn != (slices.Max(after) == 0 && slices.Min(after) == 0) {
			t.Errorf("below %g: ancestors %v, weights %v, before %v", below, p.Ancestors, after, before)
		}
	}
	if _, err := operator.New(d, compiled(t, "a", compose.Options{Scale: 2}), operator.Options{Particles: true, Below: .5}, 1, 1, 1, 1, 1); err == nil {
		t.Error("a share of effective pictures without a clamp is taken")
	}
}

// Over all levels, comparing gives the log-ratio at the finished sample itself (Kong et al., arXiv 2302.03792, equation 8).
func TestCompareIsLogRatio(t *testing.T) {
	const samples, levels, reach = 2000, 32, 8.
	d := testCPU(t)
	plan := compiled(t, "a AND b", compose.Options{Scale: 2})
	random := rand.New(rand.NewPCG(3, 4))
	x, clean := make([]float32, samples), make([]float32, samples)
	for k, atom := range atoms {
		c, err := operator.New(d, plan, operator.Options{Lifts: true}, samples, 1, 1, 1, 1)
		fatal(t, err)
		defer c.Close()
		for i := range clean {
			clean[i] = float32(atom)
		}
		xs, cleans, scores := buffer(t, d, samples), buffer(t, d, samples), buffer(t, d, samples*len(plan.Rows))
		fatal(t, cleans.WriteFloats(t.Context(), 0, clean))
		for l := range levels {
			snr := math.Exp(-reach + 2*reach*(float64(l)+.5)/levels)
			a := snr / (1 + snr)
			signal, noise := math.Sqrt(a), math.Sqrt(1-a)
			for i := range x {
				x[i] = float32(signal*atom + noise*random.NormFloat64())
			}
			fatal(t, xs.WriteFloats(t.Context(), 0, x))
			for row, s := range plan.Rows {
				out := make([]float32, samples)
				for i, v := range x {
					out[i] = float32(concepts[s.Text].epsilon(float64(v), a))
				}
				fatal(t, scores.WriteFloats(t.Context(), row*samples, out))
			}
			fatal(t, c.Compare(operator.Evaluation{
				Level: operator.Level{AlphaBar: a, CleanX: 1 / signal, CleanOut: -noise / signal}, X: device.Batch{Buffer: xs, Stride: 1},
				Score: func(row int) device.Batch { return device.Batch{Buffer: scores, Offset: row * samples, Stride: 1} },
			}, device.Batch{Buffer: cleans, Stride: 1}, snr*reach/levels))
		}
		lifts, err := c.Lifts(t.Context())
		fatal(t, err)
		for row, s := range plan.Rows {
			mean := 0.
			for i := range lifts {
				mean += lifts[i][row].Nats / samples
			}
			if want := math.Log(3 * concepts[s.Text][k]); math.Abs(mean-want) > .05 {
				t.Errorf("atom %d: lift %.3f of %q, want %.3f", k, mean, s.Text, want)
			}
		}
	}
}

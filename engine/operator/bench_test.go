package operator_test

import (
	"testing"

	"github.com/counterpoint/counterpoint/engine/compose"
	"github.com/counterpoint/counterpoint/engine/device"
	"github.com/counterpoint/counterpoint/engine/device/testdevices"
	"github.com/counterpoint/counterpoint/engine/operator"
)

// BenchmarkCombine is a step's composing for latents of 16×16×8, five terms and one picture, on the CPU and on the GPU that
// tests have. Beside an evaluation of six rows it should be at most 2%.
func BenchmarkCombine(b *testing.B) {
	b.Run("CPU", func(b *testing.B) { benchmarkCombine(b, testCPU(b)) })
	b.Run("WebGPU", func(b *testing.B) { benchmarkCombine(b, testdevices.WebGPU(b)) })
}

func benchmarkCombine(b *testing.B, d device.Device) {
	for _, c := range []struct {
		name, prompt string
		negation     compose.Negation
		options      operator.Options
	}{
		{"signed", "a AND b AND c AND e AND NOT f", compose.NotSigned, operator.Options{}},
		{"regions", "a @(0-0.5, 0-1) AND b @(0.5-1, 0-1) AND c AND e AND NOT f", compose.NotSigned, operator.Options{}},
		{"perp", "a AND b AND c AND e AND NOT f", compose.NotPerp, operator.Options{}},
		{"or", "a OR b OR c OR e OR f", compose.NotSigned, operator.Options{}},
		{"gated", "a AND b AND c AND e AND NOT f", compose.NotGated, operator.Options{}},
		{"lifts", "a AND b AND c AND e AND NOT f", compose.NotSigned, operator.Options{Lifts: true}},
		{"rescale", "a AND b AND c AND e AND NOT f", compose.NotSigned, operator.Options{Rescale: .7}},
		{"project", "a AND b AND c AND e AND NOT f", compose.NotSigned, operator.Options{Project: &operator.Projection{}}},
	} {
		b.Run(c.name, func(b *testing.B) {
			const n = 16 * 16 * 8
			plan := compiled(b, c.prompt, compose.Options{Scale: 3, Negation: c.negation})
			m, err := operator.New(d, plan, c.options, 1, 16, 16, 8, 1000)
			fatal(b, err)
			defer m.Close()
			x, out, scores := buffer(b, d, n), buffer(b, d, n), buffer(b, d, n*len(plan.Rows))
			for i := 0; b.Loop(); i++ {
				a := float64(i%1000) / 1001
				fatal(b, m.Combine(operator.Evaluation{
					Step: i % 1000, Level: operator.Level{AlphaBar: a, CleanX: 1, CleanOut: -1},
					X: device.Batch{Buffer: x}, Out: device.Batch{Buffer: out},
					Score: func(row int) device.Batch { return device.Batch{Buffer: scores, Offset: row * n} },
				}))
			}
			fatal(b, out.ReadFloats(b.Context(), 0, make([]float32, n))) // waits for devices that run behind
		})
	}
}

package webgpu

import (
	"fmt"
	"strings"
	"testing"

	"github.com/counterpoint/counterpoint/engine/device/webgpu/internal/gpu"
)

// peakShader is a plain matrix product y = x·w in f32 with w by rows of quads of outputs: each invocation computes M rows by
// N quads, all in registers, and reads little enough to stay in the first cache. Its speed is what operators are held against.
func peakShader(m, n, workgroup int) string {
	var s strings.Builder
	fmt.Fprintf(&s, `const LENGTH = %du;
@group(0) @binding(0) var<storage, read> x: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read> w: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read_write> y: array<vec4<f32>>;

@compute @workgroup_size(%d)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    let row = id.x %% %du * %du;
`, peakLength, workgroup, peakRows/m, m)
	each := func(format string) {
		for i := range m {
			for j := range n {
				s.WriteString(strings.NewReplacer("#m", fmt.Sprint(i), "#n", fmt.Sprint(j)).Replace(format))
			}
		}
	}
	each("    var sum#m_#n = vec4<f32>();\n")
	s.WriteString("    for (var k = 0u; k < LENGTH / 4u; k++) {\n")
	for i := range m {
		fmt.Fprintf(&s, "        let x%d = x[(row + %du) * (LENGTH / 4u) + k];\n", i, i)
	}
	for c, channel := range "xyzw" {
		for j := range n {
			fmt.Fprintf(&s, "        let w%c%d = w[(4u * k + %du) * %du + %du];\n", channel, j, c, n, j)
		}
		each(fmt.Sprintf("        sum#m_#n = sum#m_#n + x#m.%c * w%c#n;\n", channel, channel))
	}
	s.WriteString("    }\n")
	each(fmt.Sprintf("    y[id.x * %du + #mu * %du + #nu] = sum#m_#n;\n", m*n, n))
	return s.String() + "}\n"
}

const (
	peakRows   = 64 // of x, which invocations share
	peakLength = 64
)

// BenchmarkPeak reports the speed of the plain product by what an invocation computes: the best of them is the adapter's peak.
func BenchmarkPeak(b *testing.B) {
	d := openWanted(b)
	defer d.Close()
	for _, s := range []struct{ m, n, workgroup int }{{4, 1, 64}, {4, 2, 64}, {8, 1, 64}, {8, 2, 64}, {4, 4, 8}, {8, 2, 8}, {8, 4, 8}, {16, 2, 8}} {
		b.Run(fmt.Sprintf("%dx%d by %d", s.m, 4*s.n, s.workgroup), func(b *testing.B) {
			const groups = 64
			p, err := d.gpu.NewPipeline(b.Context(), "peak", peakShader(s.m, s.n, s.workgroup), []gpu.Access{gpu.ReadBinding, gpu.ReadBinding, gpu.WriteBinding})
			if err != nil {
				b.Fatal(err)
			}
			var ranges []gpu.Range
			for _, n := range []int{peakRows * peakLength, peakLength * 4 * s.n, groups * s.workgroup * s.m * 4 * s.n} {
				buf, err := d.storage(4 * n)
				if err != nil {
					b.Fatal(err)
				}
				ranges = append(ranges, gpu.Range{Buffer: buf, Size: 4 * n})
			}
			g, err := d.gpu.NewGroup(p, ranges)
			if err != nil {
				b.Fatal(err)
			}
			best := fastest(b, d, func() error {
				return d.queue.add(b.Context(), gpu.Command{Pipeline: p, Group: g, X: groups, Y: 1, Z: 1})
			})
			flops := 2 * groups * s.workgroup * s.m * 4 * s.n * peakLength
			b.ReportMetric(float64(flops)/best.Seconds()/1e9, "GFLOP/s")
		})
	}
}

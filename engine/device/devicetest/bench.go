package devicetest

import (
	"fmt"
	"testing"

	"github.com/counterpoint/counterpoint/engine/device"
)

// Benchmark times the operations of a step with 5 rows, for the latents of small and of usual pictures and batches of one and
// of four: "combine" is the sum of the rows picture by picture, "mix" all pictures' at once, with a factor from the device
// and a mask for each, "dots" the products of all pairs of the rows' directions, and "eval" a program of a hundred
// instructions.
func Benchmark(b *testing.B, d device.Device) {
	const rows, slots = 5, 16
	for _, latent := range []struct{ size, channels int }{{16, 8}, {64, 4}} {
		for _, pictures := range []int{1, 4} {
			n := latent.size * latent.size * latent.channels
			buffer := func(n int) device.Buffer {
				buf, err := d.NewBuffer(n)
				if err != nil {
					b.Fatal(err)
				}
				b.Cleanup(func() { buf.Close() })
				return buf
			}
			scores, out, masks := buffer(pictures*rows*n), buffer(pictures*n), buffer(rows*n/latent.channels)
			scalars := device.Scalars{Buffer: buffer(pictures * slots), Slots: slots}
			row := func(i int) device.Batch { return device.Batch{Buffer: scores, Offset: i * n, Stride: rows * n} }
			ones := make([]float32, pictures*slots)
			for i := range ones {
				ones[i] = 1
			}
			if err := scalars.Buffer.WriteFloats(b.Context(), 0, ones); err != nil {
				b.Fatal(err)
			}
			mix := device.Mix{Pictures: pictures, Len: n, Dst: device.Batch{Buffer: out, Stride: n}, Scalars: scalars, Channels: latent.channels}
			for i := range rows {
				mask := device.Batch{Buffer: masks, Offset: i * n / latent.channels}
				mix.Terms = append(mix.Terms, device.MixTerm{Of: row(i), Coef: 0.2, Factor: device.At(i), Mask: mask})
			}
			dots := device.Dots{Pictures: pictures, Len: n, Dst: scalars}
			for i := 1; i < rows; i++ {
				for j := 1; j <= i; j++ {
					dots.Pairs = append(dots.Pairs, device.Pair{A: row(i), MinusA: row(0), B: row(j), MinusB: row(0)})
				}
			}
			var e device.Expr
			for i := range 25 {
				e.Store(i%slots, e.Div(e.Load(i%slots), e.Const(float64(i+1))))
			}
			program, err := e.Program()
			if err != nil {
				b.Fatal(err)
			}
			for _, op := range []struct {
				name string
				run  func() error
			}{
				{"combine", func() error {
					for k := range pictures {
						terms := make([]device.Term, rows)
						for i := range terms {
							terms[i] = device.Term{View: device.View{Buffer: scores, Offset: (k*rows + i) * n, Len: n}, Coef: 0.2}
						}
						if err := d.Combine(device.View{Buffer: out, Offset: k * n, Len: n}, terms); err != nil {
							return err
						}
					}
					return nil
				}},
				{"mix", func() error { return d.Mix(mix) }},
				{"dots", func() error { return d.Dots(dots) }},
				{"eval", func() error { return d.Eval(device.Eval{Pictures: pictures, Scalars: scalars, Program: program}) }},
			} {
				b.Run(fmt.Sprintf("%s %dx%dx%dx%d", op.name, pictures, latent.size, latent.size, latent.channels), func(b *testing.B) {
					done := func() { // with what is under way
						if err := out.ReadFloats(b.Context(), 0, make([]float32, 1)); err != nil {
							b.Fatal(err)
						}
					}
					if err := op.run(); err != nil {
						b.Fatal(err)
					}
					done()
					b.ResetTimer()
					for range b.N { // not b.Loop, which stops the clock before the last of it is done
						if err := op.run(); err != nil {
							b.Fatal(err)
						}
					}
					done()
				})
			}
		}
	}
}

package devicetest

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/counterpoint/counterpoint/engine/device"
)

// combine checks linear combinations of views: of none to many terms, with the result among them, inside larger buffers.
func combine(t *testing.T, d device.Device) {
	defer shut(t, d)
	const size = 1000
	for _, tt := range []struct {
		terms, length int
		offset        int // of the result's view; term i's lies at 3i
		among         int // the term that is the result itself, or -1
	}{
		{0, 7, 2, -1}, {1, 1, 0, -1}, {1, 65, 13, 0}, {2, 997, 1, -1}, {3, 256, 0, 1}, {5, 255, 17, 4}, {9, 100, 900, 0},
	} {
		name := fmt.Sprintf("%d terms of %d", tt.terms, tt.length)
		rng := rand.New(rand.NewPCG(uint64(tt.terms), uint64(tt.length)))
		buffers, values := make([]device.Buffer, tt.terms+1), make([][]float32, tt.terms+1) // the last is the result's
		for i := range buffers {
			buffers[i] = must[device.Buffer](t)(d.NewBuffer(size))
			values[i] = make([]float32, size)
			for j := range values[i] {
				values[i][j] = float32(rng.NormFloat64())
			}
			if err := buffers[i].WriteFloats(t.Context(), 0, values[i]); err != nil {
				t.Fatal(err)
			}
		}
		dst := device.View{Buffer: buffers[tt.terms], Offset: tt.offset, Len: tt.length}
		want, terms := make([]float64, tt.length), make([]device.Term, tt.terms)
		for i := range terms {
			terms[i] = device.Term{View: device.View{Buffer: buffers[i], Offset: min(3*i, size-tt.length), Len: tt.length}, Coef: rng.NormFloat64()}
			v := values[i]
			if i == tt.among {
				terms[i].View, v = dst, values[tt.terms]
			}
			for j := range want {
				want[j] += terms[i].Coef * float64(v[terms[i].View.Offset+j])
			}
		}
		if err := d.Combine(dst, terms); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for i, b := range buffers {
			got := make([]float32, size)
			if err := b.ReadFloats(t.Context(), 0, got); err != nil {
				t.Fatal(err)
			}
			if i == tt.terms {
				part := got[tt.offset:][:tt.length]
				if e := squaredError(part, want); e > 1e-12 {
					t.Errorf("%s: squared error %.3g of the result's", name, e)
				}
				copy(part, values[i][tt.offset:])
			}
			for j := range got {
				if got[j] != values[i][j] {
					t.Errorf("%s: element %d of buffer %d is overwritten", name, j, i)
					break
				}
			}
			if err := b.Close(); err != nil {
				t.Error(err)
			}
		}
	}
}

package kernel

import (
	"fmt"
	"math"
	"testing"
)

// attentionCase describes an attention with every tensor a part of a wider one.
type attentionCase struct {
	images, heads, dim, queries, keys int
	causal, shared                    bool // shared: all images read the second image's K and V
}

func (c attentionCase) String() string {
	return fmt.Sprintf("%+v", struct{ attentionCase }{c}.attentionCase)
}

// build makes the operands and computes the result in float64.
func (c attentionCase) build() (*Attention, guarded, []float64) {
	r := newRandom(uint64(c.queries*c.keys + c.dim))
	width := c.heads * c.dim
	tensor := func(images, tokens, pad int) []float32 {
		return guard(r.floats((images*tokens-1)*(width+pad) + width)).values
	}
	a := &Attention{
		Images: c.images, Heads: c.heads, HeadDim: c.dim, Queries: c.queries, Keys: c.keys, Causal: c.causal,
		Q: tensor(c.images, c.queries, 3), QStride: width + 3,
		K: tensor(c.images, c.keys, 1), KStride: width + 1,
		V: tensor(c.images, c.keys, 2), VStride: width + 2,
		DstStride: width + 4,
	}
	for i := range a.Q {
		a.Q[i] *= 2 // scores with a spread
	}
	if c.shared {
		a.KV = make([]int, c.images)
		for i := range a.KV {
			a.KV[i] = 1
		}
	}
	dst := guard(r.floats((c.images*c.queries-1)*a.DstStride + width))
	a.Dst = dst.values
	want := make([]float64, len(a.Dst))
	for i, v := range a.Dst {
		want[i] = float64(v) // between the rows nothing is written
	}
	weights := make([]float64, c.keys)
	for row := range c.images * c.queries {
		image, query := row/c.queries, row%c.queries
		if c.shared {
			image = 1
		}
		visible := c.keys
		if c.causal {
			visible = query + 1 + c.keys - c.queries
		}
		for h := range c.heads {
			sum := 0.0
			for key := range visible {
				score := 0.0
				for d := range c.dim {
					score += float64(a.Q[row*a.QStride+h*c.dim+d]) * float64(a.K[(image*c.keys+key)*a.KStride+h*c.dim+d])
				}
				weights[key] = math.Exp(score / math.Sqrt(float64(c.dim)))
				sum += weights[key]
			}
			for d := range c.dim {
				v := 0.0
				for key := range visible {
					v += weights[key] * float64(a.V[(image*c.keys+key)*a.VStride+h*c.dim+d])
				}
				want[row*a.DstStride+h*c.dim+d] = v / sum
			}
		}
	}
	return a, dst, want
}

var attentionCases = []attentionCase{
	{1, 1, 1, 1, 1, false, false},
	{2, 2, 24, 64, 64, false, false},
	{2, 3, 32, 17, 77, false, true},
	{1, 2, 48, 130, 256, false, false},
	{1, 1, 64, 15, 257, false, false},
	{1, 1, 40, 9, 600, false, false},
	{2, 2, 64, 77, 77, true, false},
	{1, 2, 17, 300, 300, true, false},
	{1, 1, 8, 20, 270, true, false},
	{3, 1, 5, 7, 3, false, true},
}

func TestAttention(t *testing.T) {
	forLevels(t, func(t *testing.T, k *Kernels) {
		for _, c := range attentionCases {
			var first []float32
			for _, workers := range []int{1, 3} {
				a, dst, want := c.build()
				pool := NewPool(workers)
				err := k.NewExecutor(pool).Attention(a)
				pool.Close()
				if err == nil {
					err = compare(a.Dst, want, tolerance{1e-5, 4e-6})
				}
				if err == nil {
					err = dst.check()
				}
				if first == nil {
					first = a.Dst
				}
				if err == nil {
					err = sameBits(a.Dst, first)
				}
				if err != nil {
					t.Errorf("%v, %d workers: %v", c, workers, err)
				}
			}
		}
	})
}

// TestAttentionInPlace: the result may replace the queries.
func TestAttentionInPlace(t *testing.T) {
	forLevels(t, func(t *testing.T, k *Kernels) {
		a, _, _ := attentionCase{2, 2, 24, 150, 64, false, false}.build()
		e := k.NewExecutor(Serial{})
		if err := e.Attention(a); err != nil {
			t.Fatal(err)
		}
		separate, stride := a.Dst, a.DstStride
		a.Dst, a.DstStride = a.Q, a.QStride
		if err := e.Attention(a); err != nil {
			t.Fatal(err)
		}
		for row := range 2 * 150 {
			if err := sameBits(a.Q[row*a.QStride:][:48], separate[row*stride:][:48]); err != nil {
				t.Fatalf("row %d: %v", row, err)
			}
		}
	})
}

// TestAttentionPeaks: large scores neither overflow nor lose the small ones' order, also where
// the largest comes in a later block of keys.
func TestAttentionPeaks(t *testing.T) {
	forLevels(t, func(t *testing.T, k *Kernels) {
		const keys = 600
		for _, loud := range []int{0, 255, 256, 599} {
			key, value := make([]float32, keys), make([]float32, keys)
			for i := range key {
				key[i], value[i] = -200, 1
			}
			key[loud], value[loud] = 200, 3
			a := Attention{Images: 1, Heads: 1, HeadDim: 1, Queries: 1, Keys: keys, Q: []float32{1}, K: key, V: value, Dst: make([]float32, 1)}
			if err := k.NewExecutor(Serial{}).Attention(&a); err != nil {
				t.Fatal(err)
			}
			if a.Dst[0] != 3 {
				t.Errorf("loudest key %d: %g, want 3", loud, a.Dst[0])
			}
		}
	})
}

func TestAttentionErrors(t *testing.T) {
	k := portableKernels()
	for name, spoil := range map[string]func(a *Attention){
		"no heads":         func(a *Attention) { a.Heads = 0 },
		"no keys":          func(a *Attention) { a.Keys = 0 },
		"negative images":  func(a *Attention) { a.Images = -1 },
		"short Q":          func(a *Attention) { a.Q = a.Q[1:] },
		"short K":          func(a *Attention) { a.K = a.K[1:] },
		"short V":          func(a *Attention) { a.V = a.V[1:] },
		"short dst":        func(a *Attention) { a.Dst = a.Dst[1:] },
		"small stride":     func(a *Attention) { a.KStride = 1 },
		"index beyond":     func(a *Attention) { a.KV = []int{0, 2} },
		"negative index":   func(a *Attention) { a.KV = []int{0, -1} },
		"too few indices":  func(a *Attention) { a.KV = []int{0} },
		"negative scale":   func(a *Attention) { a.Scale = -1 },
		"causal, few keys": func(a *Attention) { a.Causal, a.Keys = true, 3 },
		"wild head size":   func(a *Attention) { a.HeadDim = math.MaxInt },
		"wild images":      func(a *Attention) { a.Images = math.MaxInt },
	} {
		a, _, _ := attentionCase{2, 2, 8, 5, 6, false, false}.build()
		spoil(a)
		if err := k.NewExecutor(Serial{}).Attention(a); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

package devicetest

import (
	"math"

	"github.com/counterpoint/counterpoint/engine/graph"
)

// epilogue finishes a product: act(out + bias + rowBias) + residual.
func epilogue(act graph.Activation, in []*array, out *array) {
	c, row := out.shape.Last(), len(out.v)/out.shape[0]
	for i := range out.v {
		if bias := in[graph.InBias]; bias != nil {
			out.v[i] += bias.v[i%c]
		}
		if bias := in[graph.InRowBias]; bias != nil {
			out.v[i] += bias.v[i/row*c+i%c]
		}
		out.v[i] = apply(act, out.v[i])
		if residual := in[graph.InResidual]; residual != nil {
			out.v[i] += residual.v[i]
		}
	}
}

func linear(op graph.Op, in []*array, out *array) {
	x, w := in[graph.InX], in[graph.InW]
	outputs, inputs := w.shape[0], w.shape[1]
	for p := range out.positions() {
		for o := range outputs {
			for k := range inputs {
				out.v[p*outputs+o] += x.v[p*inputs+k] * w.v[o*inputs+k]
			}
		}
	}
	epilogue(op.(graph.Linear).Act, in, out)
}

func conv2d(op graph.Op, in []*array, out *array) {
	o, x, w, s := op.(graph.Conv2D), in[graph.InX], in[graph.InW], out.shape
	up := o.Upsampling()
	for n := range s[0] {
		for i := range s[1] {
			for j := range s[2] {
				for c := range s[3] {
					sum := 0.0
					for ky := range w.shape[1] {
						for kx := range w.shape[2] {
							y, z := i*o.Stride+ky-o.Pad.Top, j*o.Stride+kx-o.Pad.Left
							if y < 0 || y >= x.shape[1]*up || z < 0 || z >= x.shape[2]*up {
								continue
							}
							pixel, tap := x.v[x.offset(n, y/up, z/up, 0):], w.v[w.offset(c, ky, kx, 0):]
							for k := range x.shape[3] {
								sum += pixel[k] * tap[k]
							}
						}
					}
					out.set(sum, n, i, j, c)
				}
			}
		}
	}
	epilogue(o.Act, in, out)
}

// standardize maps the elements of v at the given places to mean 0 and variance 1.
func standardize(v []float64, places []int, eps float32) {
	mean, variance, n := 0.0, 0.0, float64(len(places))
	for _, i := range places {
		mean += v[i] / n
	}
	for _, i := range places {
		variance += (v[i] - mean) * (v[i] - mean) / n
	}
	for _, i := range places {
		v[i] = (v[i] - mean) / math.Sqrt(variance+float64(eps))
	}
}

// scaleShift multiplies each channel by gamma and adds beta.
func scaleShift(out, gamma, beta *array) {
	for i := range out.v {
		c := i % out.shape.Last()
		out.v[i] = out.v[i]*gamma.v[c] + beta.v[c]
	}
}

func groupNorm(op graph.Op, in []*array, out *array) {
	o, channels, row := op.(graph.GroupNorm), out.shape.Last(), len(out.v)/out.shape[0]
	copy(out.v, in[0].v)
	for n := range out.shape[0] {
		for g := range o.Groups {
			var places []int
			for i := n * row; i < (n+1)*row; i++ {
				if i%channels/(channels/o.Groups) == g {
					places = append(places, i)
				}
			}
			standardize(out.v, places, o.Eps)
		}
	}
	scaleShift(out, in[1], in[2])
	for i, x := range out.v {
		out.v[i] = apply(o.Act, x)
	}
}

func layerNorm(op graph.Op, in []*array, out *array) {
	copy(out.v, in[0].v)
	places := make([]int, out.shape.Last())
	for p := range out.positions() {
		for c := range places {
			places[c] = p*len(places) + c
		}
		standardize(out.v, places, op.(graph.LayerNorm).Eps)
	}
	scaleShift(out, in[1], in[2])
}

func attention(op graph.Op, in []*array, out *array) {
	o, q, k, v, s := op.(graph.Attention), in[0], in[1], in[2], out.shape
	size := s[2] / o.Heads
	for n := range s[0] {
		kv := n
		if in[3] != nil {
			kv = int(in[3].v[n])
		}
		for head := range o.Heads {
			for i := range s[1] {
				keys := k.shape[1]
				if o.Causal {
					keys = i + 1
				}
				weights, sum := make([]float64, keys), 0.0
				for j := range weights {
					dot := 0.0
					for c := head * size; c < (head+1)*size; c++ {
						dot += q.at(n, i, c) * k.at(kv, j, c)
					}
					weights[j] = math.Exp(dot / math.Sqrt(float64(size)))
					sum += weights[j]
				}
				for c := head * size; c < (head+1)*size; c++ {
					mix := 0.0
					for j, w := range weights {
						mix += w / sum * v.at(kv, j, c)
					}
					out.set(mix, n, i, c)
				}
			}
		}
	}
}

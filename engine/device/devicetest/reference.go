package devicetest

import (
	"encoding/binary"
	"math"

	"github.com/counterpoint/counterpoint/engine/device/internal/trial"
	"github.com/counterpoint/counterpoint/engine/graph"
)

// array is a tensor in float64, its rows counted; integers are floats too.
type array struct {
	shape graph.Shape
	v     []float64
}

// at returns the element at a position, one index a dimension.
func (a *array) at(index ...int) float64 { return a.v[a.offset(index...)] }

func (a *array) set(f float64, index ...int) { a.v[a.offset(index...)] = f }

func (a *array) offset(index ...int) int {
	at := 0
	for d, i := range index {
		at = at*a.shape[d] + i
	}
	return at
}

// positions returns the number of pixels or tokens, each of shape.Last() channels.
func (a *array) positions() int { return len(a.v) / a.shape.Last() }

// An operator of the reference fills out, shaped as it must be, from its inputs, nil where one is absent.
type operator func(op graph.Op, in []*array, out *array)

var operators = map[string]operator{
	"activate": activate, "affine": affine, "add": add, "geglu": geglu, "conv2d": conv2d, "linear": linear,
	"groupnorm": groupNorm, "layernorm": layerNorm, "attention": attention, "gatherrows": gatherRows,
	"gathertokens": gatherTokens, "embedding": embedding, "concat": concat, "upsample": upsample,
	"pixelshuffle": pixelShuffle, "reshape": reshape, "slice": slice,
}

// evaluate runs g as it was built, node by node in float64, on a trial's weights and inputs.
func evaluate(g *graph.Graph, t *trial.Trial, rows int) map[string]*array {
	known := map[*graph.Tensor]*array{}
	newArray := func(s graph.Shape) *array {
		a := &array{append(graph.Shape(nil), s...), make([]float64, s.Elems(rows))}
		if a.shape[0] == graph.Rows {
			a.shape[0] = rows
		}
		return a
	}
	for _, x := range g.Inputs {
		a := newArray(x.Shape)
		for i := range a.v {
			if x.DType == graph.I32 {
				a.v[i] = float64(t.Ints[x.Name][i])
			} else {
				a.v[i] = float64(t.Floats[x.Name][i])
			}
		}
		known[x] = a
	}
	for _, w := range g.Weights {
		known[w] = &array{w.Shape, decode(t.Weights[w.Name])}
	}
	for _, n := range g.Nodes {
		in := make([]*array, 5) // absent ones after the last as well
		for i, x := range n.In {
			in[i] = known[x]
		}
		out := newArray(n.Out.Shape)
		operators[n.Op.Name()](n.Op, in, out)
		known[n.Out] = out
	}
	outputs := map[string]*array{}
	for _, o := range g.Outputs {
		outputs[o.Name] = known[o.Tensor]
	}
	return outputs
}

// decode returns the values of a weight.
func decode(w graph.Weight) []float64 {
	v := make([]float64, w.Shape.Elems(1))
	in, group := w.Shape.Last(), max(w.Encoding.Group, 1)
	groups := (in + group - 1) / group
	for i := range v {
		run, c := i/in, i%in
		scale := func() float64 { return halfToFloat(binary.LittleEndian.Uint16(w.Scales[2*(run*groups+c/group):])) }
		switch w.Encoding.Kind {
		case graph.EncF32:
			v[i] = float64(math.Float32frombits(binary.LittleEndian.Uint32(w.Data[4*i:])))
		case graph.EncF16:
			v[i] = halfToFloat(binary.LittleEndian.Uint16(w.Data[2*i:]))
		case graph.EncInt8:
			v[i] = float64(int8(w.Data[i])) * scale()
		case graph.EncInt4:
			b := w.Data[run*((in+1)/2)+c/2]
			if c%2 == 0 {
				b <<= 4
			}
			v[i] = float64(int8(b)>>4) * scale()
		}
	}
	return v
}

// halfToFloat converts a finite float16.
func halfToFloat(h uint16) float64 {
	sign, exponent, fraction := 1-2*float64(h>>15), int(h>>10&31), float64(h&1023)
	if exponent == 0 {
		return sign * math.Ldexp(fraction, -24)
	}
	return sign * math.Ldexp(1024+fraction, exponent-25)
}

// apply returns an activation of x.
func apply(a graph.Activation, x float64) float64 {
	sigmoid := func(x float64) float64 { return 1 / (1 + math.Exp(-x)) }
	switch a {
	case graph.SiLU:
		return x * sigmoid(x)
	case graph.GELU:
		return x * 0.5 * math.Erfc(-x/math.Sqrt2)
	case graph.QuickGELU:
		return x * sigmoid(1.702*x)
	case graph.ReLU:
		return math.Max(x, 0)
	case graph.Tanh:
		return math.Tanh(x)
	}
	return x
}

func activate(op graph.Op, in []*array, out *array) {
	for i, x := range in[0].v {
		out.v[i] = apply(op.(graph.Activate).Act, x)
	}
}

func affine(op graph.Op, in []*array, out *array) {
	o := op.(graph.Affine)
	for i, x := range in[0].v {
		out.v[i] = float64(o.Mul)*x + float64(o.Add)
	}
}

func add(_ graph.Op, in []*array, out *array) {
	x, y := in[0], in[1]
	for i := range x.v {
		at, stride, rest := 0, 1, i
		for d := len(x.shape) - 1; d >= 0; d-- { // from the inside out
			index := rest % x.shape[d]
			rest /= x.shape[d]
			if e := d - (len(x.shape) - len(y.shape)); e >= 0 {
				at += index % y.shape[e] * stride
				stride *= y.shape[e]
			}
		}
		out.v[i] = x.v[i] + y.v[at]
	}
}

func geglu(_ graph.Op, in []*array, out *array) {
	c := out.shape.Last()
	for p := range out.positions() {
		for i := range c {
			out.v[p*c+i] = in[0].v[p*2*c+i] * apply(graph.GELU, in[0].v[p*2*c+c+i])
		}
	}
}

func concat(_ graph.Op, in []*array, out *array) {
	out.v = out.v[:0]
	for p := range in[0].positions() {
		for _, x := range in[:2] {
			c := x.shape.Last()
			out.v = append(out.v, x.v[p*c:][:c]...)
		}
	}
}

func slice(_ graph.Op, in []*array, out *array) {
	c := out.shape.Last()
	for p := range out.positions() {
		copy(out.v[p*c:][:c], in[0].v[p*in[0].shape.Last():])
	}
}

func reshape(_ graph.Op, in []*array, out *array) { copy(out.v, in[0].v) }

func upsample(_ graph.Op, in []*array, out *array) {
	x, s := in[0], out.shape
	for n := range s[0] {
		for i := range s[1] {
			for j := range s[2] {
				for c := range s[3] {
					out.set(x.at(n, i*x.shape[1]/s[1], j*x.shape[2]/s[2], c), n, i, j, c)
				}
			}
		}
	}
}

func pixelShuffle(op graph.Op, in []*array, out *array) {
	b, s := op.(graph.PixelShuffle).Block, out.shape
	for n := range s[0] {
		for i := range s[1] {
			for j := range s[2] {
				for c := range s[3] {
					out.set(in[0].at(n, i/b, j/b, c*b*b+i%b*b+j%b), n, i, j, c)
				}
			}
		}
	}
}

func gatherRows(_ graph.Op, in []*array, out *array) {
	size := len(out.v) / out.shape[0]
	for n := range out.shape[0] {
		copy(out.v[n*size:][:size], in[0].v[int(in[1].v[n])*size:])
	}
}

func gatherTokens(_ graph.Op, in []*array, out *array) {
	for n := range out.shape[0] {
		for c := range out.shape[1] {
			out.set(in[0].at(n, int(in[1].v[n]), c), n, c)
		}
	}
}

func embedding(_ graph.Op, in []*array, out *array) {
	c := out.shape.Last()
	for p, id := range in[0].v {
		copy(out.v[p*c:][:c], in[1].v[int(id)*c:])
	}
}

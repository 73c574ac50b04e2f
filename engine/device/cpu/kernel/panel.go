package kernel

import (
	"encoding/binary"
	"fmt"
	"math"
)

// Encoding is how packed weights are stored.
type Encoding uint8

const (
	Float32 Encoding = iota
	Float16
	Int8 // two's complement, value·scale
	Int4 // two's complement nibbles, value·scale, the earlier channel in the low nibble
	encodings
)

// String returns the encoding's name.
func (e Encoding) String() string {
	if e < encodings {
		return [encodings]string{"f32", "f16", "int8", "int4"}[e]
	}
	return fmt.Sprintf("Encoding(%d)", uint8(e))
}

// quantized tells whether the encoding has scales.
func (e Encoding) quantized() bool { return e == Int8 || e == Int4 }

// Weights is a matrix of weights in canonical order, input channel fastest:
// [Outputs][Positions][Inputs]. Positions are the kernel's (9 for a 3×3 convolution, 1 for
// a linear layer), so the depth of the product is K = Positions·Inputs.
//
// Data is little-endian and dense. In Int4 each run of Inputs channels starts on a
// byte of its own, so an odd number leaves the last high nibble unused. Scales are
// little-endian float16, [Outputs][Positions][⌈Inputs/Group⌉]: one for each Group
// consecutive channels within a position, the last group being shorter where Group does not
// divide Inputs. Group and Scales are ignored for float encodings.
type Weights struct {
	Outputs, Positions, Inputs int
	Encoding                   Encoding
	Data                       []byte
	Group                      int
	Scales                     []byte
}

// maxWeights bounds the number of weights of one matrix.
const maxWeights = 1 << 28

// groups returns the number of scales of one output.
func (w *Weights) groups() int { return w.Positions * ceilDiv(w.Inputs, w.Group) }

// check compares the lengths of the planes with the shape.
func (w *Weights) check() error {
	if w.Encoding >= encodings {
		return fmt.Errorf("kernel: weights: unknown encoding %d", uint8(w.Encoding))
	}
	size := 1
	for _, n := range []int{w.Outputs, w.Positions, w.Inputs} {
		if n <= 0 || n > maxWeights/size {
			return fmt.Errorf("kernel: weights: shape [%d %d %d], want each positive and at most %d weights",
				w.Outputs, w.Positions, w.Inputs, maxWeights)
		}
		size *= n
	}
	want := 0
	switch w.Encoding {
	case Float32:
		want = 4 * size
	case Float16:
		want = 2 * size
	case Int8:
		want = size
	case Int4:
		want = w.Outputs * w.Positions * ceilDiv(w.Inputs, 2)
	}
	if len(w.Data) != want {
		return fmt.Errorf("kernel: weights: %d bytes of %v data for shape [%d %d %d], want %d",
			len(w.Data), w.Encoding, w.Outputs, w.Positions, w.Inputs, want)
	}
	if !w.Encoding.quantized() {
		return nil
	}
	if w.Group <= 0 {
		return fmt.Errorf("kernel: weights: group of %d channels, want at least 1", w.Group)
	}
	if want := 2 * w.Outputs * w.groups(); len(w.Scales) != want {
		return fmt.Errorf("kernel: weights: %d bytes of scales for shape [%d %d %d] in groups of %d, want %d",
			len(w.Scales), w.Outputs, w.Positions, w.Inputs, w.Group, want)
	}
	return nil
}

// Panel is a matrix of weights arranged for the tiles of one level: panels of width
// output channels side by side, [⌈N/width⌉][K][width], where the last is half as wide if the
// rest fits. In Int4 the byte j of a row holds column j in its low nibble and column j +
// width/2 in its high one. Scales are [⌈N/width⌉][groups][width].
type Panel struct {
	level            Level
	width            int
	n, inputs, depth int
	encoding         Encoding
	group            int // input channels a scale
	groups           int // scales an output, of all positions

	float  []float32
	half   []byte // little-endian
	int8   []int8
	int4   []byte
	scales []uint16
}

// N returns the number of output channels.
func (p *Panel) N() int { return p.n }

// K returns the depth of the product: kernel positions times input channels.
func (p *Panel) K() int { return p.depth }

// Encoding returns how the weights are stored.
func (p *Panel) Encoding() Encoding { return p.encoding }

// Bytes returns the size of the panel's planes, padding included.
func (p *Panel) Bytes() int {
	return 4*len(p.float) + len(p.half) + len(p.int8) + len(p.int4) + 2*len(p.scales)
}

// count returns the number of panels.
func (p *Panel) count() int { return ceilDiv(p.n, p.width) }

// columns returns the width of panel j.
func (p *Panel) columns(j int) int { return panelWidth(p.n-j*p.width, p.width) }

// panelWidth returns the width of the panel that holds the first of the rest columns.
func panelWidth(rest, width int) int {
	if rest <= width/2 {
		return width / 2
	}
	return width
}

// Pack arranges weights for the level's tiles. The planes are copied, nothing refers to w.
func (k *Kernels) Pack(w Weights) (*Panel, error) {
	if err := w.check(); err != nil {
		return nil, err
	}
	p := &Panel{
		level: k.level, width: k.width, encoding: w.Encoding,
		n: w.Outputs, inputs: w.Inputs, depth: w.Positions * w.Inputs,
	}
	last := p.count() - 1
	padded := last*p.width + p.columns(last)
	switch w.Encoding {
	case Float32:
		p.float = make([]float32, padded*p.depth)
		p.arrange(p.depth, func(at, n, t int) {
			p.float[at] = math.Float32frombits(binary.LittleEndian.Uint32(w.Data[4*(n*p.depth+t):]))
		})
	case Float16:
		p.half = make([]byte, 2*padded*p.depth)
		p.arrange(p.depth, func(at, n, t int) { copy(p.half[2*at:][:2], w.Data[2*(n*p.depth+t):]) })
	case Int8:
		p.int8 = make([]int8, padded*p.depth)
		p.arrange(p.depth, func(at, n, t int) { p.int8[at] = int8(w.Data[n*p.depth+t]) })
	case Int4:
		p.int4 = make([]byte, padded*p.depth/2)
		p.packInt4(w.Data)
	}
	if w.Encoding.quantized() {
		p.group, p.groups = w.Group, w.groups()
		p.scales = make([]uint16, padded*p.groups)
		p.arrange(p.groups, func(at, n, t int) { p.scales[at] = binary.LittleEndian.Uint16(w.Scales[2*(n*p.groups+t):]) })
	}
	return p, nil
}

// arrange calls set(at, n, t) for row t < rows and output channel n of a plane, where at is
// the place in the panels' order.
func (p *Panel) arrange(rows int, set func(at, n, t int)) {
	for j := range p.count() {
		first, width := j*p.width, p.columns(j)
		for c := range min(width, p.n-first) {
			for t := range rows {
				set(first*rows+t*width+c, first+c, t)
			}
		}
	}
}

// packInt4 arranges nibbles.
func (p *Panel) packInt4(data []byte) {
	run := ceilDiv(p.inputs, 2)
	positions := p.depth / p.inputs
	for j := range p.count() {
		first, width := j*p.width, p.columns(j)
		panel := p.int4[first*p.depth/2:]
		for c := range min(width, p.n-first) {
			row := data[(first+c)*positions*run:]
			at, high := c, 0
			if c >= width/2 {
				at, high = c-width/2, 4
			}
			for t := range p.depth {
				channel := t % p.inputs
				nibble := row[t/p.inputs*run+channel/2] >> (channel % 2 * 4) & 15
				panel[t*width/2+at] |= nibble << high
			}
		}
	}
}

// expand returns rows first to first+rows of panel j as float32, [rows][columns(j)]: in dst, or
// in place if they are stored so.
func (k *Kernels) expand(dst []float32, p *Panel, j, first, rows int) []float32 {
	width := p.columns(j)
	narrow := 0
	if width < p.width {
		narrow = 1
	}
	begin := j*p.width*p.depth + first*width
	size := rows * width
	switch p.encoding {
	case Float32:
		return p.float[begin:][:size]
	case Float16:
		k.expandHalf(dst[:size], p.half[2*begin:][:2*size])
		return dst[:size]
	}
	scales := p.scales[j*p.width*p.groups:]
	perPosition := ceilDiv(p.inputs, p.group)
	for t := first; t < first+rows; {
		position, channel := t/p.inputs, t%p.inputs
		group := channel / p.group
		end := min(position*p.inputs+min((group+1)*p.group, p.inputs), first+rows)
		scale := scales[(position*perPosition+group)*width:][:width]
		out := dst[(t-first)*width : (end-first)*width]
		at := j*p.width*p.depth + t*width
		if p.encoding == Int8 {
			k.expand8[narrow](out, p.int8[at:][:len(out)], scale, end-t)
		} else {
			k.expand4[narrow](out, p.int4[at/2:][:len(out)/2], scale, end-t)
		}
		t = end
	}
	return dst[:size]
}

// ceilDiv returns ⌈a/b⌉ for a ≥ 0, b > 0.
func ceilDiv(a, b int) int {
	q := a / b
	if q*b < a {
		q++
	}
	return q
}

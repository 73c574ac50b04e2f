package webgpu

import (
	"fmt"

	"github.com/counterpoint/counterpoint/engine/graph"
	"github.com/counterpoint/counterpoint/shaders"
)

// copying is an operator that writes its output position by position with a shader around copy.wgsl.
type copying struct {
	shader  string
	variant shaders.Variant // beside what copy.wgsl has
	out     graph.Shape
	run     int  // elements of a position: the innermost dimensions of out
	quads   bool // move four at a time: the operator's other sizes are multiples of 4
	params  params
	buffers buffers
}

// copy appends the dispatch of a copying operator.
func (c *compiler) copy(k copying) error {
	images, size := imageParams(rowsOf(k.out))
	positions, channels := size/k.run, k.run
	v := shaders.Variant{shaders.Workgroup: elementWorkgroup}
	for name, value := range k.variant {
		v[name] = value
	}
	if k.quads {
		v[shaders.Quads] = 1
		channels /= 4
	}
	runs := 1
	if each := c.device.sizes.each; channels > each {
		v[shaders.Each] = each
		runs = (channels + each - 1) / each
	}
	p := params{"images": images, "positions": positions, "channels": channels}
	for name, value := range k.params {
		p[name] = value
	}
	return c.dispatch(k.shader, v, p, k.buffers, c.flat(graph.Shape{rowsOf(k.out)[0], positions, runs}, 1, elementWorkgroup))
}

// rowsOf returns a shape whose first dimension counts rows: that of a vector is one row.
func rowsOf(s graph.Shape) graph.Shape {
	if len(s) == 1 && s[0] != graph.Rows {
		return graph.Shape{1, s[0]}
	}
	return s
}

// inQuads reports whether channels, sizes or whatever else is counted come in fours.
func inQuads(sizes ...int) bool {
	for _, n := range sizes {
		if n%4 != 0 {
			return false
		}
	}
	return true
}

// quarter counts in quads what is counted in elements.
func quarter(n int, quads bool) int {
	if quads {
		return n / 4
	}
	return n
}

// flag is a variant's value for what is so or not.
func flag(on bool) int {
	if on {
		return 1
	}
	return 0
}

// dense resolves operands whose elements a shader reads one after the other.
func (c *compiler) dense(ops ...graph.Operand) ([]operand, error) {
	all := make([]operand, len(ops))
	for i, o := range ops {
		if o.Space == graph.SpaceWeight && len(o.Shape) > 1 {
			return nil, fmt.Errorf("weight %s %v%v stands where an activation is needed", c.program.Weights[o.Index].Name, o.Encoding, o.Shape)
		}
		all[i] = c.operand(o)
	}
	return all, nil
}

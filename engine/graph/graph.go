// Package graph describes a network as tensors and operators, free of any device: networks are built as a [Graph],
// rewritten by [Fuse], and laid out by [Compile] into a [Program], a flat list of instructions over one planned block of
// memory, which every device runs. An operator is one file here: a struct with its attributes and its shape rule.
package graph

import (
	"errors"
	"fmt"
	"slices"
)

// Op is an operator with its attributes. Values are immutable: a pass that changes one puts another in its place.
type Op interface {
	// Name is the operator's name in programs, and the stem of its files: "conv2d".
	Name() string
	// Attrs prints the attributes that differ from their zero value, as "stride=2 act=silu"; "" if none.
	Attrs() string
	// Infer checks the inputs and returns the output's shape. A nil input stands for an optional one left out.
	Infer(in []*Tensor) (Shape, error)
}

// Node applies an operator to tensors.
type Node struct {
	Op  Op
	In  []*Tensor // nil where an optional input is absent
	Out *Tensor
}

// Output is a tensor that the caller reads after a run.
type Output struct {
	Name   string
	Tensor *Tensor
}

// Graph is a network: nodes in an order in which every input is computed before it is used.
// Building never panics: the first error sticks, later calls do nothing, and Err or Compile returns it.
type Graph struct {
	Name    string
	MaxRows int // most rows one run may ask for; at least 1

	Inputs  []*Tensor
	Weights []*Tensor
	Nodes   []*Node
	Outputs []Output

	weights map[string]*Tensor
	nextID  int
	err     error
}

// New starts an empty graph whose Rows dimension is at most maxRows.
func New(name string, maxRows int) *Graph {
	g := &Graph{Name: name, MaxRows: maxRows, weights: map[string]*Tensor{}}
	if maxRows < 1 {
		g.Fail(fmt.Errorf("graph %s: max rows %d, want at least 1", name, maxRows))
	}
	return g
}

// Fail records err as the graph's error unless there is one already.
func (g *Graph) Fail(err error) {
	if g.err == nil {
		g.err = err
	}
}

// Err returns the first error met while building.
func (g *Graph) Err() error { return g.err }

// Input declares a tensor that the caller writes before each run.
func (g *Graph) Input(name string, dtype DType, shape ...int) *Tensor {
	t := &Tensor{Name: name, Role: RoleInput, DType: dtype, Shape: Shape(shape)}
	err := checkShape(t.Shape, g.MaxRows)
	if err == nil && dtype == F32 {
		err = checkChannels(t.Shape)
	}
	if err != nil {
		g.Fail(fmt.Errorf("graph %s: input %s: %w", g.Name, name, err))
	}
	g.checkPort("input", name)
	g.Inputs = append(g.Inputs, t)
	return t
}

// Weight declares a resident tensor by its name in the model. Declaring it again returns the same tensor.
func (g *Graph) Weight(name string, enc Encoding, shape ...int) *Tensor {
	if t, ok := g.weights[name]; ok {
		if !t.Shape.Equal(shape) || t.Encoding != enc {
			g.Fail(fmt.Errorf("weight %s: declared as %v%v and as %v%v", name, t.Encoding, t.Shape, enc, Shape(shape)))
		}
		return t
	}
	t := &Tensor{Name: name, Role: RoleWeight, Shape: Shape(shape), Encoding: enc}
	if err := checkShape(t.Shape, 1); err != nil || len(shape) > 0 && shape[0] == Rows {
		g.Fail(fmt.Errorf("weight %s: shape %v is not fixed and positive", name, t.Shape))
	}
	g.weights[name] = t
	g.Weights = append(g.Weights, t)
	return t
}

// Apply appends a node and returns its output. Trailing optional inputs may be left out or nil.
func (g *Graph) Apply(op Op, in ...*Tensor) *Tensor {
	if g.err != nil {
		return nil
	}
	shape, err := op.Infer(in)
	if err == nil {
		err = checkShape(shape, g.MaxRows)
	}
	if err == nil {
		err = checkChannels(shape)
	}
	if err != nil {
		g.Fail(fmt.Errorf("graph %s: %s%s: %w", g.Name, op.Name(), weightSuffix(in), err))
		return nil
	}
	g.nextID++
	out := &Tensor{Shape: shape, id: g.nextID}
	g.Nodes = append(g.Nodes, &Node{Op: op, In: in, Out: out})
	return out
}

// Output names a tensor for the caller to read.
func (g *Graph) Output(name string, t *Tensor) {
	if g.err != nil {
		return
	}
	if t == nil || t.Role != RoleActivation {
		g.Fail(fmt.Errorf("graph %s: output %s is not computed by a node", g.Name, name))
		return
	}
	g.checkPort("output", name)
	g.Outputs = append(g.Outputs, Output{name, t})
}

// checkPort reports a name that an input or output has already: ports are bound by name alone.
func (g *Graph) checkPort(what, name string) {
	taken := slices.ContainsFunc(g.Inputs, func(t *Tensor) bool { return t.Name == name }) ||
		slices.ContainsFunc(g.Outputs, func(o Output) bool { return o.Name == name })
	if taken {
		g.Fail(fmt.Errorf("graph %s: %s %s: the name is taken", g.Name, what, name))
	}
}

// weightSuffix names the weight among an operator's inputs, so that an error says which layer it is about.
func weightSuffix(in []*Tensor) string {
	for _, t := range in {
		if t != nil && t.Role == RoleWeight {
			return " (" + t.Name + ")"
		}
	}
	return ""
}

// maxElems bounds a tensor: 2^31 elements, 8 GiB of float32, is beyond any binding of any device we run on.
const maxElems = 1 << 31

// checkShape checks a shape and the elements of a tensor that has it, at the given number of rows.
func checkShape(s Shape, rows int) error {
	if len(s) == 0 {
		return errors.New("shape has no dimensions")
	}
	n := 1
	for i, d := range s {
		if d == Rows && i == 0 {
			d = rows
		}
		if d < 1 || d > maxElems/n {
			return fmt.Errorf("shape %v: dimension %d out of range", s, i)
		}
		n *= d
	}
	return nil
}

// checkChannels reports a shape that is nothing but Rows: devices count an activation's channels before they know the rows.
func checkChannels(s Shape) error {
	if s.Last() == Rows {
		return fmt.Errorf("shape %v has no channels", s)
	}
	return nil
}

// need checks that in has between least and most tensors, with none of the first least absent, and that those at the
// places ints, and no others, are integers.
func need(in []*Tensor, least, most int, ints ...int) error {
	if len(in) < least || len(in) > most {
		return fmt.Errorf("%d inputs, want %d to %d", len(in), least, most)
	}
	for i := range least {
		if in[i] == nil {
			return fmt.Errorf("input %d is missing", i)
		}
	}
	for i, t := range in {
		want := F32
		if slices.Contains(ints, i) {
			want = I32
		}
		if t != nil && t.DType != want {
			return fmt.Errorf("input %d is %v%v, want %v", i, t.DType, t.Shape, want)
		}
	}
	return nil
}

// optional returns in[i], or nil where the list is shorter.
func optional(in []*Tensor, i int) *Tensor {
	if i < len(in) {
		return in[i]
	}
	return nil
}

// wantShape reports a tensor whose shape is not the one its place needs; a nil tensor is an optional one left out.
func wantShape(what string, t *Tensor, want ...int) error {
	if t != nil && !t.Shape.Equal(want) {
		return fmt.Errorf("%s is %v, want %v", what, t.Shape, Shape(want))
	}
	return nil
}

// wantWeight reports a tensor that is not resident where devices need one they can repack.
func wantWeight(what string, t *Tensor) error {
	if t.Role != RoleWeight {
		return fmt.Errorf("%s %v is not a weight", what, t)
	}
	return nil
}

// wantRank reports a tensor with another number of dimensions than its place needs.
func wantRank(what string, t *Tensor, rank int) error {
	if len(t.Shape) != rank {
		return fmt.Errorf("%s is %v, want %d dimensions", what, t.Shape, rank)
	}
	return nil
}

package graph

import (
	"fmt"
	"strings"
)

// Space names the memory an operand lies in.
type Space uint8

// The spaces of a program.
const (
	None        Space = iota // an optional input that is absent
	SpaceInput               // Program.Inputs[Index]
	SpaceWeight              // Program.Weights[Index]
	SpaceArena               // the program's Blocks[Index], at Offset
	SpaceOutput              // Program.Outputs[Index]
)

// Operand is a tensor as an instruction sees it: a place, a shape and a type.
type Operand struct {
	Space    Space
	Index    int // of an input, weight, block or output
	Offset   int // in a block, in elements
	DType    DType
	Shape    Shape
	Encoding Encoding // weights only
}

// Instr is one operator over operands. Operands of an instruction never overlap its output.
type Instr struct {
	Op  Op
	In  []Operand
	Out Operand
}

// Port is an input or output of a program: a buffer the caller binds.
type Port struct {
	Name  string
	DType DType
	Shape Shape
}

// Program is a network laid out for execution: instructions in order over bound inputs and outputs, resident weights,
// and an arena, blocks of memory that hold everything between. It has no pointers into the graph and is never modified,
// so one program may be compiled by several devices.
type Program struct {
	Name    string
	MaxRows int
	Inputs  []Port
	Outputs []Port
	Weights []*Tensor
	Instrs  []Instr
	Blocks  []int // sizes of the arena's blocks, in elements of four bytes
}

// Arena returns the elements of all blocks.
func (p *Program) Arena() int {
	n := 0
	for _, b := range p.Blocks {
		n += b
	}
	return n
}

// Options are the limits of a device that shape a program.
type Options struct {
	Align int // offsets in the arena are multiples of this many elements; 0 means 1
	// Apart gives operands that are alive at once blocks of their own, for devices that bind a block as a whole, to be read or to
	// be written. Otherwise there is one block.
	Apart bool
}

// Compile fuses g, plans its memory and flattens it. g must not be used afterwards.
func Compile(g *Graph, o Options) (*Program, error) {
	if err := Fuse(g); err != nil {
		return nil, err
	}
	p := &Program{Name: g.Name, MaxRows: g.MaxRows, Weights: g.Weights}
	at := map[*Tensor]*Operand{}
	operand := func(t *Tensor, s Space, index int) {
		at[t] = &Operand{Space: s, Index: index, DType: t.DType, Shape: t.Shape, Encoding: t.Encoding}
	}
	for i, t := range g.Inputs {
		p.Inputs = append(p.Inputs, Port{t.Name, t.DType, t.Shape})
		operand(t, SpaceInput, i)
	}
	for i, t := range g.Weights {
		operand(t, SpaceWeight, i)
	}

	root := roots(g)
	for i, out := range g.Outputs {
		r := root[out.Tensor]
		if r.Role != RoleActivation || at[r] != nil {
			return nil, fmt.Errorf("graph %s: output %s shares its memory with %v", g.Name, out.Name, r)
		}
		p.Outputs = append(p.Outputs, Port{out.Name, out.Tensor.DType, out.Tensor.Shape})
		operand(r, SpaceOutput, i)
	}

	spans := map[*Tensor]*span{}
	var order []*span
	for i, n := range g.Nodes {
		for _, t := range n.In {
			if s := spans[root[t]]; s != nil {
				s.last = i
			}
		}
		if r := root[n.Out]; at[r] == nil {
			s := &span{size: r.Shape.Elems(g.MaxRows), first: i, last: i}
			spans[r], order = s, append(order, s)
			operand(r, SpaceArena, 0)
		}
	}
	if o.Apart {
		p.Blocks = planBlocks(order)
	} else if n := planMemory(order, max(o.Align, 1)); n > 0 {
		p.Blocks = []int{n}
	}
	for t, s := range spans {
		at[t].Index, at[t].Offset = s.block, s.offset
	}

	place := func(t *Tensor) Operand {
		if t == nil {
			return Operand{}
		}
		o := *at[root[t]]
		o.Shape = t.Shape
		return o
	}
	for _, n := range g.Nodes {
		if _, ok := n.Op.(Reshape); ok {
			continue
		}
		in := Instr{Op: n.Op, Out: place(n.Out)}
		for _, t := range n.In {
			in.In = append(in.In, place(t))
		}
		p.Instrs = append(p.Instrs, in)
	}
	return p, nil
}

// roots maps each tensor to the one whose memory it is: itself, or the source of the reshape that made it.
func roots(g *Graph) map[*Tensor]*Tensor {
	root := map[*Tensor]*Tensor{}
	for _, list := range [][]*Tensor{g.Inputs, g.Weights} {
		for _, t := range list {
			root[t] = t
		}
	}
	for _, n := range g.Nodes {
		root[n.Out] = n.Out
		if _, ok := n.Op.(Reshape); ok {
			root[n.Out] = root[n.In[0]]
		}
	}
	return root
}

// FLOPs returns the multiplications and additions of one run over rows, counted apart: those of convolutions, linear
// layers and attention, which are nearly all.
func (p *Program) FLOPs(rows int) int64 {
	var n int64
	for _, in := range p.Instrs {
		n += in.FLOPs(rows)
	}
	return n
}

// FLOPs returns the instruction's multiplications and additions, counted apart; 0 for operators that only move or map.
func (in Instr) FLOPs(rows int) int64 {
	switch in.Op.(type) {
	case Conv2D, Linear:
		w := in.In[InW].Shape
		return 2 * int64(in.Out.Shape.Elems(rows)) * int64(w.Elems(rows)/w[0])
	case Attention:
		return 4 * int64(in.Out.Shape.Elems(rows)) * int64(in.In[1].Shape[1])
	}
	return 0
}

// String prints the program as text, one instruction a line: the form that golden tests and -debug output use.
func (p *Program) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "program %s rows<=%d arena=%d\n", p.Name, p.MaxRows, p.Arena())
	for _, t := range p.Inputs {
		fmt.Fprintf(&b, "input %s %v%v\n", t.Name, t.DType, t.Shape)
	}
	for _, t := range p.Outputs {
		fmt.Fprintf(&b, "output %s %v%v\n", t.Name, t.DType, t.Shape)
	}
	for _, t := range p.Weights {
		fmt.Fprintf(&b, "weight %s %v%v\n", t.Name, t.Encoding, t.Shape)
	}
	for _, in := range p.Instrs {
		fmt.Fprintf(&b, "%s%v = %s", p.operand(in.Out), in.Out.Shape, in.Op.Name())
		if attrs := in.Op.Attrs(); attrs != "" {
			b.WriteString(" " + attrs)
		}
		b.WriteByte('(')
		for i, o := range in.In {
			if i > 0 {
				b.WriteString(", ")
			}
			b.WriteString(p.operand(o))
		}
		b.WriteString(")\n")
	}
	return b.String()
}

func (p *Program) operand(o Operand) string {
	switch o.Space {
	case SpaceInput:
		return p.Inputs[o.Index].Name
	case SpaceWeight:
		return p.Weights[o.Index].Name
	case SpaceOutput:
		return p.Outputs[o.Index].Name
	case SpaceArena:
		if len(p.Blocks) > 1 {
			return fmt.Sprintf("#%d", o.Index)
		}
		return fmt.Sprintf("@%d", o.Offset)
	}
	return "-"
}

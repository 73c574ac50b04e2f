package graph

import "fmt"

// An absorber can do its consumer's work at the end of its own: absorb returns the node that does both, or nil.
type absorber interface {
	absorb(self, next *Node) *Node
}

// A puller can do its producer's work while it loads: pull returns the node that does both, or nil.
type puller interface {
	pull(self, prev *Node) *Node
}

// Fuse rewrites the graph until no operator can take in a neighbour, and verifies it after each sweep. Only a tensor with a
// single reader is fused away, so no work is done twice.
func Fuse(g *Graph) error {
	if g.err != nil {
		return g.err
	}
	for sweep := 0; ; sweep++ {
		changed := fuseSweep(g)
		if err := Verify(g); err != nil {
			return fmt.Errorf("after fusion sweep %d: %w", sweep, err)
		}
		if !changed {
			return nil
		}
	}
}

func fuseSweep(g *Graph) bool {
	uses := map[*Tensor]int{}
	for _, n := range g.Nodes {
		for _, t := range n.In {
			uses[t]++
		}
	}
	for _, o := range g.Outputs {
		uses[o.Tensor]++
	}
	producer := map[*Tensor]int{} // index into kept
	kept := make([]*Node, 0, len(g.Nodes))
	changed := false
	for _, n := range g.Nodes {
		for _, t := range n.In {
			i, ok := producer[t]
			if !ok || uses[t] != 1 || kept[i] == nil {
				continue
			}
			if fused := merge(kept[i], n); fused != nil {
				kept[i], n, changed = nil, fused, true
				break
			}
		}
		producer[n.Out] = len(kept)
		kept = append(kept, n)
	}
	g.Nodes = g.Nodes[:0]
	for _, n := range kept {
		if n != nil {
			g.Nodes = append(g.Nodes, n)
		}
	}
	return changed
}

func merge(prev, next *Node) *Node {
	if op, ok := prev.Op.(absorber); ok {
		if n := op.absorb(prev, next); n != nil {
			return n
		}
	}
	if op, ok := next.Op.(puller); ok {
		return op.pull(next, prev)
	}
	return nil
}

// Verify checks what every pass must leave true: each tensor is computed once and before its use, and its shape is the
// one its operator infers.
func Verify(g *Graph) error {
	if g.err != nil {
		return g.err
	}
	known := map[*Tensor]bool{}
	for _, list := range [][]*Tensor{g.Inputs, g.Weights} {
		for _, t := range list {
			known[t] = true
		}
	}
	for i, n := range g.Nodes {
		for j, t := range n.In {
			if t != nil && !known[t] {
				return fmt.Errorf("graph %s: node %d (%s): input %d, %v, is used before it is computed", g.Name, i, n.Op.Name(), j, t)
			}
		}
		shape, err := n.Op.Infer(n.In)
		if err != nil {
			return fmt.Errorf("graph %s: node %d (%s): %w", g.Name, i, n.Op.Name(), err)
		}
		if !shape.Equal(n.Out.Shape) {
			return fmt.Errorf("graph %s: node %d (%s): output is %v, its operator gives %v", g.Name, i, n.Op.Name(), n.Out.Shape, shape)
		}
		if known[n.Out] {
			return fmt.Errorf("graph %s: node %d (%s): %v is computed twice", g.Name, i, n.Op.Name(), n.Out)
		}
		known[n.Out] = true
	}
	for _, o := range g.Outputs {
		if !known[o.Tensor] {
			return fmt.Errorf("graph %s: output %s is never computed", g.Name, o.Name)
		}
	}
	return nil
}

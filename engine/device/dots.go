package device

import "fmt"

// Dots sums products over each picture's elements: slot First + i of picture k becomes the i-th pair's sum over its Len
// elements. Sums are in f32 or better, along a tree, with a relative error of Σ|product| below 1e-5.
type Dots struct {
	Pictures int
	Len      int     // elements of each view
	Dst      Scalars // in a buffer that holds none of the pairs' views
	First    int     // the slot of the first pair's sum
	Pairs    []Pair
}

// Pair is the sum Σ (A − MinusA)·(B − MinusB). The zero Batch stands for zeros as MinusA or MinusB, so that plain products
// leave them out, and for ones as B, so that Pair{A: x} is the sum of x. Differences are formed element by element: the
// product of two guidance directions loses nothing to their common part, as the four products of their scores would.
type Pair struct {
	A, B           Batch
	MinusA, MinusB Batch
}

// Check reports what is wrong with the operation on a device that owns certain buffers.
func (o Dots) Check(owner Owner) error {
	if err := checkSize(o.Pictures, o.Len); err != nil {
		return err
	}
	if err := o.Dst.check(owner, o.Pictures); err != nil {
		return fmt.Errorf("result: %w", err)
	}
	if o.First < 0 || len(o.Pairs) > maxCount || o.First > o.Dst.Slots-len(o.Pairs) {
		return fmt.Errorf("result: %d pairs from slot %d of %d", len(o.Pairs), o.First, o.Dst.Slots)
	}
	for i, p := range o.Pairs {
		for part, v := range p.Views() {
			if v.Buffer == nil && part > 0 && !(part == 2 && p.MinusB.Buffer != nil) {
				continue
			}
			if err := v.check(owner, o.Pictures, o.Len); err != nil {
				return fmt.Errorf("pair %d: %w", i, err)
			}
			if v.Buffer == o.Dst.Buffer {
				return fmt.Errorf("pair %d: a view in the buffer of the result", i)
			}
		}
	}
	return nil
}

// Views returns A, MinusA, B and MinusB.
func (p Pair) Views() [4]Batch { return [4]Batch{p.A, p.MinusA, p.B, p.MinusB} }

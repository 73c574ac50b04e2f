package device

import "fmt"

// Batch is a run of elements of a buffer for each picture of a batch: picture k's begins at Offset + k·Stride, and the
// operation says how long it is. With Stride 0 all pictures share one.
type Batch struct {
	Buffer Buffer
	Offset int
	Stride int
}

// Scalars are float32 numbers in a buffer, Slots of them for each picture: slot s of picture k is element
// Offset + k·Slots + s. Dots, Eval and Resample leave their results there, Mix and Eval take them from there; so nothing
// is read back between them.
type Scalars struct {
	Buffer Buffer
	Offset int
	Slots  int
}

// batch is all that the pictures have.
func (s Scalars) batch() Batch { return Batch{s.Buffer, s.Offset, s.Slots} }

// Slot names a slot of Scalars where an operation can do without: the zero Slot is none, At(i) is slot i.
type Slot int

// At names slot i.
func At(i int) Slot { return Slot(i + 1) }

// Index returns the number of the slot, -1 for none.
func (s Slot) Index() int { return int(s) - 1 }

// An Owner reports why a buffer can't be used: it is another device's, or closed.
type Owner func(Buffer) error

// maxCount bounds the pictures of an operation and the pairs of Dots: the workgroups that every GPU has in a dimension.
const maxCount = 1<<16 - 1

// checkSize checks the number of pictures and the elements of each.
func checkSize(pictures, n int) error {
	if pictures < 1 || pictures > maxCount || n < 0 {
		return fmt.Errorf("%d pictures of %d elements, want 1 to %d of 0 or more", pictures, n, maxCount)
	}
	return nil
}

// check checks that the views of n elements lie in the buffer.
func (b Batch) check(owner Owner, pictures, n int) error {
	if err := owner(b.Buffer); err != nil {
		return err
	}
	room := b.Buffer.Len() - n
	if b.Offset < 0 || b.Stride < 0 || b.Offset > room || pictures > 1 && b.Stride > (room-b.Offset)/(pictures-1) {
		return fmt.Errorf("%d times %d elements from %d, %d apart, are outside a buffer of %d", pictures, n, b.Offset, b.Stride, b.Buffer.Len())
	}
	return nil
}

// checkResult is check for what an operation writes: views of different pictures have no element in common.
func (b Batch) checkResult(owner Owner, pictures, n int) error {
	if err := b.check(owner, pictures, n); err != nil {
		return err
	}
	if pictures > 1 && b.Stride < n {
		return fmt.Errorf("the pictures' %d elements are %d apart and overlap", n, b.Stride)
	}
	return nil
}

// check checks the slots of all pictures.
func (s Scalars) check(owner Owner, pictures int) error {
	if s.Slots < 0 {
		return fmt.Errorf("%d slots", s.Slots)
	}
	return s.batch().check(owner, pictures, s.Slots)
}

// slot checks that there is slot i.
func (s Scalars) slot(i int) error {
	if i < 0 || i >= s.Slots {
		return fmt.Errorf("slot %d of %d", i, s.Slots)
	}
	return nil
}

// overlaps reports whether any of as views of n elements has one in common with any of bs views of m.
func overlaps(a Batch, as, n int, b Batch, bs, m int) bool {
	if a.Buffer != b.Buffer {
		return false
	}
	end := func(v Batch, pictures, n int) int { return v.Offset + (pictures-1)*v.Stride + n }
	if a.Offset >= end(b, bs, m) || b.Offset >= end(a, as, n) {
		return false
	}
	for i := range as {
		from := a.Offset + i*a.Stride
		// The first of b's views that does not end before a's begins is the only one to look at.
		j := 0
		if ends := b.Offset + m; ends <= from && b.Stride > 0 {
			j = (from-ends)/b.Stride + 1
		}
		if to := b.Offset + j*b.Stride; j < bs && to+m > from && to < from+n {
			return true
		}
	}
	return false
}

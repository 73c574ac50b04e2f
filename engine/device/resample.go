package device

import "fmt"

// Resample draws as many pictures as there are by their weights, systematically (Douc, Cappé and Moulines 2005, section
// 2.4): with W the weights over their mean, picture i gets the first j for which W_0 + … + W_j > i + u. So picture j is
// drawn ⌊W_j⌋ or ⌈W_j⌉ times, and where all weights are equal each picture is drawn once, in order. A Mix with Row then
// copies what was drawn.
type Resample struct {
	Pictures int
	Scalars  Scalars
	Weight   int // the slot of each picture's log-weight, a finite number, of whatever level
	Uniform  int // the slot of u, in [0, 1); picture 0's counts
	Row      int // the slot that becomes j; none of the others
}

// Check reports what is wrong with the operation on a device that owns certain buffers.
func (r Resample) Check(owner Owner) error {
	if err := checkSize(r.Pictures, r.Scalars.Slots); err != nil {
		return err
	}
	if err := r.Scalars.check(owner, r.Pictures); err != nil {
		return fmt.Errorf("scalars: %w", err)
	}
	for _, i := range []int{r.Weight, r.Uniform, r.Row} {
		if err := r.Scalars.slot(i); err != nil {
			return err
		}
	}
	if r.Row == r.Weight || r.Row == r.Uniform {
		return fmt.Errorf("slot %d is read and written", r.Row)
	}
	return nil
}

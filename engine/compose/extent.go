package compose

import "cmp"

// Region is a box of the picture in fractions of its sides, x to the right and y
// downwards: 0 ≤ X0 < X1 ≤ 1, and so for y. A direction counts inside it only.
type Region struct {
	X0 float64 `json:"x0"`
	X1 float64 `json:"x1"`
	Y0 float64 `json:"y0"`
	Y1 float64 `json:"y1"`
}

// Range is a part of the run in fractions of its steps: 0 ≤ From < To ≤ 1.
type Range struct {
	From float64 `json:"from"`
	To   float64 `json:"to"`
}

var (
	wholePicture = Region{0, 1, 0, 1}
	wholeRun     = Range{0, 1}
)

// Whole reports whether the region is all of the picture, which is no region.
func (r Region) Whole() bool { return r == wholePicture }

// Whole reports whether the range is all of the run, which is no range.
func (r Range) Whole() bool { return r == wholeRun }

// Holds reports whether the step of that number, from 0, lies in the range when
// there are so many: 0-0.4 of 10 steps are the first four.
func (r Range) Holds(step, steps int) bool { return r.holds(float64(step) / float64(steps)) }

func (r Range) holds(t float64) bool { return r.From <= t && t < r.To }

func (r Region) String() string {
	return "@(" + formatNumber(r.X0) + "-" + formatNumber(r.X1) + ", " + formatNumber(r.Y0) + "-" + formatNumber(r.Y1) + ")"
}

func (r Range) String() string { return "@" + formatNumber(r.From) + "-" + formatNumber(r.To) }

// intersect returns what two regions share, and whether that is anything.
func (r Region) intersect(s Region) (Region, bool) {
	both := Region{max(r.X0, s.X0), min(r.X1, s.X1), max(r.Y0, s.Y0), min(r.Y1, s.Y1)}
	return both, both.X0 < both.X1 && both.Y0 < both.Y1
}

func (r Range) intersect(s Range) (Range, bool) {
	both := Range{max(r.From, s.From), min(r.To, s.To)}
	return both, both.From < both.To
}

func (r Region) compare(s Region) int {
	return cmp.Or(cmp.Compare(r.X0, s.X0), cmp.Compare(r.X1, s.X1), cmp.Compare(r.Y0, s.Y0), cmp.Compare(r.Y1, s.Y1))
}

func (r Range) compare(s Range) int {
	return cmp.Or(cmp.Compare(r.From, s.From), cmp.Compare(r.To, s.To))
}

// Extent is where in the picture and when in the run an operand holds; nil is
// everywhere, or always.
type Extent struct {
	Region *Region
	Range  *Range
}

// narrow makes e what it shares with f. [Parse] has seen to it that they share
// something.
func (e *Extent) narrow(f Extent) {
	if f.Region != nil {
		if e.Region != nil {
			both, _ := e.Region.intersect(*f.Region)
			f.Region = &both
		}
		e.Region = f.Region
	}
	if f.Range != nil {
		if e.Range != nil {
			both, _ := e.Range.intersect(*f.Range)
			f.Range = &both
		}
		e.Range = f.Range
	}
}

// within returns what e shares with the extent of a group around it.
func (e Extent) within(group Extent) Extent {
	e.narrow(group)
	return e
}

// region and span have a value for everywhere and always.
func (e Extent) region() Region {
	if e.Region == nil {
		return wholePicture
	}
	return *e.Region
}

func (e Extent) span() Range {
	if e.Range == nil {
		return wholeRun
	}
	return *e.Range
}

package engine

import "github.com/counterpoint/counterpoint/engine/operator"

// candidates is how many pictures are made for each that is kept.
func (r *Request) candidates() int { return max(r.BestOf, 1) }

// keep chooses, among each picture's candidates, the one whose weakest term holds most clearly, the first of equals
// (CompLift's rule where it rejects all of them). It returns their numbers among the seeds.
func (p *plan) keep(lifts [][]operator.Lift) []int {
	n := p.request.candidates()
	var kept []int
	for first := 0; first < len(p.seeds); first += n {
		best := first
		for k := first + 1; k < first+n; k++ {
			if margin(p.composition.Root, lifts[k]) > margin(p.composition.Root, lifts[best]) {
				best = k
			}
		}
		kept = append(kept, best)
	}
	return kept
}

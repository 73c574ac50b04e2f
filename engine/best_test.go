package engine

import (
	"bytes"
	"testing"
)

// weakest is the least score of a picture's terms.
func weakest(r *Result, p Picture) float64 {
	least := 1e9
	for _, l := range p.Lifts {
		score := l.Score
		if r.Rows[l.Row].Coef < 0 {
			score = -score
		}
		least = min(least, score)
	}
	return least
}

// TestBestOf keeps the candidate whose weakest term is strongest, of seeds that follow each other, and that candidate's
// seed makes it alone.
func TestBestOf(t *testing.T) {
	e := openTiny(t)
	r := small("a red cube AND a blue sphere AND NOT the sand")
	r.Batch, r.BestOf = 2, 3
	best := generate(t, e, r)
	all := r
	all.Batch, all.BestOf, all.Verify = 6, 0, VerifyCached
	candidates := generate(t, e, all)
	if best.Request.Verify != VerifyCached || len(best.Pictures) != 2 {
		t.Fatalf("%d pictures, verified %q", len(best.Pictures), best.Request.Verify)
	}
	for i, p := range best.Pictures {
		want := candidates.Pictures[3*i]
		for _, other := range candidates.Pictures[3*i+1 : 3*i+3] {
			if weakest(candidates, other) > weakest(candidates, want) {
				want = other
			}
		}
		if p.Seed != want.Seed || !bytes.Equal(p.Image.Pix, want.Image.Pix) {
			t.Errorf("picture %d is of seed %d, want the best, of %d", i, p.Seed, want.Seed)
		}
		alone := small(r.Prompt)
		alone.Seed = p.Seed
		if !bytes.Equal(p.Image.Pix, pixels(t, e, alone)) {
			t.Errorf("seed %d alone makes another picture", p.Seed)
		}
	}
}

// TestVerificationEvaluations counts what looking again and candidates cost.
func TestVerificationEvaluations(t *testing.T) {
	e := openTiny(t)
	r := small("a red cube AND a blue sphere")
	for _, c := range []struct {
		verify Verification
		best   int
		want   int
	}{
		{"", 0, 9},
		{VerifyCached, 0, 9},
		{VerifyFresh, 0, 9 + 3*verifyLevels},
		{"", 4, 4 * 9},
		{VerifyFresh, 4, 4 * (9 + 3*verifyLevels)},
	} {
		r.Verify, r.BestOf = c.verify, c.best
		x, err := e.Explain(r)
		must(t, err)
		if x.Evaluations != c.want {
			t.Errorf("verify %q, best of %d: %d evaluations, want %d", c.verify, c.best, x.Evaluations, c.want)
		}
	}
}

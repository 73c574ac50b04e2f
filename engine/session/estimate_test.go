package session

import (
	"testing"
	"time"
)

// TestEstimate follows runs whose times are known; from the second step on the estimate is within 25% of what comes.
func TestEstimate(t *testing.T) {
	const ms = time.Millisecond
	for name, c := range map[string]struct {
		steps   func(i int) time.Duration
		n       int
		picture time.Duration
		known   time.Duration // from an earlier generation
	}{
		"even":                    {func(int) time.Duration { return 100 * ms }, 20, 100 * ms, 0},
		"first step prepares":     {func(i int) time.Duration { return []time.Duration{2000 * ms, 100 * ms}[min(i, 1)] }, 20, 80 * ms, 0},
		"every fourth step waits": {func(i int) time.Duration { return []time.Duration{100, 105, 95, 140}[i%4] * ms }, 24, 60 * ms, 0},
		"decoding is long":        {func(int) time.Duration { return 10 * ms }, 8, 900 * ms, 900 * ms},
		"decoding is short":       {func(int) time.Duration { return 50 * ms }, 20, ms, 0},
	} {
		e := estimator{picture: c.known}
		now := time.Unix(0, 0)
		var end time.Duration
		for i := range c.n {
			end += c.steps(i)
		}
		end += c.picture
		start := now
		e.begin(now)
		if _, ok := e.left(float64(c.n), 1); ok {
			t.Errorf("%s: an estimate before the first step", name)
		}
		for i := range c.n {
			now = now.Add(c.steps(i))
			e.stepped(now, 1)
			left, ok := e.left(float64(c.n-i-1), 1)
			if ok != (i > 0) {
				t.Errorf("%s: step %d: estimate is there: %t", name, i+1, ok)
			}
			rest := end - now.Sub(start)
			if i < c.n/2 && ok && (left < rest*3/4 || left > rest*5/4) {
				t.Errorf("%s: step %d: %v left, want %v", name, i+1, left, rest)
			}
		}
		e.decoded(now.Add(c.picture))
		if left, ok := e.left(0, 2); !ok || left != 2*c.picture {
			t.Errorf("%s: two more pictures in %v, want %v", name, left, 2*c.picture)
		}
	}
	var one estimator // a model of one step
	one.begin(time.Unix(0, 0))
	one.stepped(time.Unix(3, 0), 1)
	if left, ok := one.left(0, 1); !ok || left != 3*time.Second {
		t.Errorf("after the only step %v, %t", left, ok)
	}
	var two estimator // a smaller picture first, of a quarter of the work a step
	two.begin(time.Unix(0, 0))
	for i := range int64(4) {
		two.stepped(time.Unix(2*i+2, 0), 0.25)
	}
	if left, ok := two.left(3, 0); !ok || left != 24*time.Second {
		t.Errorf("after steps of a quarter %v, %t", left, ok)
	}
}

package kernel

import (
	"strings"
	"sync/atomic"
	"testing"
)

func TestDetect(t *testing.T) {
	t.Setenv(LevelVariable, "")
	fastest, err := Detect()
	if err != nil {
		t.Fatal(err)
	}
	list := Supported()
	if list[0] != Portable || fastest != list[len(list)-1] {
		t.Errorf("detected %v among %v", fastest, list)
	}
	for _, want := range list {
		t.Setenv(LevelVariable, want.String())
		if got, err := Detect(); err != nil || got != want {
			t.Errorf("%s=%v gives %v, %v", LevelVariable, want, got, err)
		}
	}
	t.Setenv(LevelVariable, "sse9")
	if _, err := Detect(); err == nil || !strings.Contains(err.Error(), `unknown level "sse9"`) || !strings.Contains(err.Error(), LevelVariable) {
		t.Errorf("unknown level: %v", err)
	}
}

// TestUnsupported hides a level, as on a machine without it.
func TestUnsupported(t *testing.T) {
	hidden := tables[AVX512]
	tables[AVX512] = nil
	defer func() { tables[AVX512] = hidden }()
	t.Setenv(LevelVariable, "avx512")
	if _, err := Detect(); err == nil || !strings.Contains(err.Error(), "can't run level avx512") {
		t.Errorf("Detect: %v", err)
	}
	if _, err := For(AVX512); err == nil {
		t.Error("For: no error")
	}
	if _, err := For(levels); err == nil {
		t.Error("For beyond the last level: no error")
	}
}

func TestLevelText(t *testing.T) {
	for l := range levels {
		text, err := l.MarshalText()
		if err != nil {
			t.Fatal(err)
		}
		var back Level
		if err := back.UnmarshalText(text); err != nil || back != l {
			t.Errorf("%s reads as %v, %v", text, back, err)
		}
	}
	if _, err := levels.MarshalText(); err == nil {
		t.Error("a level beyond the last has a text")
	}
}

func TestPool(t *testing.T) {
	for _, workers := range []int{0, 1, 2, 5} {
		pool := NewPool(workers)
		for _, n := range []int{0, 1, 2, 3, 100} {
			counts := make([]atomic.Int32, n)
			busy := make([]atomic.Int32, pool.Workers())
			pool.Do(n, func(worker, task int) {
				if busy[worker].Add(1) != 1 {
					t.Errorf("worker %d runs two tasks at once", worker)
				}
				counts[task].Add(1)
				busy[worker].Add(-1)
			})
			for i := range counts {
				if c := counts[i].Load(); c != 1 {
					t.Errorf("%d workers, task %d of %d ran %d times", workers, i, n, c)
				}
			}
		}
		pool.Close()
	}
}

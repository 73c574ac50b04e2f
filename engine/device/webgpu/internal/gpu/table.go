package gpu

import "iter"

// Table names values by small integers from 1; names of removed values are given again.
type Table[T any] struct {
	values []T
	used   []bool
	free   []uint32
}

// Add gives v a name.
func (t *Table[T]) Add(v T) uint32 {
	if n := len(t.free); n > 0 {
		name := t.free[n-1]
		t.free = t.free[:n-1]
		t.values[name-1], t.used[name-1] = v, true
		return name
	}
	t.values, t.used = append(t.values, v), append(t.used, true)
	return uint32(len(t.values))
}

// Get returns the value of a name that Add gave; it panics on others.
func (t *Table[T]) Get(name uint32) T { return t.values[name-1] }

// Remove frees a name and returns its value.
func (t *Table[T]) Remove(name uint32) T {
	var zero T
	v := t.values[name-1]
	t.values[name-1], t.used[name-1] = zero, false
	t.free = append(t.free, name)
	return v
}

// All lists the values there are.
func (t *Table[T]) All() iter.Seq[T] {
	return func(yield func(T) bool) {
		for i, v := range t.values {
			if t.used[i] && !yield(v) {
				return
			}
		}
	}
}

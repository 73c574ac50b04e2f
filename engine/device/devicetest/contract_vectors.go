package devicetest

import (
	"errors"
	"testing"

	"github.com/counterpoint/counterpoint/engine/device"
)

// contractVectors checks what operations on views and scalars refuse, one defect at a time, and that nothing is refused
// without one.
func contractVectors(t *testing.T, d device.Device) {
	a, b, s := must[device.Buffer](t)(d.NewBuffer(24)), must[device.Buffer](t)(d.NewBuffer(24)), must[device.Buffer](t)(d.NewBuffer(24))
	view := func(b device.Buffer, offset, stride int) device.Batch {
		return device.Batch{Buffer: b, Offset: offset, Stride: stride}
	}
	scalars := device.Scalars{Buffer: s, Slots: 3}
	mix := func() device.Mix { // of 3 pictures, 6 elements each
		return device.Mix{Pictures: 3, Len: 6, Dst: view(a, 0, 6), Scalars: scalars, Channels: 2,
			Terms: []device.MixTerm{{Of: view(b, 0, 6), Coef: 1, Factor: device.At(2), Mask: view(b, 3, 3)}}}
	}
	for _, tt := range []struct {
		what  string
		spoil func(m *device.Mix, term *device.MixTerm)
	}{
		{"no pictures", func(m *device.Mix, _ *device.MixTerm) { m.Pictures = 0 }},
		{"too many pictures", func(m *device.Mix, _ *device.MixTerm) { m.Pictures = 1 << 16 }},
		{"a negative length", func(m *device.Mix, _ *device.MixTerm) { m.Len = -6 }},
		{"no result", func(m *device.Mix, _ *device.MixTerm) { m.Dst.Buffer = nil }},
		{"a result of another device", func(m *device.Mix, _ *device.MixTerm) { m.Dst.Buffer = foreignBuffer{} }},
		{"a result beyond its buffer", func(m *device.Mix, _ *device.MixTerm) { m.Dst.Offset = 7 }},
		{"a result before its buffer", func(m *device.Mix, _ *device.MixTerm) { m.Dst.Offset = -1 }},
		{"results that overlap each other", func(m *device.Mix, _ *device.MixTerm) { m.Dst.Stride = 5 }},
		{"a negative stride", func(m *device.Mix, _ *device.MixTerm) { m.Dst = view(a, 18, -6) }},
		{"a stride that overflows", func(m *device.Mix, _ *device.MixTerm) { m.Dst.Stride = 1 << 62 }},
		{"no term's buffer", func(_ *device.Mix, t *device.MixTerm) { t.Of.Buffer = nil }},
		{"a term of another device", func(_ *device.Mix, t *device.MixTerm) { t.Of.Buffer = foreignBuffer{} }},
		{"a term beyond its buffer", func(_ *device.Mix, t *device.MixTerm) { t.Of.Stride = 10 }},
		{"a term that overlaps the result in part", func(_ *device.Mix, t *device.MixTerm) { t.Of = view(a, 1, 6) }},
		{"a term that is the result of another picture", func(_ *device.Mix, t *device.MixTerm) { t.Of = view(a, 6, 6) }},
		{"a slot beyond the last", func(_ *device.Mix, t *device.MixTerm) { t.Factor = device.At(3) }},
		{"a negative slot", func(_ *device.Mix, t *device.MixTerm) { t.Factor = device.At(-2) }},
		{"a factor without scalars", func(m *device.Mix, _ *device.MixTerm) { m.Scalars = device.Scalars{} }},
		{"scalars beyond their buffer", func(m *device.Mix, _ *device.MixTerm) { m.Scalars.Slots = 9 }},
		{"a negative number of slots", func(m *device.Mix, _ *device.MixTerm) { m.Scalars.Slots = -1 }},
		{"scalars in the result's buffer", func(m *device.Mix, _ *device.MixTerm) { m.Scalars.Buffer = a }},
		{"a row without rows", func(_ *device.Mix, t *device.MixTerm) { t.Row = device.At(0) }},
		{"more rows than there are", func(_ *device.Mix, t *device.MixTerm) { t.Row, t.Rows = device.At(0), 5 }},
		{"a row's slot beyond the last", func(_ *device.Mix, t *device.MixTerm) { t.Row, t.Rows = device.At(3), 3 }},
		{"a row of the result", func(_ *device.Mix, t *device.MixTerm) { t.Of, t.Row, t.Rows = view(a, 0, 6), device.At(0), 3 }},
		{"a mask without channels", func(m *device.Mix, _ *device.MixTerm) { m.Channels = 0 }},
		{"channels that do not divide", func(m *device.Mix, _ *device.MixTerm) { m.Channels = 4 }},
		{"a mask beyond its buffer", func(_ *device.Mix, t *device.MixTerm) { t.Mask = view(b, 16, 3) }},
		{"a mask that overlaps the result", func(_ *device.Mix, t *device.MixTerm) { t.Mask = view(a, 0, 6) }},
	} {
		m := mix()
		tt.spoil(&m, &m.Terms[0])
		if d.Mix(m) == nil {
			t.Errorf("mix with %s is not refused", tt.what)
		}
	}
	for _, term := range []device.MixTerm{
		{Of: view(a, 0, 6)}, {Of: view(b, 18, 0), Row: device.At(1), Rows: 1}, {Of: view(b, 0, 6), Row: device.At(1), Rows: 4}, {Of: view(a, 18, 0), Mask: view(a, 21, 0)},
	} {
		m := mix()
		m.Terms = append(m.Terms, term)
		if err := d.Mix(m); err != nil {
			t.Errorf("mix with %+v: %v", term, err)
		}
	}

	dots := func() device.Dots {
		return device.Dots{Pictures: 3, Len: 6, Dst: scalars, First: 1, Pairs: []device.Pair{{A: view(a, 0, 6), B: view(b, 6, 6), MinusB: view(a, 1, 0)}, {A: view(b, 0, 0)}}}
	}
	for _, tt := range []struct {
		what  string
		spoil func(o *device.Dots)
	}{
		{"no pictures", func(o *device.Dots) { o.Pictures = 0 }},
		{"a negative length", func(o *device.Dots) { o.Len = -1 }},
		{"sums beyond the slots", func(o *device.Dots) { o.First = 2 }},
		{"sums before the slots", func(o *device.Dots) { o.First = -1 }},
		{"scalars beyond their buffer", func(o *device.Dots) { o.Dst.Offset = 16 }},
		{"no scalars", func(o *device.Dots) { o.Dst.Buffer = nil }},
		{"no first factor", func(o *device.Dots) { o.Pairs[0].A = device.Batch{} }},
		{"something taken from ones", func(o *device.Dots) { o.Pairs[0].B = device.Batch{} }},
		{"a view beyond its buffer", func(o *device.Dots) { o.Pairs[0].B.Stride = 7 }},
		{"a difference beyond its buffer", func(o *device.Dots) { o.Pairs[0].MinusB.Offset = 19 }},
		{"a view of another device", func(o *device.Dots) { o.Pairs[1].A.Buffer = foreignBuffer{} }},
		{"a view in the result's buffer", func(o *device.Dots) { o.Pairs[1].A = view(s, 12, 0) }},
	} {
		o := dots()
		tt.spoil(&o)
		if d.Dots(o) == nil {
			t.Errorf("dots with %s are not refused", tt.what)
		}
	}

	var e device.Expr
	e.Store(2, e.Load(0))
	program := must[*device.Program](t)(e.Program())
	eval := device.Eval{Pictures: 3, Scalars: scalars, Program: program}
	draw := device.Resample{Pictures: 3, Scalars: scalars, Weight: 0, Uniform: 1, Row: 2}
	for _, tt := range []struct {
		what string
		err  error
	}{
		{"eval of no pictures", d.Eval(device.Eval{Scalars: scalars, Program: program})},
		{"eval without a program", d.Eval(device.Eval{Pictures: 3, Scalars: scalars})},
		{"eval of a program with more slots", d.Eval(device.Eval{Pictures: 3, Scalars: device.Scalars{Buffer: s, Slots: 2}, Program: program})},
		{"eval of more pictures than there are", d.Eval(device.Eval{Pictures: 9, Scalars: scalars, Program: program})},
		{"eval in another device's buffer", d.Eval(device.Eval{Pictures: 3, Scalars: device.Scalars{Buffer: foreignBuffer{}, Slots: 3}, Program: program})},
		{"resample of no pictures", d.Resample(device.Resample{Scalars: scalars, Uniform: 1, Row: 2})},
		{"resample beyond the slots", d.Resample(device.Resample{Pictures: 3, Scalars: scalars, Weight: 3, Uniform: 1, Row: 2})},
		{"resample before the slots", d.Resample(device.Resample{Pictures: 3, Scalars: scalars, Uniform: -1, Row: 2})},
		{"resample over its weights", d.Resample(device.Resample{Pictures: 3, Scalars: scalars, Uniform: 1})},
		{"resample over its uniform", d.Resample(device.Resample{Pictures: 3, Scalars: scalars, Uniform: 1, Row: 1})},
		{"resample of more pictures than there are", d.Resample(device.Resample{Pictures: 9, Scalars: scalars, Uniform: 1, Row: 2})},
	} {
		if tt.err == nil {
			t.Errorf("%s is not refused", tt.what)
		}
	}
	all := func() []error { return []error{d.Mix(mix()), d.Dots(dots()), d.Eval(eval), d.Resample(draw)} }
	if err := errors.Join(all()...); err != nil {
		t.Error(err)
	}
	empty := dots()
	empty.Pairs = nil
	if err := errors.Join(d.Dots(empty), d.Mix(device.Mix{Pictures: 1, Dst: view(a, 24, 0)})); err != nil {
		t.Errorf("nothing to do: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	for _, err := range all() {
		closed(t, "an operation with closed scalars", err)
	}
	shut(t, d)
	for _, err := range all() {
		closed(t, "an operation on a closed device", err)
	}
}

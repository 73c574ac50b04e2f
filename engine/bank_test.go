package engine

import (
	"reflect"
	"testing"

	"github.com/counterpoint/counterpoint/engine/device/cpu/kernel"
	"github.com/counterpoint/counterpoint/engine/device/testdevices"
	"github.com/counterpoint/counterpoint/engine/sample"
)

// TestBankIsTheHostBank makes the same moves, with and without a mask, on a device's bank and on the reference.
func TestBankIsTheHostBank(t *testing.T) {
	const registers, size = 4, 6
	d := testdevices.CPU(t, kernel.Portable, 1)
	b, err := newBank(t.Context(), d, registers, size)
	must(t, err)
	defer b.Close()
	host := sample.NewHostBank(registers, size)
	for r := range sample.Reg(registers) {
		values := make([]float32, size)
		for i := range values {
			values[i] = float32(int(r)*size+i) / 4
			if r == 3 {
				values[i] = []float32{0, 1, 0.5, 0, 1, 0.25}[i]
			}
		}
		must(t, b.Fill(r, values))
		must(t, host.Fill(r, values))
	}
	for _, m := range []sample.Move{
		{Dst: 0, Terms: []sample.Term{{Reg: 1, Coef: 0.5}, {Reg: 2, Coef: -2}}},
		{Dst: 1, Terms: []sample.Term{{Reg: 0, Coef: 2}, {Reg: 1, Coef: 1}}, Mask: 3},
		{Dst: 2, Terms: nil, Mask: 3},
	} {
		must(t, b.Apply(m))
		must(t, host.Apply(m))
		got, want := make([]float32, size), make([]float32, size)
		must(t, b.Read(m.Dst, got))
		must(t, host.Read(m.Dst, want))
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%+v: %v, want %v", m, got, want)
		}
	}
}

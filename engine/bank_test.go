package engine

import (
	"math"
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

// TestAcceptIsTheHostBanks makes Metropolis tests of three pictures on a device's bank and on the reference.
func TestAcceptIsTheHostBanks(t *testing.T) {
	const registers, size, pictures = 3, 6, 3
	b, err := newBank(t.Context(), testdevices.CPU(t, kernel.Portable, 1), registers, size)
	must(t, err)
	defer b.Close()
	host := sample.NewHostBank(registers, size)
	for r, values := range [][]float32{{1, 2, 3, 4, 5, 6}, {1, 1, 0.5, 1, 2, 1}, {-1, -2, float32(math.Inf(1)), -4, -5, -6}} {
		must(t, b.Fill(sample.Reg(r), values))
		must(t, host.Fill(sample.Reg(r), values))
	}
	// The logarithms are -0.875, -1 and -3.25, and then -0.125 for the first picture.
	test := &sample.Acceptance{
		Log:  []sample.Product{{A: 1, B: 1, Coef: -0.5}, {A: 0, B: 1, Coef: -0.125}, {A: 1, B: 1, Coef: 0.25}},
		Take: []sample.Take{{Dst: 0, From: 2}},
	}
	for i, want := range [][]float32{{-1, -2, 3, 4, 5, 6}, {-1, -2, 3, 4, -5, -6}} {
		uniforms := [][]float32{{0.3, 0.9, 0.5}, {0.9, 0.9, 0}}[i]
		must(t, b.Accept(test, uniforms))
		must(t, host.Accept(test, uniforms))
		got, reference := make([]float32, size), make([]float32, size)
		must(t, b.Read(0, got))
		must(t, host.Read(0, reference))
		if !reflect.DeepEqual(got, want) || !reflect.DeepEqual(reference, want) {
			t.Errorf("test %d: %v, the reference %v, want %v", i, got, reference, want)
		}
	}
	rate, err := b.acceptance(t.Context())
	must(t, err)
	if want := host.Acceptance(); rate != want {
		t.Errorf("accepted %v, the reference %v", rate, want)
	}
}

package engine

import (
	"image"
	"strings"
	"testing"

	"github.com/counterpoint/counterpoint/engine/device/cpu/kernel"
	"github.com/counterpoint/counterpoint/engine/device/testdevices"
	"github.com/counterpoint/counterpoint/engine/device/webgpu"
	"github.com/counterpoint/counterpoint/weights"
	"github.com/counterpoint/counterpoint/weights/scenes"
)

// TestSamePicture compares pictures of the shipped model on the GPU with the CPU's, one of them begun with a picture and a
// mask: at least 99.5% of the channel values differ by 2 of 255 or less. Variants in f16 are told, not held to it.
func TestSamePicture(t *testing.T) {
	gpu := testdevices.WebGPU(t)
	level, err := kernel.Detect()
	must(t, err)
	plain := Request{Prompt: "a red cube AND a blue sphere", Seed: 1, Steps: 8, Width: 128, Height: 128}
	inpainted := plain
	inpainted.Image, inpainted.Mask, inpainted.Strength = painted(128, 128), boxed(128, 128, image.Rect(20, 30, 90, 100)), 0.8
	onCPU, onGPU := openEngine(t, scenes.Model, testdevices.CPU(t, level, 0)), openEngine(t, scenes.Model, gpu)
	for _, r := range []Request{plain, inpainted} {
		want, got := generate(t, onCPU, r).Pictures[0].Image, generate(t, onGPU, r).Pictures[0].Image
		compareImages(t, gpu, want, got)
	}
}

// compareImages holds a GPU's picture to the CPU's.
func compareImages(t *testing.T, gpu *webgpu.Device, want, got *image.NRGBA) {
	t.Helper()
	share, most := likeness(got.Pix, want.Pix)
	t.Logf("%v: %.3f%% of the values within 2 of 255, the worst %d", gpu.Adapter(), 100*share, most)
	if share < 0.995 && !gpu.Info().Half {
		t.Errorf("%.2f%% of the values are within 2 of 255, want at least 99.5%%", 100*share)
	}
}

// maxDispatches bounds what a step of the shipped model gives the GPU to do: the UNet's instructions, some of which are two
// dispatches, and the combination of scores and the sampler's moves.
const maxDispatches = 160

// TestDispatches checks that a step costs the same number of dispatches however many concepts there are.
func TestDispatches(t *testing.T) {
	d := testdevices.WebGPU(t)
	e := openEngine(t, scenes.Model, d)
	run := func(concepts, steps int) int {
		before := d.Stats().Dispatches
		generate(t, e, Request{Prompt: strings.Repeat("a red cube AND ", concepts-1) + "a blue sphere", Steps: steps, Corrector: NoCorrector, Width: 64, Height: 64})
		return d.Stats().Dispatches - before
	}
	first := 0
	for _, concepts := range []int{1, 2, 4} {
		step := run(concepts, 2) - run(concepts, 1)
		t.Logf("%d concepts: %d dispatches a step", concepts, step)
		if first == 0 {
			first = step
		}
		if step != first || step > maxDispatches {
			t.Errorf("%d concepts: %d dispatches a step, one concept %d, at most %d", concepts, step, first, maxDispatches)
		}
	}
}

// TestPrepare checks that the networks' pipelines are asked for before the first byte of weights, and that pictures of any few
// concepts then want but a handful more, which combine what networks say.
func TestPrepare(t *testing.T) {
	d := testdevices.WebGPU(t)
	before, early := d.Stats().Pipelines, 0
	e, err := Open(t.Context(), scenes.Model, Options{Device: d, Progress: func(done, total int64) {
		if early == 0 {
			early = d.Stats().Pipelines - before
		}
	}})
	must(t, err)
	defer e.Close()
	for _, concepts := range []int{1, 2, 4} {
		generate(t, e, Request{Prompt: strings.Repeat("a red cube AND ", concepts-1) + "a blue sphere", Steps: 1, Corrector: NoCorrector})
		late := d.Stats().Pipelines - before - early
		t.Logf("%d early, %d more for %d concepts", early, late, concepts)
		if early < 20 || late > 6 {
			t.Errorf("%d concepts: %d pipelines compiled early, %d more; want all but a handful early", concepts, early, late)
		}
	}
}

// TestGPUWeightBytes checks that weights stay packed on the GPU.
func TestGPUWeightBytes(t *testing.T) {
	e := openEngine(t, scenes.Model, testdevices.WebGPU(t))
	m, err := weights.Open(scenes.Model)
	must(t, err)
	var packed int64
	for _, s := range m.Manifest().Shards {
		packed += s.RawBytes
	}
	if n := e.WeightBytes(); float64(n) > 1.1*float64(packed) {
		t.Errorf("%d bytes of weights take %d on the GPU, want at most a tenth more", packed, n)
	}
}

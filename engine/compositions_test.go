package engine

import (
	"cmp"
	"encoding/json"
	"os"
	"testing"

	"github.com/counterpoint/counterpoint/engine/device/cpu/kernel"
	"github.com/counterpoint/counterpoint/engine/device/testdevices"
	"github.com/counterpoint/counterpoint/weights/scenes"
)

// compositions are requests that use every operator, sampler and corrector. The browser's test reads them too.
func compositions(t *testing.T) map[string]Request {
	t.Helper()
	data, err := os.ReadFile("testdata/compositions.json")
	must(t, err)
	var list []struct {
		Name string `json:"name"`
		Request
	}
	must(t, json.Unmarshal(data, &list))
	all := map[string]Request{}
	for _, c := range list {
		r := c.Request
		r.Seed, r.Steps, r.Width, r.Height = 1, 3, 64, 64
		r.Corrector = cmp.Or(r.Corrector, NoCorrector) // the model's own has a case to itself
		all[c.Name] = r
	}
	return all
}

// TestCompositionsOnGPU checks that each way to compose and to sample makes the CPU's pictures on a GPU.
func TestCompositionsOnGPU(t *testing.T) {
	gpu := testdevices.WebGPU(t)
	level, err := kernel.Detect()
	must(t, err)
	on, by := openEngine(t, scenes.Model, gpu), openEngine(t, scenes.Model, testdevices.CPU(t, level, 0))
	for name, r := range compositions(t) {
		t.Run(name, func(t *testing.T) {
			want, got := generate(t, by, r).Pictures, generate(t, on, r).Pictures
			for i := range want {
				compareImages(t, gpu, want[i].Image, got[i].Image)
			}
		})
	}
}

// likeness is the share of colour values of two pictures that differ by at most 2 of 255, and the greatest difference.
func likeness(a, b []uint8) (near float64, most int) {
	n := 0
	for i := range a {
		d := max(int(a[i])-int(b[i]), int(b[i])-int(a[i]))
		most = max(most, d)
		if i%4 != 3 && d <= 2 {
			n++
		}
	}
	return float64(n) / float64(len(a)/4*3), most
}

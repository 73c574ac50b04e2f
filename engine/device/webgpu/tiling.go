package webgpu

import (
	"fmt"
	"runtime"
	"slices"

	"github.com/counterpoint/counterpoint/engine/graph"
	"github.com/counterpoint/counterpoint/shaders"
)

// Tile says how product.wgsl divides the positions and outputs of a product.
type Tile struct {
	Positions int  `json:"positions"`        // that an invocation computes
	Outputs   int  `json:"outputs"`          // likewise; a multiple of 4
	Down      int  `json:"down"`             // invocations of a workgroup along the positions
	Across    int  `json:"across"`           // and along the outputs
	Shared    bool `json:"shared,omitempty"` // x and w pass through workgroup memory
	Depth     int  `json:"depth,omitempty"`  // quads of the sum that are there at a time; divides the invocations
}

// String returns "8×16 by 8×1 shared 4": what an invocation computes, by the invocations, and the depth.
func (t Tile) String() string {
	s := fmt.Sprintf("%d×%d by %d×%d", t.Positions, t.Outputs, t.Down, t.Across)
	if t.Shared {
		s += fmt.Sprintf(" shared %d", t.Depth)
	}
	return s
}

// candidate is a tile with the speed it reaches where it divides a product evenly and all of the GPU works, in GFLOP/s or,
// where nothing was measured, by experience and only comparable among its kind.
type candidate struct {
	Tile
	speed [sizeClasses]float64
}

// A sizeClass is a range of sizes of products in which tiles are equally fast.
type sizeClass int

// The classes, by the positions of the product.
const (
	few  sizeClass = iota // the lower levels of a UNet
	many                  // the upper ones of a decoder
	sizeClasses
)

// manyPositions is where the class many begins.
const manyPositions = 4096

func classOf(positions int) sizeClass {
	if positions < manyPositions {
		return few
	}
	return many
}

// softwareTiles are for adapters that compute on the CPU. The speeds are lavapipe's (Mesa 22.3, AVX2 on Zen 4) for a 3×3
// convolution of 3×16×16×128 to 128 with int8 weights, by processor time, as if two cores did nothing else. Lanes of a
// vector are neighbouring positions or, where there are too few of them, outputs.
var softwareTiles = []candidate{
	{Tile{Positions: 8, Outputs: 16, Down: 8, Across: 1}, each(28)},
	{Tile{Positions: 12, Outputs: 12, Down: 8, Across: 1}, each(25)},
	{Tile{Positions: 6, Outputs: 16, Down: 8, Across: 1}, each(25)},
	{Tile{Positions: 4, Outputs: 16, Down: 8, Across: 1}, each(23)},
	{Tile{Positions: 8, Outputs: 8, Down: 8, Across: 1}, each(21)},
	{Tile{Positions: 4, Outputs: 8, Down: 8, Across: 1}, each(17)},
	{Tile{Positions: 16, Outputs: 4, Down: 8, Across: 1}, each(14)},
	{Tile{Positions: 2, Outputs: 16, Down: 8, Across: 1}, each(14)},
	{Tile{Positions: 4, Outputs: 4, Down: 8, Across: 1}, each(12)},
	{Tile{Positions: 4, Outputs: 8, Down: 1, Across: 8}, each(17)},
	{Tile{Positions: 3, Outputs: 8, Down: 1, Across: 8}, each(13)},
	{Tile{Positions: 1, Outputs: 8, Down: 1, Across: 8}, each(7)},
}

// sharedTiles are for GPUs. The speeds are guesses, never measured on one: larger tiles load less for each product. Tune
// replaces them.
var sharedTiles = []candidate{
	{Tile{Positions: 8, Outputs: 8, Down: 16, Across: 8, Shared: true, Depth: 4}, each(10)},
	{Tile{Positions: 8, Outputs: 8, Down: 8, Across: 8, Shared: true, Depth: 4}, each(9.5)},
	{Tile{Positions: 4, Outputs: 8, Down: 16, Across: 8, Shared: true, Depth: 4}, each(9)},
	{Tile{Positions: 4, Outputs: 8, Down: 8, Across: 8, Shared: true, Depth: 8}, each(8)},
	{Tile{Positions: 4, Outputs: 4, Down: 8, Across: 8, Shared: true, Depth: 8}, each(6.5)},
	{Tile{Positions: 4, Outputs: 4, Down: 4, Across: 16, Shared: true, Depth: 8}, each(6)},
	{Tile{Positions: 2, Outputs: 4, Down: 8, Across: 8, Shared: true, Depth: 8}, each(4)},
	{Tile{Positions: 1, Outputs: 4, Down: 4, Across: 16, Shared: true, Depth: 8}, each(2)},
}

// each gives a speed to all classes.
func each(speed float64) (s [sizeClasses]float64) {
	for i := range s {
		s[i] = speed
	}
	return s
}

// tiling chooses tiles by the size of a product.
type tiling struct {
	candidates []candidate
	parallel   int // workgroups that a GPU is thought to compute at a time; 0: as many as there are
}

// gpuParallel is taken for the workgroups that keep a GPU busy: WebGPU does not tell how many it has room for.
const gpuParallel = 64

// newTiling chooses candidates by what the adapter says of itself, and takes their speeds from a tuning of it.
func newTiling(a Adapter, half bool, tuned *Tuning) tiling {
	t := tiling{sharedTiles, gpuParallel}
	if a.Software {
		t = tiling{softwareTiles, runtime.GOMAXPROCS(0)}
	}
	t.candidates = slices.DeleteFunc(slices.Clone(t.candidates), func(c candidate) bool { return !c.fits(a) })
	if !tuned.holds(a, half) {
		return t
	}
	measured := tiling{}
	for _, c := range t.candidates {
		if i := slices.IndexFunc(tuned.Tiles, func(m TileSpeed) bool { return m.Tile == c.Tile }); i >= 0 {
			c.speed = [sizeClasses]float64{few: tuned.Tiles[i].Few, many: tuned.Tiles[i].Many}
			measured.candidates = append(measured.candidates, c)
		}
	}
	if len(measured.candidates) == 0 {
		return t
	}
	return measured
}

// quickTiles bound the sums that an invocation computes in products of little work, whose time is less than what a larger
// tile takes longer to compile: half a second for 8×16 on lavapipe.
var quickTiles = []struct{ products, sums int }{{1 << 20, 32}, {1 << 24, 64}}

// tile returns the tile that is likely the fastest for a product of positions by outputs, each a sum of length products.
func (t tiling) tile(positions, outputs, length int) Tile {
	candidates := t.candidates
	for _, q := range quickTiles {
		if positions*outputs*length >= q.products {
			continue
		}
		if quick := slices.DeleteFunc(slices.Clone(candidates), func(c candidate) bool { return c.Positions*c.Outputs > q.sums }); len(quick) > 0 {
			candidates = quick
		}
		break
	}
	var best Tile
	fastest := -1.0
	for _, c := range candidates {
		if speed := c.speed[classOf(positions)] * t.used(c.Tile, positions, outputs); speed > fastest {
			best, fastest = c.Tile, speed
		}
	}
	return best
}

// used is the part of the work done for a product that is not for positions or outputs beyond it, or for nothing while the
// last workgroups are computed.
func (t tiling) used(tile Tile, positions, outputs int) float64 {
	down, across := tile.workgroups(positions, outputs)
	groups := down * across
	used := float64(positions) * float64(outputs) / float64(groups*tile.Down*tile.Positions*tile.Across*tile.Outputs)
	if t.parallel > 0 {
		used *= float64(groups) / float64((groups+t.parallel-1)/t.parallel*t.parallel)
	}
	return used
}

// workgroups are those of a product along the positions and along the outputs.
func (t Tile) workgroups(positions, outputs int) (down, across int) {
	down, across = t.Down*t.Positions, t.Across*t.Outputs
	return (positions + down - 1) / down, (outputs + across - 1) / across
}

// fits reports whether an adapter's limits allow a tile.
func (t Tile) fits(a Adapter) bool {
	invocations := t.Down * t.Across
	memory := 0
	if t.Shared { // as product_shared.wgsl declares it
		memory = 16 * t.Depth * (t.Down*t.Positions + 1 + 4*(t.Across*t.Outputs/4+1))
	}
	return invocations <= int(min(a.Limits.MaxInvocations, a.Limits.MaxWorkgroupSizeX)) && memory <= int(a.Limits.MaxWorkgroupStorage)
}

// variant returns the names of product.wgsl that the tile decides for weights of an encoding and a number of channels.
func (t Tile) variant(e graph.Encoding, channels int) shaders.Variant {
	v := shaders.Variant{"M": t.Positions, "N_QUADS": t.Outputs / 4, "DOWN": t.Down, "ACROSS": t.Across, "PACK": 1, "UNIT": 1}
	if t.Shared {
		apart := t.Down * t.Across / t.Depth
		v["SHARED"], v["DEPTH"] = 1, t.Depth
		v["X_LOADS"] = (t.Down*t.Positions + apart - 1) / apart
		v["W_LOADS"] = (t.Across*t.Outputs/4 + apart - 1) / apart
	} else if pack := 16 / quadBytes[e.Kind]; pack > 1 && channels%(4*pack) == 0 && (!e.Quantized() || e.Group%(4*pack) == 0) {
		v["WIDE"], v["PACK"] = 1, pack
		if e.Kind == graph.EncInt4 {
			v["UNIT"] = 2 // a word of a pack holds two quads
		}
	}
	return v
}

package webgpu

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/counterpoint/counterpoint/engine/graph"
)

// testTiles are of each kind, small, since large ones take long to compile.
var testTiles = []Tile{
	{Positions: 3, Outputs: 8, Down: 8, Across: 1},
	{Positions: 2, Outputs: 4, Down: 1, Across: 8},
	{Positions: 4, Outputs: 4, Down: 8, Across: 8, Shared: true, Depth: 8},
	{Positions: 2, Outputs: 8, Down: 4, Across: 8, Shared: true, Depth: 4},
	{Positions: 1, Outputs: 4, Down: 4, Across: 16, Shared: true, Depth: 8},
}

// TestTiles compares products in tiles that the adapter would not choose with the CPU's.
func TestTiles(t *testing.T) {
	type shape = graph.Shape
	same := graph.Conv2D{Stride: 1, Pad: graph.Pad(1)}
	odd := graph.Conv2D{Stride: 2, Pad: graph.Padding{Top: 1, Right: 2}, Up: 3, Act: graph.SiLU}
	int8s := graph.Encoding{Kind: graph.EncInt8, Group: 16}
	d := openWanted(t)
	defer d.Close()
	for _, c := range []struct {
		op      graph.Op
		x, w    shape
		e       graph.Encoding
		rowBias shape // nil: x and w alone
	}{
		{same, shape{graph.Rows, 5, 7, 32}, shape{20, 3, 3, 32}, int8s, shape{graph.Rows, 1, 1, 20}},
		{same, shape{graph.Rows, 5, 7, 32}, shape{19, 3, 3, 32}, graph.Encoding{Kind: graph.EncInt4, Group: 32}, nil},
		{same, shape{graph.Rows, 9, 9, 24}, shape{66, 3, 3, 24}, graph.Encoding{Kind: graph.EncInt8, Group: 8}, nil},
		{same, shape{graph.Rows, 1, 1, 1}, shape{1, 3, 3, 1}, graph.Encoding{}, nil},
		{odd, shape{graph.Rows, 7, 5, 13}, shape{11, 3, 3, 13}, int8s, shape{graph.Rows, 1, 1, 11}},
		{odd, shape{graph.Rows, 6, 9, 8}, shape{5, 2, 4, 8}, graph.Encoding{Kind: graph.EncF16}, nil},
		{graph.Conv2D{Stride: 1}, shape{graph.Rows, 5, 6, 3}, shape{4, 5, 6, 3}, graph.Encoding{}, nil},
		{graph.Linear{Act: graph.GELU}, shape{graph.Rows, 67, 131}, shape{129, 131}, graph.Encoding{Kind: graph.EncInt4, Group: 16}, shape{graph.Rows, 129}},
		{graph.Linear{}, shape{graph.Rows, 160}, shape{37, 160}, graph.Encoding{Kind: graph.EncF16}, shape{graph.Rows, 37}},
		{graph.Linear{}, shape{graph.Rows, 17, 20}, shape{64, 20}, graph.Encoding{}, nil},
	} {
		for _, tile := range testTiles {
			t.Run(fmt.Sprintf("%v %s %s %v by %v%v", tile, c.op.Name(), c.op.Attrs(), c.x, c.e, c.w), func(t *testing.T) {
				d.tiling = tiling{candidates: []candidate{{Tile: tile}}}
				likeCPU(t, d, 3, nil, func(g *graph.Graph) *graph.Tensor {
					x, w := g.Input("x", graph.F32, c.x...), g.Weight("w", c.e, c.w...)
					if c.rowBias == nil {
						return g.Apply(c.op, x, w)
					}
					out, err := c.op.Infer([]*graph.Tensor{x, w})
					if err != nil {
						t.Fatal(err)
					}
					return g.Apply(c.op, x, w, g.Weight("bias", graph.Encoding{}, c.w[0]), g.Input("row", graph.F32, c.rowBias...), g.Input("residual", graph.F32, out...))
				}, 1e-10)
			})
		}
	}
}

// TestTile checks that a choice is always made, that it fits the limits, and that little work has a tile that compiles soon.
func TestTile(t *testing.T) {
	least := Adapter{Name: "least"} // WebGPU's guaranteed limits
	least.Limits.MaxInvocations, least.Limits.MaxWorkgroupSizeX, least.Limits.MaxWorkgroupStorage = 256, 256, 16<<10
	software := least
	software.Software = true
	for _, a := range []Adapter{least, software} {
		choice := newTiling(a, false, nil)
		for _, positions := range []int{1, 3, 16, 48, 768, 1 << 20} {
			for _, outputs := range []int{1, 3, 4, 17, 128, 1280} {
				tile := choice.tile(positions, outputs, 1152)
				if !tile.fits(a) || tile.Positions < 1 || tile.Outputs%4 != 0 || tile.Shared == a.Software {
					t.Errorf("software %v: %d×%d: tile %v", a.Software, positions, outputs, tile)
				}
			}
		}
		if tile := choice.tile(64, 8, 16); tile.Positions*tile.Outputs > quickTiles[0].sums {
			t.Errorf("software %v: a small product has tile %v", a.Software, tile)
		}
	}
	for _, c := range sharedTiles {
		if c.Down*c.Across%c.Depth != 0 || !c.fits(least) {
			t.Errorf("tile %v: its depth does not divide its invocations, or it is beyond the limits all GPUs have", c.Tile)
		}
	}
}

// TestTune measures, stores and uses a tuning.
func TestTune(t *testing.T) {
	d := openWanted(t)
	defer d.Close()
	choice := d.tiling
	var told []int
	tuned, err := d.tune(t.Context(), choice.candidates[1:3], func(done, total int) { told = append(told, done, total) })
	if err != nil {
		t.Fatal(err)
	}
	if fmt.Sprint(told) != "[0 2 1 2]" {
		t.Errorf("progress %v", told)
	}
	stored, err := json.Marshal(tuned)
	if err != nil {
		t.Fatal(err)
	}
	var again Tuning
	if err := json.Unmarshal(stored, &again); err != nil {
		t.Fatal(err)
	}
	fastest := 0
	if again.Tiles[1].Few > again.Tiles[0].Few {
		fastest = 1
	}
	used := newTiling(d.adapter, false, &again)
	if got := used.tile(768, 192, 1152); len(used.candidates) != 2 || got != choice.candidates[1+fastest].Tile || again.Tiles[fastest].Few <= 0 {
		t.Errorf("tile %v of %s", got, stored)
	}
	for name, void := range map[string]Tuning{
		"another adapter": {Adapter: "another", Tiles: again.Tiles},
		"f16":             {Adapter: again.Adapter, Half: true, Tiles: again.Tiles},
		"unknown tiles":   {Adapter: again.Adapter, Tiles: []TileSpeed{{Tile{Positions: 99, Outputs: 4, Down: 1, Across: 1}, 1, 1}}},
	} {
		if got := newTiling(d.adapter, false, &void); len(got.candidates) != len(choice.candidates) {
			t.Errorf("%s: a tuning that is void leaves %d tiles of %d", name, len(got.candidates), len(choice.candidates))
		}
	}
}

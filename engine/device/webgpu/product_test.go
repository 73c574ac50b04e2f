package webgpu

import (
	"testing"

	"github.com/counterpoint/counterpoint/engine/device"
	"github.com/counterpoint/counterpoint/engine/device/devicetest"
)

// testTiles are one of each kind.
var testTiles = []Tile{
	{Positions: 8, Outputs: 16, Down: 8, Across: 1},
	{Positions: 3, Outputs: 8, Down: 1, Across: 8},
	{Positions: 4, Outputs: 4, Down: 8, Across: 8, Shared: true, Depth: 8},
	{Positions: 8, Outputs: 8, Down: 16, Across: 8, Shared: true, Depth: 4},
	{Positions: 1, Outputs: 4, Down: 4, Across: 16, Shared: true, Depth: 8},
}

// TestTiles runs the suite in every tile, whatever the adapter would choose.
func TestTiles(t *testing.T) {
	for _, tile := range testTiles {
		t.Run(tile.String(), func(t *testing.T) {
			devicetest.Run(t, func(t *testing.T) device.Device {
				d := openFirst(t)
				d.tiling = tiling{candidates: []candidate{{Tile: tile}}}
				return d
			})
		})
	}
}

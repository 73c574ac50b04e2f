package webgpu

import (
	"testing"

	"github.com/counterpoint/counterpoint/engine/device"
	"github.com/counterpoint/counterpoint/engine/device/devicetest"
)

// TestTiles runs the suite in every tile, whatever the adapter would choose.
func TestTiles(t *testing.T) {
	for _, tile := range []Tile{
		{Positions: 2, Outputs: 8, Down: 8, Across: 1},
		{Positions: 4, Outputs: 4, Down: 8, Across: 8, Shared: true, Depth: 8},
		{Positions: 8, Outputs: 8, Down: 8, Across: 8, Shared: true, Depth: 4},
		{Positions: 2, Outputs: 4, Down: 4, Across: 8, Shared: true, Depth: 8},
	} {
		t.Run("", func(t *testing.T) {
			devicetest.Run(t, func(t *testing.T) device.Device {
				d := openFirst(t)
				d.tiling = tiling{tile}
				return d
			})
		})
	}
}

package webgpu

import "github.com/counterpoint/counterpoint/shaders"

// Tile says how product.wgsl divides the positions and outputs of a product.
type Tile struct {
	Positions int  `json:"positions"`        // that an invocation computes
	Outputs   int  `json:"outputs"`          // likewise; a multiple of 4
	Down      int  `json:"down"`             // invocations of a workgroup along the positions
	Across    int  `json:"across"`           // and along the outputs
	Shared    bool `json:"shared,omitempty"` // through workgroup memory
	Depth     int  `json:"depth,omitempty"`  // quads of the sum that are there at a time; divides the invocations
}

// variant returns the names of product.wgsl that a tile decides.
func (t Tile) variant() shaders.Variant {
	v := shaders.Variant{"M": t.Positions, "N_QUADS": t.Outputs / 4, "DOWN": t.Down, "ACROSS": t.Across, "SHARED": flag(t.Shared)}
	if t.Shared {
		apart := t.Down * t.Across / t.Depth
		v["DEPTH"] = t.Depth
		v["X_LOADS"] = (t.Down*t.Positions + apart - 1) / apart
		v["W_LOADS"] = (t.Across*t.Outputs/4 + apart - 1) / apart
	}
	return v
}

// tiling chooses tiles by the size of a product.
type tiling struct {
	large Tile
}

// tile returns the tile for a product of positions by outputs.
func (t tiling) tile(positions, outputs int) Tile { return t.large }

// defaultTiling chooses tiles by what the adapter says of itself.
func defaultTiling(a Adapter) tiling {
	if a.Software {
		return tiling{Tile{Positions: 2, Outputs: 8, Down: 8, Across: 1}}
	}
	return tiling{Tile{Positions: 4, Outputs: 4, Down: 8, Across: 8, Shared: true, Depth: 8}}
}

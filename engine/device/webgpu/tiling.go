package webgpu

// tiling holds the sizes of tiles that shaders are made with.
type tiling struct{}

// defaultTiling chooses tiles by what the adapter says of itself.
func defaultTiling(a Adapter) tiling { return tiling{} }

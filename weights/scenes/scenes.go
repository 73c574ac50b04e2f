// Package scenes holds the default model, packed: manifest.json and shards, trained by tools/train on scenes rendered by
// tools/scenes. It is data alone; builds that fetch their weights instead do not import it.
package scenes

import (
	"embed"
	"io/fs"
)

//go:embed manifest.json [0-9a-f]*.*
var files embed.FS

// Model is the root of the packed model.
var Model fs.FS = files

// Package pack makes packed models (package weights reads them) from models as
// diffusers saves them, and turns them back: the folders, their safetensors
// files, and the profiles that say how finely each tensor is kept.
//
// [Pack] writes a packed model, [Export] the folder it came from, with float32
// weights. Programs that only run models need none of this.
package pack

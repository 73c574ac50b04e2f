// Package weights reads a packed model: the shard format that FORMAT.md
// specifies, and its quantization.
//
// A packed model is manifest.json and shards of at most 16 MiB, each named by
// the SHA-256 of its bytes. Package pack makes one from a diffusers folder,
// [Open] reads one, [Model.Each] streams its tensors shard by shard. A reader
// trusts nothing: the manifest is checked as a whole before any of it is used,
// and a shard's hash before any of its bytes is handed out.
//
// The package knows no operator and no network. It hands out weights in one
// canonical order (output, kernel position, input channel last); whoever
// computes with them repacks them as its kernels like.
package weights

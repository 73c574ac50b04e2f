//go:build !amd64 && !(goexperiment.simd && (wasm || arm64))

package kernel

// addNative adds nothing: this build has the portable kernels only.
func addNative(*[levels]*Kernels) {}

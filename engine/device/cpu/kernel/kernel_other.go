//go:build !amd64

package kernel

// addNative adds nothing: this architecture has the portable kernels only.
func addNative(*[levels]*Kernels) {}

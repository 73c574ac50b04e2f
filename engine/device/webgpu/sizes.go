package webgpu

// kernelSizes says how operators other than products divide their work among invocations.
type kernelSizes struct {
	each int // values, channels or quads of them, that an invocation of a copying operator moves at most

	tokenTogether bool // layernorm: a workgroup a token, not an invocation
	tokenNorm     int  // layernorm: invocations of a workgroup
	groupNorm     int  // groupnorm: invocations of a workgroup that norms a group
	fusedGroup    int  // groupnorm: elements of the largest group that one workgroup norms
	piece         int  // groupnorm: positions of a piece of a larger one

	attention       int  // attention: invocations of a workgroup
	attentionState  int  // attention: most quads of queries an invocation has, if it has more queries than one
	attentionBlock  int  // attention: most keys between two corrections of the sums
	attentionShared bool // attention: keys and values pass through workgroup memory
	attentionTile   int  // attention: most keys there at a time
	attentionMemory int  // attention: most bytes they take there
}

// defaultSizes chooses by what the adapter says of itself. Software computes some eight invocations side by side in vector
// registers and reads memory for one after the other, wherever it lies (Mesa's llvmpipe: some 30 cycles to load a vector, 1
// to multiply it). So there an invocation uses what it reads as often as it can, neighbours in memory are its own rather than
// its neighbours', and a workgroup that waits at barriers is no larger than a vector.
func defaultSizes(a Adapter) kernelSizes {
	if a.Software {
		return kernelSizes{
			each:      64,
			tokenNorm: 8, groupNorm: 8, fusedGroup: 1 << 16, piece: 64,
			attention: 8, attentionBlock: 1, attentionState: 32,
		}
	}
	return kernelSizes{
		each:          1,
		tokenTogether: true, tokenNorm: 64, groupNorm: 256, fusedGroup: 1 << 14, piece: 32,
		attention: 64, attentionShared: true, attentionTile: 32, attentionBlock: 8, attentionMemory: int(min(a.Limits.MaxWorkgroupStorage, 16<<10)),
	}
}

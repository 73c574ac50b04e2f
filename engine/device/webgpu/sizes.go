package webgpu

// kernelSizes says how operators other than products divide their work among invocations.
type kernelSizes struct {
	each int // values, channels or quads of them, that an invocation of a copying operator moves at most

	tokenTogether bool // layernorm: a workgroup a token, not an invocation
	tokenNorm     int  // layernorm: invocations of a workgroup
	groupNorm     int  // groupnorm: invocations of a workgroup that norms a group
	fusedGroup    int  // groupnorm: elements of the largest group that one workgroup norms
	piece         int  // groupnorm: positions of a piece of a larger one

	attention       int  // attention: invocations of a workgroup, which has as many queries
	attentionShared bool // attention: keys and values pass through workgroup memory
	attentionTile   int  // attention: most keys there at a time
	attentionBlock  int  // attention: keys between two corrections of the sums
	attentionState  int  // attention: quads of the queries that an invocation has at once, if it has more than one
	attentionMemory int  // attention: most bytes of workgroup memory
}

// defaultSizes chooses by what the adapter says of itself. Software computes invocations side by side in vector registers:
// what all of a workgroup read at one address costs it little, barriers and neighbouring addresses save it nothing.
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

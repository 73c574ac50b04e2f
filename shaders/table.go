package shaders

// Names that several shaders have in their variants.
const (
	F16       = "F16"       // compute products in f16
	Subgroups = "SUBGROUPS" // reduce by subgroup operations
	Act       = "ACT"       // the activation: a number of graph.Activation
	Workgroup = "WG"        // invocations of a workgroup
	Quads     = "QUADS"     // move four neighbouring channels at a time
	Each      = "EACH"      // values, channels or quads, that an invocation moves; 0: all of a position
	Encoding  = "ENC"       // of a weight: a number of graph.EncodingKind
	Quantized = "QUANTIZED" // the weight has scales
)

// table lists the shaders and the names in which each one's variants differ.
var table = map[string][]string{
	"activate": {Workgroup, Act},
	"affine":   {Workgroup},

	"dots":     {Workgroup, Quads},
	"eval":     {Workgroup, "REGISTERS"},
	"mix":      {Workgroup, Quads, "SCALED", "MASKED"},
	"resample": {},

	"add":          {Workgroup, Quads, Each, Encoding, "WEIGHT", "REPEAT", "DIMS"},
	"concat":       {Workgroup, Quads, Each},
	"embedding":    {Workgroup, Quads, Each, Encoding},
	"gatherrows":   {Workgroup, Quads, Each},
	"gathertokens": {Workgroup, Quads, Each},
	"geglu":        {Workgroup, Quads, Each, Act},
	"pixelshuffle": {Workgroup, Each},
	"slice":        {Workgroup, Quads, Each},
	"upsample":     {Workgroup, Quads, Each},

	"conv2d": product,
	"linear": product,

	"attention":        {Workgroup, "HEAD", "HEAD_QUADS", "HEAD_TAIL", "INDEXED", "CAUSAL", "SHARED", "QUERIES", "TILE", "BLOCK"},
	"groupnorm":        {Workgroup, Quads, Act, Subgroups},
	"groupnorm_pieces": {Workgroup, Quads},
	"groupnorm_merge":  {Workgroup, Subgroups},
	"groupnorm_apply":  {Workgroup, Quads, Act},
	"layernorm":        {Workgroup, Quads, Subgroups, "TOGETHER"},
}

// product are the names of product.wgsl.
var product = []string{F16, Quads, Act, Encoding, Quantized, "X_QUADS", "BIAS", "ROW", "RESIDUAL", "SHARED", "M", "N_QUADS", "DOWN", "ACROSS", "DEPTH", "X_LOADS", "W_LOADS",
	"WIDE", "PACK", "UNIT"}

package shaders

// Names that several shaders have in their variants.
const (
	F16       = "F16"       // compute products in f16
	Subgroups = "SUBGROUPS" // reduce by subgroup operations
	Act       = "ACT"       // the activation: a number of graph.Activation
	Workgroup = "WG"        // invocations of a workgroup
)

// table lists the shaders and the names in which each one's variants differ.
var table = map[string][]string{
	"activate": {Workgroup, Act},
	"affine":   {Workgroup},
	"combine":  {Workgroup},
}
